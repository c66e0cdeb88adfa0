import { sql, type SQL } from "drizzle-orm";
import { deviceInReach, devicesInReach } from "../../devices/index.ts";
import { firstRow, inJson, mapped, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { DeviceReach, Reach, SomeDevices } from "../../platform/reach.ts";
import { releasesInReach } from "../../releases/index.ts";
import { deploymentTargetsTable, deploymentsTable } from "../tables.ts";

/**
 * True for a deployment, by its alias, for one of the groups, or for one device that is within reach now. One for several
 * devices, or for all, is out of every reach.
 */
const reached = (tenant: TenantId, alias: SQL, reach: SomeDevices): SQL => sql`CASE ${alias}.scope
  WHEN 'group' THEN ${alias}.group_names <> '[]' AND NOT EXISTS (
    SELECT 1 FROM json_each(${alias}.group_names) n WHERE NOT (${inJson(sql`n.value`, reach.groups)}))
  WHEN 'list' THEN EXISTS (
    SELECT 1 FROM ${deploymentTargetsTable} t
    WHERE t.tenant_id = ${tenant} AND t.seq = ${alias}.seq AND t.first_id = t.last_id
      AND ${devicesInReach(tenant, sql`t.first_id`, reach)}
      AND (SELECT count(*) FROM ${deploymentTargetsTable} o WHERE o.tenant_id = ${tenant} AND o.seq = ${alias}.seq) = 1)
  ELSE 0 END`;

/** A condition for a list of deployments. */
export const deploymentsInReach = (tenant: TenantId, alias: SQL, reach: DeviceReach): SQL =>
  reach === "all" ? sql`1` : reached(tenant, alias, reach);

/**
 * The same for one deployment, and for a device of it if one is named; true also for what the tenant does not have, about which
 * the verb has its own answer.
 */
export const deploymentInReach = (
  tenant: TenantId,
  { deployment, device }: { deployment: string; device: string | undefined },
  reach: SomeDevices,
): SQL => sql`${device === undefined ? sql`1` : deviceInReach(tenant, device, reach)} AND NOT EXISTS (
  SELECT 1 FROM ${deploymentsTable} d
  WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${deployment} AND NOT ${reached(tenant, sql`d`, reach)})`;

/** Whether a device, if one is named, and a release are within reach. */
export const targetsReached = (
  tenant: TenantId,
  reach: Reach,
  { device, release }: { device: string | undefined; release: string },
): Statement<boolean> => {
  const reached = device === undefined ? sql`1` : devicesInReach(tenant, sql`${device}`, reach.devices);
  return mapped(
    firstRow<{ reached: number }>(
      sql`SELECT ${reached} AND ${releasesInReach(tenant, sql`${release}`, reach.releases)} AS reached`,
    ),
    (row) => row?.reached === 1,
  );
};
