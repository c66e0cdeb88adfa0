import { eachApart, inEachDatabase, inSlices, ROWS_A_RUN, type Duty } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import type { Deps, Place } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { writeBasePart } from "./base.ts";
import {
  begunStatement,
  orderBasesStatement,
  unbasedStatement,
  unbegunStatement,
  unflushedStatement,
  untrimmedStatement,
} from "./due-store.ts";
import { flush } from "./flush.ts";
import { journaledColumns, type Columns } from "./images-store.ts";
import {
  beginStatement,
  endStatement,
  journalStatement,
  removeMarksStatement,
  type JournalRow,
} from "./journal-store.ts";
import { CALLS_A_RUN, COPY_SHARE, JOURNALS_AT_ONCE } from "./limits.ts";
import { DAY_MS, horizonMs, trimJournal } from "./trim.ts";

const MARKS_A_SLICE = 1000;

type OfTenant = Pick<JournalRow, "tenant_id">;

const ofTenant = ({ tenant_id: tenant }: OfTenant) => ({ tenant, key: "journal" });

/** Forgets what was changed since the last flush. */
export const removeMarks = (deps: Deps, tenant: TenantId): Promise<void> =>
  inSlices(MARKS_A_SLICE, (limit) => deps.db(tenant).one(removeMarksStatement(tenant, limit)));

async function endJournal(deps: Deps, tenant: TenantId): Promise<void> {
  await deps.db(tenant).one(endStatement(tenant, deps.now(), false));
  await removeMarks(deps, tenant);
}

/** Every tenant has a journal, or none that nobody asked for. */
async function settle(deps: Deps, place: Place): Promise<void> {
  const isOn = deps.settings.JOURNAL === "on";
  const duty: Duty<OfTenant> = {
    name: "settle-journal",
    of: ofTenant,
    work: ({ tenant_id: tenant }) =>
      isOn ? deps.db(tenant).one(beginStatement(tenant, deps.now(), false)) : endJournal(deps, tenant),
  };
  const statement = isOn ? unbegunStatement(place.name, JOURNALS_AT_ONCE) : begunStatement(JOURNALS_AT_ONCE);
  await eachApart(deps, duty, await place.db.one(statement), place);
}

/** What a run does in one database. */
interface Run {
  place: Place;
  columns: Columns;
  /** Calls that are left of those that the run has for this database. */
  left: () => number;
}

async function flushAll(deps: Deps, { place, columns, left }: Run, keptCalls: number): Promise<void> {
  const duty: Duty<JournalRow> = {
    name: "write-journal",
    of: ofTenant,
    work: (row) => flush(deps, row, columns),
  };
  const found = await place.db.one(unflushedStatement(duty.name, deps.now(), ROWS_A_RUN));
  for (let at = 0; at < found.length && left() > keptCalls; at += JOURNALS_AT_ONCE)
    await eachApart(deps, duty, found.slice(at, at + JOURNALS_AT_ONCE), place);
}

async function copyAll(deps: Deps, { place, columns, left }: Run): Promise<void> {
  const duty: Duty<JournalRow> = {
    name: "copy-to-journal",
    of: ofTenant,
    work: async (found) => {
      let row: JournalRow | undefined = found;
      while (row && left() > 0 && !(await writeBasePart(deps, row, columns)))
        row = await deps.db(found.tenant_id).one(journalStatement(found.tenant_id));
    },
  };
  const found = await place.db.one(unbasedStatement(duty.name, deps.now(), ROWS_A_RUN));
  for (const row of found) if (left() > 0) await eachApart(deps, duty, [row], place);
}

/** What was changed goes into the bucket, and whole copies go on. */
export const keepJournals: Sweep = (deps) => {
  const calls = Math.floor(CALLS_A_RUN / deps.databases().length);
  return inEachDatabase(deps, async (place) => {
    const begun = deps.cost.roundTrips;
    const left = () => calls - (deps.cost.roundTrips - begun);
    await settle(deps, place);
    const run = { place, columns: await place.db.one(journaledColumns), left };
    await flushAll(deps, run, calls * COPY_SHARE);
    await copyAll(deps, run);
  });
};

/** Has whole copies made, and removes what is not needed any more. */
export const renewJournals: Sweep = async (deps) => {
  const duty: Duty<JournalRow> = {
    name: "trim-journal",
    of: ofTenant,
    work: (row) => trimJournal(deps, row),
  };
  // A day more than needed: each is found once a day.
  const olderMs = horizonMs(deps.now()) - DAY_MS;
  await inEachDatabase(deps, async (place) => {
    const [, found] = await place.db.batch([orderBasesStatement, untrimmedStatement(olderMs, ROWS_A_RUN)]);
    await eachApart(deps, duty, found, place);
  });
};
