import type { Actor } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { foundBy } from "./judge/halt.ts";
import { NEVER_MS } from "./limits.ts";
import { AWAITS_LOG } from "./store/status-transitions.ts";
import { isFinal, statusOf, type Status } from "./status.ts";
import { satisfies } from "../inventory/index.ts";
import { termsOf } from "./next-update.ts";
import { candidates, deviceToMatch } from "./store/dynamic.ts";
import { explained, firstInLine, fits, type ExplainedRow, type FirstInLine } from "./store/explain.ts";

/** Why a device has or has not got a deployment. */
export interface Explanation {
  status: Status | "none";
  reason:
    | "not_targeted"
    | "targets_being_looked_up"
    | "deployment_aborted"
    | "not_started"
    | "earlier_deployment_first"
    | "urgent_deployment_first"
    | "paused"
    | "waits_for_approval"
    | "phase_not_open"
    | "window_closed"
    | "at_once_full"
    | "pace_spent"
    | "budget_full"
    | "not_seen_since"
    | "in_progress"
    | "waits_for_retry"
    | "waits_for_log"
    | "timed_out"
    | "type_mismatch"
    | "no_artifact_fits"
    | "already_installed"
    | "done";
  description: string;
  starts?: string;
  /** The deployment that comes first. */
  earlier?: string;
  /** What the device told, and each artifact of the deployment held against it. */
  device?: { device_type: string; artifact_name: string };
  artifacts?: { id: string; type_fits: boolean; unmet_depends: string[] }[];
}

export async function explain(
  deps: Deps,
  actor: Actor,
  deployment: string,
  device: DeviceId,
): Promise<Explanation> {
  const { tenant } = actor;
  const atMs = deps.now();
  const [row, listedFirst, dynamic, known] = await deps
    .db(tenant)
    .batch([
      explained(tenant, deployment, device, atMs),
      firstInLine(tenant, device, atMs),
      candidates(tenant, device, atMs),
      deviceToMatch(tenant, device),
    ]);
  if (!row) throw new Fault("not_found", "Resource not found");
  if (row.status !== null && row.status > 0) return ofJoined(deps, actor, row, statusOf(row.status));
  const matches = (filter: string) => known !== undefined && satisfies(known, termsOf(filter));
  const matched = dynamic.filter(({ filter }) => matches(filter)).map(({ seq }) => seq);
  const first =
    matched.length === 0
      ? listedFirst
      : await deps.db(tenant).one(firstInLine(tenant, device, atMs, matched));
  if (row.filter === null || row.stage === 2) return ofUnseen(row, first, atMs);
  const listed = matches(row.filter) ? 1 : 0;
  return (listed === 1 && outOf(row, matched, atMs)) || ofUnseen({ ...row, listed }, first, atMs);
}

/** Why a dynamic deployment that is open is not for a device that its filter finds. */
function outOf(row: ExplainedRow, matched: readonly number[], nowMs: number): Explanation | undefined {
  if (row.opens_ms > nowMs || matched.includes(row.seq)) return undefined;
  const description =
    row.max_devices > 0 && row.joined >= row.max_devices
      ? "As many devices have begun as the deployment is for."
      : "The device has finished a deployment that was made later.";
  return { status: "none", reason: "not_targeted", description };
}

/** The device has never asked for it. */
function ofUnseen(row: ExplainedRow, first: FirstInLine | undefined, nowMs: number): Explanation {
  const none = (reason: Explanation["reason"], description: string): Explanation => ({
    status: "none",
    reason,
    description,
  });
  if (row.listed === 0) {
    if (row.targeted === 1) return none("not_targeted", "The deployment is not for this device.");
    return none("targets_being_looked_up", "It is not known yet whether the deployment is for this device.");
  }
  if (row.stage === 2)
    return none("deployment_aborted", "The deployment ended before the device asked for it.");
  const pending = (reason: Explanation["reason"], description: string): Explanation => ({
    status: "pending",
    reason,
    description,
  });
  if (row.opens_ms === NEVER_MS)
    return pending("waits_for_approval", "The deployment waits for people to approve it.");
  if (row.opens_ms > nowMs) {
    return {
      ...pending("not_started", "The deployment has not started yet."),
      starts: rfc3339(row.opens_ms),
    };
  }
  if (first && first.seq !== row.seq) {
    const isUrgent = first.weight > row.weight;
    return {
      ...(isUrgent
        ? pending("urgent_deployment_first", "Another deployment has more weight.")
        : pending("earlier_deployment_first", "The device has an earlier deployment to finish.")),
      earlier: first.deployment_id,
    };
  }
  const waiting = whyWaiting(row, nowMs);
  if (waiting) {
    const { reason, description, opensMs } = waiting;
    return { ...pending(reason, description), ...(opensMs !== undefined && { starts: rfc3339(opensMs) }) };
  }
  return pending("not_seen_since", "The device has not asked for updates since the deployment started.");
}

