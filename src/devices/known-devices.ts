import { sql } from "drizzle-orm";
import { demand, firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { Row } from "../platform/columns.ts";
import { devicesTable } from "./tables.ts";

/** Whether a tenant has a device, for domains that keep something of their own beside it. */
export const knownDeviceStatement = (
  tenant: TenantId,
  device: DeviceId,
): Statement<Row<typeof devicesTable, "created_ms"> | undefined> =>
  firstRow(sql`
    SELECT created_ms FROM ${devicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`);

/** Those of the devices that the tenant has. */
export const knownDevicesStatement = (
  tenant: TenantId,
  devices: readonly DeviceId[],
): Statement<Row<typeof devicesTable, "device_id">[]> =>
  rows(
    sql`SELECT device_id FROM ${devicesTable} WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)}`,
  );

/** The first of these ids that no device of the tenant has. */
export const unknownDevicesStatement = (
  tenant: TenantId,
  ids: readonly string[],
  limit: number,
): Statement<{ id: string }[]> =>
  rows(sql`SELECT value AS id FROM json_each(${JSON.stringify(ids)}) WHERE NOT EXISTS (
    SELECT 1 FROM ${devicesTable} WHERE tenant_id = ${tenant} AND device_id = value) LIMIT ${limit}`);

/** Whether the tenant has any of the devices. */
export const hasSomeDeviceStatement = (tenant: TenantId, ids: readonly string[]): Statement<boolean> =>
  mapped(
    firstRow<{ some: number }>(sql`SELECT EXISTS (
      SELECT 1 FROM json_each(${JSON.stringify(ids)}) CROSS JOIN ${devicesTable} ON tenant_id = ${tenant} AND device_id = value) AS some`),
    (row) => row?.some === 1,
  );

export const DEVICE_GONE = "device-gone";

/** Fails its batch, with `DEVICE_GONE` as the refusal, unless the tenant has all of the devices. */
export const demandDevicesStatement = (tenant: TenantId, devices: readonly DeviceId[]): Statement<void> =>
  demand(
    sql`(SELECT count(*) FROM ${devicesTable} WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)})
      = ${new Set(devices).size}`,
    DEVICE_GONE,
  );
