/**
 * `record`: what the tenant has, and what a copy of it has. `derived`: made from records by triggers or counted again,
 * so that a copy makes it anew. `passing`: good on this installation only, and only for a while.
 */
export type TableKind = "record" | "derived" | "passing";

/**
 * Where tenants are spread over databases, the database of a table: the `directory`, the tenant's `home`; `both` are
 * tables of which each database has rows of its own, or a home a copy.
 */
export type TablePlace = "directory" | "home" | "both";

/** A table with rows of tenants, by its column `tenant_id`. */
export interface TenantTable {
  name: string;
  kind: TableKind;
  place: TablePlace;
  /** Tells the rows of one tenant apart; they are read in its order. Empty where a tenant has one row. */
  key: readonly string[];
  /** The table of whose rows these are parts, by the columns that both have. */
  partOf?: readonly [table: string, ...columns: string[]];
  /** Columns that the database fills anew in a copy. */
  omit?: readonly string[];
  /** Rows with this value only are copied. */
  only?: readonly [column: string, value: string];
  /** What a column is in a copy, whatever it was. */
  reset?: Readonly<Record<string, 0>>;
  /** Columns with names of stored objects: each a name, or JSON in which each is the first of a list. */
  objects?: Readonly<Record<string, "name" | "layout">>;
  /** A column with JSON of somebody who acts in this tenant. */
  actor?: string;
}

type More = Omit<TenantTable, "name" | "kind" | "place" | "key">;

const table = (kind: TableKind, name: string, key: string, more: More = {}): TenantTable => ({
  name,
  kind,
  place: "home",
  key: key === "" ? [] : key.split(", "),
  ...more,
});

const record = (name: string, key: string, more?: More) => table("record", name, key, more);
const derived = (name: string, key: string) => table("derived", name, key);
const passing = (name: string, key: string, more?: More) => table("passing", name, key, more);

const placed =
  (place: TablePlace) =>
  (...tables: readonly TenantTable[]): TenantTable[] =>
    tables.map((one) => ({ ...one, place }));
const inDirectory = placed("directory");
const inBoth = placed("both");

/** The tenant's own row. */
export const TENANTS = "tenants";

/**
 * Every table with rows of tenants. Removal, copies and the tests that nothing is left or forgotten go by it. The order
 * is that of a copy: what a row is part of comes before it, and what recurring duties look for comes last, so that
 * they find all that it is about.
 */
