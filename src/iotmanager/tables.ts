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
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.integration_id] })],
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
