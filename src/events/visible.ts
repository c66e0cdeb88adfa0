import { knownDevicesStatement, reachedAmongStatement } from "../devices/index.ts";
import type { UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { EVENT_TYPES } from "../platform/event-types.ts";
import type { DeviceId } from "../platform/ids.ts";
import { devicesFor, hasPermission, reachesAll, type Permission } from "../platform/permissions.ts";
import type { SomeDevices } from "../platform/reach.ts";
import type { StreamEvent } from "./stream-event.ts";

/** Any of these lets a user read of something. */
export const READS: readonly Permission[] = [
  ...new Set(Object.values(EVENT_TYPES).map(({ needs }) => needs)),
];

const needsOf = ({ type }: StreamEvent): Permission => EVENT_TYPES[type].needs;

/** Of events about devices those that are within reach: where the device is now, or was when it went. */
async function reachedAmong(
  deps: Deps,
  { tenant }: UserActor,
  events: readonly (StreamEvent & { device: DeviceId })[],
  reach: SomeDevices,
): Promise<Set<StreamEvent>> {
  const devices = [...new Set(events.map(({ device }) => device))];
  const [reached, known] = await deps
    .db(tenant)
    .batch([reachedAmongStatement(tenant, devices, reach), knownDevicesStatement(tenant, devices)]);
  const isReached = new Set(reached);
  const isKnown = new Set(known.map((row) => row.device_id));
  const isSeen = ({ device, group }: StreamEvent & { device: DeviceId }) =>
    isReached.has(device) || (!isKnown.has(device) && group !== undefined && reach.groups.includes(group));
  return new Set(events.filter(isSeen));
}

/**
 * Those of the events that a user may know of. What is about no device is for those alone who are not confined to some
 * devices.
 */
export async function visibleTo(
  deps: Deps,
  user: UserActor,
  events: readonly StreamEvent[],
): Promise<StreamEvent[]> {
  const allowed = events.filter((event) => hasPermission(user, needsOf(event)));
  const visible = new Set<StreamEvent>();
  for (const [needs, of] of Map.groupBy(allowed, needsOf)) {
    const about = of.filter(
      (event): event is StreamEvent & { device: DeviceId } => event.device !== undefined,
    );
    const reach = devicesFor(user, needs);
    if (reachesAll(user, needs)) for (const event of of) visible.add(event);
    else if (reach === "all") for (const event of about) visible.add(event);
    else if (about.length > 0)
      for (const event of await reachedAmong(deps, user, about, reach)) visible.add(event);
  }
  return events.filter((event) => visible.has(event));
}
