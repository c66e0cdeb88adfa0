import { integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { RuleKind, ServerKind } from "./rules.ts";

export const monitorAlertsTable = sqliteTable(
  "monitor_alerts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    alert_id: text().notNull(),
    at_ms: integer().notNull(),
    received_ms: integer().notNull(),
    alert: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id, row.alert_id] })],
);

export const monitorLatestTable = sqliteTable(
  "monitor_latest",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    subject: text().notNull(),
    alert_id: text().notNull(),
    level: text().notNull(),
    at_ms: integer().notNull(),
    received_ms: integer().notNull(),
    alert: text().notNull(),
    changes: integer().notNull(),
    changes_since_ms: integer().notNull(),
    acknowledged: text(),
    told: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id, row.subject] })],
);

export const monitorDevicesTable = sqliteTable(
  "monitor_devices",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    device_id: text().$type<DeviceId>().notNull(),
    revision: integer().notNull(),
    checks: text().notNull().default("[]"),
    alerts_left: real().notNull(),
    mails_left: real().notNull(),
    counted_ms: integer().notNull(),
    folded: integer().notNull().default(0),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.device_id] })],
);

/** A row silences a user; one without a user, everybody. */
export const monitorSilencedTable = sqliteTable(
  "monitor_silenced",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    user_id: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.user_id] })],
);

/** What the server itself finds wrong, while it is. */
export const serverAlertsTable = sqliteTable(
  "server_alerts",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    raised_ms: integer().notNull(),
    kind: text().$type<ServerKind>().notNull(),
    object: text().notNull(),
    level: text().notNull(),
    text: text().notNull(),
    acknowledged: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.raised_ms, row.kind, row.object] })],
);

/** A column that is null stands for all. */
export const monitorMutesTable = sqliteTable(
  "monitor_mutes",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    mute_id: text().notNull(),
    device_id: text().$type<DeviceId>(),
    group_name: text(),
    subject: text(),
    until_ms: integer(),
    reason: text().notNull(),
    created_by: text().notNull(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.mute_id] })],
);

/** The empty name stands for devices of every group. */
export const monitorRulesTable = sqliteTable(
  "monitor_rules",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    kind: text().$type<RuleKind>().notNull(),
    group_name: text().notNull(),
    enabled: integer().notNull(),
    mail: integer().notNull(),
    level: text({ enum: ["WARNING", "CRITICAL"] }).notNull(),
    threshold: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.kind, row.group_name] })],
);
