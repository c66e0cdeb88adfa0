import type { components } from "../../api/schema.d.ts";
import { rolloutOf, type Deployment } from "./model.ts";

export type Template = components["schemas"]["DeploymentTemplate"];
type Body = components["schemas"]["DeploymentTemplateBody"];

/** Whom a deployment was for, as far as a template can say so again: not a list of devices. */
function whomOf({ groups = [], filter, dynamic }: Deployment): Partial<Body> {
  const [group] = groups;
  if (dynamic && filter) return { filter_id: filter.id };
  if (group !== undefined) return { group };
  const [term] = filter?.terms ?? [];
  return term?.attribute === "status" ? { all_devices: true } : {};
}

/** Phases whose times are told by what came before, not by the clock. */
function phasesOf({ phases = [], uniform_phases: uniform, rollout }: Deployment): Partial<Body> {
  // Kept as they were sent.
  if (uniform) return { uniform_phases: uniform as Body["uniform_phases"] } as Partial<Body>;
  const { gates = [] } = (rollout ?? {}) as { gates?: { phase: number }[] };
  const isByClock = phases.some((_, index) => index > 0 && !gates.some(({ phase }) => phase === index + 1));
  if (phases.length < 2 || isByClock) return {};
  return {
    phases: phases.map(({ batch_size: percent, batch_size_devices: devices }, index) => {
      if (index === phases.length - 1) return {};
      return devices === undefined ? { batch_size: percent ?? 0 } : { batch_size_devices: devices };
    }),
  };
}

/** What a template keeps of a deployment: whom, how and with which release; neither its name nor its times. */
export function templateOf(deployment: Deployment): Body {
  const { state: _state, ...rollout } = rolloutOf(deployment);
  const phases = phasesOf(deployment);
  const hasGates = "phases" in phases || "uniform_phases" in phases;
  const { gates: _gates, ...ungated } = rollout as { gates?: unknown };
  const kept = hasGates ? rollout : ungated;
  return {
    artifact_name: deployment.artifact_name,
    ...(deployment.retries !== undefined && deployment.retries > 0 && { retries: deployment.retries }),
    ...(deployment.force_installation && { force_installation: true }),
    ...(deployment.autogenerate_delta && { autogenerate_delta: true }),
    ...whomOf(deployment),
    ...phases,
    ...(Object.keys(kept).length > 0 && { rollout: kept as NonNullable<Body["rollout"]> }),
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Whom a template says it is for, in words; undefined if it leaves that open. */
export function whomText({ body }: Template): string | undefined {
  if (body.all_devices === true) return "all accepted devices";
  const group = textOf(body.group);
  if (group !== undefined) return `the group ${group}`;
  return body.filter_id === undefined ? undefined : "who fits a saved filter";
}

export const releaseOf = ({ body }: Template): string => textOf(body.artifact_name) ?? "";

/** How it goes, in words. */
export function howText({ body }: Template): string {
  const phases = Array.isArray(body.phases) ? body.phases.length : 0;
  const { stop, judge } = (body.rollout ?? {}) as { stop?: unknown[]; judge?: unknown };
  return [
    body.uniform_phases ? "phases of one size" : phases > 1 ? `${phases} phases` : "all at once",
    stop && stop.length > 0 && "stops by rule",
    judge !== undefined && "with the judge",
    body.force_installation === true && "also where it is installed",
  ]
    .filter((part) => part !== false)
    .join(", ");
}
