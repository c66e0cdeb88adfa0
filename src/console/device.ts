import { alertsStatement, alertToWire, latestStatement } from "../devicemonitor/index.ts";
import { connectionStatement } from "../deviceconnect/index.ts";
import { deploymentOfDevice, deviceHistoryStatement } from "../deployments/index.ts";
import { deviceOnWire, deviceStatement } from "../deviceauth/index.ts";
import { attributesOf, inventoryOfDeviceStatement } from "../inventory/index.ts";
import type { UserActor } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { devicesFor, hasPermission, type Permission } from "../platform/permissions.ts";
import { isReached } from "../platform/reach.ts";

/** Of each kind of what happened, the newest. */
const SHOWN = 20;
/** So many times its usual silence a device may be silent before anybody minds. */
const PATIENCE = 3;

const WINDOW = { beforeMs: undefined, afterMs: undefined, limit: SHOWN, offset: 0 };

/** When a device was heard of last, and whether its silence is longer than is usual for it. Nothing while its head is away. */
async function seenOf(deps: Deps, { tenant }: UserActor, device: DeviceId) {
  const rhythms = await deps.contacts.rhythms(tenant, [device]).catch(() => ({}));
  const rhythm = new Map(Object.entries(rhythms)).get(device);
  if (!rhythm) return {};
  const { lastMs, silenceMs } = rhythm;
  return {
    last_seen: rfc3339(lastMs),
    ...(silenceMs > 0 && { usual_silence_s: Math.round(silenceMs / 1000) }),
    silent: silenceMs > 0 && deps.now() - lastMs > PATIENCE * silenceMs,
  };
}

/** Everything that the page of one device begins with, in one trip. */
export async function showDevice(deps: Deps, actor: UserActor, device: DeviceId) {
  const { tenant } = actor;
  const [seen, [known, inventory, connection, history, open, alerts]] = await Promise.all([
    seenOf(deps, actor, device),
    deps
      .db(tenant)
      .batch([
        deviceStatement(tenant, device),
        inventoryOfDeviceStatement(tenant, device),
        connectionStatement(tenant, device),
        deviceHistoryStatement(tenant, device, undefined, { page: 1, perPage: SHOWN }),
        latestStatement(tenant, device, WINDOW, false),
        alertsStatement(tenant, device, WINDOW, false),
      ]),
  ]);
  if (!known) throw new Fault("not_found", "device not found");
  const group = inventory?.group_name ?? null;
  const may = (permission: Permission) =>
    hasPermission(actor, permission) && isReached(devicesFor(actor, permission), device, group);
  return {
    device: deviceOnWire(known),
    attributes: inventory ? attributesOf(inventory) : [],
    ...(inventory && { inventory_updated_ts: rfc3339(inventory.updated_ms) }),
    ...(group !== null && { group }),
    seen,
    connection: {
      connected: connection?.connected === 1,
      ...(connection && { since_ts: rfc3339(connection.updated_ms) }),
    },
    deployments: may("deployments:read")
      ? history.slice(0, SHOWN).map((row) => ({
          deployment_id: row.deployment_id,
          name: row.name,
          artifact_name: row.artifact_name,
          ...deploymentOfDevice(row),
        }))
      : [],
    open_alerts: open.map(alertToWire),
    alerts: alerts.map(alertToWire),
  };
}
