import { sql } from "drizzle-orm";
import { customType, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "./ids.ts";

const timestamp = customType<{ data: string }>({ dataType: () => "TIMESTAMP" });

export const outboxTable = sqliteTable(
  "outbox",
  {
    id: text().notNull(),
    tenant_id: text().$type<TenantId>().notNull(),
    kind: text().notNull(),
    subject: text().notNull(),
    data: text().notNull(),
    created_ms: integer().notNull(),
    due_ms: integer().notNull(),
    attempts: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.id] })],
);

export const auditLogTable = sqliteTable(
  "audit_log",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    time_ms: integer().notNull(),
    id: text().notNull(),
    actor_type: text().notNull(),
    actor_id: text().notNull(),
    actor_email: text(),
    action: text().notNull(),
    object_type: text().notNull(),
    object_id: text().notNull(),
    object: text().notNull(),
    change: text(),
    meta: text(),
    /** What the public document can describe; the expression is in the migration named. */
    plain: integer().generatedAlwaysAs(sql`0029_audit_plain.sql`),
    /** Place in the log of the tenant, from 1; null in entries that are older than the places. */
    position: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.time_ms, row.id] })],
);

/** How far the log of a tenant is sealed. */
export const auditChainsTable = sqliteTable("audit_chains", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  /** The last sealed entry. */
  position: integer().notNull(),
  hash: text().notNull(),
  /** When the first entry with a place was made, and how many there were without one. */
  begun_ms: integer().notNull(),
  unchained: integer().notNull(),
  /** The last entry that is gone because of its age. */
  anchor_position: integer().notNull(),
  anchor_hash: text().notNull(),
  /** Of this installation, over all of the above. */
  signature: text().notNull(),
  sealed_ms: integer().notNull(),
  checkpoint_position: integer().notNull().default(0),
  checkpoint_ms: integer().notNull().default(0),
});

export const auditSealsTable = sqliteTable(
  "audit_seals",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    position: integer().notNull(),
    hash: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.position] })],
);

export const jobsTable = sqliteTable(
  "jobs",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    job_id: text().notNull(),
    workflow: text().notNull(),
    version: integer().notNull(),
    subject: text(),
    status: text({ enum: ["pending", "processing", "done", "failed", "cancelled"] }).notNull(),
    input: text().notNull(),
    step: integer().notNull().default(0),
    attempt: integer().notNull().default(0),
    run: integer().notNull().default(1),
    leased_ms: integer().notNull().default(0),
    failure: text(),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.job_id] })],
);

/** Events that the world is told of, in pages (`src/platform/stream.ts`). */
export const eventPagesTable = sqliteTable(
  "event_pages",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    /** The position of its first event. */
    first: integer().notNull(),
    events: integer().notNull(),
    begun_ms: integer().notNull(),
    /** JSON objects with commas between them. */
    body: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.first] })],
);

/** Who is told of them. */
export const eventReceiversTable = sqliteTable(
  "event_receivers",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    receiver_id: text().notNull(),
    kind: text().notNull(),
    types: text().notNull(),
    position: integer().notNull(),
    ahead: text().notNull().default("[]"),
    failures: integer().notNull().default(0),
    paused_ms: integer().notNull().default(0),
    leased_ms: integer().notNull().default(0),
    waiting_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.receiver_id] })],
);

/** Tenants whose events somebody follows as they happen. */
export const eventFollowersTable = sqliteTable("event_followers", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  since_ms: integer().notNull(),
});

/** In which database the rows of a tenant are; without a row in the directory itself. */
export const tenantHomesTable = sqliteTable("tenant_homes", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  home: text().notNull(),
  jurisdiction: text(),
  changed: integer().notNull().default(1),
  copied: integer().notNull().default(0),
});

/** What a database knows of tenants that came or go. */
export const tenantDoorsTable = sqliteTable("tenant_doors", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  state: text({ enum: ["open", "reading", "shut"] })
    .notNull()
    .default("open"),
  copied: integer().notNull().default(0),
  turn: integer().notNull().default(0),
});

/** Tenants that are brought to another database. */
export const tenantMovesTable = sqliteTable("tenant_moves", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  source: text().notNull(),
  target: text().notNull(),
  step: text({
    enum: [
      "pausing",
      "copying",
      "checking",
      "opening",
      "switching",
      "closing",
      "removing",
      "reopening",
      "clearing",
      "done",
      "failed",
      "cancelled",
    ],
  }).notNull(),
  paused: integer().notNull(),
  position: text().notNull(),
  begun_ms: integer().notNull(),
  paused_ms: integer(),
  resumed_ms: integer(),
  updated_ms: integer().notNull(),
  leased_ms: integer().notNull().default(0),
  attempts: integer().notNull().default(0),
  failure: text(),
});

/** The migrations that were applied, as wrangler keeps them. */
export const d1MigrationsTable = sqliteTable("d1_migrations", {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text(),
  applied_at: timestamp()
    .notNull()
    .default(sql`CURRENT_TIMESTAMP`),
});

export const tenantImportsTable = sqliteTable("tenant_imports", {
  import_id: text().primaryKey(),
  step: text({
    enum: [
      "uploading",
      "checking",
      "claiming",
      "looking",
      "writing",
      "finishing",
      "opening",
      "closing",
      "clearing",
      "dropping",
      "done",
      "failed",
      "cancelled",
    ],
  }).notNull(),
  archive: text().notNull(),
  is_sent: integer().notNull(),
  size: integer().notNull(),
  etag: text(),
  multipart_id: text(),
  tenant: text().$type<TenantId>(),
  home: text(),
  jurisdiction: text(),
  position: text().notNull(),
  failure: text(),
  attempts: integer().notNull().default(0),
  created_ms: integer().notNull(),
  updated_ms: integer().notNull(),
  leased_ms: integer().notNull().default(0),
  ended_ms: integer(),
});
