import type { components } from "../../api/schema.d.ts";
import { plain } from "../../parts/text.ts";
import type { Tone } from "../../parts/state.tsx";
import type { ConsoleDevice } from "./read.ts";

/** Something that happened to a device. */
export interface Happening {
  at: string;
  kind: "deployment" | "alert" | "admission" | "audit";
  what: string;
  tone: Tone;
  href?: string;
}

const ENDS: Readonly<Record<string, Tone>> = { success: "good", failure: "bad", aborted: "warn" };

const ofDeployment = (one: ConsoleDevice["deployments"][number]): Happening[] => {
  const href = `/deployments/${one.deployment_id}`;
  const name = `${plain(one.name)} (${plain(one.artifact_name)})`;
  const begun = one.started ?? one.created;
  const began: Happening = { at: begun, kind: "deployment", what: `${name} began`, tone: "busy", href };
  if (!one.finished) return [{ ...began, what: `${name}: ${one.status}` }];
  return [
    {
      at: one.finished,
      kind: "deployment",
      what: `${name}: ${one.status}`,
      tone: ENDS[one.status] ?? "idle",
      href,
    },
    began,
  ];
};

const ofAlert = ({ timestamp, name, level }: components["schemas"]["KeptAlert"]): Happening => ({
  at: timestamp,
  kind: "alert",
  what: `${plain(name)}: ${plain(level)}`,
  tone: level === "OK" ? "good" : "bad",
});

const ofEntry = ({ time, action, actor, change }: components["schemas"]["AuditLog"]): Happening => ({
  at: time,
  kind: "audit",
  what: plain(`${actor.email ?? actor.type}: ${action}${change ? ` · ${change}` : ""}`),
  tone: "idle",
});

/** All that is known to have happened, newest first. */
export function happenings(
  of: ConsoleDevice,
  entries: readonly components["schemas"]["AuditLog"][],
): Happening[] {
  const sets = (of.device.auth_sets ?? []).map(({ ts, status }): Happening => ({
    at: ts,
    kind: "admission",
    what: `asked to be let in with a key that is ${status} now`,
    tone: "idle",
  }));
  return [
    ...of.deployments.flatMap(ofDeployment),
    ...of.alerts.map(ofAlert),
    ...sets,
    ...entries.map(ofEntry),
  ].toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
