import { sql, type SQL } from "drizzle-orm";
import { change, demand, firstRow, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { bytesOf } from "../../platform/limits.ts";
import { moving } from "./moving.ts";
import { keyOf, type AttributeDelta, type StoredAttributes } from "../attributes.ts";
import { MAX_ATTRIBUTE_BYTES, MAX_IN_SCOPE, MAX_SCOPE_CHARACTERS, type LimitedScope } from "../limits.ts";
import type { DeviceRow } from "../device-view.ts";
import { into, columnsOf, type Row } from "../../platform/columns.ts";
import { inventoryDevicesTable } from "../../devices/index.ts";

export const DEVICE_COLUMNS = columnsOf(
  inventoryDevicesTable,
  "device_id, status, tier, group_name, created_ms, updated_ms, check_in_ms, attributes",
  "d",
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
    INSERT ${into(inventoryDevicesTable, "tenant_id, device_id, status, status_revision, tier, created_ms, updated_ms")}
    VALUES (${s.tenant}, ${s.device}, ${s.status}, ${s.revision}, ${s.tier ?? "standard"}, ${s.atMs}, ${s.atMs})
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET status = excluded.status, status_revision = excluded.status_revision, tier = coalesce(${s.tier ?? null}, tier)
    WHERE excluded.status_revision > status_revision`);

export const octets = (text: SQL): SQL => sql`octet_length(${text})`;

/** What was changed is told to the indexes up to this length; it stays in the row. */
export const MOST_TOLD = 512;

/** The changes of a write as the indexes are told them: not those that are much of the device, as its first report is. */
function told(changes: AttributeDelta): SQL {
  const text = JSON.stringify(changes);
  return text.length <= MOST_TOLD
    ? sql`CASE WHEN ${bytesOf(text)} * 2 <= ${octets(sql`inventory_devices.attributes`)} THEN ${text} END`
    : sql`NULL`;
}

export interface MergeOptions {
  /** Changes nothing if the device was updated later. */
  notAfterMs?: number | undefined;
  /** New entity tag, if tags are among what is merged. */
  tagsEtag?: string | undefined;
}

/**
 * Adds or replaces these attributes and leaves all others; makes the device if it is unknown.
 * Writes nothing if nothing changes.
 */
export const mergeAttributes = (
  tenant: TenantId,
  device: DeviceId,
  attributes: StoredAttributes,
  atMs: number,
  { notAfterMs, tagsEtag }: MergeOptions = {},
): Statement<number> =>
  change(sql`
    INSERT ${into(inventoryDevicesTable, "tenant_id, device_id, attributes, created_ms, updated_ms, tags_etag")}
    VALUES (${tenant}, ${device}, ${JSON.stringify(attributes)}, ${atMs}, ${atMs}, ${tagsEtag ?? null})
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET attributes = json_patch(attributes, excluded.attributes), changed = ${told(attributes)},
      updated_ms = excluded.updated_ms, report_revision = report_revision + 1,
      tags_etag = coalesce(excluded.tags_etag, tags_etag)
    WHERE json_patch(attributes, excluded.attributes) <> attributes
      AND (${notAfterMs ?? null} IS NULL OR updated_ms <= ${notAfterMs ?? null})`);

/** Sets what the device monitor tells of a device; of one without alerts nothing is said before there was one. */
export const setOpenAlerts = (
  tenant: TenantId,
  device: DeviceId,
  open: SQL,
  atMs: number,
): Statement<number> => {
  const [alerts, count] = [keyOf("monitor", "alerts"), keyOf("monitor", "alert_count")];
  return moving(tenant, [device])(sql`
    UPDATE ${inventoryDevicesTable}
    SET attributes = json_patch(inventory_devices.attributes, told.attributes), changed = NULL, updated_ms = ${atMs}, report_revision = report_revision + 1
    FROM (
      SELECT json_object(
        ${alerts}, json_array(json(CASE WHEN open.alerts > 0 THEN 'true' ELSE 'false' END)),
        ${count}, json_array(open.alerts)) AS attributes
      FROM (SELECT (${open}) AS alerts) open) told
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND json_patch(inventory_devices.attributes, told.attributes) <> inventory_devices.attributes`);
};

export const DEVICE_FULL = "device-full";

/** Fails the batch if the row of the device has no room for these attributes beside its others. */
export const demandRoom = (
  tenant: TenantId,
  device: DeviceId,
  attributes: StoredAttributes,
): Statement<void> =>
  demand(
    sql`NOT EXISTS (SELECT 1 FROM ${inventoryDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND ${octets(sql`json_patch(attributes, ${JSON.stringify(attributes)})`)} > ${MAX_ATTRIBUTE_BYTES})`,
    DEVICE_FULL,
  );

/** Attributes with columns, as far as others than the server itself may set them. */
export interface OwnColumns {
  status?: string;
  group?: string;
  tier?: string;
  checkInMs?: number;
}

/** Sets the columns that are given; a device that does not exist stays so. */
export function setColumns(
  tenant: TenantId,
  device: DeviceId,
  columns: OwnColumns,
  notAfterMs: number | undefined,
): Statement<number>[] {
  if (Object.keys(columns).length === 0) return [];
  return [
    moving(tenant, [device])(sql`
      UPDATE ${inventoryDevicesTable}
      SET status = coalesce(${columns.status ?? null}, status), tier = coalesce(${columns.tier ?? null}, tier),
        group_name = coalesce(${columns.group ?? null}, group_name),
        check_in_ms = coalesce(${columns.checkInMs ?? null}, check_in_ms)
      WHERE tenant_id = ${tenant} AND device_id = ${device}
        AND (${notAfterMs ?? null} IS NULL OR updated_ms <= ${notAfterMs ?? null})`),
  ];
}

export const removeDevice = (tenant: TenantId, device: DeviceId): Statement<number> =>
  moving(tenant, [device])(sql`
    DELETE FROM ${inventoryDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`);

/** A device with what a writer must know so that its write cannot undo another's. */
export type GuardedRow = DeviceRow &
  Row<typeof inventoryDevicesTable, "report_revision" | "tags_etag" | "pledge">;

export const GUARDED_COLUMNS = sql`${DEVICE_COLUMNS}, d.report_revision, d.tags_etag, d.pledge`;

export const oneDevice = (tenant: TenantId, device: DeviceId): Statement<GuardedRow | undefined> =>
  firstRow(sql`
    SELECT ${GUARDED_COLUMNS} FROM ${inventoryDevicesTable} d
    WHERE d.tenant_id = ${tenant} AND d.device_id = ${device}`);

/** Makes an unknown device with these attributes. Changes nothing if the device is there. */
export const addDevice = (
  tenant: TenantId,
  device: DeviceId,
  attributes: AttributeDelta,
  atMs: number,
  pledge: string | null = null,
): Statement<number> =>
  change(sql`
    INSERT ${into(inventoryDevicesTable, "tenant_id, device_id, attributes, created_ms, updated_ms, pledge")}
    VALUES (${tenant}, ${device}, ${JSON.stringify(attributes)}, ${atMs}, ${atMs}, ${pledge})
    ON CONFLICT DO NOTHING`);

/** New attributes of one scope; `replace` removes what they leave out, `merge` keeps it. */
export interface ScopeWrite {
  scope: LimitedScope;
  mode: "replace" | "merge";
  incoming: StoredAttributes;
}

/** The stored attributes with these written into them, whatever was stored by then: writers of different ones both count. */
function written({ scope, mode, incoming }: ScopeWrite): SQL {
  const given = sql`${JSON.stringify(incoming)}`;
  if (mode === "merge") return sql`json_patch(inventory_devices.attributes, ${given})`;
  return sql`json_patch(inventory_devices.attributes, (
    SELECT json_group_object(w.key, json(w.value)) FROM (
      SELECT key, 'null' AS value FROM json_each(inventory_devices.attributes)
      WHERE key GLOB ${`${scope}-*`} AND key NOT IN (SELECT key FROM json_each(${given}))
      UNION ALL SELECT key, value FROM json_each(${given})) w))`;
}

/** True if the row has room: surely for both what is stored and what is new, or else for what they come to. */
const hasRoomInRow = (write: ScopeWrite): SQL =>
  sql`(${octets(sql`inventory_devices.attributes`)} + ${bytesOf(JSON.stringify(write.incoming))} <= ${MAX_ATTRIBUTE_BYTES}
    OR ${octets(written(write))} <= ${MAX_ATTRIBUTE_BYTES})`;

/** True if the scope has room for what is stored by then. Reads every attribute, to meet races. */
const hasRoom = (write: ScopeWrite): SQL =>
  sql`(SELECT count(*) <= ${MAX_IN_SCOPE[write.scope]} AND total(length(value)) <= ${MAX_SCOPE_CHARACTERS}
    FROM json_each(${written(write)}) WHERE key GLOB ${`${write.scope}-*`}) AND ${hasRoomInRow(write)}`;

/** True for a row of which nothing that a report looks at was written since it was read. */
export const sameRow = (seen: Pick<GuardedRow, "created_ms" | "report_revision" | "pledge">): SQL =>
  sql`created_ms = ${seen.created_ms} AND report_revision = ${seen.report_revision} AND pledge IS ${seen.pledge}`;

/**
 * Writes what a report changes, if nobody reported since its device was read: what was checked then holds still. Changes
 * nothing otherwise, or if the row has no room.
 */
export const writeChanges = (
  tenant: TenantId,
  device: DeviceId,
  changes: AttributeDelta,
  seen: Pick<GuardedRow, "created_ms" | "report_revision" | "pledge">,
  pledge: string | null,
  atMs: number,
): Statement<number> => {
  const given = JSON.stringify(changes);
  return change(sql`
    UPDATE ${inventoryDevicesTable}
    SET attributes = json_patch(attributes, ${given}), changed = ${told(changes)}, updated_ms = ${atMs},
      report_revision = report_revision + 1, pledge = ${pledge}
    WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND ${sameRow(seen)}
      AND (${octets(sql`attributes`)} + ${bytesOf(given)} <= ${MAX_ATTRIBUTE_BYTES}
        OR ${octets(sql`json_patch(attributes, ${given})`)} <= ${MAX_ATTRIBUTE_BYTES})`);
};

/** Writes tags over whatever is stored by then; they make no device. With an entity tag only if it is still that. */
export const writeTagsStatement = (
  tenant: TenantId,
  device: DeviceId,
  write: ScopeWrite,
  etags: { old: string | undefined; new: string },
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${inventoryDevicesTable}
    SET attributes = ${written(write)}, changed = NULL, updated_ms = ${atMs}, tags_etag = ${etags.new}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${hasRoom(write)}
      AND (${etags.old ?? null} IS NULL OR tags_etag = ${etags.old ?? null})`);

/** Removes all attributes of a scope from a device. */
export const clearScope = (
  tenant: TenantId,
  device: DeviceId,
  scope: string,
  atMs: number,
): Statement<number> =>
  moving(tenant, [device])(sql`
    UPDATE ${inventoryDevicesTable}
    SET attributes = (
        SELECT json_group_object(a.key, json(a.value)) FROM json_each(attributes) a
        WHERE a.key NOT GLOB ${`${scope}-*`}),
      changed = NULL, updated_ms = ${atMs}, report_revision = report_revision + 1
    WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND EXISTS (SELECT 1 FROM json_each(attributes) a WHERE a.key GLOB ${`${scope}-*`})`);
