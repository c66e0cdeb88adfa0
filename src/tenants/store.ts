import { sql, type SQL } from "drizzle-orm";
import { toSeconds } from "../platform/clock.ts";
import { altering, change, firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { CallLimits } from "../platform/call-limits.ts";
import { addonsFrom, type Addon } from "../platform/plans.ts";
import { into, type Row } from "../platform/columns.ts";
import { tenantImportsTable } from "../platform/tables.ts";
import { tenantsTable } from "./tables.ts";

type TenantRow = Row<typeof tenantsTable>;

export type TenantStatus = TenantRow["status"];

export interface Tenant {
  id: TenantId;
  name: string;
  /** What devices send to join this tenant. */
  token: string;
  status: TenantStatus;
  plan: string;
  addons: readonly Addon[];
  /** Null for no trial. */
  trialEndsMs: number | null;
  serviceProvider: boolean;
  /** The service provider whose child it is. */
  parent: TenantId | null;
  /** Null for any number. */
  maxChildren: number | null;
  /** What was told at sign-up. */
  additionalInfo: Record<string, unknown>;
  apiLimits: ApiLimits | null;
  binaryDelta: boolean;
  cancelledMs: number | null;
  suspendAtMs: number | null;
  removeAtMs: number | null;
  createdMs: number;
  updatedMs: number;
}

export interface ApiLimits {
  management: CallLimits;
  devices: CallLimits;
}

const toTenant = (row: TenantRow): Tenant => ({
  id: row.tenant_id,
  name: row.name,
  token: row.tenant_token,
  status: row.status,
  plan: row.plan,
  addons: addonsFrom(JSON.parse(row.addons)),
  trialEndsMs: row.trial_ends_ms,
  serviceProvider: row.service_provider === 1,
  parent: row.parent_id,
  maxChildren: row.max_children,
  additionalInfo: JSON.parse(row.additional_info) as Record<string, unknown>, // only this store writes both
  apiLimits: row.api_limits === null ? null : (JSON.parse(row.api_limits) as ApiLimits),
  binaryDelta: row.binary_delta === 1,
  cancelledMs: row.cancelled_ms,
  suspendAtMs: row.suspend_at_ms,
  removeAtMs: row.remove_at_ms,
  createdMs: row.created_ms,
  updatedMs: row.updated_ms,
});

const tenantWhere = (condition: SQL): Statement<Tenant | undefined> =>
  mapped(
    firstRow<TenantRow>(sql`SELECT * FROM ${tenantsTable} WHERE ${condition}`),
    (row) => row && toTenant(row),
  );

const tenantsWhere = (condition: SQL, order: SQL): Statement<Tenant[]> =>
  mapped(rows<TenantRow>(sql`SELECT * FROM ${tenantsTable} WHERE ${condition} ${order}`), (found) =>
    found.map(toTenant),
  );

const countWhere = (condition: SQL): Statement<number> =>
  mapped(
    firstRow<{ n: number }>(sql`SELECT COUNT(*) AS n FROM ${tenantsTable} WHERE ${condition}`),
    (row) => row?.n ?? 0,
  );

/** The tenant whose devices send this token, whatever its status. */
export const tenantByTokenStatement = (token: string): Statement<Tenant | undefined> =>
  tenantWhere(sql`tenant_token = ${token}`);

export const tenantStatement = (tenant: TenantId): Statement<Tenant | undefined> =>
  tenantWhere(sql`tenant_id = ${tenant}`);

/** Those of the ids that are tenants. */
export const tenantsAmongStatement = (
  ids: readonly TenantId[],
): Statement<Row<typeof tenantsTable, "tenant_id">[]> =>
  rows(sql`SELECT tenant_id FROM ${tenantsTable} WHERE ${inJson(sql`tenant_id`, ids)}`);

/** Tenants after this id, in order of id. */
export const tenantsStatement = (after: string, limit: number): Statement<Tenant[]> =>
  tenantsWhere(sql`tenant_id > ${after}`, sql`ORDER BY tenant_id LIMIT ${limit}`);

const jsonOrNull = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

/** An import of a tenant keeps its id until the tenant is there. */
const isFree = (tenant: TenantId): SQL => sql`
  NOT EXISTS (SELECT 1 FROM ${tenantImportsTable} WHERE tenant = ${tenant} AND ended_ms IS NULL)`;

/** Adds the tenant if the condition holds, unless its id exists or is being imported. */
export const addTenantStatement = (tenant: Tenant, condition = sql`1`): Statement<number> =>
  change(sql`
    INSERT ${into(
      tenantsTable,
      "tenant_id, name, tenant_token, status, plan, addons, trial_ends_ms, service_provider, parent_id, max_children, additional_info, api_limits, binary_delta, suspend_at_ms, created_ms, updated_ms",
    )}
    SELECT ${tenant.id}, ${tenant.name}, ${tenant.token}, ${tenant.status}, ${tenant.plan}, ${JSON.stringify(tenant.addons)},
      ${tenant.trialEndsMs}, ${Number(tenant.serviceProvider)}, ${tenant.parent}, ${tenant.maxChildren}, ${JSON.stringify(tenant.additionalInfo)},
      ${jsonOrNull(tenant.apiLimits)}, ${Number(tenant.binaryDelta)}, ${tenant.suspendAtMs}, ${tenant.createdMs}, ${tenant.updatedMs}
    WHERE ${condition} AND ${isFree(tenant.id)}
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

/**
 * Ends all device tokens of the tenant issued so far. Whoever does so for a database that was taken back has a head that knows of
 * what did not happen: it begins anew.
 */
export const revokeDeviceTokensStatement = (tenant: TenantId, atMs: number): Statement<number> =>
  altering(
    { tenant, what: { kind: "anew" } },
    change(sql`
      UPDATE ${tenantsTable} SET device_tokens_revoked_s = ${devicesRevoked(atMs)} WHERE tenant_id = ${tenant}`),
  );

/** Until when device tokens of a tenant are void, and how often tokens were revoked in it. */
export interface TokenStanding {
  status: TenantStatus;
  revoked_s: number;
  revocations: number;
  /** When the tenant was changed last. */
  updated_ms: number;
}

export const tokenStandingStatement = (tenant: TenantId): Statement<TokenStanding | undefined> =>
  firstRow(sql`
    SELECT status, device_tokens_revoked_s AS revoked_s, revocations, updated_ms FROM ${tenantsTable} WHERE tenant_id = ${tenant}`);

/** Of whom a tenant demands a second factor: of everybody, or of those who have one of the roles. */
export interface SecondFactorRule {
  all: boolean;
  roles: readonly string[];
}

export const secondFactorRuleStatement = (tenant: TenantId): Statement<SecondFactorRule> =>
  mapped(
    firstRow<Row<typeof tenantsTable, "require_2fa" | "require_2fa_roles">>(
      sql`SELECT require_2fa, require_2fa_roles FROM ${tenantsTable} WHERE tenant_id = ${tenant}`,
    ),
    (row) => ({
      all: row?.require_2fa === 1,
      roles: JSON.parse(row?.require_2fa_roles ?? "[]") as string[], // only this store writes them
    }),
  );

/** Says whether users without a second factor may do nothing but set one up. */
export function demandSecondFactorStatement(
  tenant: TenantId,
  { all, roles }: SecondFactorRule,
): Statement<number> {
  const names = JSON.stringify(roles);
  return change(sql`
    UPDATE ${tenantsTable} SET require_2fa = ${Number(all)}, require_2fa_roles = ${names}
    WHERE tenant_id = ${tenant} AND (require_2fa <> ${Number(all)} OR require_2fa_roles <> ${names})`);
}

/** What may change of a tenant. */
export type TenantChange = Partial<
  Pick<
    Tenant,
    | "name"
    | "plan"
    | "addons"
    | "trialEndsMs"
    | "serviceProvider"
    | "parent"
    | "maxChildren"
    | "apiLimits"
    | "cancelledMs"
    | "suspendAtMs"
    | "removeAtMs"
  >
>;

/** Writes the tenant as it is after the change, if nobody else changed it since it was read. */
export const updateTenantStatement = (
  before: Tenant,
  changed: TenantChange,
  atMs: number,
): Statement<number> => {
  const after = { ...before, ...changed };
  const updated = change(sql`
    UPDATE ${tenantsTable} SET name = ${after.name}, plan = ${after.plan}, addons = ${JSON.stringify(after.addons)},
      trial_ends_ms = ${after.trialEndsMs}, service_provider = ${Number(after.serviceProvider)}, parent_id = ${after.parent},
      max_children = ${after.maxChildren}, api_limits = ${jsonOrNull(after.apiLimits)}, cancelled_ms = ${after.cancelledMs},
      suspend_at_ms = ${after.suspendAtMs}, remove_at_ms = ${after.removeAtMs}, updated_ms = ${Math.max(atMs, before.updatedMs + 1)}
    WHERE tenant_id = ${before.id} AND updated_ms = ${before.updatedMs}`);
  // Tokens of devices tell of it.
  return altering({ tenant: before.id, what: { kind: "standing" } }, updated);
};

/** Tenants whose time to be suspended, or to be removed, has come. */
export const dueTenantsStatement = (
  due: "suspend" | "remove",
  nowMs: number,
  limit: number,
): Statement<Tenant[]> => {
  const column = due === "suspend" ? sql`suspend_at_ms` : sql`remove_at_ms`;
  return tenantsWhere(sql`${column} <= ${nowMs}`, sql`ORDER BY ${column} LIMIT ${limit}`);
};

export const childrenStatement = (
  parent: TenantId,
  page: { offset: number; limit: number },
): Statement<Tenant[]> =>
  tenantsWhere(sql`parent_id = ${parent}`, sql`ORDER BY tenant_id LIMIT ${page.limit} OFFSET ${page.offset}`);

export const countChildrenStatement = (parent: TenantId): Statement<number> =>
  countWhere(sql`parent_id = ${parent}`);

export interface TenantFilter {
  ids?: readonly string[] | undefined;
  plan?: string | undefined;
  trial?: boolean | undefined;
  parent?: string | undefined;
  /** The whole id, or part of the name. */
  text?: string | undefined;
}

const filterCondition = (filter: TenantFilter, nowMs: number): SQL => {
  const terms = [
    sql`1`,
    ...(filter.ids ? [inJson(sql`tenant_id`, filter.ids)] : []),
    ...(filter.plan === undefined ? [] : [sql`plan = ${filter.plan}`]),
    ...(filter.trial === undefined
      ? []
      : [sql`COALESCE(trial_ends_ms, 0) > ${nowMs} = ${Number(filter.trial)}`]),
    ...(filter.parent === undefined ? [] : [sql`parent_id = ${filter.parent}`]),
    ...(filter.text === undefined
      ? []
      : [sql`(tenant_id = ${filter.text} OR instr(lower(name), lower(${filter.text})) > 0)`]),
  ];
  return sql.join(terms, sql` AND `);
};

export const tenantsByFilterStatement = (
  filter: TenantFilter,
  nowMs: number,
  page: { offset: number; limit: number },
): Statement<Tenant[]> =>
  tenantsWhere(
    filterCondition(filter, nowMs),
    sql`ORDER BY tenant_id LIMIT ${page.limit} OFFSET ${page.offset}`,
  );

export const countTenantsStatement = (filter: TenantFilter, nowMs: number): Statement<number> =>
  countWhere(filterCondition(filter, nowMs));
