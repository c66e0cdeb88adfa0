import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId } from "../platform/ids.ts";

export const devicesTable = sqliteTable(
  "devices",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    identity_hash: text().notNull(),
    identity: text().notNull(),
    status: text({ enum: ["accepted", "noauth", "pending", "preauthorized", "rejected"] }).notNull(),
    revision: integer().notNull(),
    tier: text({ enum: ["standard", "micro", "system"] })
      .notNull()
      .default("standard"),
    provisioned: integer().notNull().default(0),
    test_device: integer().notNull().default(0),
    external: text(),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
    seen_ms: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id] })],
);

export const authSetsTable = sqliteTable(
  "auth_sets",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    auth_set_id: text().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    key_hash: text().notNull(),
    pubkey: text().notNull(),
    tier: text({ enum: ["standard", "micro", "system"] })
      .notNull()
      .default("standard"),
    status: text({ enum: ["accepted", "preauthorized", "pending", "rejected"] }).notNull(),
    tokens_revoked_s: integer().notNull().default(0),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.auth_set_id] })],
);

export const inventoryDevicesTable = sqliteTable("inventory_devices", {
  device_no: integer().primaryKey(),
  tenant_id: text().$type<TenantId>().notNull(),
  device_id: text().$type<DeviceId>().notNull(),
  status: text(),
  status_revision: integer().notNull().default(0),
  tier: text().notNull().default("standard"),
  group_name: text(),
  created_ms: integer().notNull(),
  updated_ms: integer().notNull(),
  check_in_ms: integer(),
  attributes: text().notNull().default("{}"),
  report_revision: integer().notNull().default(0),
  tags_etag: text(),
  changed: text(),
  pledge: text(),
});

export const inventoryCountsTable = sqliteTable(
  "inventory_counts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    group_name: text().notNull(),
    status: text().notNull(),
    tier: text().notNull(),
    devices: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.group_name, row.status, row.tier] })],
);
