import type { Actor } from "../platform/actor.ts";
import { addAudit, type AuditEntry } from "../platform/audit.ts";
import { toSeconds } from "../platform/clock.ts";
import { isUniqueViolation, refusalOf, type Statement } from "../platform/database.ts";
import { asDeviceId, newId, newOrderedUuid, type TenantId } from "../platform/ids.ts";
import { addEvent } from "../platform/outbox.ts";
import type { Participants, ProvisionedDevice } from "../platform/participants.ts";
import { Disturbed, untilUndisturbed as untilWon } from "../platform/undisturbed.ts";
import type { DeviceKey } from "./device-key.ts";
import { decommissionedEvent, statusEvent, tokensRevokedEvent } from "./events.ts";
import { identityMembers, type Identity } from "./identity.ts";
import { demandBelowLimit } from "./limit-store.ts";
import { deviceStatusOf, type SetStatus, type Tier } from "./states.ts";
import { addDeviceStatement, demandUnchanged, updateDeviceStatement, type Device } from "./store.ts";
import {
  addSetStatement,
  moveSetStatement,
  removeDeviceRowsStatements,
  removeSetsStatement,
  type AuthSet,
  type SetMove,
} from "./set-store.ts";
import { fromStoredKey, toStoredKey } from "./stored-key.ts";

/** What one change does to the sets of a device. Everything else about the device follows from it. */
export interface SetChanges {
  moved?: readonly SetMove[];
  added?: AuthSet;
  removed?: readonly string[];
  /** The device's status stays as stored although its sets say otherwise (forced preauthorisation). */
  keepStatus?: boolean;
}

export const newSet = (key: DeviceKey, tier: Tier, status: SetStatus, atMs: number): AuthSet => ({
  id: newOrderedUuid(atMs),
  keyHash: key.hash,
  storedKey: toStoredKey(key.pem),
  tier,
  status,
  tokensRevokedS: 0,
  createdMs: atMs,
});

/** Accepting one set, in this tier if given, rejects the device's other accepted ones. */
export const acceptance = (device: Device, accepted: string, tier?: Tier): SetChanges => ({
  moved: [
    ...device.sets
      .filter(({ id, status }) => id !== accepted && status === "accepted")
      .map(({ id }) => ({ set: id, status: "rejected" as const })),
    { set: accepted, status: "accepted", tier },
  ],
});

function setsAfter(sets: readonly AuthSet[], { moved = [], added, removed = [] }: SetChanges): AuthSet[] {
  const kept = sets
    .filter(({ id }) => !removed.includes(id))
    .map((set) => {
      const move = moved.find((candidate) => candidate.set === set.id);
      return { ...set, status: move?.status ?? set.status, tier: move?.tier ?? set.tier };
    });
  return added ? [...kept, added] : kept;
}

function deviceAfter(before: Device, changes: SetChanges, atMs: number): Device {
  const sets = setsAfter(before.sets, changes);
  const status = changes.keepStatus ? before.status : deviceStatusOf(sets);
  return {
    ...before,
    sets,
    status,
    revision: before.revision + 1,
    tier: sets.find((set) => set.status === "accepted")?.tier ?? before.tier,
    provisioned: before.provisioned || status === "accepted",
    updatedMs: status === before.status ? before.updatedMs : atMs,
  };
}

/** True if a set whose tokens were live is no longer accepted. */
const endsTokens = (before: Device, after: Device) =>
  before.sets.some(
    ({ id, status }) =>
      status === "accepted" && after.sets.find((set) => set.id === id)?.status !== "accepted",
  );

/** The device with the set that it was accepted by; undefined for one that is not. */
function provisionedAs({ identity, createdMs, sets }: Device): ProvisionedDevice | undefined {
  const set = sets.find(({ status }) => status === "accepted");
  return (
    set && {
      createdMs,
      authSet: { ...set, pubkey: fromStoredKey(set.storedKey), identity: identityMembers(identity) },
    }
  );
}

/** What follows a status or tier that is new, in other domains and outside the database. */
function followers(
  participants: Participants,
  tenant: TenantId,
  after: Device,
  before: Device | undefined,
  atMs: number,
) {
  const { id: device, status, tier, revision } = after;
  if (status === before?.status && tier === before.tier) return [];
  const provisioned = before?.provisioned ? undefined : provisionedAs(after);
  const change = { tenant, device, status, previous: before?.status, provisioned, tier, revision, atMs };
  return [
    ...participants.deviceChanged.flatMap((follow) => follow(change)),
    ...(status === before?.status ? [] : [addEvent(statusEvent(tenant, after, before), atMs)]),
  ];
}

