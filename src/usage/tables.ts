import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

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
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.day] })],
);
