import { sql } from "drizzle-orm";
import { change, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { tablesIn, TENANTS, type Holding, type TenantTable } from "./tenant-tables.ts";

/** Rows that one statement removes; others have their turn between it and the next. */
const ROWS_A_STATEMENT = 1000;

/** Fewer where a row is large or takes others with it: of a device all its values, words and counts. */
const FEWER: Readonly<Record<string, number>> = {
  inventory_devices: 25,
  devices: 200,
  deployment_targets: 50,
};

/** What removes some of the rows that a tenant has in a table, at most so many. */
export interface Removal {
  some: (limit: number) => Statement<number>;
  most: number;
}

const removalOf = ({ name, key }: TenantTable, tenant: TenantId): Removal => {
  const columns = sql.join(
    ["tenant_id", ...key].map((column) => sql.identifier(column)),
    sql`, `,
  );
  const of = sql.identifier(name);
  return {
    most: FEWER[name] ?? ROWS_A_STATEMENT,
    some: (limit) =>
      change(sql`
        DELETE FROM ${of} WHERE (${columns}) IN (
          SELECT ${columns} FROM ${of} WHERE tenant_id = ${tenant} LIMIT ${limit})`),
  };
};

/** Without it no mark is made of each row that goes: goes first. */
const JOURNALS = "journals";

const journalsFirst = (tables: readonly TenantTable[]): TenantTable[] => [
  ...tables.filter(({ name }) => name === JOURNALS),
  ...tables.filter(({ name }) => name !== JOURNALS),
];

/** What says where the rest is, and that there is a tenant: goes last. */
const LAST = new Set([TENANTS, "tenant_homes", "tenant_doors"]);

/**
 * For the rows that a tenant has in each table of a database, but those by which it is found. One database may have all
 * tables, the directory, or what a home has.
 */
export const removals = (tenant: TenantId, of: Holding): Removal[] =>
  journalsFirst(tablesIn(of))
    .filter(({ name }) => !LAST.has(name))
    .map((table) => removalOf(table, tenant));

/** The tenant's own row, and where it was at home. */
export const removeTenantStatements = (tenant: TenantId): Statement<number>[] =>
  [...LAST].map((name) => change(sql`DELETE FROM ${sql.identifier(name)} WHERE tenant_id = ${tenant}`));

/** The copy of the tenant's own row in its home. */
export const removeCopyStatements = (tenant: TenantId): Statement<number>[] =>
  [TENANTS, "tenant_limits"].map((name) =>
    change(sql`DELETE FROM ${sql.identifier(name)} WHERE tenant_id = ${tenant}`),
  );

/** For those that a home has of a tenant, but what the directory knows of it. */
export const movedRemovals = (tenant: TenantId): Removal[] =>
  journalsFirst(tablesIn("home"))
    .filter(({ name }) => !LAST.has(name) && name !== "tenant_limits")
    .map((table) => removalOf(table, tenant));

/** Whether the home has seen the tenant come or go. */
export const removeDoorStatement = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM tenant_doors WHERE tenant_id = ${tenant}`);
