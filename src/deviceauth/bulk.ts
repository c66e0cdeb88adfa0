import type { Actor } from "../platform/actor.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { auditStatement, newDeviceStatements, newSet } from "./transitions.ts";
import { storageProblem } from "./identity.ts";
import { preauthorize, type Preauthorization } from "./preauthorize.ts";
import { setSetStatus, setStatusStatements } from "./devices.ts";
import type { UserStatus } from "./states.ts";
import { devicesStatement, type Device } from "./store.ts";
import type { AuthSet } from "./set-store.ts";

/** Items of one request. A batch has some ten statements an item, and the platform bounds the statements of a request. */
export const MAX_ITEMS = 50;

/** What became of one item, in the terms of the route that does it alone. */
export interface ItemResult {
  status: number;
  device?: string | undefined;
  set?: string | undefined;
  error?: string | undefined;
}

/** A refusal as a result; what the client may not know about stays an error of the whole request. */
function refused(cause: unknown): ItemResult {
  if (cause instanceof Fault && cause.kind !== "unavailable") {
    return { status: cause.status, error: cause.publicMessage };
  }
  throw cause;
}

/** True if all of it took effect. Any one item can fail a batch for all, so the reason is found by doing each alone. */
async function allAtOnce(deps: Deps, actor: Actor, statements: Statement<unknown>[]): Promise<boolean> {
  try {
    await deps.db(actor.tenant).batch(statements);
    return true;
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    return false;
  }
}

export interface BulkTarget {
  device: string;
  /** May be left out for a device with a single set. */
  set?: string | undefined;
}

function chooseSet(devices: readonly Device[], target: BulkTarget): { device: Device; set: AuthSet } {
  const device = devices.find(({ id }) => id === target.device);
  if (!device) throw new Fault("not_found", "device not found");
  const candidates = target.set ? device.sets.filter(({ id }) => id === target.set) : device.sets;
  const [set, ...others] = candidates;
  if (!set) throw new Fault("not_found", "authorization set not found");
  if (others.length > 0)
    throw new Fault("unprocessable", "the device has several authorization sets: name one");
  return { device, set };
}

interface Plan {
  target: BulkTarget;
  set: string;
  statements: Statement<unknown>[];
}

function planOne(
  deps: Deps,
  actor: Actor,
  devices: readonly Device[],
  target: BulkTarget,
  status: UserStatus,
  at: number,
): Plan | ItemResult {
  try {
    const { device, set } = chooseSet(devices, target);
    return { target, set: set.id, statements: setStatusStatements(deps, actor, device, set, status, at) };
  } catch (cause) {
    return { ...refused(cause), ...target };
  }
}

/** Accepts, rejects or takes back one set each of many devices. Each item succeeds or fails by itself. */
export async function bulkSetStatus(
  deps: Deps,
  actor: Actor,
  targets: readonly BulkTarget[],
  status: UserStatus,
): Promise<ItemResult[]> {
  const ids = [...new Set(targets.map(({ device }) => device))];
  const page = { limit: ids.length, offset: 0 };
  const devices = await deps.db(actor.tenant).one(devicesStatement(actor.tenant, { ids }, page));
  const plans = targets.map((target) => planOne(deps, actor, devices, target, status, deps.now()));
  const statements = plans.flatMap((plan) => ("statements" in plan ? plan.statements : []));
  const done = await allAtOnce(deps, actor, statements);
  const results: ItemResult[] = [];
  for (const plan of plans) {
    if (!("statements" in plan)) {
      results.push(plan);
      continue;
    }
    const item = { device: plan.target.device, set: plan.set };
    const outcome = done
      ? { status: 204 }
      : await setSetStatus(deps, actor, item, status).then(() => ({ status: 204 }), refused);
    results.push({ ...outcome, ...item });
  }
  return results;
}

async function preauthorizeOne(deps: Deps, actor: Actor, item: Preauthorization): Promise<ItemResult> {
  const result = await preauthorize(deps, actor, item);
  return result.ok
    ? { status: 201, device: result.device }
    : { status: 409, device: result.existing.id, error: "device already exists" };
}

/** Preauthorises many devices. Each item succeeds or fails by itself. */
export async function bulkPreauthorize(
  deps: Deps,
  actor: Actor,
  items: readonly Preauthorization[],
): Promise<ItemResult[]> {
  const at = deps.now();
  const fresh = items.map((item) => {
    const set = newSet(item.key, item.tier ?? "standard", "preauthorized", at);
    const { device, statements } = newDeviceStatements(
      deps.participants,
      actor.tenant,
      item.identity,
      set,
      at,
    );
    return { device, statements: [...statements, auditStatement(actor, "preauthorize", device, at)] };
  });
  if (
    items.every(({ identity }) => storageProblem(identity) === undefined) &&
    (await allAtOnce(
      deps,
      actor,
      fresh.flatMap(({ statements }) => statements),
    ))
  ) {
    return fresh.map(({ device }) => ({ status: 201, device: device.id }));
  }
  const results: ItemResult[] = [];
  for (const item of items) results.push(await preauthorizeOne(deps, actor, item).catch(refused));
  return results;
}
