import { sql } from "drizzle-orm";
import { columnsOf, type RowOf } from "../../platform/columns.ts";
import { firstRow, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import {
  deploymentBudgetsTable,
  deploymentPhasesTable,
  deploymentRulesTable,
  deploymentTalliesTable,
  deploymentWindowsTable,
} from "../rollout-tables.ts";
import { deploymentCountersTable, deploymentsTable } from "../tables.ts";
import { inProgress } from "./joining.ts";

const ofCounters = columnsOf(
  deploymentCountersTable,
  "stage, opens_ms, targeted, dynamic, governed, max_devices, unseen, paused_ms, paused_by, pace_minute, pace_count",
  "c",
);
const ofRules = columnsOf(deploymentRulesTable, "per_minute, at_once, windowed", "r");

/** A phase, with what the one before it told. */
export interface WaitingPhase {
  size_to: number | null;
  opens_ms: number | null;
  min_results: number | null;
  min_success: number | null;
  min_approvals: number;
  approvals: number;
  joined: number;
  results: number;
  successes: number;
}

export type WaitingRow = RowOf<typeof ofCounters> & {
  in_progress: number;
  /** JSON array of `WaitingPhase`. */
  phases: string;
  /** JSON array of `[from_ms, to_ms]`. */
  windows: string;
  /** JSON array of values whose budget is full, with how many are at it. */
  full: string;
} & { [K in keyof RowOf<typeof ofRules>]: RowOf<typeof ofRules>[K] | null };

/** Values that are told. */
const MAX_VALUES = 20;

const of = sql.raw("t.tenant_id = p.tenant_id AND t.seq = p.seq");
const told = (what: string) =>
  sql`coalesce((SELECT sum(t.devices) FROM ${deploymentTalliesTable} t WHERE ${of} AND ${sql.raw(what)}), 0)`;

/** What keeps the devices of a deployment from beginning. */
export const waitingRow = (tenant: TenantId, id: string): Statement<WaitingRow | undefined> =>
  firstRow(sql`
    SELECT ${ofCounters}, ${inProgress} AS in_progress, ${ofRules}, (
        SELECT json_group_array(json_object('size_to', p.size_to, 'opens_ms', p.opens_ms, 'min_results', p.min_results,
          'min_success', p.min_success, 'min_approvals', p.min_approvals,
          'approvals', (SELECT count(*) FROM json_each(p.approvals)), 'joined', ${told("t.phase = p.phase AND t.outcome = 'joined'")},
          'results', ${told("t.phase = p.phase - 1 AND (t.outcome = 'success' OR t.outcome LIKE 'failure:%')")},
          'successes', ${told("t.phase = p.phase - 1 AND t.outcome = 'success'")}))
        FROM (SELECT * FROM ${deploymentPhasesTable} o WHERE o.tenant_id = c.tenant_id AND o.seq = c.seq ORDER BY o.phase) p) AS phases, (
        SELECT json_group_array(json_array(w.from_ms, w.to_ms)) FROM ${deploymentWindowsTable} w
        WHERE w.tenant_id = c.tenant_id AND w.seq = c.seq) AS windows, (
        SELECT json_group_array(json_object('value', b.value, 'in_progress', b.devices)) FROM (
          SELECT own.value, own.devices FROM ${deploymentBudgetsTable} own
          WHERE own.tenant_id = c.tenant_id AND own.seq = c.seq AND own.devices >= r.budget_at_once
          ORDER BY 2 DESC, 1 LIMIT ${MAX_VALUES}) b) AS "full"
    FROM ${deploymentsTable} d JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    LEFT JOIN ${deploymentRulesTable} r ON r.tenant_id = c.tenant_id AND r.seq = c.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id}`);
