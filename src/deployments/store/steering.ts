import { sql, type SQL } from "drizzle-orm";
import { altering, change, demand, type Statement } from "../../platform/database.ts";
import type { TenantId, UserId } from "../../platform/ids.ts";
import { NEVER_MS } from "../limits.ts";
import {
  deploymentPhasesTable,
  deploymentSettingsTable,
  deploymentStopRulesTable,
  deploymentTalliesTable,
} from "../rollout-tables.ts";
import { deploymentCountersTable, deploymentsTable } from "../tables.ts";
import { seqOf } from "./membership.ts";

const standing = (tenant: TenantId) => ({ tenant, what: { kind: "standing" } }) as const;

/** Nobody joins any more, and who failed does not try again. */
export const pause = (tenant: TenantId, id: string, by: object, atMs: number): Statement<number> =>
  altering(
    standing(tenant),
    change(sql`
      UPDATE ${deploymentCountersTable} SET paused_ms = ${atMs}, paused_by = ${JSON.stringify(by)}
      WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)} AND stage < 2 AND paused_ms IS NULL`),
  );

export const resume = (tenant: TenantId, id: string): Statement<number> =>
  altering(
    standing(tenant),
    change(sql`
      UPDATE ${deploymentCountersTable} SET paused_ms = NULL, paused_by = NULL
      WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, id)} AND stage < 2 AND paused_ms IS NOT NULL`),
  );

const waits = (alias: string): SQL =>
  sql.raw(`(${alias}.min_results IS NOT NULL OR ${alias}.min_approvals > 0)`);

const approvalsOf = (alias: string): SQL => sql.raw(`(SELECT count(*) FROM json_each(${alias}.approvals))`);

/** A deployment whose creator is not among those who approve. */
export const NOT_THE_CREATOR = "creator-approves";

export const demandOther = (tenant: TenantId, id: string, user: UserId): Statement<void> =>
  demand(
    sql`NOT EXISTS (
      SELECT 1 FROM ${deploymentsTable} d WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id} AND d.created_by = ${user}
        AND (SELECT s.approvals FROM ${deploymentSettingsTable} s WHERE s.tenant_id = ${tenant}) > 0)`,
    NOT_THE_CREATOR,
  );

/** Takes the word of a user for the first phase that waits for people and has not heard of this one. */
export const approve = (tenant: TenantId, id: string, user: UserId, atMs: number): Statement<number> =>
  change(sql`
    UPDATE ${deploymentPhasesTable} AS p SET approvals = json_set(p.approvals, ${`$."${user}"`}, ${atMs})
    WHERE p.tenant_id = ${tenant} AND p.seq = ${seqOf(tenant, id)} AND p.opens_ms IS NULL
      AND p.phase = (
        SELECT w.phase FROM ${deploymentPhasesTable} w
        WHERE w.tenant_id = p.tenant_id AND w.seq = p.seq AND w.opens_ms IS NULL AND ${approvalsOf("w")} < w.min_approvals
        ORDER BY w.phase LIMIT 1)
      AND json_extract(p.approvals, ${`$."${user}"`}) IS NULL`);

/** What devices of the phase before told. */
const results = (outcome: SQL): SQL => sql`coalesce((
  SELECT sum(t.devices) FROM ${deploymentTalliesTable} t
  WHERE t.tenant_id = w.tenant_id AND t.seq = w.seq AND t.phase = w.phase - 1 AND ${outcome}), 0)`;

const successes = results(sql`t.outcome = 'success'`);
const judged = results(sql`(t.outcome = 'success' OR t.outcome LIKE 'failure:%')`);

const hasPassed = sql`${approvalsOf("w")} >= w.min_approvals
  AND (w.min_results IS NULL OR (${judged} >= w.min_results AND ${successes} * 100.0 >= w.min_success * ${judged}))`;

/** From one phase on, those behind it that wait for nothing but time. */
const following = (tenant: TenantId, first: SQL): SQL => sql`
  WITH RECURSIVE o(seq, phase, at) AS (
    ${first}
    UNION ALL
    SELECT o.seq, n.phase, max(o.at + coalesce(n.after_ms, 0), coalesce(n.start_ms, 0))
    FROM o JOIN ${deploymentPhasesTable} n ON n.tenant_id = ${tenant} AND n.seq = o.seq AND n.phase = o.phase + 1
    WHERE n.opens_ms IS NULL AND NOT ${waits("n")})`;

/** Opens the phase that waits, if all it waits for has come. */
export const openGate = (tenant: TenantId, id: string, atMs: number, only = sql`1`): Statement<number> =>
  altering(
    standing(tenant),
    change(sql`${following(
      tenant,
      sql`SELECT w.seq, w.phase, max(${atMs}, coalesce(w.start_ms, 0), coalesce(b.opens_ms, 0) + coalesce(w.after_ms, 0))
        FROM ${deploymentPhasesTable} w
        LEFT JOIN ${deploymentPhasesTable} b ON b.tenant_id = w.tenant_id AND b.seq = w.seq AND b.phase = w.phase - 1
        WHERE w.tenant_id = ${tenant} AND w.seq = ${seqOf(tenant, id)} AND w.opens_ms IS NULL
          AND (w.phase = 0 OR b.opens_ms IS NOT NULL) AND ${hasPassed} AND ${only}`,
    )}
      UPDATE ${deploymentPhasesTable} AS p SET opens_ms = o.at FROM o
      WHERE p.tenant_id = ${tenant} AND p.seq = o.seq AND p.phase = o.phase`),
  );

