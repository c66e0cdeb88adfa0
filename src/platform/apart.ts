import { sql, type SQL } from "drizzle-orm";
import { change, rows as select, type Statement } from "./database.ts";
import type { Deps } from "./deps.ts";
import { JOB_ID_LENGTH } from "./failed-jobs.ts";
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

/**
 * Does the duty for each row that is not paused, and answers those it was done for. Only a database that is away ends it
 * before the last row.
 */
export async function eachApart<R>(deps: Deps, duty: Duty<R>, rows: readonly R[]): Promise<R[]> {
  if (rows.length === 0) return [];
  const keyOf = ({ tenant, key }: { tenant: string; key: string }) => JSON.stringify([tenant, key]);
  const prefix = subjectPrefix(duty.name).length;
  const failed = new Map(
    (await deps.directory.one(failuresOf(duty.name))).map(({ tenant_id: tenant, subject, leased_ms }) => [
      keyOf({ tenant, key: subject.slice(prefix) }),
      leased_ms,
    ]),
  );
  const done: R[] = [];
  for (const row of rows) {
    const at = duty.of(row);
    const pausedMs = failed.get(keyOf(at));
    if (pausedMs !== undefined && pausedMs > deps.now()) continue;
    try {
      await duty.work(row);
    } catch (cause) {
      deps.log.error("row failed", { duty: duty.name, ...at, cause });
      await deps.db(at.tenant).batch(addFailure(duty, at, reasonOf(cause), deps.now()));
      continue;
    }
    if (pausedMs !== undefined) await deps.db(at.tenant).one(forgetFailure(duty.name, at));
    done.push(row);
  }
  return done;
}

/** Does the duty for the rows that a statement finds, a page at a time; answers for how many it was done. */
export async function inPages<R>(
  deps: Deps,
  duty: Duty<R>,
  find: (limit: number) => Promise<R[]>,
): Promise<number> {
  let done = 0;
  for (let page = 0; page < PAGES_A_RUN; page++) {
    const rows = await find(PAGE);
    done += (await eachApart(deps, duty, rows)).length;
    if (rows.length < PAGE) break;
  }
  return done;
}

/** Repeats a removal of so many rows as long as there are more. */
export async function inSlices(size: number, remove: (limit: number) => Promise<number>): Promise<void> {
  for (let slice = 0; slice < SLICES_A_RUN; slice++) if ((await remove(size)) < size) return;
}
