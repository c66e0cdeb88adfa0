import { sql } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { firstRow, rows, type Statement } from "../../platform/database.ts";
import { columnsOf, type RowOf } from "../../platform/columns.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { deploymentCountersTable, deploymentsTable } from "../tables.ts";
import { openSeq } from "./assignment.ts";
import { mayMatch } from "./membership.ts";

export interface DynamicCandidate {
  seq: number;
  /** JSON of the filter it was made with. */
  filter: string;
  /** Another deployment that the device can join if it matches none. */
  behind: number | null;
}

/** What has to be known of the device to tell whether it matches. */
export const candidates = (tenant: TenantId, device: DeviceId, atMs: number): Statement<DynamicCandidate[]> =>
  rows(sql`
    SELECT c.seq, d.filter, (${openSeq(tenant, device, atMs)}) AS behind FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
    CROSS JOIN ${deploymentsTable} d ON d.tenant_id = c.tenant_id AND d.seq = c.seq
    WHERE c.tenant_id = ${tenant} AND ${mayMatch(tenant, device, atMs)}
    ORDER BY c.opens_ms, c.seq`);

const ofDevice = columnsOf(
  inventoryDevicesTable,
  "device_id, status, tier, group_name, created_ms, updated_ms, check_in_ms, attributes",
  "i",
);

export type KnownDevice = RowOf<typeof ofDevice>;

/** The device as the inventory knows it, read only where some dynamic deployment is open. */
export const deviceToMatch = (tenant: TenantId, device: DeviceId): Statement<KnownDevice | undefined> =>
  firstRow(sql`
    SELECT ${ofDevice} FROM ${inventoryDevicesTable} i
    WHERE i.tenant_id = ${tenant} AND i.device_id = ${device} AND EXISTS (
      SELECT 1 FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
      WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND c.dynamic = 1)`);

/** Accepted devices of these, as the inventory knows them. */
export const devicesToMatch = (tenant: TenantId, devices: readonly DeviceId[]): Statement<KnownDevice[]> =>
  rows(sql`
    SELECT ${ofDevice} FROM json_each(${JSON.stringify(devices)}) device
    CROSS JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = device.value
    WHERE i.status = 'accepted'`);

/** JSON of the filter of a dynamic deployment that is not finished. */
export const openFilter = (tenant: TenantId, id: string): Statement<{ filter: string } | undefined> =>
  firstRow(sql`
    SELECT d.filter FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id} AND c.dynamic = 1 AND c.stage < 2 AND d.filter IS NOT NULL`);

/** Open dynamic deployments of a tenant. */
export const openDynamic = (tenant: TenantId): Statement<{ open: number } | undefined> =>
  firstRow(sql`
    SELECT count(*) AS open FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
    WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND c.dynamic = 1`);
