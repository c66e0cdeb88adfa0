import { sql, type SQL } from "drizzle-orm";
import { into } from "./columns.ts";
import { change, demand, firstRow, inJson, mapped, rows, type Statement } from "./database.ts";
import type { Home } from "./homes.ts";
import type { TenantId } from "./ids.ts";
import { tenantDoorsTable, tenantHomesTable, tenantMovesTable } from "./tables.ts";

interface HomeRow {
  tenant_id: TenantId;
  home: string | null;
  moving: number;
}

/** Where a tenant lives; `isThere` is false of one that is not known, which may yet come to be and live elsewhere. */
export type FoundHome = Home & { isThere: boolean };

const homeFrom = (row: HomeRow | undefined, first: string): FoundHome => ({
  home: row?.home ?? first,
  isMoving: row?.moving === 1,
  isThere: row !== undefined,
});

const homesOf = (condition: SQL): SQL => sql`
  SELECT t.tenant_id, h.home,
    EXISTS (SELECT 1 FROM ${tenantMovesTable} m WHERE m.tenant_id = t.tenant_id AND m.paused = 1) AS moving
  FROM tenants t LEFT JOIN ${tenantHomesTable} h ON h.tenant_id = t.tenant_id WHERE ${condition}`;

/** Where a tenant lives, from the directory. */
export const homeStatement = (tenant: TenantId, first: string): Statement<FoundHome> =>
  mapped(firstRow<HomeRow>(homesOf(sql`t.tenant_id = ${tenant}`)), (row) => homeFrom(row, first));

/** The same of several, by their id. */
export const homesStatement = (
  tenants: readonly TenantId[],
  first: string,
): Statement<Map<TenantId, FoundHome>> =>
  mapped(rows<HomeRow>(homesOf(inJson(sql`t.tenant_id`, tenants))), (found) => {
    const byTenant = new Map(found.map((row) => [row.tenant_id, row]));
    return new Map(tenants.map((tenant) => [tenant, homeFrom(byTenant.get(tenant), first)]));
  });

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

/** The same of the directory, which records nothing for a tenant that is being moved. */
export const demandStaying = (tenants: readonly TenantId[]): Statement<void> =>
  demand(
    sql`NOT EXISTS (SELECT 1 FROM ${tenantMovesTable} WHERE ${inJson(sql`tenant_id`, tenants)} AND paused = 1)`,
    ELSEWHERE,
  );

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