/**
 * One change of a device as a batch: it fails as a whole if the device is no longer as it was read or if an
 * acceptance would exceed the limit.
 */
export function changeStatements(
  participants: Participants,
  tenant: TenantId,
  before: Device,
  changes: SetChanges,
  atMs: number,
): Statement<unknown>[] {
  const after = deviceAfter(before, changes, atMs);
  const counts = after.status === "accepted" && (before.status !== "accepted" || after.tier !== before.tier);
  return [
    demandUnchanged(tenant, before),
    ...(counts ? [demandBelowLimit(tenant, after.tier)] : []),
    updateDeviceStatement(tenant, after),
    ...(changes.moved ?? []).map((move) => moveSetStatement(tenant, move, toSeconds(atMs))),
    ...(changes.added ? [addSetStatement(tenant, before.id, changes.added)] : []),
    ...(changes.removed?.length ? [removeSetsStatement(tenant, before.id, changes.removed)] : []),
    ...followers(participants, tenant, after, before, atMs),
    ...(after.status === before.status && endsTokens(before, after)
      ? [addEvent(tokensRevokedEvent(tenant, before.id), atMs)]
      : []),
  ];
}

/** A device seen for the first time, with its first set. Fails as a whole if the identity is known meanwhile. */
export function newDeviceStatements(
  participants: Participants,
  tenant: TenantId,
  identity: Identity,
  set: AuthSet,
  atMs: number,
): { device: Device; statements: Statement<unknown>[] } {
  const status = deviceStatusOf([set]);
  const device: Device = {
    id: asDeviceId(newId()),
    identity: identity.text,
    status,
    revision: 1,
    tier: set.tier,
    provisioned: status === "accepted",
    testDevice: false,
    external: null,
    createdMs: atMs,
    updatedMs: atMs,
    checkInMs: null,
    sets: [set],
  };
  const statements = [
    ...(status === "accepted" ? [demandBelowLimit(tenant, set.tier)] : []),
    addDeviceStatement(tenant, device, identity),
    addSetStatement(tenant, device.id, set),
    ...followers(participants, tenant, device, undefined, atMs),
    ...participants.deviceAdded.flatMap((add) =>
      add({ tenant, device: device.id, identity: identityMembers(identity.text), atMs }),
    ),
  ];
  return { device, statements };
}

/** Removes every trace of a device in all domains but the audit log. */
export const removalStatements = (
  participants: Participants,
  tenant: TenantId,
  device: Device,
  atMs: number,
): Statement<unknown>[] => [
  demandUnchanged(tenant, device),
  ...participants.deviceRemoved.flatMap((remove) => remove(tenant, device.id, atMs, device.status)),
  ...removeDeviceRowsStatements(tenant, device.id),
  addEvent(decommissionedEvent(tenant, device), atMs),
];

/** The audit entry of a user's act on a device. */
export const auditStatement = (
  actor: Actor,
  action: string,
  device: { id: string; identity: string },
  atMs: number,
  change?: string,
): Statement<number> => {
  const entry: AuditEntry = {
    action,
    object: { type: "device", id: device.id, detail: { device: { identity_data: device.identity } } },
  };
  return addAudit(actor, change === undefined ? entry : { ...entry, change }, atMs);
};

export const hitDeviceLimit = (cause: unknown): boolean => refusalOf(cause) === "device-limit";

const lostRace = (cause: unknown) =>
  refusalOf(cause) === "stale" ||
  isUniqueViolation(cause, "devices.tenant_id, devices.identity_hash") ||
  isUniqueViolation(cause, "auth_sets.tenant_id, auth_sets.device_id");

/** As the platform's, for verbs whose batches fail where someone else was faster. */
export const untilUndisturbed = <T>(verb: (attempt: number) => Promise<T>): Promise<T> =>
  untilWon((attempt) =>
    verb(attempt).catch((cause: unknown) => {
      throw lostRace(cause) ? new Disturbed("another change was faster", { cause }) : cause;
    }),
  );
