import type { SQL } from "drizzle-orm";
import type { EventHandler } from "../../platform/background.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import type { Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { Fault } from "../../platform/fault.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { abortDeployment } from "../abort.ts";
import { EVENTS } from "../events.ts";
import { deploymentById } from "../store/queries.ts";
import { openGate, stop } from "../store/steering.ts";
import { deployToThose } from "./again.ts";
import type { Rollout } from "./rollout-schema.ts";

/** What the end of an update means for the rollout it belongs to, in the batch that counts it. */
export function consequences(
  tenant: TenantId,
  id: string,
  outcome: "success" | "failure",
  atMs: number,
  only?: SQL,
): Statement<unknown>[] {
  const opened = [
    openGate(tenant, id, atMs, only),
    addEventIfChanged({ kind: EVENTS.opened, tenant, subject: id }, atMs),
  ];
  return outcome === "success" ? opened : [...stopIfBroken(tenant, id, atMs, only), ...opened];
}

/** Pauses a deployment of which one of its rules is broken. */
export function stopIfBroken(tenant: TenantId, id: string, atMs: number, only?: SQL): Statement<unknown>[] {
  const entry = {
    action: "update",
    object: { type: "deployment", id },
    change: "paused by one of its stop rules",
  };
  return [
    stop(tenant, id, atMs, only),
    addAuditIfChanged({ kind: "system", tenant }, entry, atMs),
    addEventIfChanged({ kind: EVENTS.stopped, tenant, subject: id }, atMs),
  ];
}

/** Nobody joins any more; here follows what else was asked for. Doing it twice does nothing more. */
export const actOnStop: EventHandler = async (deps, { tenant, subject: id }) => {
  const actor = { kind: "system" as const, tenant };
  const row = await deps.db(tenant).one(deploymentById(tenant, id));
  if (!row?.rollout) return;
  const { on_stop: then } = JSON.parse(row.rollout) as Rollout; // validated when it was stored
  if (!then || then.action === "pause") return;
  await unlessRefused(abortDeployment(deps, actor, id));
  if (then.action !== "revert" || then.artifact_name === undefined) return;
  await unlessRefused(deployToThose(deps, actor, id, { kind: "revert", artifactName: then.artifact_name }));
};

/** Somebody else was faster, or there is nobody to revert. */
async function unlessRefused(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
  }
}
