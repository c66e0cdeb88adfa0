import { groupOfStatement } from "../devices/index.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId, asTenantId } from "../platform/ids.ts";
import { devicesFor, hasPermission } from "../platform/permissions.ts";
import { isReached } from "../platform/reach.ts";
import { findTokenHolders } from "../useradm/index.ts";
import { recall } from "./live-socket.ts";

/** Of those who look at one thing, the ones that are told of. */
const MAX_SHOWN = 10;

/** Tells each of these sockets that look at a device who else does. Who may not see the device neither hears of it nor is told of. */
export async function tellOnlookers(
  deps: Deps,
  sockets: readonly WebSocket[],
  device: string,
): Promise<void> {
  const there = sockets.filter((socket) => recall(socket).at === device);
  const [first] = there;
  if (!first) return;
  const tenant = asTenantId(recall(first).tenant);
  const claims = there.map(recall).map(({ user, token }) => ({ tenant, subject: user, token }));
  const [holders, group] = await Promise.all([
    findTokenHolders(deps, claims),
    deps.db(tenant).one(groupOfStatement(tenant, asDeviceId(device))),
  ]);
  const lookers = there.flatMap((socket, i) => {
    const actor = holders[i]?.actor;
    const maySee =
      actor &&
      hasPermission(actor, "devices:read") &&
      isReached(devicesFor(actor, "devices:read"), asDeviceId(device), group);
    return maySee ? [{ socket, user: actor.user, email: actor.email }] : [];
  });
  for (const { socket, user } of lookers) {
    const others = new Map(lookers.filter((one) => one.user !== user).map((one) => [one.user, one.email]));
    const users = [...others.values()].toSorted();
    const more = Math.max(0, users.length - MAX_SHOWN);
    socket.send(JSON.stringify({ onlookers: { device, users: users.slice(0, MAX_SHOWN), more } }));
  }
}
