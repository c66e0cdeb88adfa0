import { sql, type SQL } from "drizzle-orm";
import { columnsOf, type RowOf } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { iotDeliveriesTable, iotEventsTable, iotIntegrationsTable } from "./tables.ts";

const leasedColumns = columnsOf(iotIntegrationsTable, "integration_id, provider, credentials, failures");

/** An integration that one run has for itself. */
export type Leased = RowOf<typeof leasedColumns>;

const pendingOf = (tenant: SQL, integration: SQL): SQL => sql`
  ${iotDeliveriesTable} d WHERE d.tenant_id = ${tenant} AND d.integration_id = ${integration} AND d.status = 'pending'`;

/** Nothing that came earlier waits for the same device: only such a delivery can be due. */
const isHead = sql`NOT EXISTS (
  SELECT 1 FROM ${iotDeliveriesTable} b WHERE b.tenant_id = d.tenant_id AND b.integration_id = d.integration_id
    AND b.device_id = d.device_id AND b.status = 'pending' AND b.position < d.position)`;

/** Takes the integrations that have something due and are neither paused nor taken. */
export const leaseStatement = (tenant: TenantId, nowMs: number, untilMs: number): Statement<Leased[]> =>
  rows<Leased>(sql`
    UPDATE ${iotIntegrationsTable} SET leased_ms = ${untilMs}, waiting_ms = ${untilMs}
    WHERE tenant_id = ${tenant} AND leased_ms <= ${nowMs} AND paused_ms <= ${nowMs}
      AND EXISTS (SELECT 1 FROM ${pendingOf(sql`${tenant}`, sql`iot_integrations.integration_id`)} AND d.due_ms <= ${nowMs} AND ${isHead})
    RETURNING ${leasedColumns}`);

/** Gives an integration back, with the time at which there is something to do again; answers that time. */
export const releaseStatement = (
  tenant: TenantId,
  integration: string,
  { failures, pausedMs }: { failures: number; pausedMs: number },
): Statement<number | undefined> =>
  mapped(
    firstRow<{ waiting_ms: number | null }>(sql`
      UPDATE ${iotIntegrationsTable} SET leased_ms = 0, failures = ${failures}, paused_ms = ${pausedMs},
        waiting_ms = (SELECT max(min(d.due_ms), ${pausedMs}) FROM ${pendingOf(sql`${tenant}`, sql`${integration}`)} AND ${isHead})
      WHERE tenant_id = ${tenant} AND integration_id = ${integration}
      RETURNING waiting_ms`),
    (row) => row?.waiting_ms ?? undefined,
  );

/** The next delivery to a device. */
export interface Head {
  position: number;
  device_id: DeviceId;
  attempts: number;
  event_id: string;
  type: string;
  data: string;
  time_ms: number;
}

/** Devices looked at for one page of deliveries. */
const LANES = 500;

const nextLane = (tenant: TenantId, integration: string, after: SQL): SQL => sql`
  (SELECT min(d.device_id) FROM ${pendingOf(sql`${tenant}`, sql`${integration}`)} AND d.device_id > ${after})`;

/** Of each device the first delivery that waits, where it is due; devices in order, after the one that is named. */
export const headsStatement = (
  tenant: TenantId,
  integration: string,
  { after, nowMs, limit }: { after: string; nowMs: number; limit: number },
): Statement<Head[]> =>
  rows<Head>(sql`
    WITH RECURSIVE lanes(device_id) AS (
      SELECT ${nextLane(tenant, integration, sql`${after}`)}
      UNION ALL
      SELECT ${nextLane(tenant, integration, sql`lanes.device_id`)} FROM lanes WHERE lanes.device_id IS NOT NULL LIMIT ${LANES})
    SELECT h.position, h.device_id, h.attempts, e.event_id, e.type, e.data, e.time_ms FROM lanes
    JOIN ${iotDeliveriesTable} h ON h.tenant_id = ${tenant} AND h.integration_id = ${integration} AND h.position = (
      SELECT min(d.position) FROM ${pendingOf(sql`${tenant}`, sql`${integration}`)} AND d.device_id = lanes.device_id)
    JOIN ${iotEventsTable} e ON e.tenant_id = h.tenant_id AND e.position = h.position
    WHERE h.due_ms <= ${nowMs} LIMIT ${limit}`);

/** What became of a delivery. */
export interface Settled {
  position: number;
  status: "pending" | "done" | "failed";
  dueMs: number;
  statusCode: number | null;
  error: string | null;
}

export const settleStatement = (
  tenant: TenantId,
  integration: string,
  settled: readonly Settled[],
): Statement<number> =>
  change(sql`
    UPDATE ${iotDeliveriesTable} SET attempts = attempts + 1, status = s.value ->> 'status', due_ms = s.value ->> 'dueMs',
      status_code = s.value ->> 'statusCode', error = s.value ->> 'error'
    FROM json_each(${JSON.stringify(settled)}) s
    WHERE tenant_id = ${tenant} AND integration_id = ${integration} AND position = s.value ->> 'position' AND iot_deliveries.status = 'pending'`);

/** Once a receiver is back, what waited for it waits no longer. */
export const hurryStatement = (tenant: TenantId, integration: string, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${iotDeliveriesTable} SET due_ms = ${nowMs}
    WHERE tenant_id = ${tenant} AND integration_id = ${integration} AND status = 'pending' AND due_ms > ${nowMs}`);

/** Tenants whose integrations wait since the time that was set. */
export const waitingTenantsStatement = (nowMs: number, limit: number): Statement<{ tenant_id: TenantId }[]> =>
  rows(sql`
    SELECT DISTINCT tenant_id FROM (
      SELECT tenant_id FROM ${iotIntegrationsTable} WHERE waiting_ms <= ${nowMs} ORDER BY waiting_ms LIMIT ${limit})`);

/** Not looked at again before a time; a run sets its own. */
export const putOffStatement = (tenant: TenantId, nowMs: number, untilMs: number): Statement<number> =>
  change(sql`
    UPDATE ${iotIntegrationsTable} SET waiting_ms = ${untilMs} WHERE tenant_id = ${tenant} AND waiting_ms <= ${nowMs}`);
