import { sql, type SQL } from "drizzle-orm";
import { change, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { inventoryDevicesTable } from "./tables.ts";

const DAY_MS = 86_400_000;

/** In SQL: when the device was last seen, in milliseconds; null if it never was. */
export const lastCheckIn = (tenant: SQL, device: SQL): SQL =>
  sql`(SELECT i.check_in_ms FROM ${inventoryDevicesTable} i WHERE i.tenant_id = ${tenant} AND i.device_id = ${device})`;

/** Records when the device was last seen, at most once in `everyMs`. */
const setCheckIn = (tenant: TenantId, device: DeviceId, atMs: number, everyMs: number): Statement<number> =>
  change(sql`
    UPDATE ${inventoryDevicesTable} SET check_in_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND (check_in_ms IS NULL OR check_in_ms <= ${atMs - everyMs})`);

/** Puts the time of a device's last contact into its inventory, at most once a day. */
export const deviceCheckInStatements = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
): Statement<unknown>[] => [setCheckIn(tenant, device, atMs, DAY_MS)];

/** As `deviceCheckInStatements` for many devices at once, for those not yet heard of on the UTC day of their contact. */
export const deviceCheckInsStatement = (
  tenant: TenantId,
  contacts: readonly { device: string; atMs: number }[],
): Statement<number> =>
  change(sql`
    UPDATE ${inventoryDevicesTable} SET check_in_ms = seen.at_ms
    FROM (SELECT value ->> 'device' AS device_id, value ->> 'atMs' AS at_ms FROM json_each(${JSON.stringify(contacts)})) AS seen
    WHERE tenant_id = ${tenant} AND inventory_devices.device_id = seen.device_id
      AND (check_in_ms IS NULL OR check_in_ms < seen.at_ms - seen.at_ms % ${DAY_MS})`);

/** Whether the time of contact is to be written: it was not yet, or a day ago. */
export const isCheckInDue = (lastMs: number | null, nowMs: number): boolean =>
  lastMs === null || lastMs <= nowMs - DAY_MS;
