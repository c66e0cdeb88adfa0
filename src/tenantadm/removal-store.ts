import { getTableName, sql } from "drizzle-orm";
import { change, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { tenantsTable } from "../tenants/index.ts";

/** Rows that one statement removes, so that none runs for longer than the database allows. */
const ROWS_A_STATEMENT = 1000;

/** A table and its definition. */
export interface Table {
  name: string;
  sql: string;
}

/** Every table that has rows of tenants, whoever made it: a new one cannot be forgotten here. */
export const tenantTables: Statement<Table[]> = rows(sql`
  SELECT name, sql FROM sqlite_master
  WHERE type = 'table' AND name <> ${getTableName(tenantsTable)} AND sql LIKE '%tenant_id TEXT%' ORDER BY name`);

/** The columns that tell rows apart, from the table's own definition; the tenant alone where it has one row. */
function keyOf({ sql: definition }: Table): string[] {
  if (!definition.includes("WITHOUT ROWID")) return ["rowid"];
  const columns = /PRIMARY KEY \(([^)]+)\)/.exec(definition)?.[1] ?? "tenant_id";
  return columns.split(",").map((column) => column.trim());
}

/** Removes some of the rows of a tenant. */
export function removeRowsStatement(table: Table, tenant: TenantId): Statement<number> {
  const name = sql.identifier(table.name);
  const key = sql.join(
    keyOf(table).map((column) => sql.identifier(column)),
    sql`, `,
  );
  return change(sql`
    DELETE FROM ${name} WHERE (${key}) IN (
      SELECT ${key} FROM ${name} WHERE tenant_id = ${tenant} LIMIT ${ROWS_A_STATEMENT})`);
}

/** The tenant's own row. */
export const removeTenantStatement = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM ${tenantsTable} WHERE tenant_id = ${tenant}`);
