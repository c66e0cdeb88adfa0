import type { Actor } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { headOf } from "./head-stub.ts";

/** Devices asked about at once. */
export const MAX_IDS = 500;

/** Last contact of each of these devices, in the order asked; those never heard of are left out. */
export async function lastContacts(
  deps: Deps,
  actor: Actor,
  devices: readonly string[],
): Promise<{ id: string; last_seen: string }[]> {
  const seen = await deps.contacts.last(actor.tenant, devices).catch((cause: unknown) => {
    throw new Fault("unavailable", "service unavailable", { cause, headers: { "Retry-After": "5" } });
  });
  return devices.flatMap((id) => {
    const ms = Object.hasOwn(seen, id) ? seen[id] : undefined;
    return ms === undefined ? [] : [{ id, last_seen: rfc3339(ms).replace(".000", "") }];
  });
}

/** How many devices check now, and how they are answered. */
export async function fleetNow(deps: Deps, actor: Actor) {
  deps.cost.objectCalls += 1;
  const { checks_per_second, mode, generation } = await headOf(deps.heads, actor.tenant).live(
    actor.tenant,
    deps.now(),
  );
  return { checks_per_second, mode, generation };
}
