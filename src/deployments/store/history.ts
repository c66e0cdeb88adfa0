import { sql, type SQL } from "drizzle-orm";
import { altering, change, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { counterColumn, isFinal, STATUS_CODES, STATUSES } from "../status.ts";
import { deploymentTalliesTable } from "../rollout-tables.ts";
import { deviceDeploymentsTable, deploymentCountersTable, deploymentsTable } from "../tables.ts";

/** Final rows of the device, in deployments that are finished or not. */
const ended = (tenant: TenantId, device: DeviceId, stages: SQL): SQL => sql`
  SELECT dd.seq, dd.status, dd.phase, dd.device_type, c.wide_open FROM ${deviceDeploymentsTable} dd
  JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
  WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.active = 0 AND dd.deleted_ms IS NULL
    AND c.stage ${stages}`;

/**
 * Makes the device one that has never asked for the deployments still open, which it then gets again, and marks the
 * rest of its history as deleted.
 */
export function resetHistory(tenant: TenantId, device: DeviceId, atMs: number): Statement<number>[] {
  const open = ended(tenant, device, sql`< 2`);
  const leave = STATUSES.filter(isFinal).map((status) => {
    const column = sql.raw(counterColumn(status));
    return sql`${column} = ${column} - (m.status = ${STATUS_CODES[status]})`;
  });
  const own = sql`tenant_id = ${tenant} AND device_id = ${device}`;
  return [
    // A place is free again.
    altering(
      { tenant, what: { kind: "standing" } },
      change(sql`
        UPDATE ${deploymentTalliesTable} AS t SET devices = devices - 1 FROM (${open}) m
        WHERE t.tenant_id = ${tenant} AND t.seq = m.seq AND t.phase = m.phase AND t.device_type = m.device_type
          AND t.outcome = 'joined'`),
    ),
    altering(
      { tenant, what: { kind: "work", device } },
      change(sql`
        UPDATE ${deploymentCountersTable} AS c SET ${sql.join(leave, sql`, `)}, unseen = unseen + (dynamic = 0),
          remaining = remaining + (dynamic = 0 OR max_devices > 0), joined = max(0, joined - 1)
        FROM (${open}) m WHERE c.tenant_id = ${tenant} AND c.seq = m.seq`),
    ),
    change(sql`
      DELETE FROM ${deviceDeploymentsTable} WHERE ${own} AND seq IN (SELECT seq FROM (${open}) WHERE wide_open = 1)`),
    change(sql`
      UPDATE ${deviceDeploymentsTable} SET status = 0, active = 1, attempts = 0, has_log = 0, substate = NULL,
        joined_ms = NULL, started_ms = NULL, finished_ms = NULL, device_type = NULL, artifact_name = NULL,
        artifact_id = NULL, provides = NULL, phase = NULL, budget_value = NULL, awaits_retry = 0, rebooted = 0
      WHERE ${own} AND seq IN (SELECT seq FROM (${open}))`),
    change(sql`
      UPDATE ${deviceDeploymentsTable} SET deleted_ms = ${atMs}
      WHERE ${own} AND seq IN (SELECT seq FROM (${ended(tenant, device, sql`= 2`)}))`),
  ];
}

export interface LastStatus {
  device_id: string;
  deployment_id: string;
  status: number;
}

/** The final status that each device reached last. */
export const lastStatuses = (tenant: TenantId, devices: readonly string[]): Statement<LastStatus[]> =>
  rows(sql`
    SELECT dd.device_id, d.deployment_id, dd.status
    FROM json_each(${JSON.stringify(devices)}) wanted
    CROSS JOIN ${deviceDeploymentsTable} dd ON dd.tenant_id = ${tenant} AND dd.device_id = wanted.value AND dd.seq = (
      SELECT last.seq FROM ${deviceDeploymentsTable} last
      WHERE last.tenant_id = ${tenant} AND last.device_id = wanted.value AND last.active = 0
      ORDER BY last.finished_ms DESC, last.seq DESC LIMIT 1)
    JOIN ${deploymentsTable} d ON d.tenant_id = ${tenant} AND d.seq = dd.seq`);
