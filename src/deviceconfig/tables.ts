import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId } from "../platform/ids.ts";

export const deviceConfigurationsTable = sqliteTable(
  "device_configurations",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    configured: text().notNull().default("{}"),
    reported: text().notNull().default("{}"),
    deployment_id: text(),
    updated_ms: integer(),
    reported_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id] })],
);

export const configurationDefaultsTable = sqliteTable(
  "configuration_defaults",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    source: text().notNull(),
    source_id: text().notNull(),
    configured: text().notNull(),
    updated_ms: integer().notNull(),
    priority: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.source, row.source_id] })],
);
