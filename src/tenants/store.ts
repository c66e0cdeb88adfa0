import { sql, type SQL } from "drizzle-orm";
import { toSeconds } from "../platform/clock.ts";
import { altering, change, firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { into, type Row } from "../platform/columns.ts";
import type { LimitName } from "./limit-names.ts";
import { tenantsTable, tenantLimitsTable } from "./tables.ts";

type TenantRow = Row<typeof tenantsTable>;

export type TenantStatus = TenantRow["status"];

export interface Tenant {
  id: TenantId;
  name: string;
  /** What devices send to join this tenant. */
  token: string;
  status: TenantStatus;
  plan: string;
  createdMs: number;
  updatedMs: number;
}

const toTenant = (row: TenantRow): Tenant => ({
  id: row.tenant_id,
  name: row.name,
  token: row.tenant_token,
  status: row.status,
  plan: row.plan,
  createdMs: row.created_ms,
  updatedMs: row.updated_ms,
});

const tenantWhere = (condition: SQL): Statement<Tenant | undefined> =>
  mapped(
    firstRow<TenantRow>(sql`SELECT * FROM ${tenantsTable} WHERE ${condition}`),
    (row) => row && toTenant(row),
  );

export const tenantStatement = (tenant: TenantId): Statement<Tenant | undefined> =>
  tenantWhere(sql`tenant_id = ${tenant}`);

/** Those of the ids that are tenants. */
export const tenantsAmongStatement = (
  ids: readonly TenantId[],
): Statement<Row<typeof tenantsTable, "tenant_id">[]> =>
  rows(sql`SELECT tenant_id FROM ${tenantsTable} WHERE ${inJson(sql`tenant_id`, ids)}`);

/** Tenants after this id, in order of id. */
export const tenantsStatement = (after: string, limit: number): Statement<Tenant[]> =>
  mapped(
    rows<TenantRow>(
      sql`SELECT * FROM ${tenantsTable} WHERE tenant_id > ${after} ORDER BY tenant_id LIMIT ${limit}`,
    ),
    (found) => found.map(toTenant),
  );

/** Adds the tenant unless its id exists. */
export const addTenantStatement = (tenant: Tenant): Statement<number> =>
  change(sql`
    INSERT ${into(tenantsTable, "tenant_id, name, tenant_token, status, plan, created_ms, updated_ms")}
    VALUES (${tenant.id}, ${tenant.name}, ${tenant.token}, ${tenant.status}, ${tenant.plan}, ${tenant.createdMs}, ${tenant.updatedMs})
    ON CONFLICT (tenant_id) DO NOTHING`);

/** Suspending ends the device tokens issued so far for good, also for the time after. */
export const setTenantStatusStatement = (
  tenant: TenantId,
  status: TenantStatus,
  atMs: number,
): Statement<number> =>
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
      UPDATE ${tenantsTable} SET status = ${status}, updated_ms = ${atMs},
        device_tokens_revoked_s = ${status === "suspended" ? devicesRevoked(atMs) : sql`device_tokens_revoked_s`}
      WHERE tenant_id = ${tenant} AND status <> ${status}`),
  );

// A token issued within the second of a revocation carries the next one, so a second revocation must pass that.
const devicesRevoked = (atMs: number) => sql`MAX(${toSeconds(atMs)}, device_tokens_revoked_s + 1)`;

/** Ends all device tokens of the tenant issued so far. */
export const revokeDeviceTokensStatement = (tenant: TenantId, atMs: number): Statement<number> =>
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
      UPDATE ${tenantsTable} SET device_tokens_revoked_s = ${devicesRevoked(atMs)} WHERE tenant_id = ${tenant}`),
  );

/** Until when device tokens of a tenant are void, and how often tokens were revoked in it. */
export interface TokenStanding {
  status: TenantStatus;
  revoked_s: number;
  revocations: number;
}

export const tokenStandingStatement = (tenant: TenantId): Statement<TokenStanding | undefined> =>
  firstRow(sql`
    SELECT status, device_tokens_revoked_s AS revoked_s, revocations FROM ${tenantsTable} WHERE tenant_id = ${tenant}`);

/** One named limit of a tenant; undefined when none was set. What a value means is its reader's to say. */
export const limitStatement = (
  tenant: TenantId,
  name: LimitName,
): Statement<Row<typeof tenantLimitsTable, "value"> | undefined> =>
  firstRow(sql`SELECT value FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} AND name = ${name}`);

export const limitsStatement = (
  tenant: TenantId,
): Statement<Row<typeof tenantLimitsTable, "name" | "value">[]> =>
  rows(sql`SELECT name, value FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} ORDER BY name`);

/** Sets a limit of a tenant that exists. */
export const setLimitStatement = (tenant: TenantId, name: LimitName, value: number): Statement<number> =>
  change(sql`
    INSERT ${into(tenantLimitsTable, "tenant_id, name, value")}
    SELECT tenant_id, ${name}, ${value} FROM ${tenantsTable} WHERE tenant_id = ${tenant}
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`);

export const clearLimitStatement = (tenant: TenantId, name: LimitName): Statement<number> =>
  change(sql`DELETE FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} AND name = ${name}`);
