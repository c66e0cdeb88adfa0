import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { zonesInUse } from "../store/windows.ts";
import { NEVER_MS } from "../limits.ts";
import type { Rollout } from "./rollout-schema.ts";
import { isZone } from "./zone-clock.ts";
import { windowAt, type Window } from "./windows.ts";

/** The window of a time zone; of the fixed one, which is also that of devices without a zone of their own, the name is empty. */
export interface ZoneWindow extends Window {
  zone: string;
}

/** For devices whose group has no windows, where the tenant has none either. */
const ALWAYS: ZoneWindow = { zone: "", fromMs: 0, toMs: NEVER_MS };

/** Zones that devices tell; those beyond them count as devices without one. */
const MAX_ZONES = 500;

/** The windows of a deployment that are open or open next. */
export async function zoneWindows(
  deps: Deps,
  tenant: TenantId,
  { windows, windows_of_groups: ofGroups }: Pick<Rollout, "windows" | "windows_of_groups">,
): Promise<ZoneWindow[]> {
  if (ofGroups) {
    const groups = Object.keys(ofGroups).flatMap(
      (group) => nextWindow({ windows, windows_of_groups: ofGroups }, group, deps.now()) ?? [],
    );
    return [...(nextWindow({ windows }, "", deps.now()) ?? [ALWAYS]), ...groups];
  }
  if (!windows) return [];
  const { zone_attribute: own } = windows;
  const told = own ? await deps.db(tenant).one(zonesInUse(tenant, own, MAX_ZONES)) : [];
  const zones = told.map(({ value }) => value).filter(isZone);
  return ["", ...zones].flatMap((zone) => nextWindow({ windows }, zone, deps.now()) ?? []);
}

/** The window of a zone, or of a group that has its own, that is open or opens next. */
export function nextWindow(
  { windows, windows_of_groups: ofGroups }: Pick<Rollout, "windows" | "windows_of_groups">,
  zone: string,
  atMs: number,
): ZoneWindow[] | undefined {
  const counts = zone === "" ? windows : ofGroups ? ofGroups[zone] : windows;
  if (!counts) return undefined;
  const window = windowAt(counts, zone === "" || ofGroups ? counts.zone : zone, atMs);
  return window ? [{ zone, ...window }] : undefined;
}
