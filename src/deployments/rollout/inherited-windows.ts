import type { GroupWindows, Settings } from "../store/settings.ts";
import { Rollout, type Windows } from "./rollout-schema.ts";

const stored = (text: string | null): Windows | undefined =>
  text === null ? undefined : (JSON.parse(text) as Windows); // validated when it was stored

/**
 * What was asked for, with the windows that count: the deployment's own, else those of the group that it is for, else the
 * tenant's. Holidays of all three are kept. Of a list each device keeps to those of its own group, if that has some.
 */
export function withWindows<D extends { rollout?: Rollout | undefined }>(
  definition: D,
  settings: Pick<Settings, "windows" | "group_windows">,
  groups: readonly GroupWindows[] = [],
): D {
  const ofTenant = stored(settings.windows);
  const all = [definition.rollout?.windows, stored(settings.group_windows), ofTenant];
  const [nearest, ...others] = all.filter((windows) => windows !== undefined);
  const ofGroups = definition.rollout?.windows ? [] : groups;
  if (!nearest && ofGroups.length === 0) return definition;
  const rollout: Rollout = { ...(definition.rollout ?? Rollout.parse({ order: "arrival" })) };
  if (nearest) rollout.windows = withHolidays(nearest, others);
  if (ofGroups.length > 0)
    rollout.windows_of_groups = Object.fromEntries(
      ofGroups.map(({ group_name: name, windows }) => [
        name,
        withHolidays(JSON.parse(windows) as Windows, ofTenant ? [ofTenant] : []), // likewise
      ]),
    );
  return { ...definition, rollout };
}

const withHolidays = (windows: Windows, others: readonly Windows[]): Windows => ({
  ...windows,
  holidays: [...new Set([windows, ...others].flatMap(({ holidays }) => holidays))],
});
