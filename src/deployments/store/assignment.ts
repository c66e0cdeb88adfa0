import { sql, type SQL } from "drizzle-orm";
import { alteringIfFound, change, firstRow, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { STATUS_CODES } from "../status.ts";
import { tenantsTable } from "../../tenants/index.ts";
import { columnsOf, into, type RowOf } from "../../platform/columns.ts";
import { hasRow, mayMatch, targetsList } from "./membership.ts";
import { deploymentTalliesTable } from "../rollout-tables.ts";
import { budgetValue, takeBudget } from "./budgets.ts";
import { isFull, mayJoin, minuteOf, phaseFor, waitsToInstall } from "./joining.ts";
import {
  deviceDeploymentsTable,
  deploymentCountersTable,
  deploymentArtifactsTable,
  deploymentsTable,
} from "../tables.ts";

/** What a device tells of itself when it asks for work. */
export interface DeviceState {
  deviceType: string;
  artifactName: string;
  /** Everything it provides besides the device type. */
  provides: Record<string, string>;
  /** False if it told type and name only; see `uncheckedIsUnmet`. */
  complete: boolean;
}

export interface Asking {
  tenant: TenantId;
  device: DeviceId;
  state: DeviceState;
  atMs: number;
  /** Condition under which it may be given work. */
  only: SQL;
  /** Dynamic deployments that the device was held against, and those of them that it matches. */
  /** Whether it can wait with the installation of what it has. */
  canWait?: boolean | undefined;
  tested?: readonly number[];
  matched?: readonly number[];
}

/** The deployment the device is in the middle of. */
export const currentSeq = (tenant: TenantId, device: DeviceId): SQL => sql`
  SELECT dd.seq FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_active
  JOIN ${deploymentCountersTable} now ON now.tenant_id = dd.tenant_id AND now.seq = dd.seq
  WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.active = 1 AND dd.status > 0
    AND now.aborted_ms IS NULL
  ORDER BY dd.opens_ms, dd.seq LIMIT 1`;

/** A wide deployment in `c` that the device could join. */
const isOpenTo = (tenant: TenantId, device: DeviceId, atMs: number): SQL => sql`
  c.tenant_id = ${tenant} AND c.wide_open = 1 AND c.opens_ms <= ${atMs} AND c.dynamic = 0
    AND NOT ${hasRow(device)} AND ${targetsList(device)}`;

/** Of those that list the device, the first in its queue and the first of the wide ones. */
const firstListed = (tenant: TenantId, device: DeviceId, atMs: number): SQL => sql`
    SELECT * FROM (
      SELECT 0 AS weight, dd.opens_ms, dd.seq FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_active
      WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.active = 1 AND dd.status = 0
        AND dd.opens_ms <= ${atMs}
      ORDER BY dd.opens_ms, dd.seq LIMIT 1)
    UNION ALL
    SELECT * FROM (
      SELECT c.weight, c.opens_ms, c.seq FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
      WHERE ${isOpenTo(tenant, device, atMs)} ORDER BY c.opens_ms, c.seq LIMIT 1)`;

/** The same where no open deployment has rules, a weight or a filter. */
export const plainSeq = ({ tenant, device, atMs }: Pick<Asking, "tenant" | "device" | "atMs">): SQL => sql`
  SELECT seq FROM (${firstListed(tenant, device, atMs)}) ORDER BY opens_ms, seq LIMIT 1`;

/** A deployment is open that looks at more of a device than whether it is listed. */
export const hasMoreOpen = (tenant: TenantId): SQL => sql`
  SELECT 1 AS more FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
  WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND (c.governed = 1 OR c.dynamic = 1) LIMIT 1`;

/**
 * The deployment to join: of those that are open for the device and that it has not handled, the one that opened
 * first, unless another has more weight. Small ones wait in the device's own queue, wide ones are looked through for it.
 */
export const openSeq = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
  matched: readonly number[] = [],
): SQL => sql`
  SELECT seq FROM (
    ${firstListed(tenant, device, atMs)}
    UNION ALL
    SELECT * FROM (
      SELECT c.weight, c.opens_ms, c.seq FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_urgent
      WHERE c.weight > 0 AND ${isOpenTo(tenant, device, atMs)} ORDER BY c.weight DESC, c.opens_ms, c.seq LIMIT 1)
    ${matched.length === 0 ? sql`` : sql`UNION ALL ${firstMatched(tenant, device, atMs, matched)}`})
  ORDER BY weight DESC, opens_ms, seq LIMIT 1`;

const firstMatched = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
  matched: readonly number[],
): SQL => sql`
  SELECT * FROM (
    SELECT c.weight, c.opens_ms, c.seq FROM json_each(${JSON.stringify(matched)}) m
    CROSS JOIN ${deploymentCountersTable} c ON c.tenant_id = ${tenant} AND c.seq = m.value
    WHERE ${mayMatch(tenant, device, atMs)} ORDER BY c.weight DESC, c.opens_ms, c.seq LIMIT 1)`;

