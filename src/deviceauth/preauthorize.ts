import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import {
  auditStatement,
  changeStatements,
  newDeviceStatements,
  newSet,
  untilUndisturbed,
} from "./transitions.ts";
import type { DeviceKey } from "./device-key.ts";
import { storageProblem, type Identity } from "./identity.ts";
import type { Tier } from "./states.ts";
import { deviceByIdentityStatement, type Device } from "./store.ts";

export interface Preauthorization {
  identity: Identity;
  key: DeviceKey;
  /** Undefined means any: the device says it. */
  tier?: Tier | undefined;
  /** Goes ahead although the identity is known: its set of this key becomes preauthorised, whatever it was. */
  force: boolean;
}

export type Preauthorized = { ok: true; device: string } | { ok: false; existing: Device };

/** A forced preauthorisation leaves the device's status, inventory and followers alone (protocol notes, deviceauth 4). */
function forcedChanges(device: Device, { key, tier }: Preauthorization, at: number) {
  const set = device.sets.find((known) => known.keyHash === key.hash && known.tier === (tier ?? known.tier));
  return set
    ? { moved: [{ set: set.id, status: "preauthorized" as const }], keepStatus: true }
    : { added: newSet(key, tier ?? "standard", "preauthorized", at), keepStatus: true };
}

/** Lets a device in before it has been seen. */
export const preauthorize = (deps: Deps, actor: Actor, input: Preauthorization): Promise<Preauthorized> =>
  untilUndisturbed(async () => {
    const { tenant } = actor;
    const db = deps.db(tenant);
    const known = await db.one(deviceByIdentityStatement(tenant, input.identity.hash));
    if (known && !input.force) return { ok: false, existing: known };
    const problem = known ? undefined : storageProblem(input.identity);
    if (problem)
      throw new Fault("bad_request", `failed to decode preauth request: identity_data: ${problem}.`);
    const at = deps.now();
    if (known) {
      await db.batch([
        ...changeStatements(deps.participants, tenant, known, forcedChanges(known, input, at), at),
        auditStatement(actor, "preauthorize", known, at, "forced"),
      ]);
      return { ok: true, device: known.id };
    }
    const set = newSet(input.key, input.tier ?? "standard", "preauthorized", at);
    const { device, statements } = newDeviceStatements(deps.participants, tenant, input.identity, set, at);
    await db.batch([...statements, auditStatement(actor, "preauthorize", device, at)]);
    return { ok: true, device: device.id };
  });
