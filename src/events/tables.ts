import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const eventLanesTable = sqliteTable(
  "event_lanes",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    receiver_id: text().notNull(),
    lane_id: text().notNull(),
    /** Events of this key only; null for all. */
    lane_key: text(),
    next: integer().notNull(),
    until: integer().notNull(),
    attempts: integer().notNull(),
    due_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.receiver_id, row.lane_id] })],
);

export const eventDeliveriesTable = sqliteTable(
  "event_deliveries",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    receiver_id: text().notNull(),
    part: integer().notNull(),
    begun_ms: integer().notNull(),
    outcomes: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.receiver_id, row.part] })],
);
