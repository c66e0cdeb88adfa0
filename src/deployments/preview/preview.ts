import { savedFilterStatement } from "../../inventory/index.ts";
import type { Actor } from "../../platform/actor.ts";
import { rfc3339 } from "../../platform/clock.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { forbidden } from "../../platform/permissions.ts";
import { artifactCandidatesStatement } from "../../releases/index.ts";
import { reachedStatement, type Wanted } from "../create-targets.ts";
import { NEVER_MS } from "../limits.ts";
import { governingOf, placesOf, type GovernedPhase, type Governing } from "../rollout/govern.ts";
import { withWindows } from "../rollout/inherited-windows.ts";
import { refuseImpossible, wayBack } from "../rollout/refusals.ts";
import { plannedPhases, sizesOf } from "../rollout/phases.ts";
import { settingsOf, windowsOfListed } from "../store/settings.ts";
import { crowdOf, type Found } from "./crowd.ts";
import type { Previewed } from "./devices.ts";
import { askWithinMs, expectedPhases, MOST, type Expected, type Rhythm } from "./forecast.ts";
import { lookAt } from "./look.ts";
import { REASONS, type Preview } from "./schema.ts";
import { stopsOf } from "./stops.ts";

const FIRST = 10;
const SAMPLE = 10;

/** What a creation with the same body would do, as far as can be told now. Changes nothing. */
export async function previewDeployment(deps: Deps, actor: Actor, asked: Wanted): Promise<Preview> {
  const [tenant, nowMs] = [actor.tenant, deps.now()];
  const [isReached, candidates, settings, groups, filter, ofWayBack] = await deps
    .db(tenant)
    .batch([
      reachedStatement(actor, asked),
      artifactCandidatesStatement(tenant, asked.definition.artifact_name),
      settingsOf(tenant, asked.group),
      windowsOfListed(tenant, asked.definition.devices ?? []),
      savedFilterStatement(tenant, asked.filter?.id ?? ""),
      artifactCandidatesStatement(tenant, wayBack(asked.definition) ?? ""),
    ]);
  if (!isReached) throw forbidden();
  refuseImpossible(asked.definition, candidates, ofWayBack);
  if (asked.filter && !filter) throw new Fault("bad_request", "filter_id: there is no such filter.");
  const definition = withWindows(asked.definition, settings, groups);
  const crowd = await crowdOf(deps, actor, { ...asked, definition }, filter);
  if (crowd.total === 0 && !filter) throw new Fault("bad_request", "No devices for the deployment");
  const governing = governingOf(definition, crowd, { atMs: nowMs, approvals: settings.approvals });
  const { devices, rhythm } = await lookAt(deps, actor, { ...asked, definition }, crowd.found, candidates);
  return told({ governing: governing ?? ungoverned(definition, nowMs), crowd, devices, rhythm, nowMs });
}

/** As one with a single phase. */
function ungoverned(definition: Wanted["definition"], nowMs: number): Governing {
  const [plan] = plannedPhases(definition.phases?.length ? definition.phases : [{}], nowMs);
  if (!plan) throw new Error("a deployment has a phase");
  const phase = {
    ...plan,
    sizeTo: null,
    capacity: null,
    threshold: null,
    gate: undefined,
    opensMs: plan.startMs,
  };
  return { phases: [phase], salt: 0, canaries: [], rollout: undefined };
}

interface Known {
  governing: Governing;
  crowd: Found;
  devices: readonly Previewed[];
  rhythm: Rhythm;
  nowMs: number;
}

function told(known: Known): Preview {
  const { governing, crowd, devices } = known;
  const factor = devices.length === 0 ? 0 : crowd.total / devices.length;
  const scaled = (count: number) => Math.round(count * factor);
  const getting = devices.filter(({ reason }) => reason === undefined);
  const not = REASONS.flatMap((reason) => {
    const those = devices.filter((one) => one.reason === reason);
    const sample = those
      .map(({ id }) => id)
      .toSorted()
      .slice(0, SAMPLE);
    return those.length === 0 ? [] : [{ reason, devices: scaled(those.length), sample }];
  });
  const phases = phasesOf(known, getting);
  const gets = phases.map((phase) => phase.gets);
  const expected = expectedOf(known, gets);
  return {
    devices: crowd.total,
    gets: scaled(getting.length),
    not,
    looked_at: devices.length,
    is_estimate: devices.length < crowd.total,
    ...firstOf(governing, crowd),
    bytes: phases.reduce((sum, { bytes }) => sum + bytes, 0),
    phases: phases.map((phase, i) => ({
      ...phase,
      ...(expected[i] && { expected: shownTimes(expected[i]) }),
    })),
    ...(expected.length > 0 && { forecast: forecastOf(known, expected) }),
    stops: stopsOf(governing.rollout, governing.phases, gets),
  };
}

