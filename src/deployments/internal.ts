import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { Page } from "../platform/paging.ts";
import { entryId, entryOf } from "./wire-objects.ts";
import { entries, type Listed } from "./queries.ts";
import type { HistoryEntry, LastStatuses } from "./schema.ts";
import { decommissionDeviceStatements } from "./device-membership.ts";
import { statusOf } from "./status.ts";
import { entriesOf } from "./store/devices.ts";
import { removeEveryDeployment } from "./store/remove.ts";
import { lastStatuses } from "./store/history.ts";

export async function decommissionDevice(deps: Deps, actor: Actor, device: DeviceId): Promise<void> {
  await deps.db(actor.tenant).batch(decommissionDeviceStatements(actor.tenant, device, deps.now()));
}

/** Devices in deployments by the ids that their history shows. */
export async function historyEntries(
  deps: Deps,
  actor: Actor,
  ids: readonly string[],
  page: Page,
): Promise<Listed<HistoryEntry>> {
  const pairs = [...new Set(ids)].map(entryOf);
  const rows = await deps.db(actor.tenant).one(entriesOf(actor.tenant, pairs, page));
  const items = await entries(deps, actor, rows.slice(0, page.perPage));
  return { items, total: pairs.length, hasNext: rows.length > page.perPage };
}

export async function lastDeployments(
  deps: Deps,
  actor: Actor,
  devices: readonly string[],
): Promise<LastStatuses> {
  const found = await deps.db(actor.tenant).one(lastStatuses(actor.tenant, [...new Set(devices)]));
  return {
    device_deployment_last_statuses: found.map((row) => ({
      device_id: row.device_id,
      deployment_id: row.deployment_id,
      device_deployment_id: entryId(row),
      device_deployment_status: statusOf(row.status),
    })),
  };
}

/** Ends and removes every deployment of a tenant; rows and logs follow. */
export async function removeAllDeployments(deps: Deps, tenant: TenantId): Promise<void> {
  await deps.db(tenant).batch(removeEveryDeployment(tenant, deps.now()));
}
