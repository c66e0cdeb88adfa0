import { SQL } from "drizzle-orm";
import { rfc3339 } from "../platform/clock.ts";
import type { Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { bytesOf } from "../platform/limits.ts";
import type { DeviceChange, InventoryChange, ProvisionedDevice } from "../platform/participants.ts";
import { EVENT_DATA_BYTES, tell, tellIfChanged, type Told } from "../platform/stream.ts";

function provisionedData(device: DeviceId, status: string, { createdMs, authSet }: ProvisionedDevice) {
  const set = {
    id: authSet.id,
    device_id: device,
    identity_data: authSet.identity,
    pubkey: authSet.pubkey,
    status: authSet.status,
    ts: rfc3339(authSet.createdMs),
  };
  return { id: device, status, auth_sets: [set], created_ts: rfc3339(createdMs) };
}

const STATUS_EVENTS = {
  pending: "device.pending",
  accepted: "device.accepted",
  rejected: "device.rejected",
  preauthorized: "device.preauthorized",
  noauth: "device.noauth",
} as const;

/** A device has a status that it had not before; one that does not exist is told as none. */
export function statusTold(device: DeviceId, status: string, previous: string | null): Told[] {
  if (!Object.hasOwn(STATUS_EVENTS, status)) return [];
  const type = STATUS_EVENTS[status as keyof typeof STATUS_EVENTS]; // just looked up
  return [{ type, device, data: { status, previous } }];
}

/** What the world is told of a change: that a device is new, or there for good, and then its status. */
export const deviceToldStatements = ({
  tenant,
  device,
  status,
  previous,
  provisioned,
  atMs,
}: DeviceChange): Statement<unknown>[] => {
  if (status === previous) return [];
  const data = provisioned && provisionedData(device, status, provisioned);
  const seen: Told = { type: "device.first_seen", device, data: { status, previous: null } };
  const events: Told[] = [
    ...(previous === undefined ? [seen] : []),
    ...(data ? [{ type: "device.provisioned" as const, device, data }] : []),
    ...statusTold(device, status, previous ?? null),
  ];
  return tell(tenant, events, atMs);
};

export const deviceGoneStatements = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
  status: string,
): Statement<unknown>[] => tell(tenant, [{ type: "device.decommissioned", device, data: { status } }], atMs);

/** Attributes that are new, different or gone; of those that are too large for the stream the names alone. */
export const inventoryToldStatements = ({
  tenant,
  device,
  attributes,
  quietly = false,
  atMs,
}: InventoryChange): Statement<unknown>[] => {
  const type = "device.inventory_changed";
  if (attributes instanceof SQL) {
    const options = { ifChanged: true, lists: { attributes }, quietly };
    return tell(tenant, [{ type, device, data: { attributes: [] } }], atMs, options);
  }
  const fits = bytesOf(JSON.stringify(attributes)) <= EVENT_DATA_BYTES;
  const short = () => {
    const names = attributes.map(({ scope, name }) => ({
      scope,
      name: name.slice(0, MAX_NAME),
      value: null,
    }));
    return { attributes: names.slice(0, MAX_NAMES), shortened: true };
  };
  const data = fits ? { attributes: [...attributes] } : short();
  return tellIfChanged(tenant, { type, device, data }, atMs);
};

/** Of attributes whose values are left out. */
const MAX_NAME = 256;
const MAX_NAMES = 100;
