import { satisfies, type SavedFilter } from "../inventory/index.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { devicesToMatch, openFilter } from "./store/dynamic.ts";
import { targetedAmong } from "./store/membership.ts";

/** Which of these devices an unfinished deployment is for: those it lists, or those that its filter finds now. */
export async function targetedDevices(
  deps: Deps,
  tenant: TenantId,
  deployment: string,
  devices: readonly DeviceId[],
): Promise<DeviceId[]> {
  const [listed, dynamic] = await deps
    .db(tenant)
    .batch([targetedAmong(tenant, deployment, devices), openFilter(tenant, deployment)]);
  if (!dynamic) return listed.map(({ device_id: id }) => id);
  const { terms } = JSON.parse(dynamic.filter) as SavedFilter; // stored with the deployment
  const known = await deps.db(tenant).one(devicesToMatch(tenant, devices));
  return known.filter((device) => satisfies(device, terms)).map(({ device_id: id }) => id);
}
