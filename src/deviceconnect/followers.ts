import { untilKnown } from "../checkin/index.ts";
import type { EventHandler } from "../platform/background.ts";
import { targetedDevices } from "../deployments/index.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { askForUpdate, disconnectDevice, recheckDevice, removeDeviceConnection } from "./connections.ts";
import { connectedDevices, sessionDevices } from "./store.ts";

const PAGE = 100;

/** Tokens of a device ended while it stays accepted: it comes back with a new one. */
export const recheckRevokedDevice: EventHandler = (deps, { tenant, subject }) =>
  recheckDevice(deps, tenant, asDeviceId(subject));

/** Something about the rights of a user, or of all users of the tenant, has ended. */
const recheckSessions = async (deps: Deps, tenant: TenantId, user: string | undefined): Promise<void> => {
  for (let after = "", full = true; full;) {
    const page = await deps.db(tenant).one(sessionDevices(tenant, user, after, PAGE));
    full = page.length === PAGE;
    after = page.at(-1)?.device_id ?? "";
    await Promise.all(page.map(({ device_id }) => recheckDevice(deps, tenant, device_id)));
  }
};

/** A user is gone, changed, or lost a token: what is open in that name ends where the right to it did. */
export const recheckUser: EventHandler = (deps, { tenant, subject }) =>
  recheckSessions(deps, tenant, subject);

export const recheckAllUsers: EventHandler = (deps, { tenant }) => recheckSessions(deps, tenant, undefined);

/** A device that is gone keeps no connection. */
export const forgetGoneDevice: EventHandler = (deps, { tenant, subject }) =>
  removeDeviceConnection(deps, tenant, asDeviceId(subject));

/** A device that is no longer accepted is disconnected; were it accepted again meanwhile, it just comes back. */
export const dropRefusedDevice: EventHandler = async (deps, { tenant, subject, data }) => {
  if (data?.previous === "accepted" && data.status !== "accepted") {
    await disconnectDevice(deps, tenant, asDeviceId(subject));
  }
};

/** Connected devices of a tenant, page by page. */
async function* connectedPages(deps: Deps, tenant: TenantId): AsyncGenerator<DeviceId[]> {
  for (let after = "", full = true; full;) {
    const page = await deps.db(tenant).one(connectedDevices(tenant, after, PAGE));
    full = page.length === PAGE;
    after = page.at(-1)?.device_id ?? "";
    if (page.length > 0) yield page.map(({ device_id }) => device_id);
  }
}

/** Does something with each device; one that fails is logged and keeps no other from its turn. */
async function countFailed(
  deps: Deps,
  devices: readonly DeviceId[],
  work: (device: DeviceId) => Promise<unknown>,
): Promise<number> {
  const results = await Promise.allSettled(devices.map(work));
  results.forEach((result, i) => {
    if (result.status === "rejected")
      deps.log.error("device not reached", { device: devices[i], cause: result.reason });
  });
  return results.filter(({ status }) => status === "rejected").length;
}

/** Ends every connection of a tenant. */
export async function disconnectTenant(deps: Deps, tenant: TenantId): Promise<void> {
  let failed = 0;
  for await (const page of connectedPages(deps, tenant)) {
    failed += await countFailed(deps, page, (device) => disconnectDevice(deps, tenant, device));
  }
  // The event comes again for those that were not reached.
  if (failed > 0) throw new Error(`${failed} connections were not ended`);
}

/** Tokens of all devices of a tenant ended. */
export const recheckAllDevices: EventHandler = async (deps, { tenant }) => {
  for await (const page of connectedPages(deps, tenant)) {
    await Promise.all(page.map((device) => recheckDevice(deps, tenant, device)));
  }
};

/** A tenant that is suspended holds no connections. */
export const dropSuspendedTenant: EventHandler = async (deps, { tenant, data }) => {
  if (data?.status === "suspended") await disconnectTenant(deps, tenant);
};

/** Targets of a deployment that hold a connection are told at once; a page at a time, so that they do not all ask together. */
export const wakeTargets: EventHandler = async (deps, { tenant, subject, atMs, data }) => {
  if (data?.opens_later === true) return;
  await untilKnown(deps, tenant, atMs);
  for await (const page of connectedPages(deps, tenant)) {
    const ids = await targetedDevices(deps, tenant, subject, page);
    // Who cannot be told asks by itself.
    await countFailed(deps, ids, (device) => askForUpdate(deps, tenant, device));
  }
};
