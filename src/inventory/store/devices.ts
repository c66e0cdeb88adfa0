import { sql } from "drizzle-orm";
import { change, firstRow, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import type { AttributeDelta, StoredAttributes } from "../attributes.ts";
import type { DeviceRow } from "../device-view.ts";

export const DEVICE_COLUMNS = sql.raw(
  "d.device_id, d.status, d.tier, d.group_name, d.created_ms, d.updated_ms, d.check_in_ms, d.attributes",
);

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

/**
 * Adds or replaces these attributes and leaves all others; makes the device if it is unknown.
 * Writes nothing if nothing changes.
 */
export const mergeAttributes = (
  tenant: TenantId,
  device: DeviceId,
  attributes: StoredAttributes,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT INTO inventory_devices (tenant_id, device_id, attributes, created_ms, updated_ms)
    VALUES (${tenant}, ${device}, ${JSON.stringify(attributes)}, ${atMs}, ${atMs})
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET attributes = json_patch(attributes, excluded.attributes), updated_ms = excluded.updated_ms,
      report_revision = report_revision + 1
    WHERE json_patch(attributes, excluded.attributes) <> attributes`);

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

/** A device with what a writer must know so that its write cannot undo another's. */
export interface GuardedRow extends DeviceRow {
  report_revision: number;
  tags_etag: string | null;
}

export const oneDevice = (tenant: TenantId, device: DeviceId): Statement<GuardedRow | undefined> =>
  firstRow(sql`
    SELECT ${DEVICE_COLUMNS}, d.report_revision, d.tags_etag FROM inventory_devices d
    WHERE d.tenant_id = ${tenant} AND d.device_id = ${device}`);

/** Makes an unknown device with these attributes. Changes nothing if the device is there. */
export const addDevice = (
  tenant: TenantId,
  device: DeviceId,
  attributes: AttributeDelta,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT INTO inventory_devices (tenant_id, device_id, attributes, created_ms, updated_ms)
    VALUES (${tenant}, ${device}, ${JSON.stringify(attributes)}, ${atMs}, ${atMs})
    ON CONFLICT DO NOTHING`);

/** Applies a report that was computed from the row of this revision. Changes nothing if the row has moved on. */
export const applyReport = (
  tenant: TenantId,
  device: DeviceId,
  delta: AttributeDelta,
  revision: number,
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE inventory_devices
    SET attributes = json_patch(attributes, ${JSON.stringify(delta)}), updated_ms = ${atMs},
      report_revision = report_revision + 1
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND report_revision = ${revision}`);

/** As `applyReport` for tags, guarded by the entity tag the change was computed from. */
export const applyTags = (
  tenant: TenantId,
  device: DeviceId,
  delta: AttributeDelta,
  etags: { old: string | null; new: string },
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE inventory_devices
    SET attributes = json_patch(attributes, ${JSON.stringify(delta)}), updated_ms = ${atMs}, tags_etag = ${etags.new}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND tags_etag IS ${etags.old}`);

/** Removes all attributes of a scope from a device. */
export const clearScope = (
  tenant: TenantId,
  device: DeviceId,
  scope: string,
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE inventory_devices
    SET attributes = (
        SELECT json_group_object(a.key, json(a.value)) FROM json_each(attributes) a
        WHERE a.key NOT GLOB ${`${scope}-*`}),
      updated_ms = ${atMs}, report_revision = report_revision + 1
    WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND EXISTS (SELECT 1 FROM json_each(attributes) a WHERE a.key GLOB ${`${scope}-*`})`);
