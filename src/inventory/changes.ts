import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { InventoryChange } from "../platform/participants.ts";
import { wakeAfterwards } from "../platform/stream.ts";
import { nameOfKey, type AttributeDelta } from "./attributes.ts";

interface Written {
  tenant: TenantId;
  device: DeviceId;
  changes: AttributeDelta;
  atMs: number;
}

/** What follows a write of attributes in other domains; to stand after it in its batch. */
export function toldStatements(deps: Deps, { changes, ...written }: Written): Statement<unknown>[] {
  const attributes = Object.entries(changes).map(([key, entry]) => ({
    ...nameOfKey(key),
    value: entry?.[0] ?? null,
  }));
  if (attributes.length === 0) return [];
  return follow(deps, { ...written, attributes });
}

/** The same where the statement before it knows what it has changed. */
export const follow = (deps: Deps, change: InventoryChange): Statement<unknown>[] =>
  deps.participants.inventoryChanged.flatMap((statements) => statements(change));

/** Wakes those who want to hear of a change that was told quietly. */
export const wakeStatements = (tenant: TenantId, device: DeviceId, atMs: number): Statement<unknown>[] =>
  wakeAfterwards(tenant, [{ type: "device.inventory_changed", device, data: { attributes: [] } }], atMs);
