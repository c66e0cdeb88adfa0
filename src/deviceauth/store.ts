import { sql, type SQL } from "drizzle-orm";
import {
  lastCheckIn,
  authSetsTable,
  devicesTable,
  devicesInReach,
  groupsInReach,
  inventoryCountsTable,
} from "../devices/index.ts";
import type { DeviceReach } from "../platform/reach.ts";
import { change, demand, firstRow, inJson, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { into, columnsOf, type RowOf, type Row } from "../platform/columns.ts";
import { tenantsTable } from "../tenants/index.ts";
import type { Identity } from "./identity.ts";
import type { AuthSet } from "./set-store.ts";
import type { DeviceStatus, Tier } from "./states.ts";
import { deviceCountsTable } from "./tables.ts";

/** A device's name at another provider. */
export interface ExternalDevice {
  id: string;
  name: string;
  provider: string;
  id_data?: string | undefined;
}

export interface Device {
  id: DeviceId;
  /** Canonical JSON. */
  identity: string;
  status: DeviceStatus;
  revision: number;
  tier: Tier;
  provisioned: boolean;
  testDevice: boolean;
  external: ExternalDevice | null;
  createdMs: number;
  updatedMs: number;
  /** Its last contact, from the store by the day; null while it has had none. */
  checkInMs: number | null;
  /** Oldest first. */
  sets: AuthSet[];
}

const ownColumns = columnsOf(
  devicesTable,
  "device_id, identity, status, revision, tier, provisioned, test_device, external, created_ms, updated_ms",
  "d",
);

type DeviceRow = RowOf<typeof ownColumns> & { check_in_ms: number | null; sets: string };

const byAge = (a: AuthSet, b: AuthSet) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1);

const toDevice = (row: DeviceRow): Device => ({
  id: row.device_id,
  identity: row.identity,
  status: row.status,
  revision: row.revision,
  tier: row.tier,
  provisioned: row.provisioned === 1,
  testDevice: row.test_device === 1,
  external: row.external === null ? null : (JSON.parse(row.external) as ExternalDevice), // written by this store
  createdMs: row.created_ms,
  updatedMs: row.updated_ms,
  checkInMs: row.check_in_ms,
  sets: (JSON.parse(row.sets) as AuthSet[]).sort(byAge), // built by `deviceColumns` in this shape
});

/**
 * Everything about device `d`, its sets included, without a second statement. Indexes are named in this file because
 * the planner takes "all rows of the tenant" for few.
 */
const deviceColumns = sql`${ownColumns}, ${lastCheckIn(sql`d.tenant_id`, sql`d.device_id`)} AS check_in_ms,
  (SELECT json_group_array(json_object('id', a.auth_set_id, 'keyHash', a.key_hash, 'storedKey', a.pubkey, 'tier', a.tier,
      'status', a.status, 'tokensRevokedS', a.tokens_revoked_s, 'createdMs', a.created_ms))
    FROM ${authSetsTable} a INDEXED BY auth_sets_by_device WHERE a.tenant_id = d.tenant_id AND a.device_id = d.device_id) AS sets`;

const oneDevice = (tenant: TenantId, condition: SQL): Statement<Device | undefined> => {
  const statement = firstRow<DeviceRow>(
    sql`SELECT ${deviceColumns} FROM ${devicesTable} d WHERE d.tenant_id = ${tenant} AND ${condition}`,
  );
  return {
    ...statement,
    read: (result) => {
      const row = statement.read(result);
      return row && toDevice(row);
    },
  };
};

export const deviceStatement = (tenant: TenantId, device: string) =>
  oneDevice(tenant, sql`d.device_id = ${device}`);

/** A row while the device is accepted and its tenant active. */
export const acceptedDeviceStatement = (
  tenant: TenantId,
  device: DeviceId,
): Statement<Row<typeof devicesTable, "device_id"> | undefined> =>
  firstRow(sql`
    SELECT d.device_id FROM ${devicesTable} d JOIN ${tenantsTable} t ON t.tenant_id = d.tenant_id
    WHERE d.tenant_id = ${tenant} AND d.device_id = ${device} AND d.status = 'accepted' AND t.status = 'active'`);

export const deviceByIdentityStatement = (tenant: TenantId, identityHash: string) =>
  oneDevice(tenant, sql`d.identity_hash = ${identityHash}`);

/** The device that has this set. */
export const deviceOfSetStatement = (tenant: TenantId, set: string) =>
  oneDevice(
    tenant,
    sql`d.device_id = (SELECT device_id FROM ${authSetsTable} WHERE tenant_id = ${tenant} AND auth_set_id = ${set})`,
  );

export interface DeviceFilter {
  /** Undefined means any. */
  statuses?: readonly DeviceStatus[] | undefined;
  /** Undefined means any. */
  ids?: readonly string[] | undefined;
  /** Undefined means any. */
  reach?: DeviceReach;
}

