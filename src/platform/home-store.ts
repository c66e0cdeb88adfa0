import { sql, type SQL } from "drizzle-orm";
import { into } from "./columns.ts";
import { change, demand, firstRow, inJson, mapped, rows, type Statement } from "./database.ts";
import { FIRST_HOME, type Home } from "./homes.ts";
import type { TenantId } from "./ids.ts";
import { tenantDoorsTable, tenantHomesTable } from "./tables.ts";

interface HomeRow {
  tenant_id: TenantId;
  home: string;
  moving: number;
}

const homeFrom = (row: Omit<HomeRow, "tenant_id"> | undefined): Home => ({
  home: row?.home ?? FIRST_HOME,
  isMoving: row?.moving === 1,
});

const columns = sql`tenant_id, home, 0 AS moving`;

/** Where a tenant lives, from the directory. */
export const homeStatement = (tenant: TenantId): Statement<Home> =>
  mapped(
    firstRow<HomeRow>(sql`SELECT ${columns} FROM ${tenantHomesTable} WHERE tenant_id = ${tenant}`),
    homeFrom,
  );

/** The same of several, by their id. */
export const homesStatement = (tenants: readonly TenantId[]): Statement<Map<TenantId, Home>> =>
  mapped(
    rows<HomeRow>(sql`
      SELECT ${columns} FROM ${tenantHomesTable} WHERE ${inJson(sql`tenant_id`, tenants)}`),
    (found) => {
      const byTenant = new Map(found.map((row) => [row.tenant_id, homeFrom(row)]));
      return new Map(tenants.map((tenant) => [tenant, byTenant.get(tenant) ?? homeFrom(undefined)]));
    },
  );

/** The refusal of a database in which a tenant does not live, or that it is leaving. */
export const ELSEWHERE = "lives-elsewhere";

/**
 * Fails a batch that came to the wrong database. Asked in the batch itself, so that no memory of where a tenant lives, however
 * old, and no batch that was long under way can write where the tenant has left, or read what is not there any more.
 */
export const demandHome = (tenant: TenantId, isWriting: boolean): Statement<void> => {
  const closed: SQL = isWriting ? sql`state <> 'open'` : sql`state = 'shut'`;
  return demand(
    sql`NOT EXISTS (SELECT 1 FROM ${tenantDoorsTable} WHERE tenant_id = ${tenant} AND ${closed})`,
    ELSEWHERE,
  );
};

/** Gives a new tenant its home. */
export const addHomeStatement = (
  tenant: TenantId,
  home: string,
  jurisdiction: string | undefined,
): Statement<number> =>
  change(sql`
    INSERT ${into(tenantHomesTable, "tenant_id, home, jurisdiction")}
    SELECT ${tenant}, ${home}, ${jurisdiction ?? null} WHERE changes() > 0
    ON CONFLICT DO NOTHING`);

const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b|^\s*WITH\b[\s\S]*?\b(?:INSERT|UPDATE|DELETE)\b/i;

export const isWrite = ({ sql: text }: Pick<Statement<unknown>, "sql">): boolean => WRITES.test(text);
