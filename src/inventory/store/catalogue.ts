import { sql } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { inventoryCountsTable, groupsInReach } from "../../devices/index.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import { inventoryKeysTable } from "../tables.ts";

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

export interface KindCount {
  group_name: string;
  status: string;
  tier: string;
  devices: number;
}

/** How many devices there are of each group, status and tier. */
export const kindCounts = (tenant: TenantId): Statement<KindCount[]> =>
  rows(sql`
    SELECT group_name, status, tier, devices FROM ${inventoryCountsTable} WHERE tenant_id = ${tenant} AND devices > 0`);

/** How many devices there are of each status and tier in the groups within reach. */
export const statusCounts = (
  tenant: TenantId,
  reach: DeviceReach,
): Statement<{ status: string; tier: string; devices: number }[]> =>
  rows(sql`
    SELECT status, tier, sum(devices) AS devices FROM ${inventoryCountsTable}
    WHERE tenant_id = ${tenant} AND status > '' AND devices > 0 AND ${groupsInReach(reach)} GROUP BY status, tier`);