/** A deployment that fewer people have approved than the tenant's setting demands. */
export const NOT_APPROVED = "not-approved";

export const demandApproved = (tenant: TenantId, id: string): Statement<void> =>
  demand(
    sql`NOT EXISTS (
      SELECT 1 FROM ${deploymentPhasesTable} w WHERE w.tenant_id = ${tenant} AND w.seq = ${seqOf(tenant, id)} AND w.phase = 0
        AND w.opens_ms IS NULL AND ${approvalsOf("w")} < min(w.min_approvals,
          (SELECT s.approvals FROM ${deploymentSettingsTable} s WHERE s.tenant_id = ${tenant})))`,
    NOT_APPROVED,
  );

/** Opens the next phase now, whatever it waits for. */
export const widen = (tenant: TenantId, id: string, atMs: number): Statement<number> =>
  altering(
    standing(tenant),
    change(sql`${following(
      tenant,
      sql`SELECT * FROM (
        SELECT w.seq, w.phase, ${atMs} FROM ${deploymentPhasesTable} w
        WHERE w.tenant_id = ${tenant} AND w.seq = ${seqOf(tenant, id)} AND (w.opens_ms IS NULL OR w.opens_ms > ${atMs})
          AND EXISTS (SELECT 1 FROM ${deploymentCountersTable} c WHERE c.tenant_id = w.tenant_id AND c.seq = w.seq AND c.stage < 2)
        ORDER BY w.phase LIMIT 1)`,
    )}
      UPDATE ${deploymentPhasesTable} AS p SET opens_ms = o.at,
        start_ms = iif(o.at = ${atMs}, ${atMs}, start_ms), start_ts = iif(o.at = ${atMs}, NULL, start_ts) FROM o
      WHERE p.tenant_id = ${tenant} AND p.seq = o.seq AND p.phase = o.phase`),
  );

/** A deployment opens with its first phase, where that had to wait. */
export const openWithFirst = (tenant: TenantId, id: string): Statement<number> =>
  altering(
    standing(tenant),
    change(sql`
      UPDATE ${deploymentCountersTable} AS c SET opens_ms = p.opens_ms FROM ${deploymentPhasesTable} p
      WHERE c.tenant_id = ${tenant} AND c.seq = ${seqOf(tenant, id)} AND p.tenant_id = c.tenant_id AND p.seq = c.seq
        AND p.phase = 0 AND p.opens_ms IS NOT NULL AND p.opens_ms < c.opens_ms AND (c.opens_ms = ${NEVER_MS} OR c.joined = 0)`),
  );

const kindOf = sql.raw("substr(t.outcome, 9)");

const namesKind = (kind: SQL): SQL => sql`${kind} IN (SELECT value FROM json_each(s.kinds))`;
const isFailure = sql`(t.outcome LIKE 'failure:%' AND (s.kinds IS NULL OR ${namesKind(kindOf)}))`;
/** Devices that fell silent after the update are successes: only who names them means them. */
const isSilent = sql`(t.outcome = 'silent' AND ${namesKind(sql`'silence'`)})`;
const isOfSilence = sql.raw("coalesce(s.kinds = '[\"silence\"]', 0)");

const failed = sql`sum(iif(${isFailure} OR ${isSilent}, t.devices, 0))`;
/** A share of silent devices is one of those that were watched; every other, one of all results. */
const told = sql`sum(iif(${isOfSilence}, t.outcome = 'watched', t.outcome = 'success' OR t.outcome LIKE 'failure:%') * t.devices)`;

/** Pauses the deployment if what has become of its devices breaks one of its rules. */
export const stop = (tenant: TenantId, id: string, atMs: number, only = sql`1`): Statement<number> =>
  altering(
    standing(tenant),
    change(sql`
      UPDATE ${deploymentCountersTable} AS c SET paused_ms = ${atMs}, paused_by = json_object('rule', broken.rule + 1)
      FROM (
        SELECT s.seq, s.rule FROM ${deploymentStopRulesTable} s
        WHERE s.tenant_id = ${tenant} AND s.seq = ${seqOf(tenant, id)} AND EXISTS (
          SELECT 1 FROM ${deploymentTalliesTable} t
          WHERE t.tenant_id = s.tenant_id AND t.seq = s.seq AND (t.outcome IN ('success', 'watched', 'silent') OR t.outcome LIKE 'failure:%')
            AND (s.device_types IS NULL OR t.device_type IN (SELECT value FROM json_each(s.device_types)))
          GROUP BY iif(s.per_type = 1, t.device_type, '')
          HAVING ${told} >= s.min_results AND (${failed} >= s.max_devices OR ${failed} * 100.0 > s.max_percent * ${told}))
        ORDER BY s.rule LIMIT 1) broken
      WHERE c.tenant_id = ${tenant} AND c.seq = broken.seq AND c.stage < 2 AND c.paused_ms IS NULL AND ${only}`),
  );
