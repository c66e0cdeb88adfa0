import { sql, type SQL } from "drizzle-orm";
import { devicesInReach } from "../devices/index.ts";
import type { DeviceReach } from "../platform/reach.ts";
import { notPaused } from "../platform/apart.ts";
import { change, firstRow, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId, UserId } from "../platform/ids.ts";
import { into, columnsOf, type Row, type RowOf } from "../platform/columns.ts";
import { tenantLimitsTable } from "../tenants/index.ts";
import { UNSPOKEN, type SessionKind } from "./sockets.ts";
import { deviceConnectionsTable, deviceSessionsTable } from "./tables.ts";

const connectionColumns = columnsOf(deviceConnectionsTable, "connected, created_ms, updated_ms");

export type ConnectionRow = RowOf<typeof connectionColumns>;

export const connectionOf = (tenant: TenantId, device: DeviceId): Statement<ConnectionRow | undefined> =>
  firstRow<ConnectionRow>(sql`
    SELECT ${connectionColumns} FROM ${deviceConnectionsTable}
    WHERE tenant_id = ${tenant} AND device_id = ${device}`);

export interface ConnectionChange {
  tenant: TenantId;
  device: DeviceId;
  connected: boolean;
  version: number;
}

const putConnected = ({ tenant, device, version }: ConnectionChange, atMs: number) => sql`
  INSERT ${into(deviceConnectionsTable, "tenant_id, device_id, connected, version, created_ms, updated_ms")}
  VALUES (${tenant}, ${device}, 1, ${version}, ${atMs}, ${atMs})
  ON CONFLICT (tenant_id, device_id) DO UPDATE
  SET connected = 1, version = excluded.version, updated_ms = excluded.updated_ms
  WHERE excluded.version >= device_connections.version`;

/** Makes no record: the device may be forgotten by the time its socket is gone. */
const putDisconnected = ({ tenant, device, version }: ConnectionChange, atMs: number) => sql`
  UPDATE ${deviceConnectionsTable} SET connected = 0, version = ${version}, updated_ms = ${atMs}
  WHERE tenant_id = ${tenant} AND device_id = ${device} AND version <= ${version}`;

/** Records a connect or disconnect unless a newer connection has said something already. */
export const putConnection = (to: ConnectionChange, atMs: number): Statement<number> =>
  change(to.connected ? putConnected(to, atMs) : putDisconnected(to, atMs));

export const removeConnection = (tenant: TenantId, device: DeviceId): Statement<number> =>
  change(sql`DELETE FROM ${deviceConnectionsTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`);

/** Where the pieces of a recording lie. */
export const recordingFolder = (tenant: TenantId, sid: string): string => `recordings/${tenant}/${sid}/`;

export const pieceKey = (tenant: TenantId, sid: string, piece: number): string =>
  `${recordingFolder(tenant, sid)}${String(piece).padStart(6, "0")}`;

const columns = columnsOf(
  deviceSessionsTable,
  "session_id, device_id, user_id, user_email, kind, started_ms, ended_ms, pieces, recorded_bytes",
);

export type SessionRow = RowOf<typeof columns>;

interface StartedSession {
  tenant: TenantId;
  device: DeviceId;
  sid: string;
  user: string;
  email: string;
  kind: string;
  startedMs: number;
}

/** True unless the tenant has as many open sessions as it may. */
const isBelowLimit = (tenant: TenantId) => sql`NOT EXISTS (
    SELECT 1 FROM ${tenantLimitsTable} l
    WHERE l.tenant_id = ${tenant} AND l.name = 'remote_sessions' AND l.value >= 0 AND l.value <= (
      SELECT COUNT(*) FROM ${deviceSessionsTable} o WHERE o.tenant_id = ${tenant} AND o.ended_ms IS NULL))`;

/** Puts a session on record, and takes its place among those that the tenant may have at once, or changes nothing. */
export const startSessionRow = (session: StartedSession): Statement<number> =>
  change(sql`
    INSERT ${into(deviceSessionsTable, "tenant_id, session_id, device_id, user_id, user_email, kind, started_ms")}
    SELECT ${session.tenant}, ${session.sid}, ${session.device}, ${session.user}, ${session.email}, ${session.kind},
      ${session.startedMs}
    WHERE ${isBelowLimit(session.tenant)}`);

/** A session says what it is for; what it said first stays. */
export const setSessionKind = (tenant: TenantId, sid: string, kind: SessionKind): Statement<number> =>
  change(sql`
    UPDATE ${deviceSessionsTable} SET kind = ${kind}
    WHERE tenant_id = ${tenant} AND session_id = ${sid} AND kind = ${UNSPOKEN}`);

