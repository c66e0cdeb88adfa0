import { sql, type SQL } from "drizzle-orm";
import type { Actor } from "../platform/actor.ts";
import type { AuditEntry } from "../platform/audit.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { change, demand, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { into } from "../platform/columns.ts";
import { tenantLimitsTable } from "../tenants/index.ts";
import { devicesTable, authSetsTable } from "../devices/index.ts";
import { limitNameOf, WAITING_LIMIT } from "./limit-store.ts";
import type { DeviceStatus } from "./states.ts";
import { TIERS } from "./states.ts";
import { deviceCountsTable, waitingRemovalsTable } from "./tables.ts";

/** Devices that may wait beyond those that may be accepted, unless the tenant has a limit of its own. */
const DEFAULT_WAITING_DEVICES = 1000;

const tierLimits = sql.join(
  TIERS.map((tier) => sql`${limitNameOf(tier)}`),
  sql`, `,
);

/** In SQL: how many devices of a tenant may wait; negative for any number. */
export const roomOf = (tenant: SQL): SQL => sql`COALESCE(
  (SELECT value FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} AND name = ${WAITING_LIMIT}),
  ${DEFAULT_WAITING_DEVICES} + COALESCE((SELECT SUM(value) FROM ${tenantLimitsTable}
    WHERE tenant_id = ${tenant} AND value > 0 AND name IN (${tierLimits})), 0))`;

/** In SQL: how many devices of a tenant wait. */
export const waitingOf = (tenant: SQL): SQL =>
  sql`(SELECT COALESCE(SUM(devices), 0) FROM ${deviceCountsTable} WHERE tenant_id = ${tenant} AND status = 'pending')`;

export interface Waiting {
  waiting: number;
  room: number;
  /** Hour since 1970, and how many had to go in it; null if never any had to. */
  hour: number | null;
  removed: number | null;
}

export const waitingStatement = (tenant: TenantId): Statement<Waiting> =>
  mapped(
    firstRow<Waiting>(sql`
      SELECT ${waitingOf(sql`${tenant}`)} AS waiting, ${roomOf(sql`${tenant}`)} AS room, r.hour, r.devices AS removed
      FROM (SELECT 1) LEFT JOIN ${waitingRemovalsTable} r ON r.tenant_id = ${tenant}`),
    (row) => row ?? { waiting: 0, room: 0, hour: null, removed: null },
  );

/** Looked at for the oldest of those that wait; of more, those count that have been silent the longest. */
const OLDEST_AMONG = 500;

/** When the first of the devices that wait asked; undefined if none does. */
export const oldestWaitingStatement = (tenant: TenantId): Statement<number | undefined> =>
  mapped(
    firstRow<{ ms: number | null }>(sql`
      SELECT min(created_ms) AS ms FROM (
        SELECT created_ms FROM ${devicesTable} INDEXED BY devices_waiting
        WHERE tenant_id = ${tenant} AND status = 'pending' AND provisioned = 0 ORDER BY seen_ms LIMIT ${OLDEST_AMONG})`),
    (row) => row?.ms ?? undefined,
  );

/** Fails the batch if no further device may wait, so that of many at once none exceeds the room. */
export const demandRoom = (tenant: TenantId, room: number): Statement<void> =>
  demand(sql`${room} < 0 OR ${waitingOf(sql`${tenant}`)} < ${room}`, "stale");

/** Waiting devices, those first that have been silent the longest. Never such as were accepted once. */
export const longestUnseenStatement = (tenant: TenantId, limit: number): Statement<{ device: DeviceId }[]> =>
  rows(sql`
    SELECT device_id AS device FROM ${devicesTable} INDEXED BY devices_waiting
    WHERE tenant_id = ${tenant} AND status = 'pending' AND provisioned = 0 ORDER BY seen_ms LIMIT ${limit}`);

/** Notes that a waiting device was heard of. */
export const noteSeenStatement = (tenant: TenantId, device: DeviceId, atMs: number): Statement<number> =>
  change(sql`
    UPDATE ${devicesTable} SET seen_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND status = 'pending' AND seen_ms < ${atMs}`);

/** Counts devices that had to go, and records it once an hour however many these are. */
export const countRemovalsStatements = (
  actor: Actor,
  entry: AuditEntry,
  { devices, hour, atMs }: { devices: number; hour: number; atMs: number },
): Statement<unknown>[] => [
  change(sql`
    INSERT ${into(waitingRemovalsTable, "tenant_id, hour, devices")} VALUES (${actor.tenant}, ${hour}, 0)
    ON CONFLICT DO UPDATE SET hour = excluded.hour, devices = 0 WHERE hour <> excluded.hour`),
  addAuditIfChanged(actor, entry, atMs),
  change(
    sql`UPDATE ${waitingRemovalsTable} SET devices = devices + ${devices} WHERE tenant_id = ${actor.tenant}`,
  ),
];

/** Fails the batch unless the device is there in this status. */
export const demandStatus = (tenant: TenantId, device: DeviceId, status: DeviceStatus): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${devicesTable}
      WHERE tenant_id = ${tenant} AND device_id = ${device} AND status = ${status})`,
    "stale",
  );

/** Leaves a device so many of its waiting sets, the newest. */
export const trimWaitingSetsStatement = (
  tenant: TenantId,
  device: DeviceId,
  keep: number,
): Statement<number> =>
  change(sql`
    DELETE FROM ${authSetsTable} WHERE tenant_id = ${tenant} AND auth_set_id IN (
      SELECT auth_set_id FROM ${authSetsTable} INDEXED BY auth_sets_by_device
      WHERE tenant_id = ${tenant} AND device_id = ${device} AND status = 'pending'
      ORDER BY created_ms DESC, auth_set_id DESC LIMIT -1 OFFSET ${keep})`);

/** Notes a change of a device's sets that leaves its status as it is. */
export const touchDeviceStatement = (tenant: TenantId, device: DeviceId, atMs: number): Statement<number> =>
  change(sql`
    UPDATE ${devicesTable} SET revision = revision + 1, seen_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND device_id = ${device}`);
