import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { STATUS_CODES } from "../status.ts";
import { deploymentCountersTable, deploymentTargetsTable, deviceDeploymentsTable } from "../tables.ts";

/** Devices of which all that tells whether they would get a deployment is the same. */
export interface PreviewedKind {
  /** Null, as the rest, for devices that the inventory does not know. */
  status: string | null;
  device_type: string | null;
  artifact_name: string | null;
  /** JSON array of attributes. */
  provides: string;
  /** Whether another deployment comes first. */
  is_busy: number;
  /** Whether they were heard of lately; null if they never were. */
  is_heard: number | null;
  /** JSON array. */
  ids: string;
}

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

/** What is known of these devices, by what they have in common; a deployment with so much weight goes ahead of those with less. */
export const previewedKinds = (
  tenant: TenantId,
  ids: readonly string[],
  paths: AttributePaths,
  { weight, silentMs }: { weight: number; silentMs: number },
): Statement<PreviewedKind[]> => {
  const told = paths.provides.map((path) => sql`json_extract(i.attributes, ${path})`);
  return rows(sql`
    WITH open AS MATERIALIZED (
      SELECT c.seq FROM ${deploymentCountersTable} c INDEXED BY deployment_counters_wide
      WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND c.dynamic = 0 AND c.weight >= ${weight}
      ORDER BY c.opens_ms, c.seq LIMIT ${MAX_OPEN})
    SELECT status, device_type, artifact_name, provides, is_busy, is_heard, json_group_array(device_id) AS ids FROM (
      SELECT s.value AS device_id, i.status, json_extract(i.attributes, ${paths.deviceType}) AS device_type,
        json_extract(i.attributes, ${paths.artifactName}) AS artifact_name, json_array(${sql.join(told, sql`, `)}) AS provides,
        i.check_in_ms > ${silentMs} AS is_heard,
        (EXISTS (
          SELECT 1 FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_active
          WHERE dd.tenant_id = ${tenant} AND dd.device_id = s.value AND dd.active = 1 AND (dd.status > 0 OR ${weight} = 0))
          OR ${isListed(tenant)}) AS is_busy
      FROM json_each(${JSON.stringify(ids)}) s
      LEFT JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = s.value)
    GROUP BY status, device_type, artifact_name, provides, is_busy, is_heard`);
};

/** On which day devices were last heard of, and what the last successful update of each took. */
export const lastUpdates = (
  tenant: TenantId,
  ids: readonly string[],
): Statement<{ device_id: string; check_in_ms: number | null; took_ms: number | null }[]> =>
  rows(sql`
    SELECT i.device_id, i.check_in_ms, (
      SELECT dd.finished_ms - dd.joined_ms FROM ${deviceDeploymentsTable} dd
      WHERE dd.tenant_id = ${tenant} AND dd.device_id = s.value AND dd.status = ${STATUS_CODES.success}
      ORDER BY dd.seq DESC LIMIT 1) AS took_ms
    FROM json_each(${JSON.stringify(ids)}) s
    CROSS JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = s.value`);
