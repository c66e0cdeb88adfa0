import { sql, type SQL } from "drizzle-orm";
import { into, type Row } from "../../platform/columns.ts";
import { change, firstRow, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import { failureCountsTable, failureGroupsTable } from "../record-tables.ts";
import { STATUS_CODES } from "../status.ts";
import { deploymentsTable, deviceDeploymentsTable } from "../tables.ts";
import { MAX_TOTAL } from "./queries.ts";
import { deploymentsInReach } from "./reach.ts";

interface CountedFailure {
  tenant: TenantId;
  device: DeviceId;
  seq: number;
  print: string;
  ending: string;
  atMs: number;
}

/**
 * Marks that the device's log is there, and counts its failure by the log's end if it has failed: each device once in a
 * deployment, whatever it sends again. Each statement takes effect only if the one before it did.
 */
export function countLogged(f: CountedFailure): Statement<number>[] {
  const { tenant, device, seq, print } = f;
  const counted = sql`${deviceDeploymentsTable} dd
    WHERE changes() > 0 AND dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.seq = ${seq}
      AND dd.failure_print = ${print}`;
  return [
    change(sql`
      UPDATE ${deviceDeploymentsTable} SET has_log = 1, failure_print = CASE status WHEN ${STATUS_CODES.failure} THEN ${print} END
      WHERE tenant_id = ${tenant} AND device_id = ${device} AND seq = ${seq}
        AND (has_log = 0 OR (status = ${STATUS_CODES.failure} AND failure_print IS NULL))`),
    change(sql`
      INSERT ${into(failureGroupsTable, "tenant_id, fingerprint, ending, last_ms")}
      SELECT dd.tenant_id, ${print}, ${f.ending}, ${f.atMs} FROM ${counted}
      ON CONFLICT DO UPDATE SET last_ms = max(last_ms, excluded.last_ms)`),
    change(sql`
      INSERT ${into(failureCountsTable, "tenant_id, fingerprint, seq, device_type, devices, first_ms, last_ms, sample")}
      SELECT dd.tenant_id, ${print}, dd.seq, coalesce(dd.device_type, ''), 1, ${f.atMs}, ${f.atMs}, dd.device_id FROM ${counted}
      ON CONFLICT DO UPDATE SET devices = devices + 1, last_ms = max(last_ms, excluded.last_ms), sample = excluded.sample`),
  ];
}

/** What a user sees of failures: those of deployments within reach, of all or of one. */
export interface FailuresSeen {
  tenant: TenantId;
  reach: DeviceReach;
  deployment?: string | undefined;
  fingerprint?: string | undefined;
}

export type FailureRow = Row<typeof failureGroupsTable, "fingerprint" | "ending"> & {
  devices: number;
  deployments: number;
  first_ms: number;
  last_ms: number;
  /** JSON array of `{device_type, devices}`. */
  types: string;
  /** JSON of `[deployment, device]`. */
  sample: string;
};

/** The counts of the group in `g` that a user sees. */
const seen = (f: FailuresSeen): SQL => sql`
  ${failureCountsTable} n JOIN ${deploymentsTable} d ON d.tenant_id = n.tenant_id AND d.seq = n.seq
  WHERE n.tenant_id = g.tenant_id AND n.fingerprint = g.fingerprint AND ${deploymentsInReach(f.tenant, sql`d`, f.reach)}
    ${f.deployment === undefined ? sql`` : sql`AND d.deployment_id = ${f.deployment}`}`;

/** Device types that are told of one group. */
const MAX_TYPES = 20;

const groups = (f: FailuresSeen): SQL => sql`
  ${failureGroupsTable} g WHERE g.tenant_id = ${f.tenant}
    ${f.fingerprint === undefined ? sql`` : sql`AND g.fingerprint = ${f.fingerprint}`}
    ${
      f.deployment === undefined
        ? sql``
        : sql`AND g.fingerprint IN (
        SELECT n.fingerprint FROM ${failureCountsTable} n
        WHERE n.tenant_id = ${f.tenant} AND n.seq = (
          SELECT seq FROM ${deploymentsTable} WHERE tenant_id = ${f.tenant} AND deployment_id = ${f.deployment}))`
    }
    AND EXISTS (SELECT 1 FROM ${seen(f)})`;

/** Groups of failures, those that came last first. */
export const failureGroups = (f: FailuresSeen, page: Page): Statement<FailureRow[]> =>
  rows(sql`
    SELECT g.fingerprint, g.ending, (SELECT sum(n.devices) FROM ${seen(f)}) AS devices,
      (SELECT count(DISTINCT n.seq) FROM ${seen(f)}) AS deployments,
      (SELECT min(n.first_ms) FROM ${seen(f)}) AS first_ms, (SELECT max(n.last_ms) FROM ${seen(f)}) AS last_ms,
      (SELECT json_group_array(json_object('device_type', t.device_type, 'devices', t.devices)) FROM (
        SELECT n.device_type, sum(n.devices) AS devices FROM ${seen(f)} GROUP BY n.device_type
        ORDER BY 2 DESC, 1 LIMIT ${MAX_TYPES}) t) AS types,
      (SELECT json_array(d.deployment_id, n.sample) FROM ${seen(f)} ORDER BY n.last_ms DESC, n.seq DESC LIMIT 1) AS sample
    FROM (SELECT g.* FROM ${groups(f)} ORDER BY g.last_ms DESC, g.fingerprint DESC LIMIT ${page.perPage} OFFSET ${offsetOf(page)}) g`);

export const countFailureGroups = (f: FailuresSeen): Statement<{ total: number } | undefined> =>
  firstRow(sql`SELECT count(*) AS total FROM (SELECT 1 FROM ${groups(f)} LIMIT ${MAX_TOTAL})`);

type FailedDeploymentRow = Row<typeof deploymentsTable, "deployment_id" | "name" | "artifact_name"> & {
  devices: number;
  last_ms: number;
};

/** Deployments in which devices failed so, the newest first. */
export const failedDeployments = (
  f: FailuresSeen & { fingerprint: string },
  limit: number,
): Statement<FailedDeploymentRow[]> =>
  rows(sql`
    SELECT d.deployment_id, d.name, d.artifact_name, sum(n.devices) AS devices, max(n.last_ms) AS last_ms
    FROM ${failureGroupsTable} g CROSS JOIN ${seen(f)} AND g.tenant_id = ${f.tenant} AND g.fingerprint = ${f.fingerprint}
    GROUP BY n.seq ORDER BY n.seq DESC LIMIT ${limit}`);

/** Forgets the failures of a deployment, and the groups that no other has. */
export const purgeFailures = (tenant: TenantId, seq: number, isRemoved: SQL): Statement<number>[] => [
  change(sql`
    DELETE FROM ${failureGroupsTable} WHERE tenant_id = ${tenant} AND fingerprint IN (
      SELECT own.fingerprint FROM ${failureCountsTable} own WHERE own.tenant_id = ${tenant} AND own.seq = ${seq}
        AND NOT EXISTS (SELECT 1 FROM ${failureCountsTable} other
          WHERE other.tenant_id = own.tenant_id AND other.fingerprint = own.fingerprint AND other.seq <> own.seq)) AND ${isRemoved}`),
  change(
    sql`DELETE FROM ${failureCountsTable} WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${isRemoved}`,
  ),
];
