import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { STATUS_CODES } from "../status.ts";
import { deploymentCountersTable, deploymentTargetsTable, deviceDeploymentsTable } from "../tables.ts";

/** What tells whether a device would get a deployment. */
export interface PreviewedRow {
  device_id: string;
  /** Null, as the rest, for a device that the inventory does not know. */
  status: string | null;
  check_in_ms: number | null;
  device_type: string | null;
  artifact_name: string | null;
  /** JSON array of attributes. */
  provides: string;
  /** Whether another deployment comes first. */
  is_busy: number;
  /** What its last successful update took. */
  took_ms: number | null;
}

/** Accepted devices, of a group if one is named, by id after a given one. */
export const acceptedIds = (
  tenant: TenantId,
  group: string | undefined,
  window: { after: string; limit: number },
): Statement<{ device_id: string }[]> =>
  rows(sql`
    SELECT i.device_id FROM ${inventoryDevicesTable} i
    WHERE i.tenant_id = ${tenant} AND i.device_id > ${window.after} AND i.status = 'accepted'
      ${group === undefined ? sql`` : sql`AND i.group_name = ${group}`}
    ORDER BY i.device_id LIMIT ${window.limit}`);

/** Open deployments to many that are looked through for each device. */
const MAX_OPEN = 10;

/** Paths into the stored attributes. */
interface AttributePaths {
  deviceType: string;
  artifactName: string;
  provides: readonly string[];
}

/** One is open that opened before, lists the device and was not handled by it. */
const isListed = (tenant: TenantId): SQL => sql`EXISTS (
  SELECT 1 FROM open o WHERE NOT EXISTS (
      SELECT 1 FROM ${deviceDeploymentsTable} own
      WHERE own.tenant_id = ${tenant} AND own.device_id = s.value AND own.seq = o.seq)
    AND EXISTS (
      SELECT 1 FROM (
        SELECT t.last_id, t.ids FROM ${deploymentTargetsTable} t
        WHERE t.tenant_id = ${tenant} AND t.seq = o.seq AND t.first_id <= s.value ORDER BY t.first_id DESC LIMIT 1) chunk
      WHERE chunk.last_id >= s.value AND instr(chunk.ids, json_quote(s.value)) > 0))`;

/** What is known of these devices; a deployment with so much weight goes ahead of those with less. */
export const previewedDevices = (
  tenant: TenantId,
  ids: readonly string[],
  paths: AttributePaths,
  weight: number,
): Statement<PreviewedRow[]> => {
  const told = paths.provides.map((path) => sql`json_extract(i.attributes, ${path})`);
  return rows(sql`
    WITH open AS MATERIALIZED (
      SELECT c.seq FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
      WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND c.dynamic = 0 AND c.weight >= ${weight}
      ORDER BY c.opens_ms, c.seq LIMIT ${MAX_OPEN})
    SELECT s.value AS device_id, i.status, i.check_in_ms, json_extract(i.attributes, ${paths.deviceType}) AS device_type,
      json_extract(i.attributes, ${paths.artifactName}) AS artifact_name, json_array(${sql.join(told, sql`, `)}) AS provides,
      (EXISTS (
        SELECT 1 FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_active
        WHERE dd.tenant_id = ${tenant} AND dd.device_id = s.value AND dd.active = 1 AND (dd.status > 0 OR ${weight} = 0))
        OR ${isListed(tenant)}) AS is_busy,
      (SELECT dd.finished_ms - dd.joined_ms FROM ${deviceDeploymentsTable} dd
        WHERE dd.tenant_id = ${tenant} AND dd.device_id = s.value AND dd.status = ${STATUS_CODES.success}
        ORDER BY dd.seq DESC LIMIT 1) AS took_ms
    FROM json_each(${JSON.stringify(ids)}) s
    LEFT JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = s.value`);
};