const provided = ({ provides }: DeviceState): SQL => sql`json_each(${JSON.stringify(provides)})`;

/** Depends of the artifact `a` that what the device provides does not satisfy. A key it does not provide satisfies none. */
export const unmetDepends = (state: DeviceState): SQL => sql`
  SELECT d.key, p.key IS NULL AS unknown FROM json_each(a.depends) d LEFT JOIN ${provided(state)} p ON p.key = d.key
  WHERE (p.key IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(d.value) wanted WHERE wanted.value = p.value))`;

export const suitsType = (state: DeviceState): SQL =>
  sql`EXISTS (SELECT 1 FROM json_each(a.device_types) type WHERE type.value = ${state.deviceType})`;

/**
 * Depends that a device says nothing of are not satisfied. The open edition never looks at them, so in a tenant with
 * its rules they count as satisfied for devices that tell type and name only.
 */
const uncheckedIsUnmet = (state: DeviceState): SQL =>
  state.complete
    ? sql`1`
    : sql`(p.key IS NOT NULL OR NOT EXISTS (SELECT 1 FROM ${tenantsTable} t WHERE t.tenant_id = a.tenant_id AND t.plan = 'os'))`;

/**
 * The artifact of the deployment `seq` for this device: type and depends fit; then the least that cannot be checked,
 * the most depends satisfied, the smallest.
 */
export const bestArtifact = (seq: SQL, state: DeviceState): SQL => sql`
  SELECT a.artifact_id FROM ${deploymentArtifactsTable} a
  WHERE a.tenant_id = c.tenant_id AND a.seq = ${seq} AND ${suitsType(state)}
    AND NOT EXISTS (${unmetDepends(state)} AND ${uncheckedIsUnmet(state)})
  ORDER BY (SELECT count(*) FROM (${unmetDepends(state)})),
    (SELECT count(*) FROM json_each(a.depends)) DESC, a.size, a.artifact_id
  LIMIT 1`;

/** A dynamic deployment before this one that the device has yet to be held against. */
const isBehindUntested = ({ tenant, device, atMs, tested = [] }: Asking): SQL => sql`EXISTS (
  SELECT 1 FROM (
    SELECT c.seq, c.opens_ms, c.weight FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
    WHERE c.tenant_id = ${tenant} AND ${mayMatch(tenant, device, atMs)}) e
  WHERE (-e.weight, e.opens_ms, e.seq) < (-c.weight, c.opens_ms, c.seq)
    AND e.seq NOT IN (SELECT value FROM json_each(${JSON.stringify(tested)})))`;

/** A device that failed and has attempts left begins the next one by asking, unless the deployment is paused. */
export const askAgain = ({ tenant, device, only, atMs }: Asking): Statement<number> =>
  change(sql`
    UPDATE ${deviceDeploymentsTable} INDEXED BY device_deployments_active SET awaits_retry = 0, since_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND active = 1 AND awaits_retry = 1 AND retry_ms <= ${atMs} AND ${only}
      AND seq IN (SELECT c.seq FROM ${deploymentCountersTable} c
        WHERE c.tenant_id = ${tenant} AND c.seq = device_deployments.seq AND c.paused_ms IS NULL)`);

/** Joins this deployment unless the device is in the middle of another, with its place in it. */
const joinTo = (asking: Asking, seq: SQL, place: SQL, condition: SQL): Statement<number> => {
  const { tenant, device, state, atMs } = asking;
  return change(sql`
    INSERT INTO ${deviceDeploymentsTable} (tenant_id, device_id, seq, status, active, opens_ms, attempts, joined_ms,
      device_type, artifact_name, artifact_id, phase, budget_value, since_ms)
    SELECT c.tenant_id, ${device}, c.seq, ${STATUS_CODES.pending}, 1, c.opens_ms, 1, ${atMs},
      ${state.deviceType}, ${state.artifactName}, (${bestArtifact(sql`c.seq`, state)}), ${place}, ${atMs}
    FROM ${deploymentCountersTable} c
    WHERE c.tenant_id = ${tenant} AND c.seq = (${seq})
      AND NOT EXISTS (${currentSeq(tenant, device)}) AND ${condition} AND ${asking.only}
    ON CONFLICT (tenant_id, device_id, seq) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
      joined_ms = excluded.joined_ms, device_type = excluded.device_type, artifact_name = excluded.artifact_name,
      artifact_id = excluded.artifact_id, since_ms = excluded.since_ms`);
};

