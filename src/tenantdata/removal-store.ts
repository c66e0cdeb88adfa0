import { sql } from "drizzle-orm";
import { change, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { TENANT_TABLES, TENANTS, type TenantTable } from "./tenant-tables.ts";

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

/** Removes some of the rows that a tenant has in each table, but its own row. */
export const removeSomeRowsStatements = (tenant: TenantId): Statement<number>[] =>
  TENANT_TABLES.filter(({ name }) => name !== TENANTS).map((of) => removeRowsStatement(of, tenant));

/** The tenant's own row. */
export const removeTenantStatement = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM ${sql.identifier(TENANTS)} WHERE tenant_id = ${tenant}`);
