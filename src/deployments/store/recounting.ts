import { sql, type SQL } from "drizzle-orm";
import { into } from "../../platform/columns.ts";
import { change, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { addEventsFrom } from "../../platform/outbox.ts";
import { EVENTS } from "../events.ts";
import { deploymentBudgetsTable } from "../rollout-tables.ts";
import { ACTIVE_STATUSES, counterColumn, STATUSES } from "../status.ts";
import { deploymentCountersTable, deploymentsTable, deviceDeploymentsTable } from "../tables.ts";
import { afterPlace } from "./devices.ts";

/** Deployments that have not ended, by their numbers after this one. */
export const openAfter = (tenant: TenantId, after: number, limit: number): Statement<number[]> =>
  mapped(
    rows<{ seq: number }>(sql`
      SELECT seq FROM ${deploymentCountersTable}
      WHERE tenant_id = ${tenant} AND seq > ${after} AND stage < 2 ORDER BY seq LIMIT ${limit}`),
    (found) => found.map(({ seq }) => seq),
  );

const columns = STATUSES.map((status) => sql.raw(counterColumn(status)));
const list = (parts: readonly SQL[], between = sql`, `): SQL => sql.join([...parts], between);

/** A stretch of the devices of a deployment, by status and id. */
export interface Stretch {
  after: { status: number; device: string };
  size: number;
}

const stretchOf = (tenant: TenantId, seq: number, { after, size }: Stretch): SQL => sql`(
  SELECT status, device_id, active, budget_value FROM ${deviceDeploymentsTable} INDEXED BY device_deployments_by_status
  WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${afterPlace(after)} ORDER BY status, device_id LIMIT ${size})`;

/** How many devices of a stretch there are in each status, in its order, and the last of each. */
export const countStretch = (
  tenant: TenantId,
  seq: number,
  stretch: Stretch,
): Statement<{ status: number; devices: number; last: string }[]> =>
  rows(sql`
    SELECT status, count(*) AS devices, max(device_id) AS last FROM ${stretchOf(tenant, seq, stretch)} s
    GROUP BY status ORDER BY status`);

/** Before the first stretch. */
export const emptyBudgets = (tenant: TenantId, seq: number): Statement<number> =>
  change(sql`UPDATE ${deploymentBudgetsTable} SET devices = 0 WHERE tenant_id = ${tenant} AND seq = ${seq}`);

/** Counts those of a stretch that share a budget of the deployment. */
export const addToBudgets = (tenant: TenantId, seq: number, stretch: Stretch): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentBudgetsTable, "tenant_id, seq, value, devices")}
    SELECT ${tenant}, ${seq}, budget_value, count(*) FROM ${stretchOf(tenant, seq, stretch)} s
    WHERE active = 1 AND budget_value IS NOT NULL GROUP BY budget_value
    ON CONFLICT DO UPDATE SET devices = devices + excluded.devices`);

const counted = STATUSES.map(
  (status, i) => sql`n.value ->> ${sql.raw(`'$[${i}]'`)} AS ${sql.raw(counterColumn(status))}`,
);
const active = list(
  ACTIVE_STATUSES.map((status) => sql`n.${sql.raw(counterColumn(status))}`),
  sql` + `,
);

/** Places that nobody has asked for yet. */
const left = sql`iif(c.dynamic = 1 AND c.max_devices = 0, 0, max(0, c.max_devices - n.devices))`;
/** Whom a filter chooses comes one by one, and is not waited for. */
const unseen = sql`iif(c.dynamic = 1, c.unseen, ${left})`;
const remaining = sql`${left} + ${active}`;

/**
 * Writes how many devices a deployment that has not ended has in each status, in the order of these. Names `targeted`, so that the
 * journal has what changes without a device.
 */
export const setCounted = (tenant: TenantId, seq: number, devices: readonly number[]): Statement<number> => {
  const total = devices.reduce((sum, one) => sum + one, 0);
  return change(sql`
    UPDATE ${deploymentCountersTable} AS c SET ${list(columns.map((column) => sql`${column} = n.${column}`))},
      unseen = ${unseen}, remaining = ${remaining}, targeted = c.targeted
    FROM (SELECT ${total} AS devices, ${list(counted)} FROM (SELECT ${JSON.stringify(devices)} AS value) n) n
    WHERE c.tenant_id = ${tenant} AND c.seq = ${seq} AND c.stage < 2 AND (c.targeted = 1 OR c.dynamic = 1)
      AND (${list(columns.map((column) => sql`c.${column}`))}, c.unseen, c.remaining)
        IS NOT (${list(columns.map((column) => sql`n.${column}`))}, ${unseen}, ${remaining})`);
};

/** Forgets what was taken of deployments that are not there. */
export const forgetBudgets = (tenant: TenantId): Statement<number> =>
  change(sql`
    DELETE FROM ${deploymentBudgetsTable} WHERE tenant_id = ${tenant} AND NOT EXISTS (
      SELECT 1 FROM ${deploymentCountersTable} c
      WHERE c.tenant_id = ${deploymentBudgetsTable}.tenant_id AND c.seq = ${deploymentBudgetsTable}.seq)`);

/** What is still to be done for deployments as a restore of their tenant left them. */
export const resumeWork = (tenant: TenantId, atMs: number): Statement<number>[] => [
  addEventsFrom(
    {
      kind: EVENTS.targeting,
      tenant,
      source: sql`SELECT d.deployment_id AS subject, '{}' AS data FROM ${deploymentCountersTable} c
        JOIN ${deploymentsTable} d ON d.tenant_id = c.tenant_id AND d.seq = c.seq
        WHERE c.tenant_id = ${tenant} AND c.stage IN (0, 1) AND c.targeted = 0 AND c.dynamic = 0`,
    },
    atMs,
  ),
  addEventsFrom(
    {
      kind: EVENTS.settling,
      tenant,
      source: sql`SELECT d.deployment_id AS subject, '{}' AS data FROM ${deploymentCountersTable} c
        JOIN ${deploymentsTable} d ON d.tenant_id = c.tenant_id AND d.seq = c.seq
        WHERE c.tenant_id = ${tenant} AND c.stage = 2 AND c.aborted_ms IS NOT NULL AND EXISTS (
          SELECT 1 FROM ${deviceDeploymentsTable} dd
          WHERE dd.tenant_id = c.tenant_id AND dd.seq = c.seq AND dd.status > 0 AND dd.active = 1)`,
    },
    atMs,
  ),
];
