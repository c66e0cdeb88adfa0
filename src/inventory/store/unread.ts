import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable, type Beside } from "../../devices/index.ts";
import { change, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { isHeard } from "../../platform/stream.ts";
import type { StoredAttributes } from "../attributes.ts";
import { MAX_ATTRIBUTE_BYTES } from "../limits.ts";
import { GUARDED_COLUMNS, MOST_TOLD, octets, type GuardedRow } from "./devices.ts";

/** What a report may write whose device was not read before. */
export interface UnseenWrite {
  /** Under which the row is known from then on. */
  pledge: string;
  /** Pledges by which nobody answers any more: a row with another is left as it is. */
  ended: readonly string[];
  /** True if the device may report. */
  isLive: SQL;
  atMs: number;
}

/**
 * Writes a report that names the same attributes as the one before and has other values for few of them. Changes nothing
 * otherwise; then the device has to be read. Attributes whose names are not in their keys as they are count as others.
 */
export const writeValues = (
  tenant: TenantId,
  device: DeviceId,
  incoming: StoredAttributes,
  { pledge, ended, isLive, atMs }: UnseenWrite,
): Statement<number> => {
  const count = Object.keys(incoming).length;
  const reported = sql`json_extract(${JSON.stringify(incoming)}, '$."' || s.key || '"')`;
  const given = sql.join(
    ended.map((one) => sql`${one}`),
    sql`, `,
  );
  return change(sql`
    UPDATE ${inventoryDevicesTable}
    SET attributes = json_patch(attributes, n.delta), changed = n.delta, updated_ms = ${atMs},
      report_revision = report_revision + 1, pledge = ${pledge}
    FROM (
      SELECT count(*) AS stored, count(n.value) FILTER (WHERE instr(n.key, '%') = 0) AS known,
        json_group_object(n.key, json(n.value)) FILTER (WHERE n.value <> n.old) AS delta
      FROM (
        SELECT s.key, s.value AS old, ${reported} AS value
        FROM ${inventoryDevicesTable} d, json_each(d.attributes) s
        WHERE d.tenant_id = ${tenant} AND d.device_id = ${device} AND (d.pledge IS NULL OR d.pledge IN (${given}))
          AND s.key GLOB 'inventory-*') n) n
    WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND n.stored = ${count} AND n.known = ${count} AND n.delta <> '{}' AND length(n.delta) <= ${MOST_TOLD}
      AND ${octets(sql`n.delta`)} * 2 <= ${octets(sql`attributes`)}
      AND ${octets(sql`attributes`)} + ${octets(sql`n.delta`)} <= ${MAX_ATTRIBUTE_BYTES}
      AND ${isLive}`);
};

/** The device as it is before that, and whether the tenant has anybody who wants to hear of changes. */
export const besideWrite = (tenant: TenantId, device: DeviceId): Beside<GuardedRow & { heard: number }> => ({
  key: "device_id",
  query: sql`
    SELECT ${GUARDED_COLUMNS}, ${isHeard(tenant)} AS heard FROM ${inventoryDevicesTable} d
    WHERE d.tenant_id = ${tenant} AND d.device_id = ${device}`,
});

/** What the last write told of itself, as the list that followers of changes get. */
export const toldValues = (tenant: TenantId, device: DeviceId): SQL => sql`(
  SELECT json_group_array(json_object('scope', 'inventory', 'name', substr(c.key, 11), 'value', c.value -> '$[0]'))
  FROM ${inventoryDevicesTable} d, json_each(d.changed) c WHERE d.tenant_id = ${tenant} AND d.device_id = ${device})`;
