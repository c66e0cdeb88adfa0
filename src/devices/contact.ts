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

/**
 * As `deviceCheckInStatements` for many devices at once, for those not yet heard of on the UTC day of their contact. Each is
 * found by its key: joined with a list, the database would go through the fleet once for each of them.
 */
export function deviceCheckInsStatement(
  tenant: TenantId,
  contacts: readonly { device: string; atMs: number }[],
): Statement<number> {
  const times = JSON.stringify(Object.fromEntries(contacts.map(({ device, atMs }) => [device, atMs])));
  const atMs = sql`(${times} ->> device_id)`;
  return change(sql`
    UPDATE ${inventoryDevicesTable} SET check_in_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND device_id IN (SELECT key FROM json_each(${times}))
      AND (check_in_ms IS NULL OR check_in_ms < ${atMs} - ${atMs} % ${DAY_MS})`);
}

/** Whether the time of contact is to be written: it was not yet, or a day ago. */
export const isCheckInDue = (lastMs: number | null, nowMs: number): boolean =>
  lastMs === null || lastMs <= nowMs - DAY_MS;
