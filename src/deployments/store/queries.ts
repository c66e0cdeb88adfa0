import { sql, type SQL } from "drizzle-orm";
import { firstRow, inJson, rows, type Statement } from "../../platform/database.ts";
import { containsText } from "../../platform/fold-case.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import { LISTED } from "../limits.ts";
import { counterColumn, STATUSES } from "../status.ts";
import { columnsOf, type Row, type RowOf } from "../../platform/columns.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import { targetsList } from "./membership.ts";
import { deploymentsInReach } from "./reach.ts";
import { deploymentPhasesTable, deploymentTalliesTable, deploymentVerdictsTable } from "../rollout-tables.ts";
import {
  deploymentArtifactsTable,
  deploymentTargetsTable,
  deploymentsTable,
  deploymentCountersTable,
  deviceDeploymentsTable,
} from "../tables.ts";

/** A count that goes beyond this is told as this. */
export const MAX_TOTAL = 10_000;

export const counterColumns = sql.join(
  STATUSES.map((status) => sql.raw(`c.${counterColumn(status)}`)),
  sql`, `,
);

export type Counters = Record<string, number> &
  Row<typeof deploymentCountersTable, "stage" | "unseen" | "unseen_aborted" | "total_size">;

const ofDeployment = columnsOf(
  deploymentsTable,
  "deployment_id, kind, name, artifact_name, force_installation, created_ms, scope, group_names, phases, retries, update_control_map, configuration, filter, uniform_phases, initial_devices, autogenerate_delta, rollout",
  "d",
);
const ofCounters = columnsOf(
  deploymentCountersTable,
  "stage, targeted, opens_ms, max_devices, unseen, unseen_aborted, total_size, finished_ms, aborted_ms, governed, dynamic, joined, paused_ms, paused_by, pending_ms, pending_left, downloading_ms, downloading_left, installing_ms, installing_left, rebooting_ms, rebooting_left",
  "c",
);

export type DeploymentRow = Counters &
  RowOf<typeof ofDeployment> &
  RowOf<typeof ofCounters> & {
    artifacts: string;
    /** Ids of a list of at most `LISTED` devices. */
    listed: string | null;
    /** JSON array of `PhaseRow`. */
    plan: string | null;
    /** JSON array of `VerdictRow`, likewise. */
    verdicts: string | null;
  };

/** What the judge found, as `verdicts` holds it. */
export type VerdictRow = Row<
  typeof deploymentVerdictsTable,
  "measure" | "verdict" | "ln_evidence" | "ln_needed" | "kinds" | "looked_ms" | "results"
>;

/** A phase of a governed deployment as `plan` holds it. */
export type PhaseRow = Row<
  typeof deploymentPhasesTable,
  | "phase_id"
  | "batch_size"
  | "batch_size_devices"
  | "start_ms"
  | "start_ts"
  | "opens_ms"
  | "min_results"
  | "min_success"
  | "min_approvals"
  | "after_ms"
  | "approvals"
> & { joined: number };

const plan = sql`CASE c.governed WHEN 1 THEN (
  SELECT json_group_array(json_object('phase_id', p.phase_id, 'batch_size', p.batch_size, 'batch_size_devices',
    p.batch_size_devices, 'start_ms', p.start_ms, 'start_ts', p.start_ts, 'opens_ms', p.opens_ms, 'min_results', p.min_results,
    'min_success', p.min_success, 'min_approvals', p.min_approvals, 'after_ms', p.after_ms, 'approvals', p.approvals, 'joined', (
      SELECT coalesce(sum(t.devices), 0) FROM ${deploymentTalliesTable} t
      WHERE t.tenant_id = p.tenant_id AND t.seq = p.seq AND t.phase = p.phase AND t.outcome = 'joined')))
  FROM (SELECT * FROM ${deploymentPhasesTable} o WHERE o.tenant_id = c.tenant_id AND o.seq = c.seq ORDER BY o.phase) p) END AS plan`;

const verdicts = sql`CASE c.governed WHEN 1 THEN (
  SELECT json_group_array(json_object('measure', v.measure, 'verdict', v.verdict, 'ln_evidence', v.ln_evidence, 'ln_needed',
    v.ln_needed, 'kinds', v.kinds, 'looked_ms', v.looked_ms, 'results', v.results))
  FROM ${deploymentVerdictsTable} v WHERE v.tenant_id = c.tenant_id AND v.seq = c.seq) END AS verdicts`;

const columns = sql`
  ${ofDeployment}, ${ofCounters}, ${counterColumns}, ${plan}, ${verdicts},
  (SELECT json_group_array(a.artifact_id) FROM ${deploymentArtifactsTable} a WHERE a.tenant_id = d.tenant_id AND a.seq = d.seq)
    AS artifacts,
  CASE WHEN d.scope = 'list' AND c.max_devices <= ${LISTED} THEN (
    SELECT t.ids FROM ${deploymentTargetsTable} t WHERE t.tenant_id = d.tenant_id AND t.seq = d.seq LIMIT 1) END AS listed`;

export const deploymentById = (tenant: TenantId, id: string): Statement<DeploymentRow | undefined> =>
  firstRow(sql`
    SELECT ${columns} FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id}`);

