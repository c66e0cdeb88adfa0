import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../platform/ids.ts";

export const failureGroupsTable = sqliteTable(
  "failure_groups",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    fingerprint: text().notNull(),
    ending: text().notNull(),
    last_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.fingerprint] })],
);

export const failureCountsTable = sqliteTable(
  "failure_counts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    fingerprint: text().notNull(),
    seq: integer().notNull(),
    device_type: text().notNull(),
    devices: integer().notNull(),
    first_ms: integer().notNull(),
    last_ms: integer().notNull(),
    sample: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.fingerprint, row.seq, row.device_type] })],
);

export const deploymentProgressTable = sqliteTable(
  "deployment_progress",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    seq: integer().notNull(),
    points: text().notNull().default("[]"),
    step_ms: integer().notNull(),
    looked_ms: integer().notNull(),
    begun: integer().notNull().default(0),
    ended: integer().notNull().default(0),
    open: integer().notNull().default(1),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.seq] })],
);

export const deploymentTemplatesTable = sqliteTable(
  "deployment_templates",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    template_id: text().notNull(),
    name: text().notNull(),
    body: text().notNull(),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.template_id] })],
);

export const deploymentGroupWindowsTable = sqliteTable(
  "deployment_group_windows",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    group_name: text().notNull(),
    windows: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.group_name] })],
);