/** Joins the next deployment, whatever decides about it. */
export const join = (asking: Asking): Statement<number> => {
  const { tenant, device, state, atMs } = asking;
  const place = sql`CASE c.governed WHEN 1 THEN ${phaseFor(device, atMs)} END, CASE c.governed WHEN 1 THEN ${budgetValue(device)} END`;
  const may = sql`NOT ${isBehindUntested(asking)} AND ${mayJoin(device, atMs, { suits: suitsType(state), canWait: asking.canWait })}`;
  return joinTo(asking, openSeq(tenant, device, atMs, asking.matched), place, may);
};

/** The same in a fraction of the text while lists and openings decide alone; does nothing if there is more. */
export const joinPlain = (asking: Asking): Statement<number> =>
  joinTo(
    asking,
    plainSeq(asking),
    sql`NULL, NULL`,
    sql`c.paused_ms IS NULL AND c.governed = 0 AND NOT EXISTS (${hasMoreOpen(asking.tenant)})`,
  );

/** Counts the joined device, if the statement before was a join and took effect. */
export const countJoined = ({ tenant, device, state, atMs }: Asking): Statement<number> =>
  change(sql`
    UPDATE ${deploymentCountersTable} AS c SET unseen = unseen - (dynamic = 0), pending = pending + 1,
      remaining = remaining + (dynamic = 1 AND max_devices = 0), joined = joined + 1,
      pace_count = iif(pace_minute = ${minuteOf(atMs)}, pace_count, 0) + 1, pace_minute = ${minuteOf(atMs)}, total_size = total_size + coalesce((
      SELECT a.size FROM ${deviceDeploymentsTable} dd
      JOIN ${deploymentsTable} d ON d.tenant_id = dd.tenant_id AND d.seq = dd.seq
      JOIN ${deploymentArtifactsTable} a ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id
      WHERE dd.tenant_id = c.tenant_id AND dd.device_id = ${device} AND dd.seq = c.seq
        AND (d.force_installation = 1 OR d.artifact_name <> ${state.artifactName})), 0)
    WHERE changes() > 0 AND c.tenant_id = ${tenant} AND c.seq = (${currentSeq(tenant, device)})`);

/** Counts it among what became of the devices of its phase, after `countJoined`. */
export const tallyJoined = ({ tenant, device }: Asking): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentTalliesTable, "tenant_id, seq, phase, device_type, outcome, devices")}
    SELECT dd.tenant_id, dd.seq, dd.phase, dd.device_type, 'joined', 1 FROM ${deviceDeploymentsTable} dd
    WHERE changes() > 0 AND dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.phase IS NOT NULL
      AND dd.seq = (${currentSeq(tenant, device)})
    ON CONFLICT DO UPDATE SET devices = devices + 1`);

/** Takes its part of the budget of a value, after `tallyJoined`. */
export const budgetJoined = ({ tenant, device, atMs }: Asking): Statement<number> =>
  takeBudget(tenant, device, currentSeq(tenant, device), atMs);

/** A row if the device has just taken the last place there is for now: the others need not ask any more. */
export const lastPlace = ({ tenant, device, atMs }: Asking): Statement<{ full: number } | undefined> =>
  alteringIfFound(
    { tenant, what: { kind: "standing" } },
    firstRow(sql`
      SELECT 1 AS full FROM ${deviceDeploymentsTable} dd
      JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
      WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.seq = (${currentSeq(tenant, device)})
        AND dd.joined_ms = ${atMs} AND c.governed = 1 AND ${isFull(atMs)}`),
  );

const ofDeployment = columnsOf(
  deploymentsTable,
  "seq, deployment_id, kind, force_installation, update_control_map",
  "d",
);
const ofDevice = columnsOf(
  deviceDeploymentsTable,
  "status, device_type, artifact_name, artifact_id, awaits_retry, retry_ms",
  "dd",
);

export type CurrentRow = RowOf<typeof ofDeployment> &
  RowOf<typeof ofDevice> & {
    /** Name of the artifact it shall have. */
    wanted: string;
    /** Known of every device that has asked, as the next. */
    device_type: string;
    artifact_name: string;
    device_types: string | null;
    /** As `waitsToInstall` tells. */
    waits_to_install: number | null;
  };

/** The deployment the device is in the middle of, with the artifact it was given. */
export const currentDeployment = (
  { tenant, device, atMs }: Pick<Asking, "tenant" | "device" | "atMs">,
  { governed }: { governed: boolean },
): Statement<CurrentRow | undefined> =>
  firstRow(sql`
    SELECT ${ofDeployment}, d.artifact_name AS wanted, ${ofDevice}, a.device_types,
      ${governed ? waitsToInstall(device, atMs) : sql`NULL`} AS waits_to_install
    FROM ${deviceDeploymentsTable} dd
    JOIN ${deploymentsTable} d ON d.tenant_id = dd.tenant_id AND d.seq = dd.seq
    LEFT JOIN ${deploymentArtifactsTable} a
      ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id
    WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.seq = (${currentSeq(tenant, device)})`);
