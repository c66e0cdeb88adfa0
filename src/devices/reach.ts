import { sql, type SQL } from "drizzle-orm";
import { firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { DeviceReach, Reach, SomeDevices } from "../platform/reach.ts";
import { devicesTable, inventoryDevicesTable } from "./tables.ts";

/** True for a device, by its column, that is in one of the groups now or is named itself. */
const reached = (tenant: TenantId, column: SQL, { groups, ids }: SomeDevices): SQL => {
  const inGroup = sql`EXISTS (
    SELECT 1 FROM ${inventoryDevicesTable} r
    WHERE r.tenant_id = ${tenant} AND r.device_id = ${column} AND ${inJson(sql`r.group_name`, groups)})`;
  return ids.length === 0 ? inGroup : sql`(${inGroup} OR ${inJson(column, ids)})`;
};

/** A condition for a list of devices. */
export const devicesInReach = (tenant: TenantId, column: SQL, reach: DeviceReach): SQL =>
  reach === "all" ? sql`1` : reached(tenant, column, reach);

/** The same for one device; true also for one that the tenant does not have, about which the verb has its own answer. */
export const deviceInReach = (tenant: TenantId, device: string, reach: SomeDevices): SQL => sql`(
  ${reached(tenant, sql`${device}`, reach)}
  OR NOT EXISTS (SELECT 1 FROM ${devicesTable} k WHERE k.tenant_id = ${tenant} AND k.device_id = ${device})
  AND NOT EXISTS (SELECT 1 FROM ${inventoryDevicesTable} i WHERE i.tenant_id = ${tenant} AND i.device_id = ${device}))`;

/** Those of some devices that are within reach. */
export const reachedAmongStatement = (
  tenant: TenantId,
  devices: readonly string[],
  reach: SomeDevices,
): Statement<string[]> =>
  mapped(
    rows<{ id: string }>(sql`
      SELECT o.value AS id FROM json_each(${JSON.stringify(devices)}) o
      WHERE ${reached(tenant, sql`o.value`, reach)}`),
    (found) => found.map(({ id }) => id),
  );

const ofGroup = (_: TenantId, name: SQL, { devices }: Reach): SQL =>
  devices === "all" ? sql`1` : inJson(name, devices.groups);

/** What names a device or a group, by the words of the audit log. */
export const DEVICE_REACH = {
  device: (tenant: TenantId, id: SQL, { devices }: Reach): SQL => devicesInReach(tenant, id, devices),
  device_group: ofGroup,
  group: ofGroup,
};

/** A condition for what is counted by group. */
export const groupsInReach = (reach: DeviceReach): SQL =>
  reach === "all" ? sql`1` : inJson(sql`group_name`, reach.groups);

/** The group that a device is in now. */
export const groupOfStatement = (tenant: TenantId, device: DeviceId): Statement<string | null> =>
  mapped(
    firstRow<{ name: string | null }>(sql`
      SELECT group_name AS name FROM ${inventoryDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`),
    (row) => row?.name ?? null,
  );
