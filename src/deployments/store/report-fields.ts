import { sql, type SQL } from "drizzle-orm";
import { STATUS_CODES } from "../status.ts";
import { effectiveStatus } from "./devices.ts";

/**
 * What a field of a report belongs to: the whole deployment, the status, which the deployment's counters count, or the
 * single device. Questions about the first two are answered without looking at devices.
 */
export type FieldLevel = "deployment" | "status" | "device";

export interface Field {
  level: FieldLevel;
  /** `list` is a JSON array of texts. */
  type: "text" | "number" | "boolean" | "time" | "list";
  /** Over the tables `d`, `c`, `dd` and `a`; null where the field is missing. */
  value: SQL;
}

const field = (level: FieldLevel, type: Field["type"], value: string): Field => ({
  level,
  type,
  value: sql.raw(value),
});

const words = sql.join(
  Object.entries(STATUS_CODES).map(([word, code]) => sql.raw(`WHEN ${code} THEN '${word}'`)),
  sql` `,
);

const ELAPSED_S =
  "CASE WHEN dd.finished_ms IS NULL THEN 0 ELSE max(0, (dd.finished_ms - d.created_ms) / 1000) END";

/** Fields that can be searched for, sorted and counted by (protocol notes, reporting 1.7). */
const FIELDS: Readonly<Record<string, Field>> = {
  id: field("device", "text", "d.deployment_id || dd.device_id"),
  tenant_id: field("deployment", "text", "d.tenant_id"),
  deployment_id: field("deployment", "text", "d.deployment_id"),
  deployment_name: field("deployment", "text", "d.name"),
  deployment_artifact_name: field("deployment", "text", "d.artifact_name"),
  deployment_type: field("deployment", "text", "d.kind"),
  deployment_created: field("deployment", "time", "d.created_ms"),
  deployment_all_devices: field("deployment", "boolean", "(d.scope = 'all')"),
  deployment_force_installation: field("deployment", "boolean", "d.force_installation"),
  deployment_groups: field("deployment", "list", "d.group_names"),
  deployment_phased: field("deployment", "boolean", "(d.phases IS NOT NULL)"),
  deployment_retries: field("deployment", "number", "d.retries"),
  deployment_max_devices: field("deployment", "number", "c.max_devices"),
  deployment_autogenerate_deta: field("deployment", "boolean", "0"),
  device_created: field("deployment", "time", "d.created_ms"),
  device_retries: field("deployment", "number", "d.retries"),
  device_status: { level: "status", type: "text", value: sql`CASE ${effectiveStatus} ${words} END` },
  device_id: field("device", "text", "dd.device_id"),
  device_finished: field("device", "time", "dd.finished_ms"),
  device_elapsed_seconds: field("device", "number", ELAPSED_S),
  device_deleted: field("device", "time", "dd.deleted_ms"),
  device_is_log_available: field("device", "boolean", "dd.has_log"),
  device_attempts: field("device", "number", "dd.attempts"),
  image_id: field("device", "text", "dd.artifact_id"),
  image_description: field("device", "text", "(a.image ->> '$.description')"),
  image_artifact_name: field("device", "text", "(a.image ->> '$.name')"),
  image_device_types: field("device", "list", "a.device_types"),
  image_signed: field("device", "boolean", "coalesce(a.image ->> '$.signed', 0)"),
  image_artifact_info_format: field("device", "text", "(a.image ->> '$.info.format')"),
  image_artifact_info_version: field("device", "number", "(a.image ->> '$.info.version')"),
  image_clears_provides: field("device", "list", "(a.image -> '$.clears_artifact_provides')"),
  image_size: field("device", "number", "a.size"),
};

/** A field that no device has: conditions on it leave nothing, or everything if they are negated. */
const UNKNOWN = field("deployment", "text", "NULL");

export const fieldOf = (name: string): Field => (Object.hasOwn(FIELDS, name) && FIELDS[name]) || UNKNOWN;