/** Each phase with its part of those who get it: by their places where each has one, otherwise by its size. */
function phasesOf({ governing, crowd, devices }: Known, getting: readonly Previewed[]): Preview["phases"] {
  const { phases, salt, canaries } = governing;
  const sizes = sizesOf(phases, crowd.total);
  const isExact = salt !== 0 && crowd.ids !== undefined && devices.length === crowd.total;
  const places = isExact
    ? placesOf(
        getting.map(({ id }) => id),
        salt,
        new Set(canaries),
      )
    : undefined;
  const phaseAt = (i: number) =>
    phases.findIndex(({ threshold }) => threshold === null || (places?.[i] ?? 0) <= threshold);
  const share = devices.length === 0 ? 0 : getting.length / devices.length;
  const mean = getting.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, getting.length);
  return phases.map((phase, i) => {
    const size = (sizes[i] ?? 0) - (sizes[i - 1] ?? 0);
    const own = places && getting.filter((_, at) => phaseAt(at) === i);
    const gets = own?.length ?? Math.round(size * share);
    const bytes = own?.reduce((sum, one) => sum + one.bytes, 0) ?? Math.round(gets * mean);
    return { devices: size, gets, bytes, ...opening(phase) };
  });
}

function opening({ opensMs, gate }: GovernedPhase): Pick<Preview["phases"][number], "opens" | "waits_for"> {
  const { phase: _, ...waits } = gate ?? { phase: 0 };
  return {
    ...(opensMs !== null && opensMs < NEVER_MS && { opens: rfc3339(opensMs) }),
    ...(gate && { waits_for: waits }),
  };
}

/** Whoever comes first in the order of the rollout, which is the same at its creation. */
function firstOf({ salt, canaries }: Governing, { ids }: Found): { first?: string[] } {
  if (salt === 0 || !ids) return {};
  const places = placesOf(ids, salt, new Set(canaries));
  const order = ids.map((id, i) => ({ id, place: places[i] ?? 0 })).toSorted((a, b) => a.place - b.place);
  return { first: order.slice(0, FIRST).map(({ id }) => id) };
}

const expectedOf = ({ governing, rhythm, nowMs }: Known, gets: readonly number[]): Expected[] =>
  rhythm.agesMs.length === 0
    ? []
    : expectedPhases(governing.phases, gets, { rollout: governing.rollout, rhythm, nowMs });

const shownTimes = ({ opensMs, halfMs, mostMs }: Expected) => ({
  opens: rfc3339(opensMs),
  half: rfc3339(halfMs),
  most: rfc3339(mostMs),
});

function forecastOf({ governing, rhythm, crowd, devices }: Known, expected: readonly Expected[]) {
  const finishMs = Math.max(...expected.map(({ mostMs }) => mostMs)) + rhythm.updateMs;
  const waits = (has: (phase: GovernedPhase) => boolean, text: string) =>
    governing.phases.some(has) ? [text] : [];
  return {
    begins: rfc3339(expected[0]?.opensMs ?? finishMs),
    finish: rfc3339(Math.min(finishMs, NEVER_MS)),
    half_ask_within_s: Math.ceil(askWithinMs(rhythm, 0.5) / 1000),
    most_ask_within_s: Math.ceil(askWithinMs(rhythm, MOST) / 1000),
    update_s: Math.ceil(rhythm.updateMs / 1000),
    assumes: [
      "devices go on asking as they do now",
      "no update fails",
      ...waits(({ gate }) => gate?.approvals !== undefined, "people approve at once"),
      ...(devices.length < crowd.total ? ["the devices that were looked at stand for all"] : []),
      ...(governing.rollout?.budget ? ["the budget of no single value is full"] : []),
    ],
  };
}
