import { sql } from "drizzle-orm";
import { firstRow, type Statement } from "../platform/database.ts";
import { DEFAULT_TENANT, type DeviceId, type TenantId } from "../platform/ids.ts";
import type { AuthRequest } from "./auth-request.ts";
import type { SetStatus } from "./states.ts";

/** What is known about the sender of an authentication request. */
export interface Admission {
  tenant: TenantId;
  tenantStatus: string;
  plan: string;
  /** Device of this identity. */
  device: DeviceId | null;
  /** Set of this identity, key and tier. */
  set: string | null;
  setStatus: SetStatus | null;
  /** Tokens issued in or before this second are dead. */
  revokedS: number;
}

/**
 * Tenant, device and set of an authentication request in one look; undefined for an unknown tenant token.
 * Runs in the directory, because the tenant is not known before.
 */
export const admissionStatement = (request: AuthRequest): Statement<Admission | undefined> =>
  firstRow(sql`
    SELECT t.tenant_id AS tenant, t.status AS tenantStatus, t.plan AS plan, d.device_id AS device,
      a.auth_set_id AS "set", a.status AS setStatus,
      MAX(t.device_tokens_revoked_s, COALESCE(a.tokens_revoked_s, 0)) AS revokedS
    FROM tenants t
    LEFT JOIN devices d ON d.tenant_id = t.tenant_id AND d.identity_hash = ${request.identity.hash}
    LEFT JOIN auth_sets a ON a.tenant_id = d.tenant_id AND a.device_id = d.device_id
      AND a.key_hash = ${request.key.hash} AND a.tier = ${request.tier}
    WHERE ${request.tenantToken ? sql`t.tenant_token = ${request.tenantToken}` : sql`t.tenant_id = ${DEFAULT_TENANT}`}`);
