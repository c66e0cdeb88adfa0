import { sql } from "drizzle-orm";
import { notPaused } from "../../platform/apart.ts";
import { columnsOf, into, type RowOf } from "../../platform/columns.ts";
import { change, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { FAILURES, measuresOf, type Judge } from "../judge/schema.ts";
import type { Verdict } from "../judge/verdict.ts";
import { lnNeeded } from "../judge/verdict.ts";
import { deploymentRulesTable, deploymentTalliesTable, deploymentVerdictsTable } from "../rollout-tables.ts";
import { deploymentCountersTable, deploymentsTable } from "../tables.ts";
import { added } from "./create.ts";

export const JUDGE = "judge-rollouts";

/**
 * What is judged of a deployment. Failures are looked at whenever there are new results, and so are open; everything else
 * when a watch ends. Takes effect only if the statement before it did.
 */
export function addVerdicts(d: { tenant: TenantId; id: string }, judge: Judge): Statement<number> {
  const measures = measuresOf(judge);
  return change(sql`
    INSERT ${into(deploymentVerdictsTable, "tenant_id, seq, measure, ln_needed, looked_ms, open")}
    SELECT d.tenant_id, d.seq, m.value, ${lnNeeded(judge.level_percent / 100, measures.length)}, d.created_ms, m.value = ${FAILURES}
    FROM ${deploymentsTable} d CROSS JOIN json_each(${JSON.stringify(measures)}) m WHERE changes() > 0 AND ${added(d)}`);
}

const ofVerdict = columnsOf(
  deploymentVerdictsTable,
  "tenant_id, seq, measure, verdict, ln_needed, usual",
  "v",
);

export type DueVerdict = RowOf<typeof ofVerdict> & {
  deployment_id: string;
  name: string;
  artifact_name: string;
  /** JSON of the rollout. */
  rollout: string;
  stage: number;
};

const isResult = sql.raw("(t.outcome = 'success' OR t.outcome LIKE 'failure:%')");
const failed = sql.raw("sum(iif(t.outcome = 'success', 0, t.devices))");

/** Of all tenants, what there are new results for, or has come to its end. Who was looked at longest ago comes first. */
export const dueVerdicts = (nowMs: number, limit: number): Statement<DueVerdict[]> =>
  rows(sql`
    SELECT ${ofVerdict}, d.deployment_id, d.name, d.artifact_name, d.rollout, c.stage
    FROM ${deploymentVerdictsTable} v INDEXED BY deployment_verdicts_open
    JOIN ${deploymentsTable} d ON d.tenant_id = v.tenant_id AND d.seq = v.seq
    JOIN ${deploymentCountersTable} c ON c.tenant_id = v.tenant_id AND c.seq = v.seq
    WHERE v.open = 1 AND (c.stage = 2 OR v.results <> coalesce((
        SELECT sum(t.devices) FROM ${deploymentTalliesTable} t
        WHERE t.tenant_id = v.tenant_id AND t.seq = v.seq AND ${isResult}), 0))
      AND ${notPaused(JUDGE, { tenant: sql`v.tenant_id`, key: sql`(v.seq || ' ' || v.measure)` }, nowMs)}
    ORDER BY v.looked_ms LIMIT ${limit}`);

export interface TypeCount {
  type: string;
  devices: number;
  bad: number;
}

/** Device types that are told apart. */
const MAX_KINDS = 50;

export const resultsOf = (tenant: TenantId, seq: number): Statement<TypeCount[]> =>
  rows(sql`
    SELECT t.device_type AS type, sum(t.devices) AS devices, ${failed} AS bad FROM ${deploymentTalliesTable} t
    WHERE t.tenant_id = ${tenant} AND t.seq = ${seq} AND ${isResult} GROUP BY t.device_type`);

/** Rollouts that tell what is usual. */
const EARLIER = 20;

/** What the last rollouts before told. One that was found worse is no measure of what is usual. */
export const earlierResults = (tenant: TenantId, seq: number): Statement<TypeCount[]> =>
  rows(sql`
    SELECT t.device_type AS type, sum(t.devices) AS devices, ${failed} AS bad
    FROM (
      SELECT r.seq FROM ${deploymentRulesTable} r WHERE r.tenant_id = ${tenant} AND r.seq < ${seq}
        AND NOT EXISTS (SELECT 1 FROM ${deploymentVerdictsTable} v
          WHERE v.tenant_id = r.tenant_id AND v.seq = r.seq AND v.verdict = 'worse')
      ORDER BY r.seq DESC LIMIT ${EARLIER}) before
    CROSS JOIN ${deploymentTalliesTable} t ON t.tenant_id = ${tenant} AND t.seq = before.seq
    WHERE ${isResult} GROUP BY t.device_type ORDER BY devices DESC LIMIT ${MAX_KINDS}`);

export const setVerdict = (
  { tenant_id: tenant, seq, measure }: DueVerdict,
  found: {
    verdict: Verdict;
    lnEvidence: number;
    usual: readonly TypeCount[];
    kinds: readonly object[];
    results: number;
    isOver: boolean;
  },
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${deploymentVerdictsTable} SET verdict = ${found.verdict}, ln_evidence = ${found.lnEvidence},
      usual = ${JSON.stringify(found.usual)}, kinds = ${JSON.stringify(found.kinds)}, results = ${found.results},
      looked_ms = ${atMs}, open = ${found.isOver ? 0 : 1}
    WHERE tenant_id = ${tenant} AND seq = ${seq} AND measure = ${measure}`);