export const endSessionRow = (
  session: { tenant: TenantId; sid: string; pieces: number; bytes: number },
  endedMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${deviceSessionsTable} SET ended_ms = ${endedMs}, pieces = ${session.pieces}, recorded_bytes = ${session.bytes}
    WHERE tenant_id = ${session.tenant} AND session_id = ${session.sid} AND ended_ms IS NULL`);

/** Whose sessions are meant, and with which devices. */
export interface SessionReach {
  /** Everybody's when absent. */
  user: UserId | undefined;
  devices: DeviceReach;
}

const within = (tenant: TenantId, { user, devices }: SessionReach): SQL =>
  sql`${user === undefined ? sql`1` : sql`user_id = ${user}`} AND ${devicesInReach(tenant, sql`${deviceSessionsTable}.device_id`, devices)}`;

export const sessionRow = (
  tenant: TenantId,
  sid: string,
  reach: SessionReach,
): Statement<SessionRow | undefined> =>
  firstRow<SessionRow>(
    sql`SELECT ${columns} FROM ${deviceSessionsTable} WHERE tenant_id = ${tenant} AND session_id = ${sid} AND ${within(tenant, reach)}`,
  );

/** Where a list of sessions has come to. */
export type SessionPlace = Pick<SessionRow, "started_ms" | "session_id">;

/** Newest first, after a place. */
const newest = (tenant: TenantId, reach: SessionReach, after: SessionPlace | undefined): SQL => sql`
  FROM ${deviceSessionsTable} WHERE tenant_id = ${tenant} AND ${within(tenant, reach)} ${
    after
      ? sql`AND started_ms <= ${after.started_ms} AND (started_ms < ${after.started_ms} OR session_id > ${after.session_id})`
      : sql``
  } ORDER BY started_ms DESC, session_id`;

/** A page of sessions, one more than asked for so that the caller sees whether there are more. */
export const sessionRows = (
  tenant: TenantId,
  reach: SessionReach,
  { limit, offset, after }: { limit: number; offset: number; after: SessionPlace | undefined },
): Statement<SessionRow[]> =>
  rows<SessionRow>(
    sql`SELECT ${columns} ${newest(tenant, reach, after)} LIMIT ${limit + 1} OFFSET ${offset}`,
  );

/** The place so many sessions behind another. */
export const sessionPlace = (
  tenant: TenantId,
  reach: SessionReach,
  after: SessionPlace | undefined,
  passed: number,
): Statement<SessionPlace | undefined> =>
  firstRow<SessionPlace>(sql`
    SELECT started_ms, session_id ${newest(tenant, reach, after)} LIMIT 1 OFFSET ${passed - 1}`);

/** Devices after an id that a user, or anyone of the tenant, has an open session with, in the order of their ids. */
export const sessionDevices = (
  tenant: TenantId,
  user: string | undefined,
  after: string,
  limit: number,
): Statement<Row<typeof deviceSessionsTable, "device_id">[]> =>
  rows(sql`
    SELECT DISTINCT device_id FROM ${deviceSessionsTable}
    WHERE tenant_id = ${tenant} AND ended_ms IS NULL ${user === undefined ? sql`` : sql`AND user_id = ${user}`}
      AND device_id > ${after}
    ORDER BY device_id LIMIT ${limit}`);

/** The duty of removing old sessions with their recordings. */
export const RECORDING_REMOVAL = "remove-recording";

export type OldSession = Row<typeof deviceSessionsTable, "tenant_id" | "session_id">;

/** Sessions that began before a time, oldest first, whatever their tenant. */
export function sessionsBefore(beforeMs: number, nowMs: number, limit: number): Statement<OldSession[]> {
  const row = { tenant: sql`device_sessions.tenant_id`, key: sql`device_sessions.session_id` };
  return rows<OldSession>(sql`
    SELECT tenant_id, session_id FROM ${deviceSessionsTable}
    WHERE started_ms < ${beforeMs} AND ${notPaused(RECORDING_REMOVAL, row, nowMs)}
    ORDER BY started_ms LIMIT ${limit}`);
}

export const removeSessionRow = (tenant: TenantId, sid: string): Statement<number> =>
  change(sql`DELETE FROM ${deviceSessionsTable} WHERE tenant_id = ${tenant} AND session_id = ${sid}`);

/** Connected devices of a tenant after an id, in the order of their ids. */
export const connectedDevices = (
  tenant: TenantId,
  after: string,
  limit: number,
): Statement<Row<typeof deviceConnectionsTable, "device_id">[]> =>
  rows(sql`
    SELECT device_id FROM ${deviceConnectionsTable}
    WHERE tenant_id = ${tenant} AND connected = 1 AND device_id > ${after} ORDER BY device_id LIMIT ${limit}`);
