import { customType, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId } from "../platform/ids.ts";

/** A number where the value is one, otherwise text. */
const any = customType<{ data: string | number }>({ dataType: () => "ANY" });

export const inventoryValuesTable = sqliteTable(
  "inventory_values",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    key: text().notNull(),
    value: any().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.key, row.value, row.device_id] })],
);

export const inventoryKeysTable = sqliteTable(
  "inventory_keys",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    key: text().notNull(),
    devices: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.key] })],
);

export const inventoryTotalsTable = sqliteTable(
  "inventory_totals",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    query: text().notNull(),
    total: integer().notNull(),
    counted_ms: integer().notNull(),
    result: text(),
    counting_ms: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.query] })],
);

export const inventoryFiltersTable = sqliteTable(
  "inventory_filters",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    filter_id: text().notNull(),
    name: text().notNull(),
    terms: text().notNull(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.filter_id] })],
);
