import { Fault } from "../../platform/fault.ts";
import { NEVER_MS } from "../limits.ts";
import type { Gate, Rollout } from "./rollout-schema.ts";
import type { Phase, UniformPhases } from "./phase-schema.ts";
import { placeOf, saltOf, sharesOf, thresholdsOf, CANARY } from "./order.ts";
import { windowAt } from "./windows.ts";
import {
  plannedPhases,
  refuseEmpty,
  sizesOf,
  uniformPhases,
  type PlannedPhase,
  type Sized,
} from "./phases.ts";

/** A phase with all that decides about it. */
export interface GovernedPhase extends PlannedPhase, Places {
  opensMs: number | null;
  gate: Gate | undefined;
}

/** What makes more decide than the opening who may join. */
export interface Governing {
  phases: GovernedPhase[];
  /** 0 for the order in which devices ask. */
  salt: number;
  canaries: readonly string[];
  rollout: Rollout | undefined;
}

export interface Governed {
  name: string;
  artifact_name: string;
  phases?: readonly Phase[] | undefined;
  uniform_phases?: UniformPhases | undefined;
  rollout?: Rollout | undefined;
  retries?: number | undefined;
}

/** Whom it is for, as far as that is known. */
export interface Crowd {
  total: number;
  /** All of them; undefined while they are looked up, or if they are found when they ask. */
  ids: readonly string[] | undefined;
  isDynamic: boolean;
}

/** Nothing for a deployment that goes to all its devices when it opens. */
export function governingOf(
  { name, artifact_name, phases = [], uniform_phases: uniform, rollout, retries = 0 }: Governed,
  crowd: Crowd,
  of: { atMs: number; approvals: number },
): Governing | undefined {
  if (phases.length > 0 && uniform)
    throw new Fault("bad_request", "phases: they cannot be given beside uniform_phases.");
  if (rollout?.retry && retries === 0)
    throw new Fault("bad_request", "rollout.retry: there is nothing to retry without retries.");
  if (phases.length < 2 && !uniform && !rollout && of.approvals === 0) return undefined;
  const planned = uniform
    ? uniformPhases(uniform, crowd.total, of.atMs)
    : plannedPhases(phases.length > 0 ? phases : [{}], of.atMs);
  if (phases.length > 0 || uniform) refuseEmpty(planned, crowd.total);
  const gates = gatesOf(planned, rollout, of.approvals, sizesOf(planned, crowd.total));
  const windows = rollout?.windows && windowAt(rollout.windows, rollout.windows.zone, of.atMs);
  if (rollout?.windows && !windows) throw new Fault("bad_request", "rollout.windows: they never open.");
  const salt = rollout && rollout.order === "hash" ? saltOf(`${name} ${artifact_name}`) : 0;
  const canaries = rollout?.canaries ?? [];
  refuseCanaries(canaries, planned, crowd);
  const places = crowd.ids && placesOf(crowd.ids, salt, new Set(canaries));
  return {
    phases: opened(planned, placesIn(planned, crowd, { salt, places }), gates, of.atMs),
    salt,
    canaries,
    rollout,
  };
}

function refuseCanaries(canaries: readonly string[], phases: readonly PlannedPhase[], crowd: Crowd): void {
  const known = crowd.ids && new Set(crowd.ids);
  const stranger = known && canaries.find((id) => !known.has(id));
  if (stranger !== undefined)
    throw new Fault("bad_request", `rollout.canaries: the deployment is not for ${stranger}.`);
  const [first = 0] = sizesOf(phases, crowd.total);
  if (canaries.length > first)
    throw new Fault(
      "bad_request",
      `rollout.canaries: there are more than the ${first} devices of the first phase.`,
    );
}

/** The gate of each phase, by its number. */
function gatesOf(
  phases: readonly PlannedPhase[],
  rollout: Rollout | undefined,
  approvals: number,
  sizes: readonly number[],
): (Gate | undefined)[] {
  const gates = phases.map((_, i) => rollout?.gates?.find(({ phase }) => phase === i + 1));
  const beyond = rollout?.gates?.find(({ phase }) => phase > phases.length);
  if (beyond) throw new Fault("bad_request", `rollout.gates: there is no phase ${beyond.phase}.`);
  phases.forEach(({ startMs }, i) => {
    if (startMs === null && !gates[i]) throw new Fault("bad_request", `phases: ${i + 1} needs a start_ts.`);
  });
  refuseHopeless(gates, sizes);
  if (approvals > 0) {
    const first = gates[0] ?? { phase: 1 };
    gates[0] = { ...first, approvals: Math.max(approvals, first.approvals ?? 0) };
  }
  return gates;
}

export interface Places {
  sizeTo: number | null;
  capacity: number | null;
  threshold: number | null;
}

/** Gates that never open. */
function refuseHopeless(gates: readonly (Gate | undefined)[], sizes: readonly number[]): void {
  gates.forEach((gate, i) => {
    const results = gate?.success?.results ?? 0;
    if (results === 0) return;
    const before = i === 0 ? 0 : (sizes[i - 1] ?? 0) - (sizes[i - 2] ?? 0);
    if (results > before)
      throw new Fault(
        "bad_request",
        `rollout.gates: phase ${i + 1} waits for ${results} results of a phase of ${before} devices.`,
      );
  });
}

/** Sizes of the phases, and which devices they mean; those are told again when the last device is known. */
export function placesIn(
  phases: readonly Sized[],
  { total, isDynamic }: Pick<Crowd, "total" | "isDynamic">,
  { salt, places }: { salt: number; places: Int32Array | undefined },
): Places[] {
  const sizes = sizesOf(phases, total);
  const thresholds =
    salt === 0 ? [] : isDynamic ? sharesOf(sizes, total) : places ? thresholdsOf(places, sizes) : [];
  const isLast = (i: number) => i === phases.length - 1;
  return phases.map((_, i) => ({
    sizeTo: isLast(i) ? null : (sizes[i] ?? null),
    // Where each device has its place, nobody takes another's.
    capacity: isLast(i) || (salt !== 0 && !isDynamic) ? null : (sizes[i] ?? null),
    threshold: thresholds[i] ?? null,
  }));
}

export function placesOf(ids: readonly string[], salt: number, canaries: ReadonlySet<string>): Int32Array {
  return Int32Array.from(ids, (id) => (canaries.has(id) ? CANARY : placeOf(id, salt)));
}

/** A phase opens by time alone unless it, or one in front of it, has to wait for something else. */
function opened(
  phases: readonly PlannedPhase[],
  places: readonly Places[],
  gates: readonly (Gate | undefined)[],
  atMs: number,
): GovernedPhase[] {
  let before: number | null = atMs;
  return phases.map((phase, i) => {
    const gate = gates[i];
    const waits = gate?.success !== undefined || gate?.approvals !== undefined || before === null;
    const afterMs = 1000 * (gate?.after_s ?? 0);
    before = waits ? null : Math.max((before ?? 0) + afterMs, phase.startMs ?? 0);
    const { sizeTo = null, capacity = null, threshold = null } = places[i] ?? {};
    return { ...phase, sizeTo, capacity, threshold, gate, opensMs: before };
  });
}

/** When the first device may ask. */
export const opensMsOf = ({ phases }: Governing): number => phases[0]?.opensMs ?? NEVER_MS;
