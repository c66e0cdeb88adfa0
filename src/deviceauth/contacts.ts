import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import type { Device } from "./store.ts";

/** Devices with their last contacts to the second; while the tenant's head is away, with what the inventory keeps. */
export async function withContacts(
  deps: Deps,
  { tenant }: Actor,
  devices: readonly Device[],
): Promise<Device[]> {
  if (devices.length === 0) return [];
  const ids = devices.map(({ id }) => id);
  const seen = await deps.contacts.last(tenant, ids).catch((cause: unknown): Record<string, number> => {
    deps.log.error("last contacts not known", { tenant, cause });
    return {};
  });
  return devices.map((device) => ({ ...device, checkInMs: seen[device.id] ?? device.checkInMs }));
}

export async function withContact(deps: Deps, actor: Actor, device: Device): Promise<Device> {
  const [heardOf = device] = await withContacts(deps, actor, [device]);
  return heardOf;
}
