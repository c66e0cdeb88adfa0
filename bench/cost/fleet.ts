import type { Operations } from "./operations.ts";
import { journalOfMonth } from "./journal.ts";
import { OBJECT_GB, type Usage } from "./prices.ts";
import { sum, times, usage } from "./usage.ts";

/** What a fleet is taken to do, and how the server is set. */
export interface Assumptions {
  daysPerMonth: number;
  pollEveryS: number;
  reportEveryS: number;
  /** Share of the reports in which a value changed. */
  changedShare: number;
  tokenLifeS: number;
  updatesPerMonth: number;
  /** Largest tenant: a larger fleet is several, each with a head of its own. */
  devicesPerTenant: number;
  /** Checks a second above which a tenant's checks are relaxed. */
  relaxedAbovePerS: number;
  /** Isolates of the platform that a tenant's checks are spread over, and how often one comes for the digest. */
  isolates: number;
  visitEveryS: number;
  /** Contacts are saved at once after so long a silence, else together at its end. */
  contactsSavedWithinS: number;
  contactsPerJournalRow: number;
  /** Contacts are folded into pages so long after the first of them, or when they are so many. */
  contactsFoldedAfterS: number;
  contactsFoldedAtOnce: number;
  devicesPerPresencePage: number;
  digestConfirmEveryS: number;
  rowsReadPerConfirm: number;
  rowsWrittenPerConfirm: number;
}

export const ASSUMED: Assumptions = {
  daysPerMonth: 30,
  pollEveryS: 1800,
  reportEveryS: 8 * 3600,
  changedShare: 0.5,
  tokenLifeS: 7 * 86_400,
  updatesPerMonth: 1,
  devicesPerTenant: 1_000_000,
  relaxedAbovePerS: 200,
  isolates: 100,
  visitEveryS: 5,
  contactsSavedWithinS: 5,
  contactsPerJournalRow: 2048,
  contactsFoldedAfterS: 300,
  contactsFoldedAtOnce: 50_000,
  devicesPerPresencePage: 16_384,
  digestConfirmEveryS: 60,
  rowsReadPerConfirm: 20,
  rowsWrittenPerConfirm: 1,
};

/** A month of a fleet, by what it is spent on. */
export interface Month {
  isRelaxed: boolean;
  checks: number;
  /** With the heads that answer them and keep the contacts. */
  checking: Usage;
  /** What contacts cost beside: calls for those that no check takes along, and the day of the last one for search. */
  presence: Usage;
  reports: Usage;
  authentications: Usage;
  updates: Usage;
  journals: Usage;
  storage: Usage;
}

const monthS = ({ daysPerMonth }: Assumptions) => daysPerMonth * 86_400;

const REQUESTS_OF_UPDATE = 7;

/** Mean time between two events of which one lets the next wait for so long, when they come at random. */
const spaced = (waitS: number, perS: number) => waitS + Math.exp(-waitS * perS) / perS;

/**
 * The heads themselves. One is taken to be awake for as long as contacts may wait to be saved, which at more than one
 * check in a few seconds is all month, and confirms its digest.
 */
function headsOf(tenants: number, contacts: number, a: Assumptions): Usage {
  const perS = contacts / tenants / monthS(a);
  const confirms = Math.min(monthS(a) / a.digestConfirmEveryS, contacts / tenants);
  const awakeS = (monthS(a) * a.contactsSavedWithinS) / spaced(a.contactsSavedWithinS, perS);
  const one = usage({
    objectDurationGbS: awakeS * OBJECT_GB,
    objectRowsWritten: confirms * a.rowsWrittenPerConfirm,
    d1RowsRead: confirms * a.rowsReadPerConfirm,
  });
  return times(one, tenants);
}

/** An isolate that has checks to answer comes every few seconds, and never more often than it is asked. */
function visitsOf(checks: number, tenants: number, a: Assumptions): Usage {
  const regular = (tenants * a.isolates * monthS(a)) / a.visitEveryS;
  return usage({ objectRequests: Math.min(checks, regular) });
}

/** Pages double when they are full. */
export function presencePages(devices: number, a: Assumptions): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(devices / a.devicesPerPresencePage)));
}

/** Rows that heads write to keep contacts: a journal in time, and pages into which it is folded by an alarm. */
export function contactRows(devices: number, tenants: number, contacts: number, a: Assumptions): number {
  const perS = contacts / tenants / monthS(a);
  const saveEveryS = spaced(a.contactsSavedWithinS, perS);
  const saves = (monthS(a) / saveEveryS) * (1 + (perS * saveEveryS) / a.contactsPerJournalRow);
  const foldEveryS = Math.min(a.contactsFoldedAfterS + 1 / perS, a.contactsFoldedAtOnce / perS);
  const folded = perS * foldEveryS;
  const pages = Math.min(presencePages(devices / tenants, a), folded);
  const perFold = pages + 2 + Math.ceil(folded / a.contactsPerJournalRow); // pages, the hours, the alarm, the journal's end
  return tenants * (saves + (monthS(a) / foldEveryS) * perFold);
}

export function monthOf(devices: number, operations: Operations, a: Assumptions = ASSUMED): Month {
  const tenants = Math.ceil(devices / a.devicesPerTenant);
  const checks = (devices * monthS(a)) / a.pollEveryS;
  const reports = (devices * monthS(a)) / a.reportEveryS;
  const updates = devices * a.updatesPerMonth;
  // A device authenticates when its token has expired, and in the middle of every update.
  const authentications = (devices * monthS(a)) / a.tokenLifeS + updates;
  const otherContacts = reports + authentications + updates * REQUESTS_OF_UPDATE;
  const contacts = checks + otherContacts;
  const isRelaxed = devices / tenants / a.pollEveryS > a.relaxedAbovePerS;
  const checking = isRelaxed
    ? [times(operations.relaxedCheck, checks), visitsOf(checks, tenants, a)]
    : [times(operations.strictCheck, checks)];
  return {
    isRelaxed,
    checks,
    checking: sum([
      ...checking,
      headsOf(tenants, contacts, a),
      usage({ objectRowsWritten: contactRows(devices, tenants, contacts, a) }),
    ]),
    presence: sum([
      usage({ objectRequests: otherContacts }),
      times(operations.dailyStamp, devices * a.daysPerMonth),
    ]),
    reports: sum([
      times(operations.changedReport, reports * a.changedShare),
      times(operations.unchangedReport, reports * (1 - a.changedShare)),
    ]),
    authentications: times(operations.authentication, authentications),
    updates: times(operations.update, updates),
    journals: journalOfMonth({
      devices,
      tenants,
      days: a.daysPerMonth,
      changedReports: reports * a.changedShare,
      updates,
    }),
    storage: usage({ d1StorageGbMonths: devices * operations.storageGbPerDevice }),
  };
}

export const usageOfMonth = (month: Month): Usage =>
  sum([
    month.checking,
    month.presence,
    month.reports,
    month.authentications,
    month.updates,
    month.journals,
    month.storage,
  ]);
