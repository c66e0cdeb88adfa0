import { sql } from "drizzle-orm";
import { change, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { tablesIn, TENANTS, type Holding, type TenantTable } from "./tenant-tables.ts";

/** Rows that one statement removes, so that none runs for longer than the database allows. */
const ROWS_A_STATEMENT = 1000;

/** Removes some of the rows of a tenant. */
function removeRowsStatement({ name, key }: TenantTable, tenant: TenantId): Statement<number> {
  const columns = sql.join(
    ["tenant_id", ...key].map((column) => sql.identifier(column)),
    sql`, `,
  );
  const of = sql.identifier(name);
  return change(sql`
    DELETE FROM ${of} WHERE (${columns}) IN (
      SELECT ${columns} FROM ${of} WHERE tenant_id = ${tenant} LIMIT ${ROWS_A_STATEMENT})`);
}

/** Without it no mark is made of each row that goes: goes first. */
const JOURNALS = "journals";

const journalsFirst = (tables: readonly TenantTable[]): TenantTable[] => [
  ...tables.filter(({ name }) => name === JOURNALS),
  ...tables.filter(({ name }) => name !== JOURNALS),
];

/** What says where the rest is, and that there is a tenant: goes last. */
const LAST = new Set([TENANTS, "tenant_homes", "tenant_doors"]);

/**
 * Removes some of the rows that a tenant has in each table of a database, but those by which it is found. One database may
 * have all tables, the directory, or what a home has.
 */
export const removeSomeRowsStatements = (tenant: TenantId, of: Holding): Statement<number>[] =>
  journalsFirst(tablesIn(of))
    .filter(({ name }) => !LAST.has(name))
    .map((table) => removeRowsStatement(table, tenant));

/** The tenant's own row, and where it was at home. */
export const removeTenantStatements = (tenant: TenantId): Statement<number>[] =>
  [...LAST].map((name) => change(sql`DELETE FROM ${sql.identifier(name)} WHERE tenant_id = ${tenant}`));

/** The copy of the tenant's own row in its home. */
export const removeCopyStatements = (tenant: TenantId): Statement<number>[] =>
  [TENANTS, "tenant_limits"].map((name) =>
    change(sql`DELETE FROM ${sql.identifier(name)} WHERE tenant_id = ${tenant}`),
  );

/** Removes some of the rows that a home has of a tenant, but what the directory knows of it. */
export const removeMovedRowsStatements = (tenant: TenantId): Statement<number>[] =>
  journalsFirst(tablesIn("home"))
    .filter(({ name }) => !LAST.has(name) && name !== "tenant_limits")
    .map((table) => removeRowsStatement(table, tenant));

/** Whether the home has seen the tenant come or go. */
export const removeDoorStatement = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM tenant_doors WHERE tenant_id = ${tenant}`);
