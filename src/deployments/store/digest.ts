import { sql } from "drizzle-orm";
import { firstRow, rows, type Statement } from "../../platform/database.ts";
import { columnsOf, type RowOf } from "../../platform/columns.ts";
import type { TenantId } from "../../platform/ids.ts";
import { deploymentPhasesTable, deploymentRulesTable, deploymentWindowsTable } from "../rollout-tables.ts";
import { afterPlace, amongActive, LAST_ACTIVE } from "./devices.ts";
import { inProgress } from "./joining.ts";
import {
  deploymentCountersTable,
  deploymentsTable,
  deploymentTargetsTable,
  deviceDeploymentsTable,
} from "../tables.ts";

const ofCounters = columnsOf(
  deploymentCountersTable,
  "seq, opens_ms, targeted, remaining, governed, dynamic, joined, paused_ms, pace_minute, pace_count",
  "c",
);
const ofRules = columnsOf(
  deploymentRulesTable,
  "salt, canaries, per_minute, at_once, windowed, zone_path",
  "r",
);

/** A deployment to many devices that is not finished. */
export type WideRow = RowOf<typeof ofCounters> & {
  deployment_id: string;
  in_progress: number;
  /** JSON of `[opens_ms, capacity, threshold]` of each phase of a governed deployment. */
  phases: string | null;
  /** JSON of `[from_ms, to_ms]` of each window, where nobody may begin before. */
  windows: string | null;
} & { [K in keyof RowOf<typeof ofRules>]: RowOf<typeof ofRules>[K] | null };

export const wideDeployments = (tenant: TenantId): Statement<WideRow[]> =>
  rows(sql`
    SELECT d.deployment_id, ${ofCounters}, ${inProgress} AS in_progress, ${ofRules}, CASE c.governed WHEN 1 THEN (
        SELECT json_group_array(json_array(p.opens_ms, p.capacity, p.threshold)) FROM (
          SELECT o.opens_ms, o.capacity, o.threshold FROM ${deploymentPhasesTable} o
          WHERE o.tenant_id = c.tenant_id AND o.seq = c.seq ORDER BY o.phase) p) END AS phases,
      CASE r.windowed > r.ahead WHEN 1 THEN (
        SELECT json_group_array(json_array(w.from_ms, w.to_ms)) FROM ${deploymentWindowsTable} w
        WHERE w.tenant_id = c.tenant_id AND w.seq = c.seq) END AS windows
    FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
    JOIN ${deploymentsTable} d ON d.tenant_id = c.tenant_id AND d.seq = c.seq
    LEFT JOIN ${deploymentRulesTable} r ON r.tenant_id = c.tenant_id AND r.seq = c.seq
    WHERE c.tenant_id = ${tenant} AND c.wide_open = 1`);

/** Devices that are at a deployment, page by page. */
export const busyDevices = (
  tenant: TenantId,
  seq: number,
  after: { status: number; device: string },
  limit: number,
): Statement<{ status: number; device_id: string }[]> =>
  rows(sql`
    SELECT dd.status, dd.device_id FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
    WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${afterPlace(amongActive(after))} AND status <= ${LAST_ACTIVE} AND active = 1
    ORDER BY dd.status, dd.device_id LIMIT ${limit}`);

/** Sum of the deployments whose devices were queued one by one and that are not finished. */
export interface QueuedDeployments {
  last_seq: number;
  remaining: number;
}

export const queuedDeployments = (tenant: TenantId): Statement<QueuedDeployments | undefined> =>
  firstRow(sql`
    SELECT coalesce(max(seq), 0) AS last_seq, coalesce(sum(remaining), 0) AS remaining
    FROM ${deploymentCountersTable} INDEXED BY deployment_counters_by_stage
    WHERE tenant_id = ${tenant} AND stage IN (0, 1) AND wide_open = 0`);

export interface QueuedTargets {
  seq: number;
  ids: string;
}

/** Targets of such deployments behind this number; `ids` is a JSON array. */
export const queuedTargets = (
  tenant: TenantId,
  afterSeq: number,
  limit: number,
): Statement<QueuedTargets[]> =>
  rows(sql`
    SELECT open.seq, t.ids FROM (
      SELECT seq FROM ${deploymentCountersTable} INDEXED BY deployment_counters_by_stage
      WHERE tenant_id = ${tenant} AND stage IN (0, 1) AND wide_open = 0 AND seq > ${afterSeq}
      ORDER BY seq LIMIT ${limit}) open
    JOIN ${deploymentTargetsTable} t ON t.tenant_id = ${tenant} AND t.seq = open.seq
    ORDER BY open.seq`);

export interface OpenTargets {
  first_id: string;
  ids: string;
}

/** Targets of a deployment, chunk by chunk, without those that have finished; `ids` is a JSON array. */
export const openTargets = (
  tenant: TenantId,
  seq: number,
  after: string,
  limit: number,
): Statement<OpenTargets[]> =>
  rows(sql`
    SELECT t.first_id, (
      SELECT json_group_array(target.value) FROM json_each(t.ids) target
      LEFT JOIN ${deviceDeploymentsTable} dd
        ON dd.tenant_id = t.tenant_id AND dd.device_id = target.value AND dd.seq = t.seq
      WHERE dd.active IS NOT 0) AS ids
    FROM ${deploymentTargetsTable} t
    WHERE t.tenant_id = ${tenant} AND t.seq = ${seq} AND t.first_id > ${after}
    ORDER BY t.first_id LIMIT ${limit}`);
