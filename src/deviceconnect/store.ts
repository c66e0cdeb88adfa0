import { sql } from "drizzle-orm";
import { change, firstRow, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";

export interface ConnectionRow {
  connected: number;
  created_ms: number;
  updated_ms: number;
}

export const connectionOf = (tenant: TenantId, device: DeviceId): Statement<ConnectionRow | undefined> =>
  firstRow<ConnectionRow>(sql`
    SELECT connected, created_ms, updated_ms FROM device_connections
    WHERE tenant_id = ${tenant} AND device_id = ${device}`);

export interface ConnectionChange {
  tenant: TenantId;
  device: DeviceId;
  connected: boolean;
  version: number;
}

/** Records a connect or disconnect unless a newer connection has said something already. */
export const putConnection = (to: ConnectionChange, atMs: number): Statement<number> =>
  change(sql`
    INSERT INTO device_connections (tenant_id, device_id, connected, version, created_ms, updated_ms)
    VALUES (${to.tenant}, ${to.device}, ${to.connected ? 1 : 0}, ${to.version}, ${atMs}, ${atMs})
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET connected = excluded.connected, version = excluded.version, updated_ms = excluded.updated_ms
    WHERE excluded.version >= version`);

export const removeConnection = (tenant: TenantId, device: DeviceId): Statement<number> =>
  change(sql`DELETE FROM device_connections WHERE tenant_id = ${tenant} AND device_id = ${device}`);
