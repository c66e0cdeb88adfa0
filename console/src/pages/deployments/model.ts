import type { components } from "../../api/schema.d.ts";
import type { Share } from "../../parts/bar.tsx";
import type { Tone } from "../../parts/state.tsx";

export type Deployment = components["schemas"]["Deployment"];

export const DEPLOYMENT = "/api/management/v1/deployments/deployments/{id}";

export const deploymentPath = (id: string): string => `/deployments/${id}`;

interface Verdict {
  verdict: "no_evidence" | "worse" | "cleared";
  evidence: number;
  needed: number;
  looked?: string;
}

interface PhaseState {
  id: string;
  opens?: string;
  approvals?: string[];
  needs_approvals?: number;
  needs_results?: number;
  needs_success?: number;
}

/** What the document says of it is that it is an object; what is in it is told in the notes on rollouts. */
export interface Rollout {
  stop?: { percent?: number; devices?: number; results?: number }[];
  judge?: object;
  on_stop?: { action?: string; artifact_name?: string };
  state?: {
    /** By a person with a reason, by a stop rule of this number, or by what the judge measures. */
    paused?: { since: string; reason?: string; rule?: number; judge?: string };
    phases?: PhaseState[];
    judge?: Record<string, Verdict>;
  };
}

export const rolloutOf = ({ rollout }: Deployment): Rollout => (rollout ?? {}) as Rollout;

export interface Counts {
  all: number;
  success: number;
  failed: number;
  going: number;
  waiting: number;
  paused: number;
  /** No artifact fits, or it was there already, or the device is gone: nothing is to come of them. */
  never: number;
  aborted: number;
}

export function countsOf({ statistics }: Deployment): Counts {
  const by = statistics.status;
  const counts = {
    success: by.success + by["already-installed"],
    failed: by.failure,
    going: by.downloading + by.installing + by.rebooting,
    waiting: by.pending,
    paused: by.pause_before_installing + by.pause_before_committing + by.pause_before_rebooting,
    never: by.noartifact + by.decommissioned,
    aborted: by.aborted,
  };
  return { ...counts, all: Object.values(counts).reduce((sum, one) => sum + one, 0) };
}

/** Of those that can get it at all. */
export const doneShare = (counts: Counts): number => {
  const can = counts.all - counts.never;
  return can > 0 ? (counts.success + counts.failed + counts.aborted) / can : 0;
};

export const sharesOf = (counts: Counts): Share[] => [
  { name: "updated", tone: "good", value: counts.success },
  { name: "failed", tone: "bad", value: counts.failed },
  { name: "at it", tone: "busy", value: counts.going + counts.paused },
  { name: "aborted", tone: "warn", value: counts.aborted },
  { name: "waiting", tone: "idle", value: counts.waiting },
];

/** One word for where it stands, and how it is meant. */
export function standing(deployment: Deployment): [tone: Tone, word: string] {
  const { status } = deployment;
  const { failed, aborted } = countsOf(deployment);
  if (status === "finished")
    return failed > 0 ? ["bad", "finished"] : aborted > 0 ? ["warn", "aborted"] : ["good", "finished"];
  if (rolloutOf(deployment).state?.paused) return ["warn", "paused"];
  if (status === "inprogress") return [failed > 0 ? "bad" : "busy", "in progress"];
  return ["idle", status];
}

/** What stops it, in words; undefined if nothing does. */
export function haltsAt({ stop = [], judge, on_stop: onStop }: Rollout): string | undefined {
  const rules = stop.map(({ percent, devices, results }) =>
    percent !== undefined
      ? `${percent} % failures${results ? ` of at least ${results} results` : ""}`
      : `${devices ?? 0} failures`,
  );
  if (judge) rules.push("evidence that it fails more than usual");
  if (rules.length === 0) return undefined;
  const what = { abort: "is aborted", revert: "is taken back", pause: "pauses" }[onStop?.action ?? "pause"];
  return `It ${what ?? "pauses"} at ${rules.join(", or at ")}.`;
}

/** Who or what paused it, in words. */
export function pausedBy({ state, stop = [] }: Rollout): string {
  const { reason, rule, judge } = state?.paused ?? {};
  if (judge) return `the judge found that it does worse than usual (${judge})`;
  const broken = rule === undefined ? undefined : stop[rule - 1];
  if (broken?.percent !== undefined) return `more than ${broken.percent} % failed`;
  if (rule !== undefined) return `its stop rule ${rule} was broken`;
  return reason ?? "a person paused it";
}
