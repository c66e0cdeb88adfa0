import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const objectsTable = sqliteTable(
  "objects",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    object_key: text().notNull(),
    state: text({ enum: ["writing", "collecting", "stored", "doomed"] }).notNull(),
    multipart_id: text(),
    size: integer().notNull().default(0),
    payload_sha256: text(),
    payload_offset: integer(),
    payload_size: integer(),
    alive_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.object_key] })],
);

export const storageUsageTable = sqliteTable("storage_usage", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  bytes: integer().notNull(),
});

export const uploadsTable = sqliteTable(
  "uploads",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    upload_id: text().notNull(),
    state: text({ enum: ["open", "verifying", "done", "failed"] }).notNull(),
    object_key: text().notNull(),
    description: text(),
    actor: text().notNull(),
    failure: text(),
    attempts: integer().notNull().default(0),
    leased_until_ms: integer().notNull().default(0),
    expires_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.upload_id] })],
);

export const uploadPartsTable = sqliteTable(
  "upload_parts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    upload_id: text().notNull(),
    part: integer().notNull(),
    etag: text().notNull(),
    size: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.upload_id, row.part] })],
);

export const orphanSweepTable = sqliteTable("orphan_sweep", {
  id: integer().primaryKey(),
  after_key: text().notNull(),
});

export const storageSettingsTable = sqliteTable("storage_settings", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  settings: text().notNull(),
});
