import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const deviceCountsTable = sqliteTable(
  "device_counts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    status: text().notNull(),
    tier: text().notNull(),
    devices: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.status, row.tier] })],
);

export const testDeviceChangesTable = sqliteTable(
  "test_device_changes",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    day: integer().notNull(),
    changes: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.day] })],
);

export const autoAcceptRulesTable = sqliteTable(
  "auto_accept_rules",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    rule_id: text().notNull(),
    name: text().notNull(),
    identity: text().notNull(),
    secret_hash: text(),
    expires_ms: integer(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.rule_id] })],
);

export const admissionSettingsTable = sqliteTable("admission_settings", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  pending_life_ms: integer().notNull(),
  refuse_weak_keys: integer().notNull().default(0),
});

export const tokenRevocationsTable = sqliteTable(
  "token_revocations",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    auth_set_id: text().notNull(),
    revoked_s: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.auth_set_id] })],
);

export const waitingRemovalsTable = sqliteTable("waiting_removals", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  hour: integer().notNull(),
  devices: integer().notNull(),
});
