import { rfc3339 } from "../platform/clock.ts";
import type { Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import type { DeviceChange, InventoryChange, ProvisionedDevice } from "../platform/participants.ts";
import { recordStatements } from "./event-store.ts";
import { DELIVERIES_DUE } from "./events.ts";

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

const statusChanged = (tenant: TenantId, device: DeviceId, status: string, atMs: number) =>
  recordStatements(tenant, { device, type: "device-status-changed", data: { id: device, status } }, atMs);

/** What integrations are told of a change: first that a device is there for good, then its status. */
export const deviceChangedStatements = ({
  tenant,
  device,
  status,
  previous,
  provisioned,
  atMs,
}: DeviceChange): Statement<unknown>[] => {
  if (status === previous) return [];
  const data = provisioned && provisionedData(device, status, provisioned);
  return [
    ...(data ? recordStatements(tenant, { device, type: "device-provisioned", data }, atMs) : []),
    ...statusChanged(tenant, device, status, atMs),
  ];
};

/** One that was only expected was never there for the clouds: its end is a change of status. */
export const deviceRemovedStatements = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
  status: string,
): Statement<unknown>[] =>
  status === "preauthorized"
    ? statusChanged(tenant, device, "decommissioned", atMs)
    : recordStatements(tenant, { device, type: "device-decommissioned", data: { id: device } }, atMs);

/**
 * What integrations that want to hear of it are told of attributes. Each has its name and scope, and both as one key, by which
 * the web UI looks for it.
 */
export const inventoryChangedStatements = ({
  tenant,
  device,
  attributes,
  atMs,
}: InventoryChange): Statement<unknown>[] => {
  const inventory = attributes.map(({ scope, name, value }) => ({
    name,
    value,
    scope,
    key: `${scope}-${name}`,
  }));
  const data = { device_id: device, tenant_id: tenant, inventory };
  const event = { device, type: "device-inventory-changed", data } as const;
  return [
    ...recordStatements(tenant, event, atMs, { ifChanged: true }),
    addEventIfChanged({ kind: DELIVERIES_DUE, tenant, subject: tenant }, atMs),
  ];
};
