import { sql, type SQL } from "drizzle-orm";
import { altering, change, type Statement } from "../../platform/database.ts";
import { addEventsFrom } from "../../platform/outbox.ts";
import type { TenantId } from "../../platform/ids.ts";
import { EVENTS } from "../events.ts";
import { purgeFailures } from "./failures.ts";
import { SMALL } from "../limits.ts";
import {
  deploymentsTable,
  deploymentCountersTable,
  deploymentTargetsTable,
  deviceDeploymentsTable,
} from "../tables.ts";

const finished = (tenant: TenantId, id: string) => sql`
  SELECT d.seq FROM ${deploymentsTable} d JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
  WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id} AND c.stage = 2`;

/** Takes a finished deployment out of sight; its rows follow, last the counters, which keep its number from coming again. */
export const removeDeployment = (tenant: TenantId, id: string, atMs: number): Statement<number>[] => [
  addEventsFrom(
    {
      kind: EVENTS.deleted,
      tenant,
      source: sql`SELECT ${id} AS subject, json_object('seq', seq) AS data FROM (${finished(tenant, id)})`,
    },
    atMs,
  ),
  change(
    sql`DELETE FROM ${deploymentsTable} WHERE tenant_id = ${tenant} AND seq = (${finished(tenant, id)})`,
  ),
];

/** The same for all deployments of a tenant, whether they are finished or not. */
export const removeEveryDeployment = (tenant: TenantId, atMs: number): Statement<number>[] => [
  // Only of those that have not ended devices wait in their queues, and only of small ones.
  change(sql`
    DELETE FROM ${deviceDeploymentsTable} WHERE tenant_id = ${tenant} AND status = 0 AND (device_id, seq) IN (
      SELECT target.value, c.seq FROM ${deploymentCountersTable} c
      CROSS JOIN ${deploymentTargetsTable} t ON t.tenant_id = c.tenant_id AND t.seq = c.seq
      CROSS JOIN json_each(t.ids) target
      WHERE c.tenant_id = ${tenant} AND c.stage < 2 AND c.max_devices <= ${SMALL})`),
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
      UPDATE ${deploymentCountersTable} SET stage = 2, wide_open = 0, finished_ms = ${atMs}, aborted_ms = ${atMs}
      WHERE tenant_id = ${tenant} AND stage < 2`),
  ),
  addEventsFrom(
    {
      kind: EVENTS.deleted,
      tenant,
      source: sql`SELECT deployment_id AS subject, json_object('seq', seq) AS data FROM ${deploymentsTable} WHERE tenant_id = ${tenant}`,
    },
    atMs,
  ),
  change(sql`DELETE FROM ${deploymentsTable} WHERE tenant_id = ${tenant}`),
];

const PAGE = 1000;

/** One that is there again, because its tenant was restored, keeps what it has. */
const isRemoved = (tenant: TenantId, seq: number): SQL =>
  sql`NOT EXISTS (SELECT 1 FROM ${deploymentsTable} WHERE tenant_id = ${tenant} AND seq = ${seq})`;

export const purgeDevices = (tenant: TenantId, seq: number): Statement<number> =>
  change(sql`
    DELETE FROM ${deviceDeploymentsTable} WHERE tenant_id = ${tenant} AND (device_id, seq) IN (
      SELECT device_id, seq FROM ${deviceDeploymentsTable} INDEXED BY device_deployments_by_status
      WHERE tenant_id = ${tenant} AND seq = ${seq} AND status > 0 AND ${isRemoved(tenant, seq)} LIMIT ${PAGE})`);

/** A thousand ids each. */
export const TARGETS_AT_ONCE = 50;

export const purgeTargets = (tenant: TenantId, seq: number): Statement<number> =>
  change(sql`
    DELETE FROM ${deploymentTargetsTable} WHERE tenant_id = ${tenant} AND seq = ${seq} AND first_id IN (
      SELECT first_id FROM ${deploymentTargetsTable}
      WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${isRemoved(tenant, seq)} ORDER BY first_id LIMIT ${TARGETS_AT_ONCE})`);

const PARTS = [
  "deployment_artifacts",
  "deployment_windows",
  "deployment_stop_rules",
  "deployment_tallies",
  "deployment_verdicts",
  "deployment_progress",
  "deployment_watches",
  "deployment_budgets",
  "deployment_phases",
  "deployment_rules",
  "deployment_counters",
];

export const purgeRest = (tenant: TenantId, seq: number): Statement<number>[] => [
  ...purgeFailures(tenant, seq, isRemoved(tenant, seq)),
  ...PARTS.map((table) =>
    change(
      sql`DELETE FROM ${sql.identifier(table)} WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${isRemoved(tenant, seq)}`,
    ),
  ),
];
