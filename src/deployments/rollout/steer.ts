import type { Actor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { refusalOf, type Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { UserId } from "../../platform/ids.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { auditedDeployment } from "../audit-object.ts";
import { addSteered, EVENTS } from "../events.ts";
import { deploymentById } from "../store/queries.ts";
import {
  approve,
  demandApproved,
  demandOther,
  NOT_APPROVED,
  NOT_THE_CREATOR,
  openGate,
  openWithFirst,
  pause,
  resume,
  widen,
} from "../store/steering.ts";

/** One change of a running deployment with its audit entry; refused if there was nothing to change. */
async function steer(
  deps: Deps,
  actor: Actor,
  id: string,
  of: {
    change: string;
    told: Parameters<typeof addSteered>[2];
    more?: Record<string, unknown>;
    refusal: string;
    /** What must be so before anything changes, or nothing does. */
    demand?: Statement<void>;
    first: Statement<number>;
    then?: readonly Statement<unknown>[];
  },
): Promise<void> {
  const { tenant } = actor;
  const row = await deps.db(tenant).one(deploymentById(tenant, id));
  if (!row) throw new Fault("not_found", "Resource not found");
  if (row.stage === 2) throw new Fault("conflict", "Deployment already finished");
  const entry = { action: "update", object: auditedDeployment(id, row), change: of.change };
  const before = of.demand ? [of.demand] : [];
  const results = await deps
    .db(tenant)
    .batch([
      ...before,
      of.first,
      addAuditIfChanged(actor, entry, deps.now()),
      addSteered(actor, id, of.told, of.more ?? {}, deps.now()),
      ...(of.then ?? []),
    ]);
  if (results[before.length] === 0) throw new Fault("conflict", of.refusal);
}

/** Devices that are at it go on; nobody else begins. */
export function pauseDeployment(deps: Deps, actor: Actor, id: string, reason: string): Promise<void> {
  const by = { ...(actor.kind === "user" && { user: actor.user }), reason };
  return steer(deps, actor, id, {
    change: `paused: ${reason}`,
    told: "paused",
    more: { reason },
    refusal: "Deployment is paused already",
    first: pause(actor.tenant, id, by, deps.now()),
  });
}

const wakes = (deps: Deps, { tenant }: Actor, id: string): Statement<number> =>
  addEventIfChanged({ kind: EVENTS.opened, tenant, subject: id }, deps.now());

export const resumeDeployment = (deps: Deps, actor: Actor, id: string): Promise<void> =>
  steer(deps, actor, id, {
    change: "resumed",
    told: "resumed",
    refusal: "Deployment is not paused",
    first: resume(actor.tenant, id),
    then: [wakes(deps, actor, id)],
  });

/** The next phase opens now, whatever it waits for, save for the people that the tenant demands before the first. */
export async function widenDeployment(deps: Deps, actor: Actor, id: string): Promise<void> {
  const { tenant } = actor;
  try {
    await steer(deps, actor, id, {
      change: "next phase opened",
      told: "widened",
      refusal: "all phases are open",
      demand: demandApproved(tenant, id),
      first: widen(tenant, id, deps.now()),
      then: [wakes(deps, actor, id), openWithFirst(tenant, id)],
    });
  } catch (cause) {
    if (refusalOf(cause) !== NOT_APPROVED) throw cause;
    throw new Fault("conflict", "Deployment waits for people to approve it", { cause });
  }
}

/** The word of one user for the phase that waits for people. Where four eyes are demanded the creator's does not count. */
export async function approveDeployment(
  deps: Deps,
  actor: Actor & { user: UserId },
  id: string,
): Promise<void> {
  const { tenant, user } = actor;
  try {
    await steer(deps, actor, id, {
      change: "approved",
      told: "approved",
      refusal: "no phase waits for the approval of this user",
      first: approve(tenant, id, user, deps.now()),
      then: [
        demandOther(tenant, id, user),
        openGate(tenant, id, deps.now()),
        wakes(deps, actor, id),
        openWithFirst(tenant, id),
      ],
    });
  } catch (cause) {
    if (refusalOf(cause) !== NOT_THE_CREATOR) throw cause;
    throw new Fault("forbidden", "who made a deployment cannot approve it", { cause });
  }
}
