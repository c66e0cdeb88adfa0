import { sql, type SQL } from "drizzle-orm";
import { deviceInReach, devicesInReach } from "../../devices/index.ts";
import { firstRow, inJson, mapped, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { DeviceReach, Reach, SomeDevices } from "../../platform/reach.ts";
import { releasesInReach } from "../../releases/index.ts";
import { deploymentTargetsTable, deploymentsTable } from "../tables.ts";

/** Devices of a list that a user with rights to some devices only may deploy to, and look at: what one row of targets holds. */
export const MAX_REACHED = 1000;

/** True unless a list of ids, a JSON text, has one that is out of reach. Reads no further than to the first of them. */
const allReached = (tenant: TenantId, ids: SQL, reach: DeviceReach): SQL => sql`NOT EXISTS (
  SELECT 1 FROM json_each(${ids}) o WHERE NOT ${devicesInReach(tenant, sql`o.value`, reach)})`;

/**
 * True for a deployment, by its alias, for one of the groups, or for a list of devices that are all within reach now. One
 * for a longer list, for a filter, or for all, is out of every reach.
 */
const reached = (tenant: TenantId, alias: SQL, reach: SomeDevices): SQL => sql`CASE ${alias}.scope
  WHEN 'group' THEN ${alias}.group_names <> '[]' AND NOT EXISTS (
    SELECT 1 FROM json_each(${alias}.group_names) n WHERE NOT (${inJson(sql`n.value`, reach.groups)}))
  WHEN 'list' THEN EXISTS (
    SELECT 1 FROM ${deploymentTargetsTable} t
    WHERE t.tenant_id = ${tenant} AND t.seq = ${alias}.seq AND NOT EXISTS (
        SELECT 1 FROM ${deploymentTargetsTable} o
        WHERE o.tenant_id = ${tenant} AND o.seq = ${alias}.seq AND o.first_id <> t.first_id)
      AND ${allReached(tenant, sql`t.ids`, reach)})
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

/** A condition for what names a deployment that is there. */
export const deploymentIdInReach = (tenant: TenantId, id: SQL, { devices }: Reach): SQL =>
  devices === "all"
    ? sql`1`
    : sql`EXISTS (
        SELECT 1 FROM ${deploymentsTable} d
        WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${id} AND ${reached(tenant, sql`d`, devices)})`;

/** Whether the devices, if some are named, and releases are within reach. */
export const targetsReached = (
  tenant: TenantId,
  reach: Reach,
  { devices, releases }: { devices: readonly string[] | undefined; releases: readonly string[] },
): Statement<boolean> => {
  const reached = devices ? allReached(tenant, sql`${JSON.stringify(devices)}`, reach.devices) : sql`1`;
  return mapped(
    firstRow<{ reached: number }>(
      sql`SELECT ${reached} AND ${sql.join(
        releases.map((release) => releasesInReach(tenant, sql`${release}`, reach.releases)),
        sql` AND `,
      )} AS reached`,
    ),
    (row) => row?.reached === 1,
  );
};
