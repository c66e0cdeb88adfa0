import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const artifactsTable = sqliteTable(
  "artifacts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    artifact_id: text().notNull(),
    name: text().notNull(),
    description: text(),
    device_types: text().notNull(),
    update_types: text().notNull(),
    image: text().notNull(),
    layout: text().notNull(),
    size: integer().notNull(),
    modified_ms: integer().notNull(),
    created_ms: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.artifact_id] })],
);

export const artifactObjectsTable = sqliteTable(
  "artifact_objects",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    object_key: text().notNull(),
    artifact_id: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.object_key, row.artifact_id] })],
);

export const artifactCombinationsTable = sqliteTable(
  "artifact_combinations",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    name: text().notNull(),
    combination: text().notNull(),
    artifact_id: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.name, row.combination] })],
);

export const artifactDeviceTypesTable = sqliteTable(
  "artifact_device_types",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    name: text().notNull(),
    device_type: text().notNull(),
    artifact_id: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.name, row.device_type, row.artifact_id] })],
);

export const releasesTable = sqliteTable(
  "releases",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    name: text().notNull(),
    artifacts_count: integer().notNull(),
    device_types: text().notNull(),
    update_types: text().notNull(),
    tags: text().notNull().default("[]"),
    notes: text().notNull().default(""),
    modified_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.name] })],
);

export const releaseTagsTable = sqliteTable(
  "release_tags",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    tag: text().notNull(),
    name: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.tag, row.name] })],
);

export const updateTypesTable = sqliteTable(
  "update_types",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    update_type: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.update_type] })],
);

export const artifactKeysTable = sqliteTable(
  "artifact_keys",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    key_id: text().notNull(),
    name: text().notNull(),
    pem: text().notNull(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.key_id] })],
);

export const artifactGenerationsTable = sqliteTable(
  "artifact_generations",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    artifact_id: text().notNull(),
    name: text().notNull(),
    description: text(),
    device_types: text().notNull(),
    payload: text().notNull(),
    actor: text().notNull(),
    source_key: text().notNull(),
    size: integer().notNull(),
    sha256: text().notNull(),
    written: integer().notNull().default(0),
    finished_ms: integer(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.artifact_id] })],
);
