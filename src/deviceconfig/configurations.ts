import { maskedConfiguration } from "../deployments/index.ts";
import { knownDeviceStatement, asLiveDevice, ifLive } from "../devices/index.ts";
import type { Actor, DeviceClaim } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { tell } from "../platform/stream.ts";
import { effectiveFrom, effectiveOf, effectiveReads, isInSync, wordsOf } from "./effective.ts";
import { valuesOf, type ConfigurationValues } from "./schema.ts";
import {
  addRecord,
  configurationOf,
  mergeConfigured,
  removeConfiguration,
  removeConfigurations,
  setConfigured,
  saysOtherwise,
  setReported,
  type ConfigurationRow,
} from "./store.ts";

const notFound = () => new Fault("not_found", "device does not exist");

/** What is wanted of a device, for the device itself: its own values over those it inherits. */
export async function configurationForDevice(deps: Deps, claim: DeviceClaim): Promise<ConfigurationValues> {
  const { tenant, device } = claim;
  const { results } = await asLiveDevice(deps, claim, effectiveReads(tenant, [device]));
  return (await effectiveFrom(deps, tenant, results)).get(device)?.values ?? {};
}

/** A device's word on what it runs with; replaces what it said before. Comes after each new token, changed or not. */
export async function reportConfiguration(
  deps: Deps,
  claim: DeviceClaim,
  values: ConfigurationValues,
): Promise<void> {
  const reported = { values, atMs: deps.now(), condition: ifLive(claim) };
  const { tenant, device } = claim;
  const event = { type: "configuration.applied", device, data: { keys: Object.keys(values) } } as const;
  await asLiveDevice(deps, claim, [
    ...tell(tenant, [event], reported.atMs, { when: saysOtherwise(tenant, device, reported) }),
    setReported(tenant, device, reported),
  ]);
}

/** The record of a device; empty for a device that has none yet (protocol notes, deviceconfig 9). */
export async function configurationRecord(deps: Deps, actor: Actor, device: DeviceId) {
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
  const atMs = deps.now();
  const write = how === "replace" ? setConfigured : mergeConfigured;
  const entry = {
    action: "set_configuration",
    object: { type: "device", id: device },
    change: JSON.stringify(maskedConfiguration(values)),
  };
  const [changed] = await deps
    .db(actor.tenant)
    .batch([write(actor.tenant, device, values, atMs), addAuditIfChanged(actor, entry, atMs)]);
  if (changed === 0) throw notFound();
}

/** What a device should run with, where each value comes from, and whether the device says that it does. */
export async function effectiveConfiguration(deps: Deps, actor: Actor, device: DeviceId) {
  const effective = (await effectiveOf(deps, actor.tenant, [device])).get(device);
  if (!effective) throw notFound();
  return {
    id: device,
    effective: effective.values,
    sources: wordsOf(effective),
    in_sync: isInSync(effective),
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
