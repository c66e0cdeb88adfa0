import { integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const deploymentRulesTable = sqliteTable(
  "deployment_rules",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    salt: integer().notNull().default(0),
    canaries: text(),
    per_minute: integer(),
    at_once: integer(),
    budget_path: text(),
    budget_at_once: integer(),
    windowed: integer().notNull().default(0),
    zone_path: text(),
    timeout_ms: integer(),
    stuck_ms: integer(),
    stuck_after: text(),
    retry_kinds: text(),
    retry_pause_ms: integer().notNull().default(0),
    retry_most_ms: integer().notNull().default(0),
    budget_bytes: integer(),
    retry_causes: text(),
    ahead: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq] })],
);

export const deploymentPhasesTable = sqliteTable(
  "deployment_phases",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    phase: integer().notNull(),
    phase_id: text().notNull(),
    batch_size: real(),
    batch_size_devices: integer(),
    start_ms: integer(),
    start_ts: text(),
    size_to: integer(),
    capacity: integer(),
    threshold: integer(),
    opens_ms: integer(),
    min_results: integer(),
    min_success: real(),
    min_approvals: integer().notNull().default(0),
    after_ms: integer(),
    approvals: text().notNull().default("{}"),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.phase] })],
);

export const deploymentTalliesTable = sqliteTable(
  "deployment_tallies",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    phase: integer().notNull(),
    device_type: text().notNull(),
    outcome: text().notNull(),
    devices: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.phase, row.device_type, row.outcome] })],
);

export const deploymentStopRulesTable = sqliteTable(
  "deployment_stop_rules",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    rule: integer().notNull(),
    kinds: text(),
    device_types: text(),
    per_type: integer().notNull().default(0),
    min_results: integer().notNull(),
    max_percent: real(),
    max_devices: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.rule] })],
);

export const deploymentWindowsTable = sqliteTable(
  "deployment_windows",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    zone: text().notNull(),
    from_ms: integer().notNull(),
    to_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.zone] })],
);

export const deploymentBudgetsTable = sqliteTable(
  "deployment_budgets",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    value: text().notNull(),
    devices: integer().notNull().default(0),
    day: integer().notNull().default(0),
    bytes: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.value] })],
);

export const deploymentVerdictsTable = sqliteTable(
  "deployment_verdicts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    measure: text().notNull(),
    verdict: text({ enum: ["no_evidence", "worse", "cleared"] })
      .notNull()
      .default("no_evidence"),
    ln_evidence: real().notNull().default(0),
    ln_needed: real().notNull().default(0),
    usual: text(),
    kinds: text().notNull().default("[]"),
    results: integer().notNull().default(0),
    looked_ms: integer().notNull(),
    open: integer().notNull().default(1),
    stakes: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.measure] })],
);

export const deploymentWatchesTable = sqliteTable(
  "deployment_watches",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    horizon_s: integer().notNull(),
    members: text(),
    from_ms: integer().notNull(),
    due_ms: integer().notNull(),
    settling: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq, row.horizon_s] })],
);

export const deploymentSettingsTable = sqliteTable(
  "deployment_settings",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    approvals: integer().notNull().default(0),
    windows: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id] })],
);
