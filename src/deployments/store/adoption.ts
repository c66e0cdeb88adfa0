import { sql, type SQL } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import { SMALL } from "../limits.ts";
import { deploymentProgressTable } from "../record-tables.ts";
import { STATUS_CODES } from "../status.ts";
import { deploymentCountersTable, deploymentsTable, deviceDeploymentsTable } from "../tables.ts";
import { deploymentsInReach } from "./reach.ts";

/** What became of the devices of a release's deployments, added up. */
export interface Adoption {
  name: string;
  deployments: number;
  on_the_way: number;
  success: number;
  failure: number;
  other: number;
}

/** The newest software deployments of each release within reach, and their counters: each is looked up. */
const newest = (tenant: TenantId, names: readonly string[], reach: DeviceReach, most: number): SQL => sql`
  json_each(${JSON.stringify(names)}) w
  CROSS JOIN ${deploymentsTable} d ON d.tenant_id = ${tenant} AND d.seq IN (
    SELECT o.seq FROM ${deploymentsTable} o INDEXED BY deployments_by_artifact
    WHERE o.tenant_id = ${tenant} AND o.artifact_name = w.value ORDER BY o.seq DESC LIMIT ${most})
  CROSS JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
  WHERE d.kind = 'software' AND ${deploymentsInReach(tenant, sql`d`, reach)}`;

const waiting = sql.raw(
  "c.pending + c.unseen + c.downloading + c.installing + c.rebooting + c.pause_before_installing + c.pause_before_committing + c.pause_before_rebooting",
);

/** Of each release that was deployed at all. */
export const adoptionOf = (
  tenant: TenantId,
  names: readonly string[],
  reach: DeviceReach,
  most: number,
): Statement<Adoption[]> =>
  rows(sql`
    SELECT w.value AS name, count(*) AS deployments, sum(CASE WHEN c.stage < 2 THEN ${waiting} ELSE 0 END) AS on_the_way,
      sum(c.success + c.already_installed) AS success, sum(c.failure) AS failure,
      sum(c.noartifact + c.aborted + c.unseen_aborted + c.decommissioned) AS other
    FROM ${newest(tenant, names, reach, most)} GROUP BY w.value`);

/** How a deployment went: points where they were recorded, else the days on which devices ended it well. */
export interface Recorded {
  points: string | null;
  /** JSON array of pairs: a day, and devices. */
  days: string | null;
}

const DAY_MS = 86_400_000;

export const recordedOf = (
  tenant: TenantId,
  name: string,
  reach: DeviceReach,
  most: number,
): Statement<Recorded[]> =>
  rows(sql`
    SELECT p.points, CASE WHEN p.points IS NULL AND c.max_devices <= ${SMALL} THEN (
      SELECT json_group_array(json_array(s.day, s.devices)) FROM (
        SELECT dd.finished_ms / ${DAY_MS} AS day, count(*) AS devices
        FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
        WHERE dd.tenant_id = c.tenant_id AND dd.seq = c.seq AND dd.status > 0 AND dd.status = ${STATUS_CODES.success}
        GROUP BY 1) s) END AS days
    FROM (SELECT c.tenant_id, c.seq, c.max_devices FROM ${newest(tenant, [name], reach, most)}) c
    LEFT JOIN ${deploymentProgressTable} p ON p.tenant_id = c.tenant_id AND p.seq = c.seq`);
