import { sql, type SQL } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import {
  deploymentsTable,
  deploymentTargetsTable,
  deploymentCountersTable,
  deviceDeploymentsTable,
} from "../tables.ts";

/** The internal number of a deployment; null if the tenant has none with this id. */
export const seqOf = (tenant: TenantId, deployment: string): SQL =>
  sql`(SELECT seq FROM ${deploymentsTable} WHERE tenant_id = ${tenant} AND deployment_id = ${deployment})`;

/**
 * Whether the target chunks of the deployment in `c` (a row of deployment_counters) list the device. One chunk is found
 * through its key; ids are searched as JSON text, which cannot hold the quoted id anywhere but as an element.
 */
export const targetsList = (device: DeviceId): SQL => sql`EXISTS (
  SELECT 1 FROM (
    SELECT t.last_id, t.ids FROM ${deploymentTargetsTable} t
    WHERE t.tenant_id = c.tenant_id AND t.seq = c.seq AND t.first_id <= ${device}
    ORDER BY t.first_id DESC LIMIT 1) chunk
  WHERE chunk.last_id >= ${device} AND instr(chunk.ids, ${JSON.stringify(device)}) > 0)`;

/** Which of these devices an unfinished deployment targets, as far as its targets are known. */
export const targetedAmong = (
  tenant: TenantId,
  deployment: string,
  devices: readonly DeviceId[],
): Statement<{ device_id: DeviceId }[]> =>
  rows<{ device_id: DeviceId }>(sql`
    SELECT device.value AS device_id FROM json_each(${JSON.stringify(devices)}) device
    WHERE EXISTS (
      SELECT 1 FROM ${deploymentCountersTable} c
      WHERE c.tenant_id = ${tenant} AND c.seq = ${seqOf(tenant, deployment)} AND c.stage < 2)
    AND EXISTS (
      SELECT 1 FROM (
        SELECT t.last_id, t.ids FROM ${deploymentTargetsTable} t
        WHERE t.tenant_id = ${tenant} AND t.seq = ${seqOf(tenant, deployment)} AND t.first_id <= device.value
        ORDER BY t.first_id DESC LIMIT 1) chunk
      WHERE chunk.last_id >= device.value AND instr(chunk.ids, json_quote(device.value)) > 0)`);

/** Whether the device has a row in the deployment in `c`. */
export const hasRow = (device: DeviceId): SQL => sql`EXISTS (
  SELECT 1 FROM ${deviceDeploymentsTable} own
  WHERE own.tenant_id = c.tenant_id AND own.device_id = ${device} AND own.seq = c.seq)`;

/** The newest deployment that the device has finished. */
const newestFinished = (tenant: TenantId, device: DeviceId): SQL => sql`
  SELECT own.seq FROM ${deviceDeploymentsTable} own
  WHERE own.tenant_id = ${tenant} AND own.device_id = ${device} AND own.active = 0 AND own.deleted_ms IS NULL
  ORDER BY own.seq DESC LIMIT 1`;

/**
 * Whether the dynamic deployment in `c` can still be the device's: open, not full, not joined, and made after the newest
 * that the device has finished, so that a device never goes back (protocol notes, rollouts 1).
 */
export const mayMatch = (tenant: TenantId, device: DeviceId, atMs: number): SQL => sql`
  c.wide_open = 1 AND c.dynamic = 1 AND c.opens_ms <= ${atMs} AND (c.max_devices = 0 OR c.joined < c.max_devices)
  AND NOT ${hasRow(device)} AND c.seq > coalesce((${newestFinished(tenant, device)}), 0)`;
