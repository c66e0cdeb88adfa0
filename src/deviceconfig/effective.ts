import { knownDevicesStatement } from "../devices/index.ts";
import { deviceGroupsStatement, membersAmong, savedFiltersStatement } from "../inventory/index.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { defaultsOfFilters, defaultsOfGroups, type DefaultsRow } from "./defaults-store.ts";
import { valuesOf, type ConfigurationValues } from "./schema.ts";
import { configurationsOf } from "./store.ts";

/** Values from one place. */
export interface Layer {
  source: "filter" | "group" | "device";
  id: string;
  values: ConfigurationValues;
}

export interface Effective {
  /** The weakest first: saved filters by priority, the device's group, the device's own values. */
  layers: Layer[];
  /** What the device should run with. */
  values: ConfigurationValues;
  /** What it says that it runs with. */
  reported: ConfigurationValues;
}

/** What has to be read first; it needs nothing but ids and may ride in another round trip. */
export const effectiveReads = (tenant: TenantId, devices: readonly DeviceId[]) =>
  [
    knownDevicesStatement(tenant, devices),
    configurationsOf(tenant, devices),
    deviceGroupsStatement(tenant, devices),
    defaultsOfFilters(tenant),
  ] as const;

type Results<S> = { -readonly [K in keyof S]: S[K] extends Statement<infer T> ? T : never };
type FirstRead = Results<ReturnType<typeof effectiveReads>>;

/** What each of the devices should run with, without those that the tenant does not have. */
export async function effectiveOf(
  deps: Deps,
  tenant: TenantId,
  devices: readonly DeviceId[],
): Promise<Map<DeviceId, Effective>> {
  const read = await deps.db(tenant).batch(effectiveReads(tenant, devices));
  return effectiveFrom(deps, tenant, read);
}

/** The same from what was read already. */
export async function effectiveFrom(
  deps: Deps,
  tenant: TenantId,
  [known, records, groups, filters]: FirstRead,
): Promise<Map<DeviceId, Effective>> {
  const devices = known.map((row) => row.device_id);
  const groupOf = new Map(groups.map((row) => [row.device_id, row.group_name]));
  const [ofGroups, filterLayers] = await inherited(deps, tenant, devices, { groupOf, filters });
  const recordOf = new Map(records.map((row) => [row.device_id, row]));
  return new Map(
    devices.map((device) => {
      const record = recordOf.get(device);
      const group = ofGroups.find((row) => row.source_id === groupOf.get(device));
      const own: Layer = { source: "device", id: device, values: valuesOf(record?.configured) };
      const layers = [
        ...filterLayers.filter(({ members }) => members.has(device)).map(({ layer }) => layer),
        ...(group ? [layerOf("group", group)] : []),
        own,
      ];
      const values = layers.reduce<ConfigurationValues>(
        (under, layer) => ({ ...under, ...layer.values }),
        {},
      );
      return [device, { layers, values, reported: valuesOf(record?.reported) }];
    }),
  );
}

const layerOf = (source: Layer["source"], row: DefaultsRow): Layer => ({
  source,
  id: row.source_id,
  values: valuesOf(row.configured),
});

interface FilterLayer {
  layer: Layer;
  members: ReadonlySet<DeviceId>;
}

/** Defaults of the devices' groups, and of filters with those of the devices that satisfy them. */
async function inherited(
  deps: Deps,
  tenant: TenantId,
  devices: readonly DeviceId[],
  { groupOf, filters }: { groupOf: ReadonlyMap<DeviceId, string>; filters: readonly DefaultsRow[] },
): Promise<[DefaultsRow[], FilterLayer[]]> {
  const groups = [...new Set(groupOf.values())];
  if (groups.length === 0 && filters.length === 0) return [[], []];
  const [ofGroups, saved] = await deps.db(tenant).batch([
    defaultsOfGroups(tenant, groups),
    savedFiltersStatement(
      tenant,
      filters.map((row) => row.source_id),
    ),
  ]);
  const members = await membersAmong(deps, tenant, saved, devices);
  const layers = filters.map((row) => ({
    layer: layerOf("filter", row),
    members: members.get(row.source_id) ?? new Set<DeviceId>(),
  }));
  return [ofGroups, layers];
}

/** For every layer the keys that it has the last word on. */
export const wordsOf = ({ layers }: Effective): (Pick<Layer, "source" | "id"> & { keys: string[] })[] =>
  layers.map(({ source, id, values }, i) => {
    const above = layers.slice(i + 1);
    const keys = Object.keys(values).filter(
      (key) => !above.some((layer) => Object.hasOwn(layer.values, key)),
    );
    return { source, id, keys };
  });

/** True if the device says that it runs with exactly what it should. */
export function isInSync({ values, reported }: Effective): boolean {
  const keys = Object.keys(values);
  return (
    keys.length === Object.keys(reported).length &&
    keys.every((key) => Object.hasOwn(reported, key) && values[key] === reported[key])
  );
}
