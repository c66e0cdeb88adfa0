import type { Operations } from "./operations.ts";
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
  presenceFlushEveryS: number;
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
  presenceFlushEveryS: 300,
  devicesPerPresencePage: 16_384,
  digestConfirmEveryS: 60,
  rowsReadPerConfirm: 20,
  rowsWrittenPerConfirm: 1,
};

/** A month of a fleet, by what it is spent on. */
export interface Month {
  isRelaxed: boolean;
  checks: number;
  checking: Usage;
  /** Last contacts: packed pages, and the day of the last contact for search. */
  presence: Usage;
  reports: Usage;
  authentications: Usage;
  updates: Usage;
  storage: Usage;
}

const monthS = ({ daysPerMonth }: Assumptions) => daysPerMonth * 86_400;

/** The heads themselves: awake all month, each confirming its digest. */
function headsOf(tenants: number, a: Assumptions): Usage {
  const confirms = monthS(a) / a.digestConfirmEveryS;
  const one = usage({
    objectDurationGbS: monthS(a) * OBJECT_GB,
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

/** Pages double when they are full; a flush writes each page, the tenant and the alarm. */
export function presencePages(devices: number, a: Assumptions): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(devices / a.devicesPerPresencePage)));
}

function presenceOf(devices: number, tenants: number, operations: Operations, a: Assumptions): Usage {
  const flushes = monthS(a) / a.presenceFlushEveryS;
  const rowsPerFlush = presencePages(devices / tenants, a) + 2;
  return sum([
    usage({ objectRowsWritten: tenants * flushes * rowsPerFlush }),
    times(operations.dailyStamp, devices * a.daysPerMonth),
  ]);
}

export function monthOf(devices: number, operations: Operations, a: Assumptions = ASSUMED): Month {
  const tenants = Math.ceil(devices / a.devicesPerTenant);
  const checks = (devices * monthS(a)) / a.pollEveryS;
  const reports = (devices * monthS(a)) / a.reportEveryS;
  const updates = devices * a.updatesPerMonth;
  // A device authenticates when its token has expired, and in the middle of every update.
  const authentications = (devices * monthS(a)) / a.tokenLifeS + updates;
  const isRelaxed = devices / tenants / a.pollEveryS > a.relaxedAbovePerS;
  const checking = isRelaxed
    ? [times(operations.relaxedCheck, checks), visitsOf(checks, tenants, a)]
    : [times(operations.strictCheck, checks)];
  return {
    isRelaxed,
    checks,
    checking: sum([...checking, headsOf(tenants, a)]),
    presence: presenceOf(devices, tenants, operations, a),
    reports: sum([
      times(operations.changedReport, reports * a.changedShare),
      times(operations.unchangedReport, reports * (1 - a.changedShare)),
    ]),
    authentications: times(operations.authentication, authentications),
    updates: times(operations.update, updates),
    storage: usage({ d1StorageGbMonths: devices * operations.storageGbPerDevice }),
  };
}

export const usageOfMonth = (month: Month): Usage =>
  sum([month.checking, month.presence, month.reports, month.authentications, month.updates, month.storage]);
