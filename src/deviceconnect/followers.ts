import { untilKnown } from "../checkin/service.ts";
import type { EventHandler } from "../platform/background.ts";
import { targetedAmongStatement } from "../deployments/service.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { askForUpdate, disconnectDevice, removeDeviceConnection } from "./service.ts";
import { connectedDevices } from "./store.ts";

const PAGE = 100;

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

/** Ends every connection of a tenant. */
export async function disconnectTenant(deps: Deps, tenant: TenantId): Promise<void> {
  for await (const page of connectedPages(deps, tenant)) {
    await Promise.all(page.map((device) => disconnectDevice(deps, tenant, device)));
  }
}

/** A tenant that is suspended holds no connections. */
export const dropSuspendedTenant: EventHandler = async (deps, { tenant, data }) => {
  if (data?.status === "suspended") await disconnectTenant(deps, tenant);
};

/** Targets of a deployment that hold a connection are told at once; a page at a time, so that they do not all ask together. */
export const wakeTargets: EventHandler = async (deps, { tenant, subject, atMs, data }) => {
  if (data?.opens_later === true) return;
  await untilKnown(deps, tenant, atMs);
  for await (const page of connectedPages(deps, tenant)) {
    const targeted = await deps.db(tenant).one(targetedAmongStatement(tenant, subject, page));
    await Promise.all(targeted.map(({ device_id }) => askForUpdate(deps, tenant, device_id)));
  }
};
