import type { Actor } from "../platform/actor.ts";
import { toSeconds } from "../platform/clock.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { devicesFor } from "../platform/permissions.ts";
import { startOfPage } from "../platform/deep-page.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import {
  acceptance,
  auditStatement,
  changeStatements,
  hitDeviceLimit,
  removalStatements,
  untilUndisturbed,
} from "./transitions.ts";
import { withContact, withContacts } from "./contacts.ts";
import { tokensRevokedEvent } from "./events.ts";
import { type DeviceStatus, type SetStatus, type UserStatus } from "./states.ts";
import {
  deviceCountsStatement,
  deviceOfSetStatement,
  devicePlaceStatement,
  devicesStatement,
  deviceStatement,
  type Device,
  type DeviceCount,
  type DeviceFilter,
  type DevicePlace,
} from "./store.ts";
import { revokeSetTokensStatement, type AuthSet } from "./set-store.ts";

/** A page of devices by status, then id. */
export async function listDevices(
  deps: Deps,
  actor: Actor,
  filter: DeviceFilter,
  page: Page,
): Promise<{ devices: Device[]; hasNext: boolean }> {
  const { tenant } = actor;
  const reached = { ...filter, reach: devicesFor(actor, "devices:read") };
  const start = await startOfPage<DevicePlace>(filter.ids ? 0 : offsetOf(page), (after, passed) =>
    deps.db(tenant).one(devicePlaceStatement(tenant, reached, after, passed)),
  );
  if (!start) return { devices: [], hasNext: false };
  const window = { limit: page.perPage + 1, ...start, ...(filter.ids && { offset: offsetOf(page) }) };
  const devices = await deps.db(tenant).one(devicesStatement(tenant, reached, window));
  const listed = await withContacts(deps, actor, devices.slice(0, page.perPage));
  return { devices: listed, hasNext: devices.length > page.perPage };
}

/** Devices by status and tier, without looking at devices. */
export async function deviceCounts(deps: Deps, actor: Actor): Promise<DeviceCount[]> {
  return deps.db(actor.tenant).one(deviceCountsStatement(actor.tenant, devicesFor(actor, "devices:read")));
}

export async function countDevices(deps: Deps, actor: Actor, status?: DeviceStatus): Promise<number> {
  const counts = await deviceCounts(deps, actor);
  return counts
    .filter((count) => status === undefined || count.status === status)
    .reduce((sum, count) => sum + count.devices, 0);
}

async function findDevice(deps: Deps, actor: Actor, id: string): Promise<Device> {
  const device = await deps.db(actor.tenant).one(deviceStatement(actor.tenant, id));
  if (!device) throw new Fault("not_found", "device not found");
  return device;
}

export async function getDevice(deps: Deps, actor: Actor, id: string): Promise<Device> {
  return withContact(deps, actor, await findDevice(deps, actor, id));
}

export const getDeviceStatus = async (deps: Deps, actor: Actor, id: string): Promise<DeviceStatus> =>
  (await findDevice(deps, actor, id)).status;

const unknownSet = (empty: boolean) => new Fault("not_found", "authorization set not found", { empty });

async function findSet(
  deps: Deps,
  actor: Actor,
  id: string,
  emptyFault = false,
): Promise<{ device: Device; set: AuthSet }> {
  const device = await deps.db(actor.tenant).one(deviceOfSetStatement(actor.tenant, id));
  const set = device?.sets.find((candidate) => candidate.id === id);
  if (!device || !set) throw unknownSet(emptyFault);
  return { device, set };
}

/** Looks at the set's id only, as clients may rely on (protocol notes, deviceauth 4). */
export async function getSetStatus(deps: Deps, actor: Actor, set: string): Promise<SetStatus> {
  return (await findSet(deps, actor, set)).set.status;
}

const ACTIONS: Record<UserStatus, string> = {
  accepted: "accept",
  rejected: "reject",
  pending: "set_pending",
};

