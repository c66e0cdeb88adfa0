import { getTableName, sql } from "drizzle-orm";
import { change, mapped, rows, type Statement } from "../platform/database.ts";
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

/** Tables that belong to a full-text one and go with it. */
const SHADOW = /_(data|idx|content|docsize|config)$/;

/** Names of the tables of the product, without those that go with another. */
export const tableNames: Statement<string[]> = mapped(
  rows<{ name: string; isVirtual: number }>(sql`
  SELECT name, sql LIKE 'CREATE VIRTUAL TABLE%' AS isVirtual FROM sqlite_master
  WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'
  ORDER BY isVirtual DESC, name`),
  (found) => {
    const virtual = new Set(found.filter(({ isVirtual }) => isVirtual === 1).map(({ name }) => name));
    return found
      .map(({ name }) => name)
      .filter((name) => !SHADOW.test(name) || !virtual.has(name.replace(SHADOW, "")));
  },
);

export const dropTable = (name: string): Statement<number> => change(sql`DROP TABLE ${sql.identifier(name)}`);
