import { sql } from "drizzle-orm";
import { notPaused } from "../../platform/apart.ts";
import { columnsOf, into, type RowOf } from "../../platform/columns.ts";
import { change, firstRow, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { SMALL } from "../limits.ts";
import { FIRST_STEP_MS, type Point } from "../progress/points.ts";
import { deploymentProgressTable } from "../record-tables.ts";
import { deploymentCountersTable, deploymentsTable, deviceDeploymentsTable } from "../tables.ts";
import { added } from "./create.ts";

export const PROGRESS = "record-progress";

/** Has the progress of a new deployment recorded. Takes effect only if the statement before it did. */
export const addProgress = (d: { tenant: TenantId; id: string }): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentProgressTable, "tenant_id, seq, step_ms, looked_ms")}
    SELECT d.tenant_id, d.seq, ${FIRST_STEP_MS}, d.created_ms FROM ${deploymentsTable} d WHERE changes() > 0 AND ${added(d)}`);

const ofProgress = columnsOf(deploymentProgressTable, "tenant_id, seq, points, step_ms", "p");
const ofCounters = columnsOf(
  deploymentCountersTable,
  "stage, joined, success, failure, noartifact, already_installed, aborted, decommissioned, finished_ms",
  "c",
);

const ended = sql.raw(
  "(c.success + c.failure + c.noartifact + c.already_installed + c.aborted + c.decommissioned)",
);

export type DueProgress = RowOf<typeof ofProgress> & RowOf<typeof ofCounters>;

/** Of all tenants, deployments whose counters have changed since the last point, and those that are over. */
export const dueProgress = (nowMs: number, limit: number): Statement<DueProgress[]> =>
  rows(sql`
    SELECT ${ofProgress}, ${ofCounters} FROM ${deploymentProgressTable} p INDEXED BY deployment_progress_open
    JOIN ${deploymentCountersTable} c ON c.tenant_id = p.tenant_id AND c.seq = p.seq
    WHERE p.open = 1 AND (c.stage = 2 OR (p.looked_ms <= ${nowMs} - p.step_ms AND (c.joined <> p.begun OR ${ended} <> p.ended)))
      AND ${notPaused(PROGRESS, { tenant: sql`p.tenant_id`, key: sql`p.seq` }, nowMs)}
    ORDER BY p.looked_ms LIMIT ${limit}`);

export const setProgress = (
  { tenant_id: tenant, seq, stage }: DueProgress,
  { points, stepMs, last }: { points: readonly Point[]; stepMs: number; last: Point },
): Statement<number> => {
  const [atMs, begun, ...ends] = last;
  return change(sql`
    UPDATE ${deploymentProgressTable} SET points = ${JSON.stringify(points)}, step_ms = ${stepMs}, looked_ms = ${atMs},
      begun = ${begun}, ended = ${ends.reduce((sum, count) => sum + count, 0)}, open = ${stage === 2 ? 0 : 1}
    WHERE tenant_id = ${tenant} AND seq = ${seq}`);
};

type ShownProgress = RowOf<typeof ofCounters> & {
  seq: number;
  created_ms: number;
  max_devices: number;
  /** Null where nobody recorded it. */
  points: string | null;
  step_ms: number | null;
};

export const progressOf = (tenant: TenantId, id: string): Statement<ShownProgress | undefined> =>
  firstRow(sql`
    SELECT d.seq, d.created_ms, c.max_devices, ${ofCounters}, p.points, p.step_ms FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    LEFT JOIN ${deploymentProgressTable} p ON p.tenant_id = d.tenant_id AND p.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id}`);

export interface DeviceTimes {
  status: number;
  joined_ms: number | null;
  finished_ms: number | null;
}

/** When each device of a small deployment began and ended. */
export const deviceTimes = (tenant: TenantId, seq: number): Statement<DeviceTimes[]> =>
  rows(sql`
    SELECT dd.status, dd.joined_ms, dd.finished_ms FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
    WHERE dd.tenant_id = ${tenant} AND dd.seq = ${seq} AND dd.status > 0 LIMIT ${SMALL}`);
