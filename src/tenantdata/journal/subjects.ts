/** A table whose changes are journaled. */
export interface JournaledTable {
  name: string;
  /** By which its rows are found, where the database would not find them by itself. */
  index?: string;
  /** Columns whose change is one; of all others a restore brings back what they were at the last such change. */
  watched?: readonly string[];
  /** Only an update that changes one of these columns is one, not every statement that names them. */
  compared?: readonly string[];
  /** Only an update of one of these columns is told by itself: all others change with a device, which brings the row along. */
  told?: readonly string[];
  /** Written by so many requests that its triggers make their marks themselves, which is less to compile. */
  often?: boolean;
  /** Columns of the device in a deployment that has brought a row, and brings it along if it is marked itself. */
  broughtBy?: readonly string[];
}

/** What is read, and put back, together: the rows that have the same key in these tables, the first of which always has one. */
export interface Subject {
  name: string;
  /** Columns that each of the tables has. Empty where a tenant has one row. */
  key: readonly string[];
  tables: readonly JournaledTable[];
  /** The order in which the first table has them, if that is another one. */
  walked?: readonly string[];
}

const subject = (name: string, key: string, ...tables: readonly (string | JournaledTable)[]): Subject => ({
  name,
  key: key === "" ? [] : key.split(", "),
  tables: tables.map((table) => (typeof table === "string" ? { name: table } : table)),
});

const columns = (text: string): readonly string[] => text.split(", ");

/** Found by when they were last updated, without a mark. */
export const INVENTORY = "inventory";
/** Brought along by each of its devices. */
export const DEPLOYMENT = "deployment";
export const DEVICE_DEPLOYMENT = "device-deployment";
/** Brought along by the device that was counted last. */
export const FAILURE_COUNT = "failure-count";

/** What is said of a deployment itself. */
const OF_DEPLOYMENT = columns(
  "targeted, targeted_to, opens_ms, max_devices, unseen_aborted, aborted_ms, governed, dynamic, paused_ms, paused_by, weight",
);

/** All that a tenant's journal holds, in the order in which it is put back. */
export const SUBJECTS: readonly Subject[] = [
  subject(
    "device",
    "device_id",
    {
      name: "devices",
      watched: columns(
        "identity_hash, identity, status, revision, tier, provisioned, test_device, external, created_ms, updated_ms",
      ),
    },
    { name: "auth_sets", index: "auth_sets_by_device" },
  ),
  subject("auto-accept-rule", "rule_id", "auto_accept_rules"),
  subject("admission", "", "admission_settings"),
  subject(INVENTORY, "device_id", {
    name: "inventory_devices",
    often: true,
    watched: columns(
      "status, status_revision, tier, group_name, created_ms, updated_ms, attributes, report_revision, tags_etag, changed",
    ),
  }),
  subject("filter", "filter_id", "inventory_filters"),
  subject("storage-settings", "", "storage_settings"),
  subject(
    "artifact",
    "artifact_id",
    "artifacts",
    "artifact_objects",
    "artifact_combinations",
    "artifact_device_types",
  ),
  subject("artifact-key", "key_id", "artifact_keys"),
  subject("release", "name", "releases", "release_tags"),
  subject("update-type", "update_type", "update_types"),
  subject("configuration", "device_id", {
    name: "device_configurations",
    compared: columns("configured, reported, deployment_id, updated_ms"),
  }),
  subject("configuration-default", "source, source_id", "configuration_defaults"),
  subject("consent", "", "consent_settings"),
  subject("monitor", "device_id", "monitor_devices", "monitor_latest"),
  subject("monitor-silenced", "user_id", "monitor_silenced"),
  subject("monitor-mute", "mute_id", "monitor_mutes"),
  subject("monitor-rule", "kind, group_name", "monitor_rules"),
  subject("deployment-artifact", "seq, artifact_id", "deployment_artifacts"),
  subject("deployment-target", "seq, first_id", "deployment_targets"),
  subject(
    DEPLOYMENT,
    "seq",
    // The one that goes last.
    { name: "deployment_counters", told: OF_DEPLOYMENT },
    "deployments",
    "deployment_phases",
    "deployment_stop_rules",
    "deployment_tallies",
    "deployment_rules",
    "deployment_windows",
    "deployment_verdicts",
    "deployment_progress",
    "deployment_watches",
  ),
  subject("deployment-template", "template_id", "deployment_templates"),
  subject("deployment-settings", "", "deployment_settings"),
  subject("group-window", "group_name", "deployment_group_windows"),
  {
    ...subject(DEVICE_DEPLOYMENT, "seq, device_id", { name: "device_deployments", often: true }),
    walked: columns("device_id, seq"),
  },
  subject("failure-group", "fingerprint", { name: "failure_groups", watched: columns("ending") }),
  subject(FAILURE_COUNT, "fingerprint, seq, device_type", {
    name: "failure_counts",
    broughtBy: columns("seq, sample"),
  }),
];

/** Records of a tenant's home that are not turned back, and why. */
export const NOT_JOURNALED: Readonly<Record<string, string>> = {
  tenants: "what the operator says of a tenant",
  tenant_limits: "what the operator says of a tenant",
  usage_days: "what was used was used",
  token_revocations: "a token that was ended stays so",
  waiting_removals: "counts what is told in the audit log",
  test_device_changes: "counts what may be done in a day",
  objects: "what is in the bucket is there, or is not",
  storage_usage: "counts what is in the bucket",
  artifact_generations: "goes with its job",
  device_connections: "a device is connected, or is not",
  device_sessions: "what was done was done",
  access_grants: "who was let in, and who was not any more, is not turned back by accident",
  iot_integrations: "who is told of events goes on where the stream of events does",
  iot_devices: "what a cloud has it has",
  monitor_alerts: "what was told was told",
  server_alerts: "found anew for as long as it is so",
  deployment_budgets: "what was given was given; devices at it are counted again",
  audit_log: "tells what was done, and of the restore",
  audit_seals: "seals what the audit log tells",
  audit_chains: "goes on with the audit log",
  webhooks: "who is told of events goes on where the stream of events does",
  event_pages: "what happened did",
  event_lanes: "what was told was told",
  event_deliveries: "what was told was told",
  event_receivers: "what was told was told",
  jobs: "what was done outside was done",
  job_results: "what was done outside was done",
  outbox: "what was recorded is to be done",
};

export const SUBJECT_BY_NAME: ReadonlyMap<string, Subject> = new Map(SUBJECTS.map((one) => [one.name, one]));
