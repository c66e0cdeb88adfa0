import type { Actor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { addEvent } from "../../platform/outbox.ts";
import { auditedDeployment } from "../audit-object.ts";
import { addSteered, EVENTS } from "../events.ts";
import {
  CHANGED_MEANWHILE,
  demandUnchanged,
  replaceWindows,
  setRollout,
  setRules,
} from "../store/changing.ts";
import { deploymentById } from "../store/queries.ts";
import type { Rollout, RolloutChange } from "./rollout-schema.ts";
import { windowAt } from "./windows.ts";
import { zoneWindows } from "./zones.ts";

/** Pace, budgets and windows of a rollout that is running count anew from the next check on. */
export async function changeRollout(
  deps: Deps,
  actor: Actor,
  id: string,
  change: RolloutChange,
): Promise<void> {
  const { tenant } = actor;
  const row = await deps.db(tenant).one(deploymentById(tenant, id));
  if (!row) throw new Fault("not_found", "Resource not found");
  if (row.stage === 2) throw new Fault("conflict", "Deployment already finished");
  if (row.rollout === null) throw new Fault("conflict", "Deployment has no rollout");
  if (Object.keys(change).length === 0) throw new Fault("bad_request", "it changes nothing.");
  const before = JSON.parse(row.rollout) as Rollout; // validated when it was stored
  const next = changed(before, change);
  if (next.windows && !windowAt(next.windows, next.windows.zone, deps.now()))
    throw new Fault("bad_request", "windows: they never open.");
  const windows = await zoneWindows(deps, tenant, next);
  const entry = {
    action: "update",
    object: auditedDeployment(id, row),
    change: `rollout changed: ${JSON.stringify(change)}`,
  };
  try {
    await deps
      .db(tenant)
      .batch([
        demandUnchanged(tenant, id, row.rollout),
        setRollout(tenant, id, JSON.stringify(next)),
        addAuditIfChanged(actor, entry, deps.now()),
        addSteered(actor, id, "changed", { members: Object.keys(change) }, deps.now()),
        setRules(tenant, id, next),
        ...replaceWindows(tenant, id, windows),
        addEvent({ kind: EVENTS.opened, tenant, subject: id }, deps.now()),
      ]);
  } catch (cause) {
    if (refusalOf(cause) !== CHANGED_MEANWHILE) throw cause;
    throw new Fault("conflict", "Deployment is just being changed", { cause });
  }
}

/** Null takes a member away, and one that is missing stays. */
function changed(before: Rollout, change: RolloutChange): Rollout {
  const [was, is] = [before.budget?.attribute, change.budget?.attribute];
  // What devices at it have taken is counted by the values that they had.
  if (was && is && (was.scope !== is.scope || was.name !== is.name))
    throw new Fault("bad_request", "budget.attribute: it cannot become another one.");
  // Windows of its own are for all of its devices.
  const kept = Object.hasOwn(change, "windows") ? { ...before, windows_of_groups: null } : before;
  const members = Object.entries({ ...kept, ...change }).filter(([, value]) => value !== null);
  return Object.fromEntries(members) as Rollout; // both were validated
}
