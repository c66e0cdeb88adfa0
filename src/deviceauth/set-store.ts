import { sql } from "drizzle-orm";
import { authSetsTable, devicesTable } from "../devices/index.ts";
import { into } from "../platform/columns.ts";
import { altering, change, inJson, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { SetStatus, Tier } from "./states.ts";

export interface AuthSet {
  id: string;
  keyHash: string;
  /** As `fromStoredKey` reads it. */
  storedKey: string;
  tier: Tier;
  status: SetStatus;
  tokensRevokedS: number;
  createdMs: number;
}

/** What becomes of one set. */
export interface SetMove {
  set: string;
  status: SetStatus;
  tier?: Tier | undefined;
}

export const addSetStatement = (tenant: TenantId, device: DeviceId, set: AuthSet): Statement<number> =>
  change(sql`
    INSERT ${into(authSetsTable, "tenant_id, auth_set_id, device_id, key_hash, pubkey, tier, status, created_ms")}
    VALUES (${tenant}, ${set.id}, ${device}, ${set.keyHash}, ${set.storedKey}, ${set.tier}, ${set.status}, ${set.createdMs})`);

/** A change that can end tokens of a set, or of all sets of a device. */
const revoking = (tenant: TenantId, key: string, statement: Statement<number>): Statement<number> =>
  altering({ tenant, what: { kind: "revoked", key } }, statement);

// A token issued later in this second carries the second after the watermark, so a second revocation must pass that.
const revoked = (nowS: number) => sql`MAX(${nowS}, tokens_revoked_s + 1)`;

/** Moves a set to another status and, if given, tier; leaving `accepted` kills its tokens. */
export function moveSetStatement(
  tenant: TenantId,
  { set, status, tier }: SetMove,
  nowS: number,
): Statement<number> {
  const move = change(sql`
    UPDATE ${authSetsTable} SET status = ${status}, tier = COALESCE(${tier ?? null}, tier),
      tokens_revoked_s = CASE status WHEN 'accepted' THEN ${revoked(nowS)} ELSE tokens_revoked_s END
    WHERE tenant_id = ${tenant} AND auth_set_id = ${set} AND status <> ${status}`);
  return status === "accepted" ? move : revoking(tenant, set, move);
}

export const revokeSetTokensStatement = (tenant: TenantId, set: string, nowS: number): Statement<number> =>
  revoking(
    tenant,
    set,
    change(sql`
      UPDATE ${authSetsTable} SET tokens_revoked_s = ${revoked(nowS)}
      WHERE tenant_id = ${tenant} AND auth_set_id = ${set} AND status = 'accepted'`),
  );

export const revokeDeviceTokensStatement = (
  tenant: TenantId,
  device: string,
  nowS: number,
): Statement<number> =>
  revoking(
    tenant,
    device,
    change(sql`
      UPDATE ${authSetsTable} INDEXED BY auth_sets_by_device SET tokens_revoked_s = ${revoked(nowS)}
      WHERE tenant_id = ${tenant} AND device_id = ${device} AND status = 'accepted'`),
  );

/** Removes sets of a device. */
export const removeSetsStatement = (
  tenant: TenantId,
  device: DeviceId,
  sets: readonly string[],
): Statement<number> =>
  revoking(
    tenant,
    device,
    change(sql`
      DELETE FROM ${authSetsTable}
      WHERE tenant_id = ${tenant} AND ${inJson(sql`auth_set_id`, sets)} AND device_id = ${device}`),
  );

/** Removes a device with all its sets. */
export const removeDeviceRowsStatements = (tenant: TenantId, device: DeviceId): Statement<number>[] => [
  revoking(
    tenant,
    device,
    change(
      sql`DELETE FROM ${authSetsTable} INDEXED BY auth_sets_by_device WHERE tenant_id = ${tenant} AND device_id = ${device}`,
    ),
  ),
  change(sql`DELETE FROM ${devicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`),
];
