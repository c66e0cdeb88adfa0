import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { change, demand, inJson, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { sameRow, type GuardedRow } from "./devices.ts";
import type { PledgedRow } from "../../platform/near-reports.ts";

export const PLEDGED = "pledged";

const pledged = (tenant: TenantId, devices: readonly DeviceId[]): SQL =>
  sql`tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)} AND pledge IS NOT NULL`;

/** The pledges of these devices. */
export const pledgesOf = (tenant: TenantId, devices: readonly DeviceId[]): Statement<PledgedRow[]> =>
  rows(sql`SELECT device_id, pledge FROM ${inventoryDevicesTable} WHERE ${pledged(tenant, devices)}`);

/** Takes these pledges off their rows, and fails the batch if the devices have others. */
export const dropPledges = (
  tenant: TenantId,
  devices: readonly DeviceId[],
  ended: readonly PledgedRow[],
): [Statement<void>, Statement<number>] => {
  const those = inJson(
    sql`pledge`,
    ended.map(({ pledge }) => pledge),
  );
  return [
    demand(
      sql`NOT EXISTS (SELECT 1 FROM ${inventoryDevicesTable} WHERE ${pledged(tenant, devices)} AND NOT ${those})`,
      PLEDGED,
    ),
    change(sql`UPDATE ${inventoryDevicesTable} SET pledge = NULL WHERE ${pledged(tenant, devices)}`),
  ];
};

/** Gives a row that is as it was read another pledge. */
export const pledgeRow = (
  tenant: TenantId,
  device: DeviceId,
  seen: Pick<GuardedRow, "created_ms" | "report_revision" | "pledge">,
  pledge: string,
): Statement<number> =>
  change(sql`
    UPDATE ${inventoryDevicesTable} SET pledge = ${pledge}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND ${sameRow(seen)}`);
