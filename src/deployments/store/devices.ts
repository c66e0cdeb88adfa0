import { sql, type SQL } from "drizzle-orm";
import { firstRow, inJson, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import { ACTIVE_STATUSES, STATUS_CODES } from "../status.ts";
import { columnsOf, type Row, type RowOf } from "../../platform/columns.ts";
import { counterColumns, MAX_TOTAL, type Counters } from "./queries.ts";
import { deploymentPhasesTable } from "../rollout-tables.ts";
import {
  deploymentsTable,
  deploymentCountersTable,
  deploymentArtifactsTable,
  deviceDeploymentsTable,
  deploymentTargetsTable,
} from "../tables.ts";

/** A device of an aborted deployment counts as aborted even while a job has yet to write that into its row. */
export const effectiveStatus = sql`
  CASE WHEN dd.active = 1 AND c.aborted_ms IS NOT NULL THEN ${sql.raw(String(STATUS_CODES.aborted))} ELSE dd.status END`;

const abortTime = sql`CASE WHEN dd.active = 1 THEN c.aborted_ms END`;

const ofDevice = columnsOf(
  deviceDeploymentsTable,
  "device_id, seq, has_log, substate, deleted_ms, device_type, attempts, phase",
  "dd",
);
const ofDeployment = columnsOf(
  deploymentsTable,
  "deployment_id, name, artifact_name, created_ms, retries",
  "d",
);

export type DeviceRow = RowOf<typeof ofDevice> &
  RowOf<typeof ofDeployment> &
  Row<typeof deviceDeploymentsTable, "status" | "started_ms" | "finished_ms"> & {
    image: string | null;
    phase_id: string | null;
  };

const columns = sql`
  ${ofDevice}, ${ofDeployment}, ${effectiveStatus} AS status,
  coalesce(dd.started_ms, ${abortTime}) AS started_ms, coalesce(dd.finished_ms, ${abortTime}) AS finished_ms, a.image,
  (SELECT p.phase_id FROM ${deploymentPhasesTable} p
    WHERE p.tenant_id = dd.tenant_id AND p.seq = dd.seq AND p.phase = dd.phase) AS phase_id`;

const source = sql`
  ${deviceDeploymentsTable} dd
  JOIN ${deploymentsTable} d ON d.tenant_id = dd.tenant_id AND d.seq = dd.seq
  JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
  LEFT JOIN ${deploymentArtifactsTable} a
    ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id`;

export type DeploymentHead = Row<typeof deploymentsTable, "seq" | "kind"> &
  Row<typeof deploymentCountersTable, "stage" | "aborted_ms">;

/** What lists of a deployment's devices need to know of it, with its counters. */
export const deploymentHead = (
  tenant: TenantId,
  id: string,
): Statement<(DeploymentHead & Counters) | undefined> =>
  firstRow(sql`
    SELECT d.seq, d.kind, c.stage, c.aborted_ms, c.unseen, c.unseen_aborted, c.total_size, ${counterColumns}
    FROM ${deploymentsTable} d JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id}`);

/** Where the list of a deployment's devices has come to. */
export type DevicePlace = Row<typeof deviceDeploymentsTable, "status" | "device_id">;

/**
 * Devices of a deployment by status and id, after a place. Of two lower bounds the database begins at the one that is named first:
 * the other way round all before the place would be read again.
 */
export const afterPlace = (after: { status: number; device: string }): SQL =>
  sql`(status, device_id) > (${after.status}, ${after.device}) AND status > 0`;

const ACTIVE_CODES = ACTIVE_STATUSES.map((status) => STATUS_CODES[status]);
const FIRST_ACTIVE = Math.min(...ACTIVE_CODES);
export const LAST_ACTIVE = Math.max(...ACTIVE_CODES);

/** The same place, or where those begin that are at it: devices that have ended are not passed on the way. */
export const amongActive = (after: { status: number; device: string }) =>
  after.status < FIRST_ACTIVE ? { status: FIRST_ACTIVE, device: "" } : after;

/** A deployment's devices by status and id, of all or of these stored statuses, after a place. */
const listed = (
  tenant: TenantId,
  seq: number,
  codes: readonly number[] | undefined,
  after: DevicePlace | undefined,
): SQL => sql`
  FROM ${deviceDeploymentsTable} INDEXED BY device_deployments_by_status
  WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${after ? afterPlace({ status: after.status, device: after.device_id }) : sql`status > 0`}
    ${codes ? sql`AND ${inJson(after ? sql`+status` : sql`status`, codes)}` : sql``}
  ORDER BY status, device_id`;

export const devicePlace = (
  tenant: TenantId,
  seq: number,
  codes: readonly number[] | undefined,
  after: DevicePlace | undefined,
  devices: number,
): Statement<DevicePlace | undefined> =>
  firstRow(sql`SELECT status, device_id ${listed(tenant, seq, codes, after)} LIMIT 1 OFFSET ${devices - 1}`);

/** A page of them. */
export const devicesOf = (
  tenant: TenantId,
  seq: number,
  codes: readonly number[] | undefined,
  page: { perPage: number; offset: number; after: DevicePlace | undefined },
): Statement<DeviceRow[]> =>
  rows(sql`
    SELECT ${columns} FROM (
      SELECT * ${listed(tenant, seq, codes, page.after)} LIMIT ${page.perPage} OFFSET ${page.offset}) dd
    JOIN ${deploymentsTable} d ON d.tenant_id = dd.tenant_id AND d.seq = dd.seq
    JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
    LEFT JOIN ${deploymentArtifactsTable} a
      ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id
    ORDER BY dd.status, dd.device_id`);

/** The devices after a place in the same order, for reading all of them page by page. */
export const devicesAfter = (
  tenant: TenantId,
  seq: number,
  after: { status: number; device: string },
  limit: number,
): Statement<(DeviceRow & { place: number })[]> =>
  rows(sql`
    SELECT ${columns}, dd.status AS place FROM (
      SELECT * FROM ${deviceDeploymentsTable} INDEXED BY device_deployments_by_status
      WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${afterPlace(after)}
      ORDER BY status, device_id LIMIT ${limit}) dd
    JOIN ${deploymentsTable} d ON d.tenant_id = dd.tenant_id AND d.seq = dd.seq
    JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
    LEFT JOIN ${deploymentArtifactsTable} a
      ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id
    ORDER BY dd.status, dd.device_id`);

export const targetChunk = (
  tenant: TenantId,
  seq: number,
  after: string,
): Statement<Row<typeof deploymentTargetsTable, "first_id" | "ids"> | undefined> =>
  firstRow(sql`
    SELECT first_id, ids FROM ${deploymentTargetsTable}
    WHERE tenant_id = ${tenant} AND seq = ${seq} AND first_id > ${after} ORDER BY first_id LIMIT 1`);

export type TargetChunk = Row<typeof deploymentTargetsTable, "first_id" | "ids">;

export const targetChunks = (
  tenant: TenantId,
  seq: number,
  after: string,
  limit: number,
): Statement<TargetChunk[]> =>
  rows(sql`
    SELECT first_id, ids FROM ${deploymentTargetsTable}
    WHERE tenant_id = ${tenant} AND seq = ${seq} AND first_id > ${after} ORDER BY first_id LIMIT ${limit}`);

const historyWhere = (tenant: TenantId, device: DeviceId, codes: readonly number[] | undefined): SQL => sql`
  dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.status > 0
  ${codes ? sql`AND ${inJson(effectiveStatus, codes)}` : sql``}`;

/** A device's deployments, newest first; one row more than the page. */
export const historyOf = (
  tenant: TenantId,
  device: DeviceId,
  codes: readonly number[] | undefined,
  page: Page,
): Statement<DeviceRow[]> =>
  rows(sql`
    SELECT ${columns} FROM ${source} WHERE ${historyWhere(tenant, device, codes)}
    ORDER BY dd.seq DESC LIMIT ${page.perPage + 1} OFFSET ${offsetOf(page)}`);

export const historyTotal = (
  tenant: TenantId,
  device: DeviceId,
  codes: readonly number[] | undefined,
): Statement<{ total: number } | undefined> =>
  firstRow(sql`
    SELECT count(*) AS total FROM (
      SELECT 1 FROM ${deviceDeploymentsTable} dd
      JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
      WHERE ${historyWhere(tenant, device, codes)} LIMIT ${MAX_TOTAL})`);

/** These devices in these deployments, paired by position. */
export const entriesOf = (
  tenant: TenantId,
  pairs: readonly { deployment: string; device: string }[],
  page: Page,
): Statement<DeviceRow[]> =>
  rows(sql`
    SELECT ${columns} FROM json_each(${JSON.stringify(pairs)}) pair
    CROSS JOIN ${deploymentsTable} d ON d.tenant_id = ${tenant} AND d.deployment_id = pair.value ->> '$.deployment'
    CROSS JOIN ${deviceDeploymentsTable} dd
      ON dd.tenant_id = ${tenant} AND dd.device_id = pair.value ->> '$.device' AND dd.seq = d.seq
    JOIN ${deploymentCountersTable} c ON c.tenant_id = ${tenant} AND c.seq = d.seq
    LEFT JOIN ${deploymentArtifactsTable} a
      ON a.tenant_id = ${tenant} AND a.seq = d.seq AND a.artifact_id = dd.artifact_id
    WHERE dd.status > 0
    ORDER BY dd.seq DESC, dd.device_id LIMIT ${page.perPage + 1} OFFSET ${offsetOf(page)}`);
