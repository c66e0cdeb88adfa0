import { sql } from "drizzle-orm";
import { inJson, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { groupsInReach, inventoryCountsTable, inventoryDevicesTable } from "../../devices/index.ts";
import type { DeviceReach, SomeDevices } from "../../platform/reach.ts";
import { keyOf } from "../attributes.ts";
import { inventoryKeysTable, inventoryValuesTable } from "../tables.ts";

const GROUP_KEY = keyOf("system", "group");
const CHECK_IN_KEY = keyOf("system", "check_in_time");

export interface KeyCount {
  key: string;
  devices: number;
}

/** Names looked at; devices may make up any number of them. */
const MAX_KEYS = 20_000;

/** The attributes most devices have, and how many; those with a column of their own are counted by kind. */
export const keyCounts = (tenant: TenantId, limit: number): Statement<KeyCount[]> =>
  rows(sql`
    SELECT key, devices FROM (
      SELECT key, devices FROM ${inventoryKeysTable} WHERE tenant_id = ${tenant} LIMIT ${MAX_KEYS})
    WHERE devices > 0 ORDER BY devices DESC, key LIMIT ${limit}`);

/** Devices whose attributes are looked at one by one where only some of all count. */
const MAX_DEVICES = 2000;

/** The same for the devices within reach, of which no more than some are looked at. */
export const keyCountsWithin = (
  tenant: TenantId,
  { groups, ids }: SomeDevices,
  limit: number,
): Statement<KeyCount[]> =>
  rows(sql`
    WITH found AS (
      SELECT v.device_id FROM ${inventoryValuesTable} v
        WHERE v.tenant_id = ${tenant} AND v.key = ${GROUP_KEY} AND ${inJson(sql`v.value`, groups)}
      UNION SELECT value FROM json_each(${JSON.stringify(ids)})
      LIMIT ${MAX_DEVICES}),
    seen AS MATERIALIZED (
      SELECT d.attributes, d.check_in_ms FROM found f
        CROSS JOIN ${inventoryDevicesTable} d ON d.tenant_id = ${tenant} AND d.device_id = f.device_id)
    SELECT key, devices FROM (
      SELECT a.key AS key, count(*) AS devices FROM seen s CROSS JOIN json_each(s.attributes) a GROUP BY a.key
      UNION ALL SELECT ${CHECK_IN_KEY}, count(check_in_ms) FROM seen)
    WHERE devices > 0 ORDER BY devices DESC, key LIMIT ${limit}`);

export interface KindCount {
  group_name: string;
  status: string;
  tier: string;
  devices: number;
}

/** How many devices there are of each group within reach, status and tier. */
export const kindCounts = (tenant: TenantId, reach: DeviceReach): Statement<KindCount[]> =>
  rows(sql`
    SELECT group_name, status, tier, devices FROM ${inventoryCountsTable} WHERE tenant_id = ${tenant} AND devices > 0 AND ${groupsInReach(reach)}`);

/** How many devices there are of each status and tier in the groups within reach. */
export const statusCounts = (
  tenant: TenantId,
  reach: DeviceReach,
): Statement<{ status: string; tier: string; devices: number }[]> =>
  rows(sql`
    SELECT status, tier, sum(devices) AS devices FROM ${inventoryCountsTable}
    WHERE tenant_id = ${tenant} AND status > '' AND devices > 0 AND ${groupsInReach(reach)} GROUP BY status, tier`);
