import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { zonesInUse } from "../store/windows.ts";
import type { Windows } from "./rollout-schema.ts";
import { isZone } from "./zone-clock.ts";
import { windowAt, type Window } from "./windows.ts";

/** The window of a time zone; of the fixed one, which is also that of devices without a zone of their own, the name is empty. */
export interface ZoneWindow extends Window {
  zone: string;
}

/** Zones that devices tell; those beyond them count as devices without one. */
const MAX_ZONES = 500;

/** The windows of a deployment that are open or open next. */
export async function zoneWindows(
  deps: Deps,
  tenant: TenantId,
  windows: Windows | undefined,
): Promise<ZoneWindow[]> {
  if (!windows) return [];
  const { zone_attribute: own } = windows;
  const told = own ? await deps.db(tenant).one(zonesInUse(tenant, own, MAX_ZONES)) : [];
  const zones = told.map(({ value }) => value).filter(isZone);
  return ["", ...zones].flatMap((zone) => {
    const window = windowAt(windows, zone === "" ? windows.zone : zone, deps.now());
    return window ? [{ zone, ...window }] : [];
  });
}
