import { rfc3339 } from "../platform/clock.ts";
import { masked } from "./configuration/masking.ts";
import type { DeploymentObject, DeviceObject, HistoryEntry, Statistics } from "./schema.ts";
import { counterColumn, statusOf, STATUSES } from "./status.ts";
import type { DeviceRow } from "./store/devices.ts";
import { NEVER_MS } from "./limits.ts";
import { shownEvidence } from "./judge/verdict.ts";
import { shownSums, type KindSums } from "./judge/watched.ts";
import { percentOf } from "./rollout/phases.ts";
import type { Counters, DeploymentRow, PhaseRow, VerdictRow } from "./store/queries.ts";

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
  if (row.filter !== null) return JSON.parse(row.filter) as NonNullable<DeploymentObject["filter"]>; // written at creation
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
  start_ts?: string;
}

function phasesOf(row: DeploymentRow): DeploymentObject["phases"] {
  if (row.plan !== null) return isPlanned(row) ? plannedPhases(row, row.plan) : undefined;
  if (row.phases === null) return undefined;
  const phases = JSON.parse(row.phases) as StoredPhase[]; // written by `addDeployment`
  return phases.map((phase) => ({ ...phase, device_count: deviceCount(row) }));
}

/** A rollout alone has one phase, which nobody asked for. */
function isPlanned(row: DeploymentRow): boolean {
  const [first, ...others] = phaseRows(row.plan ?? "[]");
  return row.uniform_phases !== null || others.length > 0 || (first?.start_ts ?? null) !== null;
}

/** What was asked for, and where it stands; nothing of a deployment that has none of it. */
function rolloutOf(row: DeploymentRow): DeploymentObject["rollout"] {
  const phases = phaseRows(row.plan ?? "[]");
  if (row.rollout === null && row.paused_ms === null && !phases.some((one) => one.min_approvals > 0))
    return undefined;
  const paused = row.paused_ms !== null && {
    paused: { since: rfc3339(row.paused_ms), ...json(row.paused_by ?? "{}") },
  };
  const state = phases.map((one) => ({
    id: one.phase_id,
    ...(one.opens_ms !== null && { opens: rfc3339(one.opens_ms) }),
    ...(one.min_approvals > 0 && {
      approvals: Object.keys(json(one.approvals)),
      needs_approvals: one.min_approvals,
    }),
    ...(one.min_results !== null && { needs_results: one.min_results, needs_success: one.min_success ?? 0 }),
  }));
  return {
    ...json(row.rollout ?? "{}"),
    state: { ...paused, phases: state, ...judged(row.verdicts ?? "[]") },
  };
}

/** What the judge found, by what it measures; nothing if nobody asked it. */
function judged(verdicts: string): { judge?: Record<string, object> } {
  const found = JSON.parse(verdicts) as VerdictRow[]; // made by the query
  if (found.length === 0) return {};
  const shown = found.map((one) => [
    one.measure,
    {
      verdict: one.verdict,
      evidence: shownEvidence(one.ln_evidence),
      needed: shownEvidence(one.ln_needed),
      ...(one.results > 0 && { looked: rfc3339(one.looked_ms) }),
      kinds: (JSON.parse(one.kinds) as KindSums[]).map(shownSums), // written by the judge
    },
  ]);
  return { judge: Object.fromEntries(shown) as Record<string, object> };
}

const phaseRows = (plan: string) => JSON.parse(plan) as PhaseRow[]; // made by the query

/** The web UI needs the percentage beside a number of devices, and that of the last phase (protocol notes, rollouts 6). */
function plannedPhases(row: DeploymentRow, plan: string): DeploymentObject["phases"] {
  const rows = phaseRows(plan);
  const sized = rows.map((one) => ({ batchSize: one.batch_size, batchSizeDevices: one.batch_size_devices }));
  const total = row.initial_devices ?? row.max_devices;
  return rows.map((one, i) => {
    const startMs = one.start_ms ?? one.opens_ms;
    const start = one.start_ts ?? (startMs === null || startMs >= NEVER_MS ? undefined : rfc3339(startMs));
    return {
      id: one.phase_id,
      batch_size: percentOf(sized, i, total) ?? 0,
      ...(one.batch_size_devices !== null && { batch_size_devices: one.batch_size_devices }),
      ...(start !== undefined && { start_ts: start }),
      device_count: one.joined,
    };
  });
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>; // validated when it was stored

/** Base64 of the JSON. */
const shownConfiguration = (stored: string): string =>
  Buffer.from(JSON.stringify(masked(JSON.parse(stored)))).toString("base64");

export function deploymentObject(row: DeploymentRow, nowMs: number): DeploymentObject {
  const groups = groupsOf(row);
  const [filter, phases, rollout] = [filterOf(row), phasesOf(row), rolloutOf(row)];
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
    ...((row.dynamic === 0 || row.max_devices > 0) && { max_devices: row.max_devices }),
    ...(row.dynamic === 1 && { dynamic: true, initial_device_count: row.initial_devices ?? 0 }),
    ...(row.retries > 0 && { retries: row.retries }),
    ...(row.autogenerate_delta !== null && { autogenerate_delta: row.autogenerate_delta === 1 }),
    ...(row.uniform_phases !== null && { uniform_phases: json(row.uniform_phases) }),
    ...(filter && { filter }),
    ...(groups.length > 0 && { groups }),
    ...(phases && { phases }),
    ...(rollout && { rollout }),
    type: row.kind,
    ...(row.update_control_map !== null && {
      update_control_map: { ...json(row.update_control_map), id: row.deployment_id },
    }),
    ...(row.configuration !== null && { configuration: shownConfiguration(row.configuration) }),
    ...(row.targeted === 0 && row.dynamic === 0 && { targeting: "inprogress" as const }),
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
    ...(row.retries > 0 && { attempts: row.attempts, retries: row.retries }),
    ...(row.phase_id !== null && { phase_id: row.phase_id }),
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
