import type { Actor } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { reachedAmongStatement } from "../devices/index.ts";
import { devicesFor } from "../platform/permissions.ts";
import { headOf } from "./head-stub.ts";

/** Devices asked about at once. */
export const MAX_IDS = 500;

/** Those that the actor may see; others are left out as if nobody had heard of them. */
async function reachedOf(deps: Deps, actor: Actor, devices: readonly string[]): Promise<readonly string[]> {
  const reach = devicesFor(actor, "devices:read");
  if (reach === "all") return devices;
  const reached = await deps.db(actor.tenant).one(reachedAmongStatement(actor.tenant, devices, reach));
  return devices.filter((id) => reached.includes(id));
}

/** Last contact of each of these devices, in the order asked; those never heard of are left out. */
export async function lastContacts(
  deps: Deps,
  actor: Actor,
  devices: readonly string[],
): Promise<{ id: string; last_seen: string }[]> {
  const visible = await reachedOf(deps, actor, devices);
  const seen = await deps.contacts.last(actor.tenant, visible).catch((cause: unknown) => {
    throw new Fault("unavailable", "service unavailable", { cause, headers: { "Retry-After": "5" } });
  });
  return visible.flatMap((id) => {
    const ms = Object.hasOwn(seen, id) ? seen[id] : undefined;
    return ms === undefined ? [] : [{ id, last_seen: rfc3339(ms).replace(".000", "") }];
  });
}

/** Devices by which the share of a user's in all checks is told. */
const SAMPLE = 1000;

/** The share of the devices within reach among those that check now. */
async function shareOf(deps: Deps, actor: Actor): Promise<number> {
  if (devicesFor(actor, "devices:read") === "all") return 1;
  deps.cost.objectCalls += 1;
  const recent = await headOf(deps.heads, actor.tenant).recent(deps.now(), SAMPLE);
  const reached = await reachedOf(deps, actor, recent);
  return recent.length === 0 ? 0 : reached.length / recent.length;
}

/** How many devices check now, of those that the actor may see, and how they are answered. */
export async function fleetNow(deps: Deps, actor: Actor) {
  deps.cost.objectCalls += 1;
  const live = headOf(deps.heads, actor.tenant).live(actor.tenant, deps.now());
  const [{ checks_per_second, mode, generation }, share] = await Promise.all([live, shareOf(deps, actor)]);
  return { checks_per_second: checks_per_second * share, mode, generation };
}
