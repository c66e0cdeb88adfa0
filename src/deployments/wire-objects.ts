import { rfc3339 } from "../platform/clock.ts";
import { masked } from "./configuration/masking.ts";
import type { DeploymentObject, DeviceObject, HistoryEntry, Statistics } from "./schema.ts";
import { counterColumn, statusOf, STATUSES } from "./status.ts";
import type { DeviceRow } from "./store/devices.ts";
import type { Counters, DeploymentRow } from "./store/queries.ts";

/** Devices by status as the wire has it: who never polled is pending, or aborted with the deployment. */
export function statisticsOf(row: Counters): Statistics {
  const counts = STATUSES.map((status) => [status, row[counterColumn(status)] ?? 0] as const);
  const byStatus = Object.fromEntries(counts) as Statistics; // one entry for each status
  byStatus.pending += row.unseen;
  byStatus.aborted += row.unseen_aborted;
  return byStatus;
}

/** Devices that have asked for the deployment. */
const deviceCount = (row: Counters): number =>
  STATUSES.reduce((sum, status) => sum + (row[counterColumn(status)] ?? 0), 0);

const STAGES = ["pending", "inprogress", "finished"] as const;

function statusOfDeployment(row: DeploymentRow, nowMs: number): DeploymentObject["status"] {
  if (row.stage === 0 && row.opens_ms > nowMs) return "scheduled";
  return STAGES[row.stage] ?? "pending";
}

const term = (scope: string, attribute: string, type: string, value: string | string[]) => ({
  id: "",
  name: "",
  terms: [{ scope, attribute, type, value }],
});

function filterOf(row: DeploymentRow): DeploymentObject["filter"] {
  if (row.scope === "all") return term("identity", "status", "$eq", "accepted");
  const [group] = groupsOf(row);
  if (row.scope === "group") return term("system", "group", "$eq", group ?? "");
  if (row.listed === null) return undefined;
  return term("identity", "id", "$in", JSON.parse(row.listed) as string[]); // written by `addTargets`
}

const groupsOf = (row: DeploymentRow) => JSON.parse(row.group_names) as string[]; // written by `addDeployment`

interface StoredPhase {
  id: string;
  batch_size?: number;
  start_ts: string;
}

function phasesOf(row: DeploymentRow): DeploymentObject["phases"] {
  if (row.phases === null) return undefined;
  const phases = JSON.parse(row.phases) as StoredPhase[]; // written by `addDeployment`
  return phases.map((phase) => ({ ...phase, device_count: deviceCount(row) }));
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>; // validated when it was stored

/** Base64 of the JSON. */
const shownConfiguration = (stored: string): string =>
  Buffer.from(JSON.stringify(masked(JSON.parse(stored)))).toString("base64");

export function deploymentObject(row: DeploymentRow, nowMs: number): DeploymentObject {
  const groups = groupsOf(row);
  const [filter, phases] = [filterOf(row), phasesOf(row)];
  return {
    id: row.deployment_id,
    name: row.name,
    artifact_name: row.artifact_name,
    ...(row.force_installation === 1 && { force_installation: true }),
    created: rfc3339(row.created_ms),
    ...(row.finished_ms !== null && { finished: rfc3339(row.finished_ms) }),
    ...(row.kind === "software" && { artifacts: JSON.parse(row.artifacts) as string[] }), // made by the query
    status: statusOfDeployment(row, nowMs),
    statistics: { status: statisticsOf(row), total_size: row.total_size },
    device_count: deviceCount(row),
    max_devices: row.max_devices,
    ...(filter && { filter }),
    ...(groups.length > 0 && { groups }),
    ...(phases && { phases }),
    type: row.kind,
    ...(row.update_control_map !== null && {
      update_control_map: { ...json(row.update_control_map), id: row.deployment_id },
    }),
    ...(row.configuration !== null && { configuration: shownConfiguration(row.configuration) }),
    ...(row.targeted === 0 && { targeting: "inprogress" as const }),
  };
}

export function deviceObject(row: DeviceRow): DeviceObject {
  return {
    id: row.device_id,
    created: rfc3339(row.created_ms),
    ...(row.started_ms !== null && { started: rfc3339(row.started_ms) }),
    ...(row.finished_ms !== null && { finished: rfc3339(row.finished_ms) }),
    ...(row.deleted_ms !== null && { deleted: rfc3339(row.deleted_ms) }),
    status: statusOf(row.status),
    log: row.has_log === 1,
    ...(row.substate !== null && { substate: row.substate }),
    ...(row.device_type !== null && { device_type: row.device_type }),
    ...(row.image !== null && { image: json(row.image) }),
  };
}

/** Id of one device in one deployment; both can be read back from it. */
export const entryId = (row: { deployment_id: string; device_id: string }): string =>
  row.deployment_id + row.device_id;

const DEPLOYMENT_ID_LENGTH = 36;

export const entryOf = (id: string): { deployment: string; device: string } => ({
  deployment: id.slice(0, DEPLOYMENT_ID_LENGTH),
  device: id.slice(DEPLOYMENT_ID_LENGTH),
});

export const historyEntry = (row: DeviceRow, deployment: DeploymentObject | undefined): HistoryEntry => ({
  id: entryId(row),
  ...(deployment && { deployment }),
  device: deviceObject(row),
});
