import { sql } from "drizzle-orm";
import { firstRow, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import {
  deploymentCountersTable,
  deploymentsTable,
  deploymentTargetsTable,
  deviceDeploymentsTable,
} from "../tables.ts";

/** A deployment to many devices that is not finished. */
export interface WideDeployment {
  deployment_id: string;
  seq: number;
  opens_ms: number;
  /** 0 while targets are still being added. */
  targeted: number;
  /** Targets without a final status. */
  remaining: number;
}

export const wideDeployments = (tenant: TenantId): Statement<WideDeployment[]> =>
  rows(sql`
    SELECT d.deployment_id, c.seq, c.opens_ms, c.targeted, c.remaining
    FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
    JOIN ${deploymentsTable} d ON d.tenant_id = c.tenant_id AND d.seq = c.seq
    WHERE c.tenant_id = ${tenant} AND c.wide_open = 1`);

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