/** Deployments of these ids with their counters, each looked up. */
const named = (tenant: TenantId, ids: readonly string[]): SQL => sql`
  json_each(${JSON.stringify(ids)}) wanted
  CROSS JOIN ${deploymentsTable} d ON d.tenant_id = ${tenant} AND d.deployment_id = wanted.value
  JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq`;

export const deploymentsById = (tenant: TenantId, ids: readonly string[]): Statement<DeploymentRow[]> =>
  rows(sql`
    SELECT ${columns} FROM ${named(tenant, ids)}`);

export interface ListFilter {
  tenant: TenantId;
  ids?: readonly string[] | undefined;
  names?: readonly string[] | undefined;
  /** Deployments named by this device's id or having it among their devices. */
  device?: DeviceId | undefined;
  status?: "pending" | "inprogress" | "scheduled" | "finished" | undefined;
  type?: "software" | "configuration" | undefined;
  search?: string | undefined;
  createdFromMs?: number | undefined;
  createdToMs?: number | undefined;
  reach: DeviceReach;
  ascending: boolean;
  nowMs: number;
}

const STAGES = { pending: 0, scheduled: 0, inprogress: 1, finished: 2 } as const;

function conditions(f: ListFilter): SQL {
  const all: SQL[] = [sql`d.tenant_id = ${f.tenant}`];
  if (f.reach !== "all") all.push(deploymentsInReach(f.tenant, sql`d`, f.reach));
  if (f.ids) all.push(inJson(sql`d.deployment_id`, f.ids));
  if (f.names) all.push(inJson(sql`d.name`, f.names));
  if (f.device) all.push(ofDevice(f.tenant, f.device));
  if (f.status) all.push(sql`c.stage = ${STAGES[f.status]}`);
  if (f.status === "scheduled") all.push(sql`c.opens_ms > ${f.nowMs}`);
  if (f.status === "pending") all.push(sql`c.opens_ms <= ${f.nowMs}`);
  if (f.type) all.push(sql`d.kind = ${f.type}`);
  if (f.search) {
    all.push(containsText(sql`(d.name || ' ' || d.artifact_name)`, f.search));
  }
  // The number of a deployment is never below the time it was made.
  if (f.createdFromMs !== undefined) {
    all.push(sql`d.seq >= ${f.createdFromMs} AND d.created_ms >= ${f.createdFromMs}`);
  }
  if (f.createdToMs !== undefined) all.push(sql`d.created_ms <= ${f.createdToMs}`);
  return sql.join(all, sql` AND `);
}

const ofDevice = (tenant: TenantId, device: DeviceId): SQL => sql`(d.name = ${device}
  OR d.seq IN (SELECT seq FROM ${deviceDeploymentsTable} WHERE tenant_id = ${tenant} AND device_id = ${device})
  OR (c.wide_open = 1 AND ${targetsList(device)}))`;

/** The table whose order carries the page comes first, unless ids or names tell which rows are meant. */
const source = (f: ListFilter): SQL => {
  const together = sql`c.tenant_id = d.tenant_id AND c.seq = d.seq`;
  if (isAlongStage(f)) return sql`deployment_counters c CROSS JOIN ${deploymentsTable} d ON ${together}`;
  const index = f.ids
    ? sql`INDEXED BY deployments_by_id`
    : f.names
      ? sql`INDEXED BY deployments_by_name`
      : sql``;
  return sql`deployments d ${index} CROSS JOIN ${deploymentCountersTable} c ON ${together}`;
};

const isAlongStage = (f: ListFilter): boolean => f.status !== undefined && !f.ids && !f.names;

const where = (f: ListFilter): SQL =>
  isAlongStage(f) ? sql`c.tenant_id = ${f.tenant} AND ${conditions(f)}` : conditions(f);

/** One row more than the page, to tell whether there is a next one. */
export const listDeployments = (f: ListFilter, page: Page): Statement<DeploymentRow[]> => {
  const seq = isAlongStage(f) ? sql`c.seq` : sql`d.seq`;
  return rows(sql`
    SELECT ${columns} FROM ${source(f)} WHERE ${where(f)}
    ORDER BY ${seq} ${f.ascending ? sql`ASC` : sql`DESC`} LIMIT ${page.perPage + 1} OFFSET ${offsetOf(page)}`);
};

export const countDeployments = (f: ListFilter): Statement<{ total: number } | undefined> =>
  firstRow(sql`
    SELECT count(*) AS total FROM (
      SELECT 1 FROM ${source(f)} WHERE ${where(f)}
      LIMIT ${MAX_TOTAL})`);

export type CountedRow = Counters & {
  deployment_id: string;
  seq: number;
  max_devices: number;
  remaining: number;
};

export const countersOf = (
  tenant: TenantId,
  ids: readonly string[],
  reach: DeviceReach,
): Statement<CountedRow[]> =>
  rows(sql`
    SELECT d.deployment_id, c.seq, c.stage, c.max_devices, c.remaining, c.unseen, c.unseen_aborted, c.total_size,
      ${counterColumns}
    FROM ${named(tenant, ids)} WHERE ${deploymentsInReach(tenant, sql`d`, reach)} ORDER BY d.seq`);
