import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId } from "../platform/ids.ts";

export const iotIntegrationsTable = sqliteTable(
  "iot_integrations",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    integration_id: text().notNull(),
    provider: text({ enum: ["iot-core", "iot-hub", "webhook"] }).notNull(),
    target: text().notNull(),
    description: text(),
    scopes: text(),
    credentials: text().notNull(),
    shown: text().notNull(),
    created_ms: integer().notNull(),
    failures: integer().notNull().default(0),
    paused_ms: integer().notNull().default(0),
    leased_ms: integer().notNull().default(0),
    waiting_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.integration_id] })],
);

export const iotEventsTable = sqliteTable(
  "iot_events",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    /** In the order of the changes that they tell of. */
    position: integer().notNull(),
    event_id: text().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    type: text().notNull(),
    data: text().notNull(),
    time_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.position] })],
);

export const iotDeliveriesTable = sqliteTable(
  "iot_deliveries",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    position: integer().notNull(),
    integration_id: text().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    status: text({ enum: ["pending", "done", "failed"] }).notNull(),
    attempts: integer().notNull().default(0),
    due_ms: integer().notNull(),
    status_code: integer(),
    error: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.position, row.integration_id] })],
);

export const iotDevicesTable = sqliteTable(
  "iot_devices",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    integration_id: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id, row.integration_id] })],
);
