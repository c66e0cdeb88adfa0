import { sql, type SQL } from "drizzle-orm";
import { change, isBeingRestored, rows as select, type Database, type Statement } from "./database.ts";
import type { Deps, Place } from "./deps.ts";
import { JOB_ID_LENGTH } from "./failed-jobs.ts";
import { findHomes } from "./find-homes.ts";
import { newSortableId, type TenantId } from "./ids.ts";
import { into } from "./columns.ts";
import { jobsTable } from "./tables.ts";
import { INVOCATION } from "./limits.ts";

/**
 * Duties that walk rows of many tenants take each row apart from the others: one that fails is shown to the operator as
 * a failed job, waits for longer each time, and holds up nobody. The job is the only record of it.
 */
export interface Duty<R> {
  /** Shown to operators. */
  name: string;
  of: (row: R) => { tenant: TenantId; key: string };
  work: (row: R) => Promise<unknown>;
  /** How long a row that failed waits at most; an hour unless said. */
  maxPauseMs?: number;
}

/** Rows that one run of a duty takes, with three calls each: all duties of a run are one invocation. The next goes on. */
export const ROWS_A_RUN = Math.floor(INVOCATION.databaseCalls / 7);
const PAGES_A_RUN = 3;
const PAGE = Math.floor(ROWS_A_RUN / PAGES_A_RUN);

/** Removals of one run that take a page of rows with a single statement. */
const SLICES_A_RUN = 40;

/** What a failed job is called that stands for a row. */
const ROW_PREFIX = "row:";

export const isFailedRow = ({ workflow }: { workflow: string }): boolean => workflow.startsWith(ROW_PREFIX);

/** What the job of a row is about. Keys of two duties may be the same, and ids of other jobs' subjects, too. */
const subjectPrefix = (duty: string): string => `${ROW_PREFIX}${duty}/`;

const FIRST_PAUSE_MS = 60_000;
const LAST_PAUSE_MS = 3_600_000;
const DOUBLINGS = 6;
const MAX_REASON = 500;

/** Condition of a duty's own statement that leaves out rows which failed lately, so that they fill no page. */
export const notPaused = (duty: string, row: { tenant: SQL; key: SQL }, nowMs: number): SQL => sql`
  NOT EXISTS (SELECT 1 FROM ${jobsTable} paused WHERE paused.tenant_id = ${row.tenant}
    AND paused.subject = ${subjectPrefix(duty)} || ${row.key} AND paused.leased_ms > ${nowMs})`;

interface Failure {
  tenant_id: TenantId;
  subject: string;
  leased_ms: number;
}

const failuresOf = (duty: string): Statement<Failure[]> =>
  select(sql`SELECT tenant_id, subject, leased_ms FROM ${jobsTable} INDEXED BY jobs_by_workflow
    WHERE workflow = ${ROW_PREFIX + duty}`);

const jobWhere = (duty: string, { tenant, key }: { tenant: TenantId; key: string }): SQL => sql`
  tenant_id = ${tenant} AND subject = ${subjectPrefix(duty) + key} AND workflow = ${ROW_PREFIX + duty}`;

const forgetFailure = (duty: string, row: { tenant: TenantId; key: string }): Statement<number> =>
  change(sql`DELETE FROM ${jobsTable} WHERE ${jobWhere(duty, row)}`);

/** Counts the failure, and makes the job at the first. */
function addFailure(
  { name: duty, maxPauseMs = LAST_PAUSE_MS }: Pick<Duty<never>, "name" | "maxPauseMs">,
  row: { tenant: TenantId; key: string },
  reason: string,
  nowMs: number,
): Statement<number>[] {
  const id = newSortableId(nowMs).slice(0, JOB_ID_LENGTH);
  return [
    change(sql`UPDATE ${jobsTable} SET attempt = attempt + 1, failure = ${reason}, updated_ms = ${nowMs},
      leased_ms = ${nowMs} + min(${FIRST_PAUSE_MS} << min(attempt, ${DOUBLINGS}), ${maxPauseMs})
      WHERE ${jobWhere(duty, row)}`),
    change(sql`
      INSERT ${into(jobsTable, "tenant_id, job_id, workflow, version, subject, status, input, attempt, leased_ms, failure, created_ms, updated_ms")}
      SELECT ${row.tenant}, ${id}, ${ROW_PREFIX + duty}, 0, ${subjectPrefix(duty) + row.key}, 'failed',
        ${JSON.stringify({ duty, key: row.key })}, 1, ${nowMs + Math.min(FIRST_PAUSE_MS, maxPauseMs)}, ${reason}, ${nowMs}, ${nowMs}
      WHERE changes() = 0`),
  ];
}

const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).slice(0, MAX_REASON);