/** One set of a device moving to another status, with its audit entry; nothing if it is there already. */
export function setStatusStatements(
  deps: Deps,
  actor: Actor,
  device: Device,
  set: AuthSet,
  status: UserStatus,
  at: number,
): Statement<unknown>[] {
  if (set.status === status) return [];
  if (set.status === "preauthorized") throw new Fault("bad_request", "dev auth: bad request");
  const changes = status === "accepted" ? acceptance(device, set.id) : { moved: [{ set: set.id, status }] };
  return [
    ...changeStatements(deps.participants, actor.tenant, device, changes, at),
    auditStatement(actor, ACTIONS[status], device, at),
  ];
}

/** Takes back that a device was let in: it waits for a decision, and its tokens end. */
export const waitingStatements = (
  { participants }: Pick<Deps, "participants">,
  actor: Actor,
  device: Device,
  at: number,
): Statement<unknown>[] => {
  const accepted = device.sets.filter(({ status }) => status === "accepted");
  const moved = accepted.map(({ id }) => ({ set: id, status: "pending" as const }));
  return [
    ...changeStatements(participants, actor.tenant, device, { moved }, at),
    auditStatement(actor, ACTIONS.pending, device, at),
  ];
};

/** Accepts, rejects or takes back a set. The status it has already is no change. */
export const setSetStatus = (
  deps: Deps,
  actor: Actor,
  target: { device: string; set: string },
  status: UserStatus,
): Promise<void> =>
  untilUndisturbed(async () => {
    const { device, set } = await findSet(deps, actor, target.set);
    if (device.id !== target.device) throw new Fault("bad_request", "dev auth: dev ID and auth ID mismatch");
    const statements = setStatusStatements(deps, actor, device, set, status, deps.now());
    try {
      await deps.db(actor.tenant).batch(statements);
    } catch (cause) {
      if (!hitDeviceLimit(cause)) throw cause;
      throw new Fault("unprocessable", "maximum number of accepted devices reached", { cause });
    }
  });

/** Removes a set. A device loses its last set and stays, unless it was only ever preauthorised. */
export const dismissSet = (deps: Deps, actor: Actor, id: string): Promise<void> =>
  untilUndisturbed(async () => {
    const { device, set } = await findSet(deps, actor, id, true);
    const at = deps.now();
    const isLonePreauthorized = device.sets.length === 1 && set.status === "preauthorized";
    await deps
      .db(actor.tenant)
      .batch([
        ...(isLonePreauthorized
          ? removalStatements(deps.participants, actor.tenant, device, at)
          : changeStatements(deps.participants, actor.tenant, device, { removed: [set.id] }, at)),
        auditStatement(actor, "dismiss", device, at, `authentication set ${set.id}`),
      ]);
  });

/** Removes the device everywhere, at once. Its next request makes a new one. */
export const decommissionDevice = (deps: Deps, actor: Actor, id: string): Promise<void> =>
  untilUndisturbed(async () => {
    const db = deps.db(actor.tenant);
    const device = await db.one(deviceStatement(actor.tenant, id));
    if (!device) throw new Fault("not_found", "device not found", { empty: true });
    const at = deps.now();
    await db.batch([
      ...removalStatements(deps.participants, actor.tenant, device, at),
      auditStatement(actor, "decommission", device, at),
    ]);
  });

/** Kills every token of a set; `jti` of a token is the id of its set. The device may ask for a new one at once. */
export async function revokeToken(deps: Deps, actor: Actor, jti: string): Promise<void> {
  const { device, set } = await findSet(deps, actor, jti, true);
  if (set.status !== "accepted") throw unknownSet(true);
  const at = deps.now();
  await deps
    .db(actor.tenant)
    .batch([
      revokeSetTokensStatement(actor.tenant, set.id, toSeconds(at)),
      addEventIfChanged(tokensRevokedEvent(actor.tenant, device.id), at),
      auditStatement(actor, "revoke_token", device, at),
    ]);
}
