import { sql, type SQL } from "drizzle-orm";
import { change, firstRow, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { STATUS_CODES } from "../status.ts";
import { tenantsTable } from "../../tenants/index.ts";
import { columnsOf, type RowOf } from "../../platform/columns.ts";
import { hasRow, targetsList } from "./membership.ts";
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
}

/** The deployment the device is in the middle of. */
export const currentSeq = (tenant: TenantId, device: DeviceId): SQL => sql`
  SELECT dd.seq FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_active
  JOIN ${deploymentCountersTable} now ON now.tenant_id = dd.tenant_id AND now.seq = dd.seq
  WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.active = 1 AND dd.status > 0
    AND now.aborted_ms IS NULL
  ORDER BY dd.opens_ms, dd.seq LIMIT 1`;

/**
 * The deployment to join: of those that are open for the device and that it has not handled, the one that opened
 * first. Small ones wait in the device's own queue, wide ones are looked through for it.
 */
export const openSeq = (tenant: TenantId, device: DeviceId, atMs: number): SQL => sql`
  SELECT seq FROM (
    SELECT * FROM (
      SELECT dd.opens_ms, dd.seq FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_active
      WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.active = 1 AND dd.status = 0
        AND dd.opens_ms <= ${atMs}
      ORDER BY dd.opens_ms, dd.seq LIMIT 1)
    UNION ALL
    SELECT * FROM (
      SELECT c.opens_ms, c.seq FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
      WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND c.opens_ms <= ${atMs}
        AND NOT ${hasRow(device)} AND ${targetsList(device)}
      ORDER BY c.opens_ms, c.seq LIMIT 1))
  ORDER BY opens_ms, seq LIMIT 1`;

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

/** Joins the next deployment unless the device is in the middle of one. */
export const join = (asking: Asking): Statement<number> => {
  const { tenant, device, state, atMs } = asking;
  return change(sql`
    INSERT INTO ${deviceDeploymentsTable} (tenant_id, device_id, seq, status, active, opens_ms, attempts, joined_ms,
      device_type, artifact_name, artifact_id)
    SELECT c.tenant_id, ${device}, c.seq, ${STATUS_CODES.pending}, 1, c.opens_ms, 1, ${atMs},
      ${state.deviceType}, ${state.artifactName}, (${bestArtifact(sql`c.seq`, state)})
    FROM ${deploymentCountersTable} c
    WHERE c.tenant_id = ${tenant} AND c.seq = (${openSeq(tenant, device, atMs)}) AND NOT EXISTS (${currentSeq(tenant, device)})
      AND ${asking.only}
    ON CONFLICT (tenant_id, device_id, seq) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
      joined_ms = excluded.joined_ms, device_type = excluded.device_type, artifact_name = excluded.artifact_name,
      artifact_id = excluded.artifact_id`);
};

/** Counts the joined device, if the statement before was a join and took effect. */
export const countJoined = ({ tenant, device, state }: Asking): Statement<number> =>
  change(sql`
    UPDATE ${deploymentCountersTable} AS c SET unseen = unseen - 1, pending = pending + 1, total_size = total_size + coalesce((
      SELECT a.size FROM ${deviceDeploymentsTable} dd
      JOIN ${deploymentsTable} d ON d.tenant_id = dd.tenant_id AND d.seq = dd.seq
      JOIN ${deploymentArtifactsTable} a ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id
      WHERE dd.tenant_id = c.tenant_id AND dd.device_id = ${device} AND dd.seq = c.seq
        AND (d.force_installation = 1 OR d.artifact_name <> ${state.artifactName})), 0)
    WHERE changes() > 0 AND c.tenant_id = ${tenant} AND c.seq = (${currentSeq(tenant, device)})`);

const ofDeployment = columnsOf(
  deploymentsTable,
  "seq, deployment_id, kind, force_installation, update_control_map",
  "d",
);
const ofDevice = columnsOf(deviceDeploymentsTable, "status, device_type, artifact_name, artifact_id", "dd");

export type CurrentRow = RowOf<typeof ofDeployment> &
  RowOf<typeof ofDevice> & {
    /** Name of the artifact it shall have. */
    wanted: string;
    /** Known of every device that has asked, as the next. */
    device_type: string;
    artifact_name: string;
    device_types: string | null;
  };

/** The deployment the device is in the middle of, with the artifact it was given. */
export const currentDeployment = (tenant: TenantId, device: DeviceId): Statement<CurrentRow | undefined> =>
  firstRow(sql`
    SELECT ${ofDeployment}, d.artifact_name AS wanted, ${ofDevice}, a.device_types
    FROM ${deviceDeploymentsTable} dd
    JOIN ${deploymentsTable} d ON d.tenant_id = dd.tenant_id AND d.seq = dd.seq
    LEFT JOIN ${deploymentArtifactsTable} a
      ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id
    WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.seq = (${currentSeq(tenant, device)})`);