export const TENANT_TABLES: readonly TenantTable[] = [
  ...inBoth(record(TENANTS, ""), record("tenant_limits", "name")),
  ...inDirectory(passing("tenant_homes", ""), passing("tenant_moves", "")),
  ...inBoth(passing("tenant_doors", "")),
  record("usage_days", "day"),

  ...inDirectory(
    record("users", "user_id"),
    record("memberships", "user_id"),
    record("user_tokens", "user_id, token_id"),
    record("account_secrets", "user_id, secret_id"),
    record("passkeys", "user_id, passkey_id"),
    record("settings", "owner"),
    record("roles", "name"),
    record("permission_sets", "name"),
    record("scim_groups", "role"),
    record("scim_tokens", "token_id"),
    record("sso_providers", "provider_id"),
    record("sso_identities", "issuer, subject"),
    record("sso_rules", ""),
    record("sso_shares", ""),
    record("sso_answered", "request_id"),
  ),

  record("devices", "device_id"),
  derived("device_counts", "status, tier"),
  record("auth_sets", "auth_set_id"),
  record("token_revocations", "auth_set_id"),
  record("auto_accept_rules", "rule_id"),
  record("admission_settings", ""),
  record("waiting_removals", ""),
  record("test_device_changes", "day"),

  record("inventory_devices", "device_id", { omit: ["device_no"] }),
  derived("inventory_values", "key, value, device_id"),
  derived("inventory_keys", "key"),
  derived("inventory_counts", "group_name, status, tier"),
  derived("inventory_totals", "query"),
  record("inventory_filters", "filter_id"),

  record("objects", "object_key", { only: ["state", "stored"], objects: { object_key: "name" } }),
  record("storage_usage", ""),
  record("storage_settings", ""),
  passing("uploads", "upload_id"),
  passing("upload_parts", "upload_id, part", { partOf: ["uploads", "upload_id"] }),

  record("artifacts", "artifact_id", { objects: { layout: "layout" } }),
  record("artifact_objects", "object_key, artifact_id", {
    partOf: ["artifacts", "artifact_id"],
    objects: { object_key: "name" },
  }),
  record("artifact_combinations", "name, combination", { partOf: ["artifacts", "artifact_id"] }),
  record("artifact_device_types", "name, device_type, artifact_id", { partOf: ["artifacts", "artifact_id"] }),
  record("artifact_generations", "artifact_id", { objects: { source_key: "name" }, actor: "actor" }),
  record("artifact_keys", "key_id"),
  record("releases", "name"),
  record("release_tags", "tag, name", { partOf: ["releases", "name"] }),
  record("update_types", "update_type"),

  record("device_configurations", "device_id"),
  record("configuration_defaults", "source, source_id"),
  record("device_connections", "device_id", { reset: { connected: 0 } }),
  record("device_sessions", "session_id"),
  record("access_grants", "grant_id"),
  record("consent_settings", ""),
  record("iot_integrations", "integration_id"),
  record("iot_devices", "device_id, integration_id"),
  record("monitor_devices", "device_id"),
  record("monitor_latest", "device_id, subject"),
  record("monitor_alerts", "device_id, alert_id"),
  record("monitor_silenced", "user_id"),
  record("monitor_mutes", "mute_id"),
  record("monitor_rules", "kind, group_name"),
  record("server_alerts", "raised_ms, kind, object"),

  record("deployments", "seq"),
  record("deployment_artifacts", "seq, artifact_id"),
  record("deployment_targets", "seq, first_id"),
  record("deployment_phases", "seq, phase"),
  record("deployment_budgets", "seq, value"),
  record("deployment_stop_rules", "seq, rule"),
  record("deployment_tallies", "seq, phase, device_type, outcome"),
  record("deployment_templates", "template_id"),
  record("deployment_settings", ""),
  record("deployment_group_windows", "group_name"),
  record("device_deployments", "device_id, seq"),
  record("failure_groups", "fingerprint"),
  record("failure_counts", "fingerprint, seq, device_type"),
  record("deployment_counters", "seq"),
  record("deployment_rules", "seq"),
  record("deployment_windows", "seq, zone"),
  record("deployment_verdicts", "seq, measure"),
  record("deployment_progress", "seq"),
  record("deployment_watches", "seq, horizon_s"),

  ...inBoth(record("audit_log", "time_ms, id")),
  record("audit_seals", "position"),
  ...inBoth(record("audit_chains", "")),

  record("webhooks", "webhook_id"),
  record("event_pages", "first"),
  record("event_lanes", "receiver_id, lane_id"),
  record("event_deliveries", "receiver_id, part"),
  record("event_receivers", "receiver_id"),
  passing("event_followers", ""),
  passing("tenant_exports", "export_id"),
  passing("tenant_export_parts", "export_id, part", { partOf: ["tenant_exports", "export_id"] }),
  passing("tenant_restores", "restore_id"),
  passing("restore_rows", "subject, key"),
  record("jobs", "job_id"),
  record("job_results", "job_id, step", { partOf: ["jobs", "job_id"] }),
  ...inBoth(record("outbox", "id")),
  // Whoever writes rows before these leaves no marks.
  passing("journals", ""),
  passing("journal_marks", "page, subject, key"),
];

/** What a database is to have of tenants: all, as the only one, or what the directory or a home has. */
export type Holding = "everything" | Exclude<TablePlace, "both">;

export const tablesIn = (of: Holding): readonly TenantTable[] =>
  TENANT_TABLES.filter(({ place }) => of === "everything" || place === "both" || place === of);

/** Tables of the installation, with why no tenant has rows in them, and where they are. */
export const GLOBAL_TABLES: Readonly<Record<string, { why: string; place: TablePlace }>> = {
  d1_migrations: { why: "which migrations were applied", place: "both" },
  inventory_text: { why: "words by the number of a device, which triggers keep", place: "home" },
  login_failures: {
    why: "digests of addresses and networks, before anybody knows whose they are",
    place: "directory",
  },
  orphan_sweep: { why: "how far the sweep of the bucket came", place: "directory" },
  spent_challenges: { why: "digests of challenges that were answered", place: "directory" },
  tenant_imports: { why: "archives that the operator brings in", place: "directory" },
  tenant_import_parts: { why: "what was sent of an archive", place: "directory" },
  workflow_definitions: { why: "what the operator registered", place: "directory" },
};
