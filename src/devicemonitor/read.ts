import type { OperatorActor, UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { deviceAlertsStatements } from "../inventory/index.ts";
import {
  alertsStatement,
  checksStatement,
  countAlertsStatement,
  countsStatement,
  latestStatement,
  openAlerts,
  removeDeviceAlertsStatements,
  removeTenantAlertsStatements,
  silencedStatement,
  silenceStatement,
  type AlertRow,
  type AlertWindow,
  type OpenCount,
} from "./store.ts";

/** A page of what a device raised, and how much there is. */
export async function listAlerts(
  deps: Deps,
  tenant: TenantId,
  device: DeviceId,
  { ascending, ...window }: AlertWindow & { ascending: boolean },
): Promise<{ alerts: AlertRow[]; total: number }> {
  const [alerts, total] = await deps
    .db(tenant)
    .batch([
      alertsStatement(tenant, device, window, ascending),
      countAlertsStatement(tenant, device, window),
    ]);
  return { alerts, total };
}

export const latestAlerts = (
  deps: Deps,
  tenant: TenantId,
  device: DeviceId,
  { isAll, ...window }: AlertWindow & { isAll: boolean },
): Promise<AlertRow[]> => deps.db(tenant).one(latestStatement(tenant, device, window, isAll));

export const checksOf = async (deps: Deps, tenant: TenantId, device: DeviceId): Promise<object[]> =>
  JSON.parse(await deps.db(tenant).one(checksStatement(tenant, device))) as object[]; // written by this domain

/** Whether mails about alerts are sent: at all, and to this user. */
export async function readChannel(deps: Deps, { tenant, user }: UserActor) {
  const { everybody, users } = await deps.db(tenant).one(silencedStatement(tenant));
  return { everybody: !everybody, own: !users.has(user) };
}

export async function setChannel(deps: Deps, actor: UserActor, isOn: boolean): Promise<void> {
  const { tenant } = actor;
  const change = `mails about alerts: ${isOn ? "on" : "off"}`;
  const entry = { action: "update", object: { type: "devicemonitor", id: tenant }, change };
  await deps
    .db(tenant)
    .batch([silenceStatement(tenant, undefined, !isOn), addAuditIfChanged(actor, entry, deps.now())]);
}

export async function setOwnChannel(deps: Deps, { tenant, user }: UserActor, isOn: boolean): Promise<void> {
  await deps.db(tenant).one(silenceStatement(tenant, user, !isOn));
}

/** Open and all subjects of devices, in their order, with the alerts that are open. */
export async function alertCounts(deps: Deps, { tenant }: OperatorActor, devices: readonly DeviceId[]) {
  const window = { beforeMs: undefined, afterMs: undefined, limit: LISTED_OF_EACH, offset: 0 };
  const [counts, ...open] = await deps
    .db(tenant)
    .batch([
      countsStatement(tenant, devices),
      ...devices.map((device) => latestStatement(tenant, device, window, false)),
    ]);
  const known = new Map((counts as OpenCount[]).map((count) => [count.device_id, count]));
  return devices.map((device, i) => ({
    device,
    open: known.get(device)?.open ?? 0,
    total: known.get(device)?.total ?? 0,
    alerts: (open[i] ?? []) as AlertRow[],
  }));
}

const LISTED_OF_EACH = 20;

export async function removeDeviceAlerts(
  deps: Deps,
  { tenant }: OperatorActor,
  device: DeviceId,
): Promise<void> {
  await deps
    .db(tenant)
    .batch([
      ...removeDeviceAlertsStatements(tenant, device),
      ...deviceAlertsStatements(tenant, device, openAlerts(tenant, device), deps.now()),
    ]);
}

export async function removeTenantAlerts(deps: Deps, { tenant }: OperatorActor): Promise<void> {
  await deps.db(tenant).batch(removeTenantAlertsStatements(tenant));
}
