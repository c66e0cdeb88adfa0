import { sql, type SQL } from "drizzle-orm";
import { firstRow, mapped, type Statement } from "../platform/database.ts";
import { type DeviceId, type TenantId } from "../platform/ids.ts";
import { callLimitsFrom, tenantsTable } from "../tenants/index.ts";
import { devicesTable, authSetsTable } from "../devices/index.ts";
import type { AuthRequest } from "./auth-request.ts";
import type { CallLimits } from "../platform/call-limits.ts";
import { addonsFrom, type Subscription } from "../platform/plans.ts";
import type { Rule } from "./rule-store.ts";
import type { DeviceStatus, SetStatus } from "./states.ts";
import { roomOf, waitingOf } from "./waiting-store.ts";
import { admissionSettingsTable, autoAcceptRulesTable } from "./tables.ts";

/** What is known about the sender of an authentication request. */
export interface Admission {
  tenant: TenantId;
  tenantStatus: string;
  /** When the tenant was changed last. */
  tenantMs: number;
  subscription: Subscription;
  /** Of each device of the tenant. */
  calls: CallLimits | undefined;
  /** Device of this identity. */
  device: DeviceId | null;
  deviceStatus: DeviceStatus | null;
  /** When a waiting device was last heard of, coarsely. */
  seenMs: number | null;
  /** Set of this identity, key and tier. A preauthorised one is found by its key alone: the device says its tier. */
  set: string | null;
  setStatus: SetStatus | null;
  /** Tokens issued in or before this second are dead. */
  revokedS: number;
  /** Devices of the tenant that wait, and how many may (negative: any number), unless the set is accepted. */
  waiting: number;
  room: number;
  /** 1 if the tenant lets nobody in with a weak key. */
  refusesWeakKeys: number;
  /** Auto-accept rules of the tenant, if nobody has decided on the device and its key is unknown. */
  rules: AdmissionRule[];
}

export type AdmissionRule = Pick<Rule, "name" | "identity" | "secretHash">;

/** Where devices go that say no tenant token, or one that is unknown. */
export interface Joining {
  tenant: TenantId;
  withUnknownToken: boolean;
}

function tenantOf({ tenantToken }: AuthRequest, { tenant, withUnknownToken }: Joining): SQL {
  if (!tenantToken) return sql`t.tenant_id = ${tenant}`;
  if (!withUnknownToken) return sql`t.tenant_token = ${tenantToken}`;
  const named = sql`SELECT k.tenant_id FROM ${tenantsTable} k WHERE k.tenant_token = ${tenantToken}`;
  return sql`t.tenant_id = COALESCE((${named}), ${tenant})`;
}

/** The tenant that the sender is to join. */
export const joinedTenantStatement = (
  request: AuthRequest,
  joining: Joining,
): Statement<TenantId | undefined> =>
  mapped(
    firstRow<{ tenant_id: TenantId }>(
      sql`SELECT t.tenant_id FROM ${tenantsTable} t WHERE ${tenantOf(request, joining)}`,
    ),
    (row) => row?.tenant_id,
  );

type AdmissionRow = Omit<Admission, "rules" | "subscription" | "calls"> & {
  plan: string;
  addons: string;
  trialEndsMs: number | null;
  apiLimits: string | null;
  rules: string | null;
};

/**
 * Tenant, device and set of an authentication request in one look; undefined for an unknown tenant token.
 * With one database the tenant is not known before.
 */
export function admissionStatement(
  request: AuthRequest,
  atMs: number,
  joining: Joining,
): Statement<Admission | undefined> {
  const statement = firstRow<AdmissionRow>(sql`
    SELECT t.tenant_id AS tenant, t.status AS tenantStatus, t.updated_ms AS tenantMs, t.plan AS plan, t.addons AS addons, t.trial_ends_ms AS trialEndsMs, t.api_limits AS apiLimits, d.device_id AS device,
      d.status AS deviceStatus, d.seen_ms AS seenMs, a.auth_set_id AS "set", a.status AS setStatus,
      MAX(t.device_tokens_revoked_s, COALESCE(a.tokens_revoked_s, 0)) AS revokedS,
      CASE WHEN a.status IS NOT 'accepted' THEN ${waitingOf(sql`t.tenant_id`)} END AS waiting,
      CASE WHEN a.status IS NOT 'accepted' THEN ${roomOf(sql`t.tenant_id`)} END AS room,
      CASE WHEN a.status IS NOT 'accepted' THEN (
        SELECT refuse_weak_keys FROM ${admissionSettingsTable} s WHERE s.tenant_id = t.tenant_id) END AS refusesWeakKeys,
      CASE WHEN d.device_id IS NULL OR (d.status = 'pending' AND d.provisioned = 0 AND a.auth_set_id IS NULL) THEN (
        SELECT json_group_array(json_object('name', r.name, 'identity', json(r.identity), 'secretHash', r.secret_hash))
        FROM ${autoAcceptRulesTable} r
        WHERE r.tenant_id = t.tenant_id AND (r.expires_ms IS NULL OR r.expires_ms > ${atMs})) END AS rules
    FROM ${tenantsTable} t
    LEFT JOIN ${devicesTable} d ON d.tenant_id = t.tenant_id AND d.identity_hash = ${request.identity.hash}
    LEFT JOIN ${authSetsTable} a INDEXED BY auth_sets_by_device
      ON a.tenant_id = d.tenant_id AND a.device_id = d.device_id AND a.key_hash = ${request.key.hash}
      AND (a.tier = ${request.tier} OR a.status = 'preauthorized')
    WHERE ${tenantOf(request, joining)}
    ORDER BY a.tier = ${request.tier} DESC LIMIT 1`);
  return {
    ...statement,
    read: (result) => {
      const row = statement.read(result);
      if (!row) return undefined;
      const { plan, addons, trialEndsMs, apiLimits, rules, ...rest } = row;
      return {
        ...rest,
        subscription: { plan, addons: addonsFrom(JSON.parse(addons)), trial: (trialEndsMs ?? 0) > atMs },
        calls: callLimitsFrom(apiLimits, "devices"),
        rules: JSON.parse(rules ?? "[]") as AdmissionRule[], // the shape built above
      };
    },
  };
}
