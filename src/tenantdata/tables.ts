import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId } from "../platform/ids.ts";

export const tenantExportsTable = sqliteTable(
  "tenant_exports",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    export_id: text().notNull(),
    state: text({ enum: ["running", "done", "failed"] }).notNull(),
    objects: text({ enum: ["included", "referenced"] }).notNull(),
    asked_by: text().notNull(),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
    expires_ms: integer().notNull(),
    leased_ms: integer().notNull().default(0),
    multipart_id: text(),
    parts: integer().notNull().default(0),
    position: text().notNull(),
    size: integer().notNull().default(0),
    failure: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.export_id] })],
);

export const tenantExportPartsTable = sqliteTable(
  "tenant_export_parts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    export_id: text().notNull(),
    part: integer().notNull(),
    etag: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.export_id, row.part] })],
);

export const tenantImportPartsTable = sqliteTable(
  "tenant_import_parts",
  {
    import_id: text().notNull(),
    part: integer().notNull(),
    etag: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.import_id, row.part] })],
);

export const journalsTable = sqliteTable("journals", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  state: text({ enum: ["on", "off", "restoring"] }).notNull(),
  state_ms: integer().notNull(),
  page: integer().notNull().default(1),
  since_ms: integer().notNull(),
  from_ms: integer().notNull(),
  from_device: text().$type<DeviceId>(),
  turned_ms: integer().notNull(),
  flushed_ms: integer().notNull(),
  oldest_ms: integer(),
  base_ms: integer().notNull().default(0),
  base: text(),
  bytes: integer().notNull().default(0),
  asked: integer().notNull().default(0),
});

export const journalMarksTable = sqliteTable(
  "journal_marks",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    page: integer().notNull(),
    subject: text().notNull(),
    key: text().notNull(),
    at_s: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.page, row.subject, row.key] })],
);

/** Tenants that are put back to what they were at a time. */
export const tenantRestoresTable = sqliteTable(
  "tenant_restores",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    restore_id: text().notNull(),
    step: text({
      enum: [
        "flushing",
        "loading",
        "comparing",
        "ready",
        "pausing",
        "sealing",
        "putting",
        "removing",
        "waiting",
        "settling",
        "telling",
        "opening",
        "clearing",
        "done",
        "failed",
        "cancelled",
      ],
    }).notNull(),
    dry_run: integer().notNull(),
    to_ms: integer().notNull(),
    cut_ms: integer(),
    position: text().notNull(),
    turn: integer().notNull().default(0),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
    paused_ms: integer(),
    resumed_ms: integer(),
    ended_ms: integer(),
    leased_ms: integer().notNull().default(0),
    attempts: integer().notNull().default(0),
    failure: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.restore_id] })],
);

/** What there was at that time. */
export const restoreRowsTable = sqliteTable(
  "restore_rows",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    subject: text().notNull(),
    key: text().notNull(),
    image: text().notNull(),
    identity_hash: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.subject, row.key] })],
);
