import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const tenantsTable = sqliteTable("tenants", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  name: text().notNull(),
  tenant_token: text().notNull(),
  status: text({ enum: ["active", "suspended"] })
    .notNull()
    .default("active"),
  plan: text().notNull().default("enterprise"),
  device_tokens_revoked_s: integer().notNull().default(0),
  created_ms: integer().notNull(),
  updated_ms: integer().notNull(),
  revocations: integer().notNull().default(0),
  require_2fa: integer().notNull().default(0),
  addons: text().notNull().default('["configure","troubleshoot","monitor"]'),
  trial_ends_ms: integer(),
  service_provider: integer().notNull().default(0),
  parent_id: text().$type<TenantId>(),
  max_children: integer(),
  additional_info: text().notNull().default("{}"),
  api_limits: text(),
  binary_delta: integer().notNull().default(1),
  cancelled_ms: integer(),
  suspend_at_ms: integer(),
  remove_at_ms: integer(),
  require_2fa_roles: text().notNull().default("[]"),
});

export const tenantLimitsTable = sqliteTable(
  "tenant_limits",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    name: text().notNull(),
    value: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.name] })],
);

export const usageDaysTable = sqliteTable(
  "usage_days",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    day: text().notNull(),
    requests: integer().notNull().default(0),
    checks: integer().notNull().default(0),
    rows_read: integer().notNull().default(0),
    rows_written: integer().notNull().default(0),
    devices: integer().notNull().default(0),
    stored_bytes: integer().notNull().default(0),
    session_s: integer().notNull().default(0),
    downloaded_bytes: integer().notNull().default(0),
    told: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.day] })],
);