/** Where a list by status and id has come to. */
export type DevicePlace = Row<typeof devicesTable, "status" | "device_id">;

/** Named devices are looked up and sorted; all others are read in the order of the index. */
function matching(
  tenant: TenantId,
  { statuses, ids, reach = "all" }: DeviceFilter,
  after?: DevicePlace,
): SQL {
  const reached = devicesInReach(tenant, sql`d.device_id`, reach);
  const listed = statuses?.map((status) => sql`${status}`) ?? [];
  const withStatus = statuses ? sql`d.status IN (${sql.join(listed, sql`, `)})` : sql`TRUE`;
  return ids
    ? sql`FROM ${devicesTable} d WHERE d.tenant_id = ${tenant} AND ${inJson(sql`d.device_id`, ids)} AND +${withStatus} AND ${reached}
        ORDER BY +d.status, +d.device_id`
    : sql`FROM ${devicesTable} d INDEXED BY devices_by_status WHERE d.tenant_id = ${tenant} AND ${
        after
          ? sql`+${withStatus} AND (d.status, d.device_id) > (${after.status}, ${after.device_id})`
          : withStatus
      } AND ${reached}
        ORDER BY d.status, d.device_id`;
}

/** Devices by status, then id. */
export function devicesStatement(
  tenant: TenantId,
  filter: DeviceFilter,
  page: { limit: number; offset: number; after?: DevicePlace | undefined },
): Statement<Device[]> {
  const statement = rows<DeviceRow>(
    sql`SELECT ${deviceColumns} ${matching(tenant, filter, page.after)} LIMIT ${page.limit} OFFSET ${page.offset}`,
  );
  return { ...statement, read: (result) => statement.read(result).map(toDevice) };
}

/** The place so many devices behind another in that order. */
export const devicePlaceStatement = (
  tenant: TenantId,
  filter: DeviceFilter,
  after: DevicePlace | undefined,
  devices: number,
): Statement<DevicePlace | undefined> =>
  firstRow(
    sql`SELECT d.status, d.device_id ${matching(tenant, filter, after)} LIMIT 1 OFFSET ${devices - 1}`,
  );

export interface DeviceCount {
  status: DeviceStatus;
  tier: Tier;
  devices: number;
}

/** Of all devices, or of those in the groups within reach. */
export const deviceCountsStatement = (tenant: TenantId, reach: DeviceReach): Statement<DeviceCount[]> =>
  reach === "all"
    ? rows(
        sql`SELECT status, tier, devices FROM ${deviceCountsTable} WHERE tenant_id = ${tenant} AND devices > 0`,
      )
    : rows(sql`
        SELECT status, tier, devices FROM ${inventoryCountsTable}
        WHERE tenant_id = ${tenant} AND devices > 0 AND ${groupsInReach(reach)}`);

export const addDeviceStatement = (tenant: TenantId, device: Device, identity: Identity): Statement<number> =>
  change(sql`
    INSERT ${into(devicesTable, "tenant_id, device_id, identity_hash, identity, status, revision, tier, provisioned, created_ms, updated_ms, seen_ms")}
    VALUES (${tenant}, ${device.id}, ${identity.hash}, ${identity.text}, ${device.status}, ${device.revision}, ${device.tier},
      ${Number(device.provisioned)}, ${device.createdMs}, ${device.updatedMs}, ${device.createdMs})`);

/** Fails the batch if the device has changed or gone since it was read. */
export const demandUnchanged = (tenant: TenantId, device: Device): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${devicesTable}
      WHERE tenant_id = ${tenant} AND device_id = ${device.id} AND revision = ${device.revision})`,
    "stale",
  );

/** Stores the next state of a device that `demandUnchanged` guards. */
export const updateDeviceStatement = (tenant: TenantId, next: Device): Statement<number> =>
  change(sql`
    UPDATE ${devicesTable} SET status = ${next.status}, revision = ${next.revision}, tier = ${next.tier},
      provisioned = ${Number(next.provisioned)}, updated_ms = ${next.updatedMs}
    WHERE tenant_id = ${tenant} AND device_id = ${next.id}`);

/** Whether provisioning is done, as an operator's script sees it. */
export const setProvisionedStatement = (
  tenant: TenantId,
  device: string,
  provisioned: boolean,
): Statement<number> =>
  change(sql`
    UPDATE ${devicesTable} SET provisioned = ${Number(provisioned)}, revision = revision + 1
    WHERE tenant_id = ${tenant} AND device_id = ${device}`);

export const setExternalStatement = (
  tenant: TenantId,
  device: string,
  external: ExternalDevice,
): Statement<number> =>
  change(sql`
    UPDATE ${devicesTable} SET external = ${JSON.stringify(external)} WHERE tenant_id = ${tenant} AND device_id = ${device}`);
