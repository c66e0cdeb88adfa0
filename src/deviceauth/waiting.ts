import type { Actor, SystemActor } from "../platform/actor.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { Disturbed } from "../platform/undisturbed.ts";
import type { Admission } from "./admission-store.ts";
import { changeStatements, removalStatements } from "./transitions.ts";
import { deviceStatement, type Device } from "./store.ts";
import type { AuthSet } from "./set-store.ts";
import {
  countRemovalsStatements,
  demandRoom,
  longestUnseenStatement,
  noteSeenStatement,
  waitingStatement,
} from "./waiting-store.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WHEN_CROWDED_MS = 10 * 60_000;

/** Devices that those who look for room at once choose from, so that they seldom want the same one. */
const CHOICE = 16;

/** Ends the waiting of these sets. A device that was never accepted and has no other goes with them. */
export function endWaiting(
  deps: Deps,
  tenant: TenantId,
  device: Device,
  sets: readonly AuthSet[],
  atMs: number,
): { goes: boolean; statements: Statement<unknown>[] } {
  const goes = sets.length === device.sets.length && !device.provisioned;
  return {
    goes,
    statements: goes
      ? removalStatements(deps.participants, tenant, device, atMs)
      : changeStatements(deps.participants, tenant, device, { removed: sets.map(({ id }) => id) }, atMs),
  };
}

async function removal(deps: Deps, tenant: TenantId, id: DeviceId): Promise<Statement<unknown>[]> {
  const device = await deps.db(tenant).one(deviceStatement(tenant, id));
  const sets = device?.sets.filter(({ status }) => status === "pending") ?? [];
  if (!device || sets.length === 0) throw new Disturbed("the device has gone");
  return endWaiting(deps, tenant, device, sets, deps.now()).statements;
}

const noRoom = () =>
  new Fault("rate_limited", "too many devices are waiting", { headers: { "Retry-After": "3600" } });

/**
 * What belongs into the batch that lets one more device wait. Where there is no room the one that has been silent the
 * longest goes; two, while there are more than may be. The operator is told once an hour.
 */
export async function makeRoom(
  deps: Deps,
  { tenant, waiting, room }: Pick<Admission, "tenant" | "waiting" | "room">,
  attempt: number,
): Promise<Statement<unknown>[]> {
  if (room < 0 || waiting < room) return [demandRoom(tenant, room)];
  const choice = await deps.db(tenant).one(longestUnseenStatement(tenant, CHOICE));
  const wanted = waiting > room ? 2 : 1;
  const first = attempt === 1 ? 0 : Math.floor(Math.random() * Math.max(1, choice.length - wanted + 1));
  const going = choice.slice(first, first + wanted);
  if (going.length === 0) throw noRoom();
  const removals = await Promise.all(going.map(({ device }) => removal(deps, tenant, device)));
  deps.log.info("waiting device removed", { tenant, room, devices: going.map(({ device }) => device) });
  const actor: SystemActor = { kind: "system", tenant };
  const change = `more than ${room} devices wait: the longest unseen go`;
  const entry = { action: "dismiss", object: { type: "tenant", id: tenant }, change };
  const [atMs, devices] = [deps.now(), going.length];
  return [
    ...removals.flat(),
    ...countRemovalsStatements(actor, entry, { devices, hour: Math.floor(atMs / HOUR_MS), atMs }),
  ];
}

/** Notes after the answer that a waiting device asks on: once a day, more often while room is scarce. */
export function noteSeen(deps: Deps, { tenant, device, seenMs, waiting, room }: Admission): void {
  const nowMs = deps.now();
  const everyMs = room >= 0 && waiting * 2 > room ? WHEN_CROWDED_MS : DAY_MS;
  if (device === null || nowMs - (seenMs ?? 0) < everyMs) return;
  const noted = deps
    .db(tenant)
    .uncounted()
    .one(noteSeenStatement(tenant, device, nowMs));
  deps.later(noted.catch((cause: unknown) => deps.log.error("device not noted", { device, cause })));
}

export interface WaitingInfo {
  waiting: number;
  /** Negative for any number. */
  limit: number;
  removed: { devices: number; sinceMs: number } | null;
}

/** How many devices wait, how many may, and how many had to go in the last hour in which any had to. */
export async function waitingInfo(deps: Deps, actor: Actor): Promise<WaitingInfo> {
  const { waiting, room, hour, removed } = await deps.db(actor.tenant).one(waitingStatement(actor.tenant));
  return {
    waiting,
    limit: room,
    removed: hour === null ? null : { devices: removed ?? 0, sinceMs: hour * HOUR_MS },
  };
}