function pausedBy(by: string | null): string {
  const { judge, rule } = JSON.parse(by ?? "{}") as { judge?: string; rule?: number }; // written by `pause` and `stop`
  if (judge !== undefined) return `The judge paused the deployment: ${foundBy(judge)}.`;
  return rule === undefined
    ? "The deployment is paused."
    : `The deployment is paused by its stop rule ${rule}.`;
}

interface Waiting {
  reason: Explanation["reason"];
  description: string;
  opensMs?: number;
}

/** What of its rollout keeps a device of which nothing else is known. */
function whyWaiting(row: ExplainedRow, nowMs: number): Waiting | undefined {
  if (row.paused_ms !== null) return { reason: "paused", description: pausedBy(row.paused_by) };
  if (row.governed === 0) return undefined;
  if (row.next_opens_ms === null)
    return { reason: "phase_not_open", description: "The next phase waits for results or for people." };
  if (row.next_opens_ms > nowMs)
    return {
      reason: "phase_not_open",
      description: "The phase that has a place for the device has not started.",
      opensMs: row.next_opens_ms,
    };
  return obstacleOf(row, nowMs);
}

const MINUTE_MS = 60_000;

/** The rule that leaves the device no place now. */
function obstacleOf(row: ExplainedRow, nowMs: number): Waiting | undefined {
  if (row.window_closed === 1)
    return {
      reason: "window_closed",
      description: "The window in which the device may begin is closed.",
      ...(row.window_opens_ms !== null && { opensMs: row.window_opens_ms }),
    };
  if (row.at_once_full === 1)
    return { reason: "at_once_full", description: "As many devices are at it as may be." };
  if (row.pace_spent === 1)
    return {
      reason: "pace_spent",
      description: "As many devices have begun in this minute as may.",
      opensMs: (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS,
    };
  if (row.budget_full === 1) {
    const value = row.budget_value ? `have ${row.budget_value} as it has` : "have no value, as it has none";
    return { reason: "budget_full", description: `As many devices are at it that ${value} as may be.` };
  }
  return undefined;
}

const DONE: Record<string, [Explanation["reason"], string]> = {
  "already-installed": ["already_installed", "The device had the artifact when it asked."],
  aborted: ["deployment_aborted", "It was aborted."],
};

async function ofJoined(deps: Deps, actor: Actor, row: ExplainedRow, status: Status): Promise<Explanation> {
  const told = { device_type: row.device_type ?? "", artifact_name: row.artifact_name ?? "" };
  const device = row.device_type === null ? {} : { device: told };
  if (status === "noartifact") return { ...(await ofMisfit(deps, actor, row)), ...device };
  if (status === "failure" && row.timed_out > 0) {
    const description =
      row.timed_out === 1
        ? "It was given up because it stayed in one state far longer than others."
        : "It was given up because it stayed in one state far longer than others, and told of its success later.";
    return { status, reason: "timed_out", description, ...device };
  }
  if (row.awaits_retry === 1 && !isFinal(status) && row.aborted_ms === null) {
    if (row.paused_ms !== null)
      return { status, reason: "paused", description: pausedBy(row.paused_by), ...device };
    const description = "An attempt failed; the next begins when the device asks after its pause.";
    return { status, reason: "waits_for_retry", description, starts: rfc3339(row.retry_ms), ...device };
  }
  if (row.awaits_retry === AWAITS_LOG && !isFinal(status) && row.aborted_ms === null) {
    const description = "An attempt failed; the log that follows tells whether another can heal it.";
    return { status, reason: "waits_for_log", description, ...device };
  }
  if (!isFinal(status) && row.aborted_ms === null) {
    return { status, reason: "in_progress", description: "The device was given the deployment.", ...device };
  }
  const shown: Status = isFinal(status) ? status : "aborted";
  const [reason, description] = DONE[shown] ?? ["done", "The device has finished the deployment."];
  return { status: shown, reason, description, ...device };
}

async function ofMisfit(deps: Deps, actor: Actor, row: ExplainedRow): Promise<Explanation> {
  const further = JSON.parse(row.provides ?? "{}") as Record<string, string>; // written by `settle`
  const artifactName = row.artifact_name ?? "";
  const state = {
    deviceType: row.device_type ?? "",
    artifactName,
    provides: { ...further, artifact_name: artifactName },
    complete: row.provides !== null,
  };
  const found = await deps.db(actor.tenant).one(fits(actor.tenant, row.seq, state));
  const artifacts = found.map((fit) => ({
    id: fit.artifact_id,
    type_fits: fit.type_fits === 1,
    unmet_depends: JSON.parse(fit.unmet) as string[], // made by the query
  }));
  const typed = artifacts.some((artifact) => artifact.type_fits);
  return typed
    ? {
        status: "noartifact",
        reason: "no_artifact_fits",
        description: "No artifact of the device's type has all its depends satisfied.",
        artifacts,
      }
    : {
        status: "noartifact",
        reason: "type_mismatch",
        description: "No artifact is for the device's type.",
        artifacts,
      };
}
