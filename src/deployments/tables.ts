import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId } from "../platform/ids.ts";

export const deploymentsTable = sqliteTable(
  "deployments",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    deployment_id: text().notNull(),
    kind: text({ enum: ["software", "configuration"] }).notNull(),
    name: text().notNull(),
    artifact_name: text().notNull(),
    force_installation: integer().notNull().default(0),
    created_ms: integer().notNull(),
    scope: text({ enum: ["list", "group", "all"] }).notNull(),
    group_names: text().notNull().default("[]"),
    phases: text(),
    retries: integer().notNull().default(0),
    update_control_map: text(),
    configuration: text(),
    fingerprint: text().notNull(),
    idempotency_key: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq] })],
);

export const deploymentCountersTable = sqliteTable(
  "deployment_counters",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    stage: integer().notNull().default(0),
    wide_open: integer().notNull().default(0),
    targeted: integer().notNull().default(1),
    targeted_to: text(),
    opens_ms: integer().notNull(),
    max_devices: integer().notNull(),
    remaining: integer().notNull(),
    unseen: integer().notNull(),
    unseen_aborted: integer().notNull().default(0),
    failure: integer().notNull().default(0),
    aborted: integer().notNull().default(0),
    pause_before_installing: integer().notNull().default(0),
    pause_before_committing: integer().notNull().default(0),
    pause_before_rebooting: integer().notNull().default(0),
    downloading: integer().notNull().default(0),
    installing: integer().notNull().default(0),
    rebooting: integer().notNull().default(0),
    pending: integer().notNull().default(0),
    success: integer().notNull().default(0),
    noartifact: integer().notNull().default(0),
    already_installed: integer().notNull().default(0),
    decommissioned: integer().notNull().default(0),
    total_size: integer().notNull().default(0),
    finished_ms: integer(),
    aborted_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq] })],
);

export const deploymentTargetsTable = sqliteTable(
  "deployment_targets",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    first_id: text().notNull(),
    last_id: text().notNull(),
    ids: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.first_id] })],
);

export const deploymentArtifactsTable = sqliteTable(
  "deployment_artifacts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    artifact_id: text().notNull(),
    size: integer().notNull(),
    device_types: text().notNull(),
    depends: text().notNull(),
    image: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.artifact_id] })],
);

export const deviceDeploymentsTable = sqliteTable(
  "device_deployments",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    seq: integer().notNull(),
    status: integer().notNull(),
    active: integer().notNull(),
    opens_ms: integer().notNull(),
    attempts: integer().notNull().default(0),
    substate: text(),
    has_log: integer().notNull().default(0),
    joined_ms: integer(),
    started_ms: integer(),
    finished_ms: integer(),
    deleted_ms: integer(),
    device_type: text(),
    artifact_name: text(),
    artifact_id: text(),
    provides: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id, row.seq] })],
);