/** Reads from every database what it can be asked for; one that is away is told of, and left out. */
async function fromEach<T>(deps: Deps, what: string, read: (place: Place) => Promise<T[]>): Promise<T[]> {
  const places = deps.databases();
  if (places.length === 1) return read(places[0] as Place); // there always is one
  const found = await Promise.allSettled(places.map(read));
  return found.flatMap((one, i) => {
    if (one.status === "fulfilled") return one.value;
    deps.log.error(`${what} not read`, { database: places[i]?.name, cause: one.reason });
    return [];
  });
}

/**
 * Does work in every database, or those that are meant, one after the other. Fails in the end if it failed in one; the
 * others are not held up by that.
 */
export async function inEachDatabase(
  deps: Deps,
  work: (place: Place) => Promise<void>,
  isMeant: (place: Place) => boolean = () => true,
): Promise<void> {
  const places = deps.databases().filter(isMeant);
  const failed: unknown[] = [];
  for (const place of places)
    await work(place).catch((cause: unknown) => {
      if (places.length > 1) deps.log.error("not done in a database", { database: place.name, cause });
      failed.push(cause);
    });
  if (failed.length > 0) throw failed[0];
}

/** Those of the rows whose tenant lives in this database, and is not on its way from there. */
async function livingAt<R>(
  deps: Deps,
  duty: Duty<R>,
  place: Place,
  rows: readonly R[],
): Promise<readonly R[]> {
  if (!deps.homes.isSpread || rows.length === 0) return rows;
  const homes = await findHomes(deps, [...new Set(rows.map((row) => duty.of(row).tenant))]);
  return rows.filter((row) => {
    const home = homes.get(duty.of(row).tenant);
    return home?.home === place.name && !home.isMoving;
  });
}

/**
 * Does the duty for each row that is not paused, and answers those it was done for. Only a database that is away ends it
 * before the last row, and not even that where there are several.
 */
export async function eachApart<R>(
  deps: Deps,
  duty: Duty<R>,
  found: readonly R[],
  place?: Place,
): Promise<R[]> {
  if (found.length === 0) return [];
  const keyOf = ({ tenant, key }: { tenant: string; key: string }) => JSON.stringify([tenant, key]);
  const prefix = subjectPrefix(duty.name).length;
  const read = ({ db }: Place) => db.one(failuresOf(duty.name));
  const failures = await (place ? read(place) : fromEach(deps, "failed rows", read));
  const failed = new Map(
    failures.map(({ tenant_id: tenant, subject, leased_ms }) => [
      keyOf({ tenant, key: subject.slice(prefix) }),
      leased_ms,
    ]),
  );
  const note = async (tenant: TenantId, statements: readonly Statement<unknown>[]) => {
    const noted = deps.db(tenant).batch(statements);
    await (deps.homes.isSpread
      ? noted.catch((cause: unknown) => deps.log.error("row not noted", { duty: duty.name, tenant, cause }))
      : noted);
  };
  const done: R[] = [];
  for (const row of place ? await livingAt(deps, duty, place, found) : found) {
    const at = duty.of(row);
    const pausedMs = failed.get(keyOf(at));
    if (pausedMs !== undefined && pausedMs > deps.now()) continue;
    try {
      await duty.work(row);
    } catch (cause) {
      if (isBeingRestored(cause)) continue; // found again by the run after that
      deps.log.error("row failed", { duty: duty.name, ...at, cause });
      await note(at.tenant, addFailure(duty, at, reasonOf(cause), deps.now()));
      continue;
    }
    if (pausedMs !== undefined) await note(at.tenant, [forgetFailure(duty.name, at)]);
    done.push(row);
  }
  return done;
}

/** Does the duty for the rows that a statement finds in a database, a page at a time; answers for how many it was done. */
export async function inPagesOf<R>(
  deps: Deps,
  place: Place | undefined,
  duty: Duty<R>,
  find: (limit: number) => Promise<R[]>,
): Promise<number> {
  let done = 0;
  for (let page = 0; page < PAGES_A_RUN; page++) {
    const rows = await find(PAGE);
    done += (await eachApart(deps, duty, rows, place)).length;
    if (rows.length < PAGE) break;
  }
  return done;
}

/** The same in every database. */
export async function inPages<R>(
  deps: Deps,
  duty: Duty<R>,
  find: (db: Database, limit: number) => Promise<R[]>,
): Promise<number> {
  let done = 0;
  await inEachDatabase(deps, async (place) => {
    done += await inPagesOf(deps, place, duty, (limit) => find(place.db, limit));
  });
  return done;
}

/** Repeats a removal of so many rows as long as there are more. */
export async function inSlices(size: number, remove: (limit: number) => Promise<number>): Promise<void> {
  for (let slice = 0; slice < SLICES_A_RUN; slice++) if ((await remove(size)) < size) return;
}

/** The same in every database. */
export const inSlicesOfEach = (
  deps: Deps,
  size: number,
  remove: (db: Database, limit: number) => Promise<number>,
): Promise<void> => inEachDatabase(deps, ({ db }) => inSlices(size, (limit) => remove(db, limit)));
