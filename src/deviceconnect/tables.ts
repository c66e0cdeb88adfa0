import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId, UserId } from "../platform/ids.ts";
import type { SessionKind, UNSPOKEN } from "./sockets.ts";

export const deviceConnectionsTable = sqliteTable(
  "device_connections",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    connected: integer().notNull(),
    version: integer().notNull(),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id] })],
);

export const deviceSessionsTable = sqliteTable(
  "device_sessions",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    session_id: text().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    user_id: text().$type<UserId>().notNull(),
    user_email: text().notNull(),
    kind: text().$type<SessionKind | typeof UNSPOKEN>().notNull(),
    started_ms: integer().notNull(),
    ended_ms: integer(),
    pieces: integer().notNull().default(0),
    recorded_bytes: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.session_id] })],
);
