/** Devices of some static groups, by their group at the moment of asking, and some named one by one. */
export interface SomeDevices {
  groups: readonly string[];
  ids: readonly string[];
}

/** Whether a device that is in this group now is within reach. */
export const isReached = (reach: DeviceReach, device: string, group: string | null): boolean =>
  reach === "all" || reach.ids.includes(device) || (group !== null && reach.groups.includes(group));

export type DeviceReach = "all" | SomeDevices;

/** Releases that have one of these tags. */
export type ReleaseReach = "all" | { tags: readonly string[] };

/** Whether a release with these tags is within reach. */
export const isTagged = (reach: ReleaseReach, tags: readonly string[]): boolean =>
  reach === "all" || tags.some((tag) => reach.tags.includes(tag));

/** What a permission is good for. */
export interface Reach {
  devices: DeviceReach;
  releases: ReleaseReach;
}

export const EVERYWHERE: Reach = { devices: "all", releases: "all" };

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])];
const common = (a: readonly string[], b: readonly string[]) => a.filter((name) => b.includes(name));

const bothDevices = (a: DeviceReach, b: DeviceReach): DeviceReach =>
  a === "all" || b === "all" ? "all" : { groups: union(a.groups, b.groups), ids: union(a.ids, b.ids) };

/** A group and a device named one by one have nothing in common, although the device may be in the group: that changes. */
const commonDevices = (a: DeviceReach, b: DeviceReach): DeviceReach => {
  if (a === "all") return b;
  return b === "all" ? a : { groups: common(a.groups, b.groups), ids: common(a.ids, b.ids) };
};

const bothReleases = (a: ReleaseReach, b: ReleaseReach): ReleaseReach =>
  a === "all" || b === "all" ? "all" : { tags: union(a.tags, b.tags) };

const commonReleases = (a: ReleaseReach, b: ReleaseReach): ReleaseReach => {
  if (a === "all") return b;
  return b === "all" ? a : { tags: common(a.tags, b.tags) };
};

const isAmong = (part: readonly string[], all: readonly string[]) => part.every((name) => all.includes(name));

/** Whether one reach holds all of another. */
export const reachCovers = (a: Reach, b: Reach): boolean =>
  (a.devices === "all" ||
    (b.devices !== "all" &&
      isAmong(b.devices.groups, a.devices.groups) &&
      isAmong(b.devices.ids, a.devices.ids))) &&
  (a.releases === "all" || (b.releases !== "all" && isAmong(b.releases.tags, a.releases.tags)));

/** The reach of one permission given twice. */
export const widened = (a: Reach | undefined, b: Reach): Reach =>
  a === undefined
    ? b
    : { devices: bothDevices(a.devices, b.devices), releases: bothReleases(a.releases, b.releases) };

export const narrowed = (a: Reach, b: Reach): Reach => ({
  devices: commonDevices(a.devices, b.devices),
  releases: commonReleases(a.releases, b.releases),
});
