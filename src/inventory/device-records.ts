import type { SQL } from "drizzle-orm";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { cleanText, keyOf, type AttributeValue, type StoredAttributes } from "./attributes.ts";
import {
  mergeAttributes,
  removeDevice,
  setOpenAlerts,
  setStatus,
  type StatusChange,
} from "./store/devices.ts";
import { searchById, searchDevices } from "./search/search.ts";
import { termOf, type Predicate } from "./search/terms.ts";
import { demandFilter, filterById, filtersByIds, type SavedFilter } from "./store/filters.ts";
import { demandGroup, groupOf } from "./store/groups.ts";
import { groupsOf } from "./store/membership.ts";
import { distinctTexts } from "./store/search.ts";

/** Puts a device's status into its inventory. Of two updates the one with the greater revision stays, in whatever order they come. */
export const deviceStatusStatements = (update: StatusChange): Statement<unknown>[] => [setStatus(update)];

/** Puts identity data into a device's inventory. A key `status` is skipped: that name is the device's status. */
export function deviceIdentityStatements(known: {
  tenant: TenantId;
  device: DeviceId;
  identity: Record<string, unknown>;
  atMs: number;
}): Statement<unknown>[] {
  const attributes: StoredAttributes = {};
  for (const [name, value] of Object.entries(known.identity)) {
    if (name !== "status") attributes[keyOf("identity", name)] = [identityValue(value)];
  }
  return [mergeAttributes(known.tenant, known.device, attributes, known.atMs)];
}

/** Puts how many open alerts a device has, as a query tells, into its inventory for filters. */
export const deviceAlertsStatements = (
  tenant: TenantId,
  device: DeviceId,
  open: SQL,
  atMs: number,
): Statement<unknown>[] => [setOpenAlerts(tenant, device, open, atMs)];

const isNumber = (value: unknown): value is number => Number.isFinite(value);

const identityText = (value: unknown): string =>
  typeof value === "string" ? cleanText(value) : JSON.stringify(value);

/** A list stays one, so that each of its members is found; one of several types becomes a list of texts. */
function identityValue(value: unknown): AttributeValue {
  if (!Array.isArray(value)) return isNumber(value) ? value : identityText(value);
  const members: unknown[] = value;
  return members.every(isNumber) ? members : members.map(identityText);
}

/** Forgets a device and everything it is found by. */
export const removeDeviceStatements = (tenant: TenantId, device: DeviceId): Statement<unknown>[] => [
  removeDevice(tenant, device),
];

/** The static group of a device; nothing for an unknown device. */
export const deviceGroupStatement = (
  tenant: TenantId,
  device: DeviceId,
): Statement<{ group: string | null } | undefined> => groupOf(tenant, device);

/** The static groups of devices, without those that are in none. */
export const deviceGroupsStatement = (
  tenant: TenantId,
  devices: readonly DeviceId[],
): Statement<{ device_id: DeviceId; group_name: string }[]> => groupsOf(tenant, devices);

/** Devices that satisfy all conditions, by id and beginning after a given one: a whole fleet in pieces. */
export async function searchDeviceIds(
  deps: Deps,
  tenant: TenantId,
  filters: readonly Predicate[],
  window: { after?: DeviceId; limit: number },
): Promise<DeviceId[]> {
  const page = await searchById(deps, tenant, { terms: filters.map(termOf) });
  return (await page(window)).map((row) => asDeviceId(row.device_id));
}

/** Different texts of an attribute, of those that begin so. */
export const attributeTextsStatement = (
  tenant: TenantId,
  scope: string,
  name: string,
  limit: number,
  prefix = "",
): Statement<{ value: string }[]> => distinctTexts(tenant, keyOf(scope, name), prefix, limit);

/** How many devices satisfy all conditions. */
export const countDevices = async (
  deps: Deps,
  tenant: TenantId,
  filters: readonly Predicate[],
): Promise<number> =>
  (await searchDevices(deps, tenant, { terms: filters.map(termOf) }, { page: 1, perPage: 1 })).total;

/** A saved filter; nothing if the tenant has none of this id. */
export const savedFilterStatement = (tenant: TenantId, id: string): Statement<SavedFilter | undefined> =>
  filterById(tenant, id);

/** Saved filters by id, without those that are gone. */
export const savedFiltersStatement = (tenant: TenantId, ids: readonly string[]): Statement<SavedFilter[]> =>
  filtersByIds(tenant, ids);

/** Fails its batch with this refusal if the tenant has no such filter. */
export const FILTER_GONE = "filter-gone";
export const demandFilterStatement = (tenant: TenantId, id: string): Statement<void> =>
  demandFilter(tenant, id, FILTER_GONE);

/** Fails its batch with this refusal if no device of the tenant is in the group. */
export const GROUP_GONE = "group-gone";
export const demandGroupStatement = (tenant: TenantId, group: string): Statement<void> =>
  demandGroup(tenant, group, GROUP_GONE);
