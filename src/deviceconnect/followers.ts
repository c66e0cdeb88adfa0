import type { EventHandler } from "../jobs/consume.ts";
import { asDeviceId } from "../platform/ids.ts";
import { disconnectDevice, removeDeviceConnection, wake } from "./service.ts";
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

/** A tenant that is suspended holds no connections. */
export const dropSuspendedTenant: EventHandler = async (deps, { tenant, data }) => {
  if (data?.status !== "suspended") return;
  for (let after = ""; ;) {
    const page = await deps.db(tenant).one(connectedDevices(tenant, after, PAGE));
    await Promise.all(page.map(({ device_id }) => disconnectDevice(deps, tenant, device_id)));
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.device_id;
  }
};

/** A device that holds a connection is told at once that there is work for it; any other asks when it does. */
export const wakeDevice: EventHandler = async (deps, { tenant, subject }) => {
  await wake(deps, tenant, asDeviceId(subject));
};
