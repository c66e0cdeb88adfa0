import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const webhooksTable = sqliteTable(
  "webhooks",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    webhook_id: text().notNull(),
    name: text().notNull(),
    shape: text({ enum: ["cloudevents", "slack", "teams", "mail"] }).notNull(),
    shown: text().notNull(),
    filter: text().notNull(),
    batch: integer().notNull(),
    enabled: integer().notNull(),
    sealed: text().notNull(),
    old_until_ms: integer(),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.webhook_id] })],
);
