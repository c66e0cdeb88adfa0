import { z } from "@hono/zod-openapi";
import type { Actor } from "../../platform/actor.ts";
import { addAudit, addAuditIfChanged } from "../../platform/audit.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { Statement } from "../../platform/database.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { byOf } from "../../platform/stream.ts";
import { EVENTS } from "../events.ts";
import { dropGroupWindows, MAX_GROUPS, setGroupWindows, setSettings, settingsOf } from "../store/settings.ts";
import { Windows } from "./rollout-schema.ts";
import { windowAt } from "./windows.ts";

const MAX_APPROVALS = 10;

export const RolloutSettings = z
  .object({
    approvals: z
      .int()
      .min(0)
      .max(MAX_APPROVALS)
      .openapi({ description: "People besides its creator who approve a deployment before it starts" }),
    windows: Windows.optional().openapi({
      description: "When devices may begin, where neither the deployment nor its group says anything",
    }),
  })
  .openapi("RolloutSettings");

export type RolloutSettings = z.output<typeof RolloutSettings>;

const stored = (text: string) => JSON.parse(text) as Windows; // validated when it was stored

export async function readSettings(deps: Deps, { tenant }: Actor): Promise<RolloutSettings> {
  const { approvals, windows } = await deps.db(tenant).one(settingsOf(tenant));
  return { approvals, ...(windows !== null && { windows: stored(windows) }) };
}

function refuseClosed(deps: Deps, windows: Windows): void {
  if (!windowAt(windows, windows.zone, deps.now()))
    throw new Fault("bad_request", "windows: they never open.");
}

const audited = (id: string, change: string) => ({
  action: "update",
  object: { type: "rollout_settings", id },
  change,
});

const told = (deps: Deps, actor: Actor, what: Record<string, unknown>): Statement<number> => {
  const { tenant } = actor;
  const data = { ...byOf(actor), ...what };
  return addEventIfChanged({ kind: EVENTS.settingsChanged, tenant, subject: tenant, data }, deps.now());
};

export async function writeSettings(
  deps: Deps,
  actor: Actor,
  { approvals, windows }: RolloutSettings,
): Promise<void> {
  const { tenant } = actor;
  if (windows) refuseClosed(deps, windows);
  const text = windows ? JSON.stringify(windows) : null;
  const entry = audited(tenant, `approvals: ${approvals}${text === null ? "" : `, windows: ${text}`}`);
  await deps
    .db(tenant)
    .batch([
      setSettings(tenant, { approvals, windows: text }),
      addAudit(actor, entry, deps.now()),
      told(deps, actor, { approvals }),
    ]);
}

/** When devices may begin in deployments to this group that say nothing themselves. */
export async function readGroupWindows(deps: Deps, { tenant }: Actor, group: string): Promise<Windows> {
  const { group_windows: windows } = await deps.db(tenant).one(settingsOf(tenant, group));
  if (windows === null) throw new Fault("not_found", "Resource not found");
  return stored(windows);
}

export async function writeGroupWindows(
  deps: Deps,
  actor: Actor,
  group: string,
  windows: Windows,
): Promise<void> {
  refuseClosed(deps, windows);
  const text = JSON.stringify(windows);
  const [changed] = await deps
    .db(actor.tenant)
    .batch([
      setGroupWindows(actor.tenant, group, text),
      addAuditIfChanged(actor, audited(group, `windows of the group: ${text}`), deps.now()),
      told(deps, actor, { group }),
    ]);
  if (changed === 0)
    throw new Fault("conflict", `there are already ${MAX_GROUPS} groups with windows of their own`);
}

export async function removeGroupWindows(deps: Deps, actor: Actor, group: string): Promise<void> {
  const [changed] = await deps
    .db(actor.tenant)
    .batch([
      dropGroupWindows(actor.tenant, group),
      addAuditIfChanged(actor, audited(group, "windows of the group removed"), deps.now()),
      told(deps, actor, { group }),
    ]);
  if (changed === 0) throw new Fault("not_found", "Resource not found");
}
