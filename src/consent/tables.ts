import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const consentSettingsTable = sqliteTable("consent_settings", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  remote_access: integer().notNull(),
  support_access: integer().notNull(),
  updated_ms: integer().notNull(),
});

export const accessGrantsTable = sqliteTable(
  "access_grants",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    grant_id: text().notNull(),
    kind: text({ enum: ["remote", "support"] }).notNull(),
    user_id: text().notNull(),
    user_email: text().notNull(),
    device_ids: text().notNull(),
    group_name: text(),
    reason: text().notNull(),
    status: text({ enum: ["asked", "approved", "refused", "revoked"] }).notNull(),
    until_ms: integer().notNull(),
    asked_by: text().notNull(),
    asked_ms: integer().notNull(),
    decided_by: text(),
    decided_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.grant_id] })],
);
