import { sql, type SQL } from "drizzle-orm";
import { demand, firstRow, inJson, mapped, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { groupsInReach, inventoryDevicesTable, inventoryCountsTable } from "../../devices/index.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import { moving } from "./moving.ts";
import { inventoryValuesTable } from "../tables.ts";
import type { Row } from "../../platform/columns.ts";

export const groupOf = (
  tenant: TenantId,
  device: DeviceId,
): Statement<{ group: string | null } | undefined> =>
  firstRow(sql`
    SELECT group_name AS "group" FROM ${inventoryDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`);

/** Names of all groups with members, or with members of this status. */
export const groupNames = (
  tenant: TenantId,
  status: string | undefined,
  reach: DeviceReach,
): Statement<Row<typeof inventoryCountsTable, "group_name">[]> =>
  rows(sql`
    SELECT DISTINCT group_name FROM ${inventoryCountsTable}
    WHERE tenant_id = ${tenant} AND group_name > '' AND devices > 0 AND ${groupsInReach(reach)}
      AND ${status === undefined ? sql`1` : sql`status = ${status}`}
    ORDER BY group_name`);

export const groupSize = (tenant: TenantId, group: string): Statement<{ devices: number } | undefined> =>
  firstRow(sql`
    SELECT coalesce(sum(devices), 0) AS devices FROM ${inventoryCountsTable}
    WHERE tenant_id = ${tenant} AND group_name = ${group}`);

/** Accepted devices of the tenant, or of a group, as they are counted with each change: no device is read. */
export const acceptedDevices = (tenant: TenantId, group: string | undefined): Statement<number> =>
  mapped(
    firstRow<{ devices: number }>(sql`
      SELECT coalesce(sum(devices), 0) AS devices FROM ${inventoryCountsTable}
      WHERE tenant_id = ${tenant} AND status = 'accepted' AND ${group === undefined ? sql`1` : sql`group_name = ${group}`}`),
    (row) => row?.devices ?? 0,
  );

/**
 * Ids of accepted devices of the tenant, or of a group, in their order after a given one. They are taken from what searches go
 * by, so that of a whole fleet no device's row is read.
 */
export const acceptedIds = (
  tenant: TenantId,
  group: string | undefined,
  { after, limit }: { after: string; limit: number },
): SQL =>
  group === undefined
    ? sql`
      SELECT v.device_id FROM ${inventoryValuesTable} v
      WHERE v.tenant_id = ${tenant} AND v.key = 'identity-status' AND v.value = 'accepted' AND v.device_id > ${after}
      ORDER BY v.device_id LIMIT ${limit}`
    : sql`
      SELECT v.device_id FROM ${inventoryValuesTable} v
      CROSS JOIN ${inventoryDevicesTable} i ON i.tenant_id = v.tenant_id AND i.device_id = v.device_id
      WHERE v.tenant_id = ${tenant} AND v.key = 'system-group' AND v.value = ${group} AND v.device_id > ${after}
        AND i.status = 'accepted'
      ORDER BY v.device_id LIMIT ${limit}`;

/** Fails its batch with this refusal unless the group has a device, without which there is no group. */
export const demandGroup = (tenant: TenantId, group: string, refusal: string): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${inventoryCountsTable}
      WHERE tenant_id = ${tenant} AND group_name = ${group} AND devices > 0)`,
    refusal,
  );

const members = (tenant: TenantId, group: string, after = ""): SQL => sql`
  SELECT device_id FROM ${inventoryValuesTable}
  WHERE tenant_id = ${tenant} AND key = 'system-group' AND value = ${group} AND device_id > ${after} ORDER BY device_id`;

export const groupMembers = (
  tenant: TenantId,
  group: string,
  { limit, offset = 0, after }: { limit: number; offset?: number; after?: string | undefined },
): Statement<Row<typeof inventoryValuesTable, "device_id">[]> =>
  rows(sql`${members(tenant, group, after)} LIMIT ${limit} OFFSET ${offset}`);

/** The member of a group so many behind another. */
export const memberAfter = (
  tenant: TenantId,
  group: string,
  after: string | undefined,
  passed: number,
): Statement<string | undefined> =>
  mapped(
    firstRow<Row<typeof inventoryValuesTable, "device_id">>(
      sql`${members(tenant, group, after)} LIMIT 1 OFFSET ${passed - 1}`,
    ),
    (row) => row?.device_id,
  );

export const setGroup = (tenant: TenantId, device: DeviceId, group: string): Statement<number> =>
  moving(tenant, [device])(sql`
    UPDATE ${inventoryDevicesTable} SET group_name = ${group} WHERE tenant_id = ${tenant} AND device_id = ${device}`);

export const leaveGroup = (tenant: TenantId, device: DeviceId, group: string): Statement<number> =>
  moving(tenant, [device])(sql`
    UPDATE ${inventoryDevicesTable} SET group_name = NULL
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND group_name = ${group}`);

/** How many of these devices there are and how many of them `fillGroup` would change. */
export const countForGroup = (
  tenant: TenantId,
  devices: readonly string[],
  group: string,
): Statement<{ known: number; members: number } | undefined> =>
  firstRow(sql`
    SELECT count(*) AS known, count(*) FILTER (WHERE group_name = ${group}) AS members FROM ${inventoryDevicesTable}
    WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)}`);

export const fillGroup = (tenant: TenantId, devices: readonly string[], group: string): Statement<number> =>
  moving(
    tenant,
    devices,
  )(sql`
    UPDATE ${inventoryDevicesTable} SET group_name = ${group}
    WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)} AND group_name IS NOT ${group}`);

export const thinGroup = (tenant: TenantId, devices: readonly string[], group: string): Statement<number> =>
  moving(
    tenant,
    devices,
  )(sql`
    UPDATE ${inventoryDevicesTable} SET group_name = NULL
    WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)} AND group_name = ${group}`);
