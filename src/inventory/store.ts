import { sql } from "drizzle-orm";
import { change, firstRow, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { StoredAttributes } from "./attributes.ts";

export interface StatusChange {
  tenant: TenantId;
  device: DeviceId;
  status: string;
  revision: number;
  /** Left as it is when absent. */
  tier?: string | undefined;
  atMs: number;
}

/** Sets the status unless a newer revision was stored; makes the device if it is unknown. */
export const setStatus = (s: StatusChange): Statement<number> =>
  change(sql`
    INSERT INTO inventory_devices (tenant_id, device_id, status, status_revision, tier, created_ms, updated_ms)
    VALUES (${s.tenant}, ${s.device}, ${s.status}, ${s.revision}, ${s.tier ?? "standard"}, ${s.atMs}, ${s.atMs})
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET status = excluded.status, status_revision = excluded.status_revision, tier = coalesce(${s.tier ?? null}, tier)
    WHERE excluded.status_revision > status_revision`);

/** Adds or replaces these attributes and leaves all others; makes the device if it is unknown. Writes nothing if nothing changes. */
export const mergeAttributes = (
  tenant: TenantId,
  device: DeviceId,
  attributes: StoredAttributes,
  atMs: number,
): Statement<number> => {
  const merged = JSON.stringify(attributes);
  return change(sql`
    INSERT INTO inventory_devices (tenant_id, device_id, attributes, created_ms, updated_ms)
    VALUES (${tenant}, ${device}, ${merged}, ${atMs}, ${atMs})
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET attributes = json_patch(attributes, excluded.attributes), updated_ms = excluded.updated_ms
    WHERE json_patch(attributes, excluded.attributes) <> attributes`);
};

/** Records when the device was last seen, at most once in `everyMs`. */
export const setCheckIn = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
  everyMs: number,
): Statement<number> =>
  change(sql`
    UPDATE inventory_devices SET check_in_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND (check_in_ms IS NULL OR check_in_ms <= ${atMs - everyMs})`);

export const removeDevice = (tenant: TenantId, device: DeviceId): Statement<number> =>
  change(sql`DELETE FROM inventory_devices WHERE tenant_id = ${tenant} AND device_id = ${device}`);

export const groupOf = (
  tenant: TenantId,
  device: DeviceId,
): Statement<{ group: string | null } | undefined> =>
  firstRow(sql`
    SELECT group_name AS "group" FROM inventory_devices WHERE tenant_id = ${tenant} AND device_id = ${device}`);
