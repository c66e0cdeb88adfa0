import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { deviceOf, type Device } from "./device-view.ts";
import { batchWithoutPledges } from "./pledges.ts";
import { clearScope, oneDevice } from "./store/devices.ts";

const deviceNotFound = () => new Fault("not_found", "Device not found");

export async function showDevice(
  deps: Deps,
  actor: Actor,
  id: DeviceId,
): Promise<{ device: Device; etag: string | null }> {
  const row = await deps.db(actor.tenant).one(oneDevice(actor.tenant, id));
  if (!row) throw deviceNotFound();
  return { device: deviceOf(row), etag: row.tags_etag };
}

/** Forgets what a device reported. The device itself, its tags and its group stay. */
export async function clearInventory(deps: Deps, actor: Actor, id: DeviceId): Promise<void> {
  await batchWithoutPledges(
    deps,
    actor.tenant,
    [id],
    [
      clearScope(actor.tenant, id, "inventory", deps.now()),
      addAuditIfChanged(
        actor,
        { action: "update", object: { type: "device", id }, change: "removed inventory" },
        deps.now(),
      ),
    ],
  );
}
