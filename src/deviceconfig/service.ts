import { asLiveDevice } from "../deviceauth/live.ts";
import { knownDeviceStatement } from "../deviceauth/known.ts";
import { configurationDeploymentStatements } from "../deployments/service.ts";
import { deviceGroupStatement } from "../inventory/service.ts";
import { requirePermission, type Actor, type DeviceClaim } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { masked } from "./masking.ts";
import type { ConfigurationValues } from "./schema.ts";
import {
  addRecord,
  configurationOf,
  defaultsOf,
  mergeConfigured,
  removeConfiguration,
  removeConfigurations,
  setConfigured,
  setDeployment,
  setReported,
  type ConfigurationRow,
} from "./store.ts";

const notFound = () => new Fault("not_found", "device does not exist");

const valuesOf = (text: string | undefined) => JSON.parse(text ?? "{}") as ConfigurationValues; // written by this domain from parsed values

/** What is wanted of a device, for the device itself: its own values over the defaults of its group. */
export async function configurationForDevice(deps: Deps, claim: DeviceClaim): Promise<ConfigurationValues> {
  const { device } = await asLiveDevice(deps, claim, []);
  return (await effectiveOf(deps, device.tenant, device.device)).values;
}

/** A device's word on what it runs with; replaces what it said before. Comes after each new token, changed or not. */
export async function reportConfiguration(
  deps: Deps,
  claim: DeviceClaim,
  values: ConfigurationValues,
): Promise<void> {
  const { device } = await asLiveDevice(deps, claim, []);
  await deps.db(device.tenant).one(setReported(device.tenant, device.device, values, deps.now()));
}

/** The record of a device; empty for a device that has none yet (protocol notes, deviceconfig 9). */
export async function configurationRecord(deps: Deps, actor: Actor, device: DeviceId) {
  requirePermission(actor, "devices:read");
  const [known, row] = await deps
    .db(actor.tenant)
    .batch([knownDeviceStatement(actor.tenant, device), configurationOf(actor.tenant, device)]);
  if (!known) throw notFound();
  return toWire(device, row, known.created_ms);
}

const toWire = (device: DeviceId, row: ConfigurationRow | undefined, createdMs: number) => ({
  id: device,
  configured: valuesOf(row?.configured),
  reported: valuesOf(row?.reported),
  ...(row?.deployment_id && { deployment_id: row.deployment_id }),
  updated_ts: rfc3339(row?.updated_ms ?? createdMs),
  ...(row?.reported_ms && { reported_ts: rfc3339(row.reported_ms) }),
});

/** Replaces (or, with `merge`, completes) what is wanted of a device. Deploying it is a step of its own. */
export async function configureDevice(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  values: ConfigurationValues,
  how: "replace" | "merge" = "replace",
): Promise<void> {
  requirePermission(actor, "devices:configure");
  const atMs = deps.now();
  const write = how === "replace" ? setConfigured : mergeConfigured;
  const [changed] = await deps
    .db(actor.tenant)
    .batch([
      write(actor.tenant, device, values, atMs),
      addAuditIfChanged(actor, auditEntry("set_configuration", device, values), atMs),
      addEventIfChanged({ kind: "configuration.set", tenant: actor.tenant, subject: device }, atMs),
    ]);
  if (changed === 0) throw notFound();
}

const auditEntry = (action: string, device: DeviceId, values: ConfigurationValues) => ({
  action,
  object: { type: "device", id: device },
  change: JSON.stringify(masked(values)),
});

export interface DeployOptions {
  retries: number;
  updateControlMap?: Record<string, unknown> | undefined;
  /** Of the deployment; asked for twice, it is made once. */
  id?: string;
}

/**
 * Deploys what is wanted of a device as it is now: deployment, record and audit entry are one batch. Returns the deployment's id.
 */
export async function deployConfiguration(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  options: DeployOptions,
): Promise<string> {
  requirePermission(actor, "devices:configure");
  const { values, known } = await effectiveOf(deps, actor.tenant, device);
  if (!known) throw notFound();
  const deployment = options.id ?? newId();
  const atMs = deps.now();
  const [changed] = await deps.db(actor.tenant).batch([
    setDeployment(actor.tenant, device, deployment),
    addAuditIfChanged(actor, auditEntry("deploy_configuration", device, values), atMs),
    ...configurationDeploymentStatements(actor, {
      id: deployment,
      device,
      name: `configuration-${deployment}`,
      configuration: values,
      retries: options.retries,
      updateControlMap: options.updateControlMap,
      atMs,
    }),
  ]);
  // The device is there and has this deployment already, or it went away meanwhile.
  if (changed === 0 && options.id === undefined) throw notFound();
  return deployment;
}

interface Effective {
  known: boolean;
  values: ConfigurationValues;
  own: ConfigurationValues;
  defaults: { group: string; values: ConfigurationValues } | undefined;
  reported: ConfigurationValues;
}

/** A device's own values over the defaults of its group. */
async function effectiveOf(deps: Deps, tenant: TenantId, device: DeviceId): Promise<Effective> {
  const db = deps.db(tenant);
  const [known, row, membership] = await db.batch([
    knownDeviceStatement(tenant, device),
    configurationOf(tenant, device),
    deviceGroupStatement(tenant, device),
  ]);
  const group = membership?.group;
  const found = group ? await db.one(defaultsOf(tenant, group)) : undefined;
  const own = valuesOf(row?.configured);
  const defaults = group && found ? { group, values: valuesOf(found.configured) } : undefined;
  return {
    known: known !== undefined,
    own,
    defaults,
    values: { ...defaults?.values, ...own },
    reported: valuesOf(row?.reported),
  };
}

const isSame = (a: ConfigurationValues, b: ConfigurationValues) => {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};

/** What a device should run with, where each value comes from, and whether the device says that it does. */
export async function effectiveConfiguration(deps: Deps, actor: Actor, device: DeviceId) {
  requirePermission(actor, "devices:read");
  const { known, own, defaults, values, reported } = await effectiveOf(deps, actor.tenant, device);
  if (!known) throw notFound();
  const inherited = Object.keys(defaults?.values ?? {}).filter((key) => !(key in own));
  return {
    id: device,
    effective: values,
    sources: [
      ...(defaults ? [{ source: "group" as const, id: defaults.group, keys: inherited }] : []),
      { source: "device" as const, id: device, keys: Object.keys(own) },
    ],
    in_sync: isSame(values, reported),
  };
}

/** Makes the empty record of a device; it would be made by its first use as well. */
export async function addConfigurationRecord(deps: Deps, tenant: TenantId, device: DeviceId): Promise<void> {
  const [known, added] = await deps
    .db(tenant)
    .batch([knownDeviceStatement(tenant, device), addRecord(tenant, device, deps.now())]);
  if (!known) throw notFound();
  if (added === 0) throw new Fault("conflict", "device already exists");
}

export async function removeDeviceConfiguration(
  deps: Deps,
  tenant: TenantId,
  device: DeviceId,
): Promise<void> {
  if ((await deps.db(tenant).one(removeConfiguration(tenant, device))) === 0) throw notFound();
}

export async function removeTenantConfigurations(deps: Deps, tenant: TenantId): Promise<void> {
  await deps.db(tenant).batch(removeConfigurations(tenant));
}
