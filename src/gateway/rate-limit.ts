import type { Context, MiddlewareHandler } from "hono";
import { CallCounts, Quotas, spreadSeconds, WorkBudget } from "../checkin/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { CallLimits } from "../platform/call-limits.ts";
import type { AppEnv } from "../platform/app-env.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId } from "../platform/ids.ts";
import { waitForRows } from "../usage/index.ts";

/** How far apart those sent away together come back. */
const SPREAD_MS = 30_000;

/** How long the request of a user waits for its turn when its tenant has more than its share. */
const PATIENCE_MS = 500;

export const tooManyRequests = (waitMs = 0, text = "too many requests"): Fault =>
  new Fault("rate_limited", text, {
    headers: { "Retry-After": String(spreadSeconds(waitMs, SPREAD_MS)) },
  });

/** Calls of the head that the hot path made for a request it lets go on; being here, a request was counted. */
export const callsOf = new WeakMap<Request, number>();

interface Guards {
  devices: CallCounts;
  addresses: CallCounts;
  work: WorkBudget;
  management: WorkBudget;
  users: Quotas;
  eachDevice: Quotas;
}

// Counts belong to an isolate and its bindings; losing them is harmless.
const guards = new WeakMap<Env, Guards>();

function guardsOf(env: Env): Guards {
  const known = guards.get(env);
  if (known) return known;
  const settings = settingsOf(env);
  const made = {
    devices: new CallCounts(settings.DEVICE_REQUESTS_PER_MINUTE),
    addresses: new CallCounts(settings.ADDRESS_REQUESTS_PER_MINUTE),
    work: new WorkBudget({ perSecond: settings.TENANT_WORK_PER_S, atOnce: settings.TENANT_WORK_AT_ONCE }),
    management: new WorkBudget({
      perSecond: settings.TENANT_MANAGEMENT_PER_S,
      atOnce: settings.TENANT_MANAGEMENT_AT_ONCE,
      patienceMs: PATIENCE_MS,
    }),
    users: new Quotas(),
    eachDevice: new Quotas(),
  };
  guards.set(env, made);
  return made;
}

/** Milliseconds until the caller may make this call, by the limits of its tenant; 0 if it may now. */
function allowedIn(
  quotas: Quotas,
  caller: string,
  { quota, bursts }: CallLimits,
  { method, url, nowMs }: { method: string; url: string; nowMs: number },
): number {
  const uri = new URL(url).pathname;
  const waits = bursts
    .filter((burst) => burst.uri === uri && burst.action.toUpperCase() === method)
    .map(({ min_interval_sec: seconds }) =>
      quotas.waitOf(`${caller} ${method} ${uri}`, nowMs, { most: 1, spanMs: seconds * 1000 }),
    );
  if (quota.max_calls > 0)
    waits.push(quotas.waitOf(caller, nowMs, { most: quota.max_calls, spanMs: quota.interval_sec * 1000 }));
  return Math.max(0, ...waits);
}

/** Milliseconds until the device may come again; 0 if it may now. */
export function waitOf(
  env: Env,
  { tenant, device, calls }: DeviceClaim,
  { method, url }: Pick<Request, "method" | "url">,
  nowMs: number,
): number {
  const { devices, eachDevice } = guardsOf(env);
  const caller = `${tenant} ${device}`;
  const waitMs = devices.waitOf(caller, nowMs);
  return waitMs > 0 || !calls ? waitMs : allowedIn(eachDevice, caller, calls, { method, url, nowMs });
}

const AUTHENTICATION = /^\/api\/devices\/v\d\w*\/authentication\//;

/** Calls that clients repeat by themselves and that a herd is made of; reports of an update are never sent away. */
const REPEATED =
  /^\/api\/devices\/v\d\w*\/(authentication\/|inventory\/|deviceconfig\/|deployments\/device\/deployments\/next$)/;

/** Milliseconds until devices of this network may authenticate again; 0 if one may now. */
export const addressWaitOf = (env: Env, network: string, nowMs: number): number =>
  guardsOf(env).addresses.waitOf(network, nowMs);

/** Sends callers away that come too often, before anything is read or written for them. */
export const holdHerd: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { caller, deps } = c.var;
  const nowMs = deps.now();
  if (caller?.kind === "device-claim" && !callsOf.has(c.req.raw))
    refuse(waitOf(c.env, caller, c.req.raw, nowMs));
  const isFirst = AUTHENTICATION.test(c.req.path) && !callsOf.has(c.req.raw);
  const network = isFirst ? await deps.network() : undefined;
  if (network !== undefined) refuse(addressWaitOf(c.env, network, nowMs));
  await next();
};

/** The budget that a request counts on. */
function budgetOf({ req, env, var: { caller } }: Context<AppEnv>): [WorkBudget, string] | undefined {
  const { work, management } = guardsOf(env);
  if (caller?.kind === "user") return [management, caller.tenant];
  if (!REPEATED.test(req.path)) return undefined;
  return [work, caller?.kind === "device-claim" ? caller.tenant : ""];
}

/** Calls of a user beyond what its tenant's may make. */
function holdUser({ env, req, var: { caller, deps } }: Context<AppEnv>): void {
  if (caller?.kind !== "user" || !caller.calls) return;
  const { method, url } = req.raw;
  const call = { method, url, nowMs: deps.now() };
  refuse(allowedIn(guardsOf(env).users, `${caller.tenant} ${caller.user}`, caller.calls, call));
}

/** Holds the work for the devices and for the users of a tenant to its budget. A place is taken when all of the request is there. */
export const holdWork: MiddlewareHandler<AppEnv> = async (c, next) => {
  holdUser(c);
  const [budget, tenant] = budgetOf(c) ?? [];
  if (!budget) return next();
  const rowsMs = waitForRows(c.env, asTenantId(tenant ?? ""), c.var.deps.now());
  if (rowsMs > 0) throw tooManyRequests(rowsMs, "the tenant has used its rows of the day");
  const begun = budget.begin(tenant ?? "", c.var.deps.now());
  if (!begun) throw tooManyRequests();
  const work = async () => {
    if (begun.waitMs > 0) await scheduler.wait(begun.waitMs);
    await next();
  };
  const done = work().finally(begun.end);
  // The place of a client that goes away must become free as well: the platform drops what nobody keeps alive.
  c.var.deps.later(done.catch(() => undefined));
  return done;
};

function refuse(waitMs: number): void {
  if (waitMs > 0) throw tooManyRequests(waitMs);
}
