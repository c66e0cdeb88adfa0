import { sql, type SQL } from "drizzle-orm";
import { toSeconds } from "../../platform/clock.ts";
import { change, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { putAllRows } from "../../platform/stored-rows.ts";
import { setJournalState } from "../journal/journal-store.ts";
import type { Subject } from "../journal/subjects.ts";
import type { CopiedRow, Value } from "../rows-store.ts";
import type { TableDifference } from "./differences.ts";
import { asked, columnList, columnsAt, list, removeRowsStatement } from "./rows-by-key-store.ts";
import { tableOf, UNIQUE, wayOf } from "./subjects.ts";

const valuesOf = (columns: readonly string[], row: CopiedRow): Value[] =>
  columns.map((column) => row[column] ?? null);

/** Removes other rows that have what one of these is told apart by. */
function giveWayStatements(tenant: TenantId, table: string, put: readonly CopiedRow[]): Statement<number>[] {
  const { key } = tableOf(table);
  const own = ["tenant_id", ...key];
  return (UNIQUE[table] ?? []).map((unique) => {
    const values = put.map((row) => [...valuesOf(unique, row), ...valuesOf(key, row)]);
    const same = unique.map((column, i) => sql`held.${sql.identifier(column)} = ${asked(i)}`);
    const others = key.map((column, i) => sql`held.${sql.identifier(column)} <> ${asked(unique.length + i)}`);
    return change(sql`
      DELETE FROM ${sql.identifier(table)} WHERE (${columnList(own)}) IN (
        SELECT ${columnsAt(sql`held`, own)} FROM json_each(${JSON.stringify(values)}) asked
        CROSS JOIN ${sql.identifier(table)} held ON held.tenant_id = ${tenant} AND ${sql.join(same, sql` AND `)}
        WHERE ${sql.join(others, sql` OR `)})`);
  });
}

/** What is set where a row is there. */
function settingOf(subject: Subject, table: string, columns: readonly string[]): SQL {
  const { key } = tableOf(table);
  const name = sql.identifier(table);
  const set = columns.flatMap((column) => {
    if (column === "tenant_id" || key.includes(column)) return [];
    const [own, to] = [sql.identifier(column), sql`excluded.${sql.identifier(column)}`];
    switch (wayOf(subject, table, column)) {
      case "rises":
        return [sql`${own} = max(${name}.${own}, ${to}) + 1`];
      case "latest":
        return [sql`${own} = max(${name}.${own}, ${to})`];
      case "as it was":
      case "emptied":
        return [sql`${own} = ${to}`];
      default:
        return [];
    }
  });
  const target = columnList(["tenant_id", ...key]);
  return set.length === 0
    ? sql`ON CONFLICT (${target}) DO NOTHING`
    : sql`ON CONFLICT (${target}) DO UPDATE SET ${list(set)}`;
}

/** Writes rows as they were; those of an earlier version of the table have fewer columns. */
function writeStatements(subject: Subject, table: string, put: readonly CopiedRow[]): Statement<number>[] {
  const byColumns = Map.groupBy(put, (row) => JSON.stringify(Object.keys(row)));
  return [...byColumns.values()].flatMap((alike) => {
    const columns = Object.keys(alike[0] ?? {});
    return putAllRows(table, columns, alike, settingOf(subject, table, columns));
  });
}

/** Tokens of a set that was removed have ended, and stay so when it comes back. */
const withTokensEnded = (row: CopiedRow, atMs: number): CopiedRow => ({
  ...row,
  tokens_revoked_s: Math.max(Number(row.tokens_revoked_s ?? 0), toSeconds(atMs)),
});

/** Puts the rows of some subjects back. */
export function putBackStatements(
  tenant: TenantId,
  subject: Subject,
  differences: readonly TableDifference[],
  atMs: number,
): Statement<number>[] {
  const putOf = ({ table, added, changed }: TableDifference) => {
    const put = [...added, ...changed.map(({ to }) => to)];
    if (table !== "auth_sets") return put;
    // One that is not accepted any more has its tokens ended as by a rejection.
    const isEnded = new Set([
      ...added,
      ...changed.flatMap(({ from, to }) =>
        from.status === "accepted" && to.status !== from.status ? [to] : [],
      ),
    ]);
    return put.map((row) => (isEnded.has(row) ? withTokensEnded(row, atMs) : row));
  };
  return [
    ...differences.toReversed().flatMap(({ table, removed }) => {
      const { key } = tableOf(table);
      const gone = removed.map((row) => valuesOf(key, row));
      return gone.length > 0 ? [removeRowsStatement(tenant, table, key, gone)] : [];
    }),
    ...differences.flatMap((difference) => {
      const put = putOf(difference);
      const { table } = difference;
      return put.length === 0
        ? []
        : [...giveWayStatements(tenant, table, put), ...writeStatements(subject, table, put)];
    }),
  ];
}

/** Names of objects that are in the bucket as far as is recorded. */
export const storedAmongStatement = (
  tenant: TenantId,
  keys: readonly string[],
): Statement<{ object_key: string }[]> =>
  rows(sql`
    SELECT object_key FROM objects WHERE tenant_id = ${tenant} AND state = 'stored'
      AND object_key IN (SELECT value FROM json_each(${JSON.stringify(keys)}))`);

/** Which of these combinations, each with its release, are another artifact's now. */
export const takenCombinationsStatement = (
  tenant: TenantId,
  combinations: readonly (readonly [name: Value, combination: Value, artifact: Value])[],
): Statement<{ artifact_id: string }[]> =>
  rows(sql`
    SELECT DISTINCT asked.value ->> '$[2]' AS artifact_id FROM json_each(${JSON.stringify(combinations)}) asked
    CROSS JOIN artifact_combinations c ON c.tenant_id = ${tenant} AND c.name = asked.value ->> '$[0]'
      AND c.combination = asked.value ->> '$[1]' AND c.artifact_id <> asked.value ->> '$[2]'`);

/** The journal takes what the restore writes, and nothing else is written meanwhile. */
export const asOwn = (tenant: TenantId, statements: readonly Statement<unknown>[]): Statement<unknown>[] => [
  setJournalState(tenant, "restoring", "on"),
  ...statements,
  setJournalState(tenant, "on", "restoring"),
];

/** What was counted of the inventory is counted again. */
export const forgetTotalsStatement = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM inventory_totals WHERE tenant_id = ${tenant}`);
