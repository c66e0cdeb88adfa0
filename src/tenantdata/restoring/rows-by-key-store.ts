import { sql, type SQL } from "drizzle-orm";
import { change, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { CopiedRow, Value } from "../rows-store.ts";
import { tableOf } from "./subjects.ts";

export const list = (parts: readonly SQL[]): SQL => sql.join([...parts], sql`, `);

export const columnList = (columns: readonly string[]): SQL =>
  list(columns.map((column) => sql`${sql.identifier(column)}`));

export const columnsAt = (table: SQL, columns: readonly string[]): SQL =>
  list(columns.map((column) => sql`${table}.${sql.identifier(column)}`));

/** A value of the list that is asked for. */
export const asked = (i: number): SQL => sql`asked.value ->> ${`$[${i}]`}`;

/**
 * Rows of a table with these values in these columns. Looked up by what an index has of them, and then by their own key:
 * the planner takes "all rows of the tenant" for few.
 */
function withValues(
  tenant: TenantId,
  table: string,
  columns: readonly string[],
  values: readonly (readonly Value[])[],
): SQL {
  if (columns.length === 0) return sql`tenant_id = ${tenant}`;
  const own = ["tenant_id", ...tableOf(table).key];
  const same = columns.map((column, i) => sql`held.${sql.identifier(column)} = ${asked(i)}`);
  return sql`(${columnList(own)}) IN (
    SELECT ${columnsAt(sql`held`, own)} FROM json_each(${JSON.stringify(values)}) asked
    CROSS JOIN ${sql.identifier(table)} held ON held.tenant_id = ${tenant} AND ${sql.join(same, sql` AND `)})`;
}

/** Rows that have these values in these columns. */
export const rowsWithStatement = (
  tenant: TenantId,
  table: string,
  read: readonly string[],
  columns: readonly string[],
  values: readonly (readonly Value[])[],
): Statement<CopiedRow[]> =>
  rows(
    sql`SELECT ${columnList(read)} FROM ${sql.identifier(table)} WHERE ${withValues(tenant, table, columns, values)}`,
  );

/** Removes rows that have these values in these columns. */
export const removeRowsStatement = (
  tenant: TenantId,
  table: string,
  columns: readonly string[],
  values: readonly (readonly Value[])[],
): Statement<number> =>
  change(sql`DELETE FROM ${sql.identifier(table)} WHERE ${withValues(tenant, table, columns, values)}`);
