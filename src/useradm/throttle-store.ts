import { sql, type SQL } from "drizzle-orm";
import { change, firstRow, inJson, mapped, type Statement } from "../platform/database.ts";
import { into } from "../platform/columns.ts";
import { loginFailuresTable } from "./tables.ts";

/** How many failures are free, and how the pause after each further one grows. */
export interface ThrottleRule {
  free: number;
  firstPauseMs: number;
  maxPauseMs: number;
  /** A subject without failures for this long starts anew. */
  forgetAfterMs: number;
}

/** Until when the most blocked of these subjects is blocked; 0 if none is. */
export const blockedUntilStatement = (subjects: readonly string[]): Statement<number> =>
  mapped(
    firstRow<{ until: number | null }>(
      sql`SELECT MAX(blocked_until_ms) AS until FROM ${loginFailuresTable} WHERE ${inJson(sql`subject`, subjects)}`,
    ),
    (row) => row?.until ?? 0,
  );

/** True in SQL while none of the subjects is blocked. */
export const noneBlocked = (subjects: readonly string[], nowMs: number): SQL =>
  sql`NOT EXISTS (SELECT 1 FROM ${loginFailuresTable}
    WHERE ${inJson(sql`subject`, subjects)} AND blocked_until_ms > ${nowMs})`;

const MAX_DOUBLINGS = 20;

/** Counts a failure and blocks the subject for as long as the rule says; only where the condition holds. */
export function countFailureStatement(
  subject: string,
  rule: ThrottleRule,
  nowMs: number,
  condition: SQL = sql`1`,
): Statement<number> {
  const count = sql`CASE WHEN last_ms < ${nowMs - rule.forgetAfterMs} THEN 1 ELSE failures + 1 END`;
  const pause = (failures: SQL) => sql`CASE WHEN ${failures} < ${rule.free} THEN 0
    ELSE MIN(${rule.maxPauseMs}, ${rule.firstPauseMs} << MIN(${failures} - ${rule.free}, ${MAX_DOUBLINGS})) END`;
  const counted = firstRow<{ failures: number }>(sql`
    INSERT ${into(loginFailuresTable, "subject, failures, last_ms, blocked_until_ms")}
    SELECT ${subject}, 1, ${nowMs}, ${nowMs} + ${pause(sql`1`)} WHERE ${condition}
    ON CONFLICT (subject) DO UPDATE SET failures = ${count}, last_ms = ${nowMs},
      blocked_until_ms = ${nowMs} + ${pause(sql`(${count})`)}
    RETURNING failures`);
  return mapped(counted, (row) => row?.failures ?? 0);
}

export const ifChanged: SQL = sql`changes() > 0`;

/** Forgets everything counted at an account, whoever tried. */
export const forgetAccountStatement = (range: {
  account: string;
  from: string;
  before: string;
}): Statement<number> =>
  change(sql`
    DELETE FROM ${loginFailuresTable}
    WHERE subject = ${range.account} OR (subject >= ${range.from} AND subject < ${range.before})`);

/** Forgets what is counted for these subjects if the statement before it in the batch changed something. */
export const forgetFailuresIfChanged = (subjects: readonly string[]): Statement<number> =>
  change(sql`DELETE FROM ${loginFailuresTable} WHERE ${inJson(sql`subject`, subjects)} AND changes() > 0`);

/** Removes a page of counters that no longer count. */
export const forgetOldFailuresStatement = (beforeMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${loginFailuresTable} WHERE subject IN (
      SELECT subject FROM ${loginFailuresTable} WHERE last_ms < ${beforeMs} ORDER BY last_ms LIMIT ${limit})`);
