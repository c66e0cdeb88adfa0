import type { DeviceClaim } from "../platform/actor.ts";
import type { Contacts } from "../platform/contacts.ts";
import type { DatabaseCost } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { DigestChange } from "../platform/digest-change.ts";
import type { Env } from "../platform/env.ts";
import { Fault } from "../platform/fault.ts";
import type { KnownSets } from "../platform/known-sets.ts";
import { newPledge, type AskedReport, type NearReports } from "../platform/near-reports.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Later } from "../platform/later.ts";
import { makeLog, type Log } from "../platform/log.ts";
import type { UsedByDay } from "../platform/used.ts";
import type { HeadRpc, Work } from "./head-rpc.ts";
import { headOf, inTime } from "./head-stub.ts";
import { Isolate, STALE_MS, type CheckVerdict } from "./digest-cache.ts";

// What an isolate holds belongs to its bindings, so that two deployments in one process never mix.
const isolates = new WeakMap<Env, Isolate>();

function isolateOf(env: Env): Isolate {
  const known = isolates.get(env);
  if (known) return known;
  const isolate = new Isolate(env.TENANT_HEAD, makeLog({ request_id: "isolate" }));
  isolates.set(env, isolate);
  return isolate;
}

/** Whether a device's check can be answered without the database. */
export async function askHead(
  env: Env,
  claim: DeviceClaim,
  nowMs: number,
  later: Later,
): Promise<CheckVerdict> {
  const { tenant, device, authSet, issuedS } = claim;
  const verdict = await isolateOf(env).ask(tenant, { device, authSet, issuedS }, nowMs, later);
  if (verdict.work) works.set(claim, verdict.work);
  return verdict;
}

/** What the head knew when it could not answer the check of a claim. */
const works = new WeakMap<DeviceClaim, Work>();

/** Contacts of devices for a request at this time. */
export const contactsOf = (
  env: Env,
  { now, later, cost, log }: { now: () => number; later: Later; cost: DatabaseCost; log: Log },
): Contacts => ({
  note(tenant, device) {
    cost.objectCalls += isolateOf(env).note(tenant, device, now(), later);
  },
  last(tenant, devices) {
    cost.objectCalls += 1;
    return isolateOf(env).lastSeen(tenant, devices, now());
  },
  rhythms(tenant, devices) {
    cost.objectCalls += 1;
    return isolateOf(env).rhythms(tenant, devices, now());
  },
  seenByHour(tenant) {
    cost.objectCalls += 1;
    return inTime(headOf(env.TENANT_HEAD, tenant).seenByHour());
  },
  ages(tenant) {
    cost.objectCalls += 1;
    return inTime(headOf(env.TENANT_HEAD, tenant).ages(now()));
  },
  noteContent: ({ tenant, device }) => isolateOf(env).noting(tenant, device, now()),
  hasPlainWork: (claim) => works.get(claim)?.isPlain ?? false,
  async waits(claim, wait) {
    const stamp = works.get(claim)?.stamp;
    if (stamp === undefined) return;
    cost.objectCalls += 1;
    const head = headOf(env.TENANT_HEAD, claim.tenant);
    await inTime(head.wait(claim.tenant, claim.device, { ...wait, stamp, nowMs: now() })).catch(
      (cause: unknown) => log.error("head not told of a device that waits", { tenant: claim.tenant, cause }),
    );
  },
  silences(tenant, wanted) {
    cost.objectCalls += 1;
    return headOf(env.TENANT_HEAD, tenant).silences(wanted);
  },
  settleSilences(tenant, settled) {
    cost.objectCalls += 1;
    return headOf(env.TENANT_HEAD, tenant).settleSilences(settled);
  },
});

/** Known sets for a request at this time. A head that is away is not waited for again and again. */
export const knownSetsOf = (
  env: Env,
  { now, later, cost, log }: { now: () => number; later: Later; cost: DatabaseCost; log: Log },
): KnownSets => ({
  async find(tenant, print) {
    const nowMs = now();
    if (isolateOf(env).absent.has(tenant, print, nowMs)) return undefined;
    const ask = (head: DurableObjectStub<HeadRpc>) => {
      cost.objectCalls += 1;
      return head.knownSet(tenant, print, nowMs);
    };
    return isolateOf(env)
      .knownSet(tenant, nowMs, ask)
      .catch((cause: unknown) => {
        log.error("head not asked for a known set", { tenant, cause });
        return undefined;
      });
  },
  noteAbsent: (tenant, print) => isolateOf(env).absent.note(tenant, print, now()),
  remember(tenant, print, known) {
    isolateOf(env).absent.delete(tenant, print);
    const tell = async () => headOf(env.TENANT_HEAD, tenant).rememberSet(tenant, print, known, now());
    const told = inTime(tell());
    later.now(told.catch((cause: unknown) => log.error("head not told of a known set", { tenant, cause })));
  },
});

/** What the heads said of reports that they did not know. */
const reports = new WeakMap<DeviceClaim, AskedReport>();

/** Whether a report, told by its print, is the same as what is stored. Answers what it cost as well. */
export async function askReport(
  env: Env,
  claim: DeviceClaim,
  print: string,
  nowMs: number,
): Promise<{ isSame: boolean; headCalls: number }> {
  const { tenant, device, authSet, issuedS } = claim;
  const fresh = newPledge(nowMs);
  const asked = { device, authSet, issuedS, print, fresh };
  const verdict = await isolateOf(env).report(tenant, asked, nowMs);
  if (verdict && !verdict.isSame && !verdict.isUnheard) {
    const { ended, held } = verdict;
    reports.set(claim, { print, fresh, ended, held });
  }
  return { isSame: verdict?.isSame ?? false, headCalls: Number(verdict !== undefined) };
}

/** What is known of reports for a request at this time. */
export const nearReportsOf = (
  env: Env,
  { now, later, cost }: { now: () => number; later: Later; cost: DatabaseCost },
): NearReports => ({
  asked: (claim) => reports.get(claim),
  async end(tenant, pledges) {
    cost.objectCalls += 1;
    const end = async () => headOf(env.TENANT_HEAD, tenant).endReports(pledges);
    await inTime(end()).catch((cause: unknown) => {
      throw new Fault("unavailable", "service unavailable", { cause, headers: { "Retry-After": "5" } });
    });
  },
  keep(claim, pledge) {
    const { tenant, device } = claim;
    const asked = reports.get(claim);
    if (!asked) return;
    const { print, fresh } = asked;
    isolateOf(env).keep(tenant, { device, pledge, print, fresh }, now(), later);
  },
});

/** Tells the head of a tenant what was used; answers whether the tenant has used all its rows of the day. */
export const tellUsed = (env: Env, tenant: TenantId, used: UsedByDay, nowMs: number): Promise<boolean> =>
  inTime(headOf(env.TENANT_HEAD, tenant).use(tenant, used, nowMs));

const ATTEMPTS = 3;

/**
 * Tells the heads of tenants what changed. One that cannot be told after some attempts finds out by itself within a
 * minute, when it compares its digest with the database; the change stays answered.
 */
export async function tellHeads(
  env: Env,
  changes: readonly DigestChange[],
  { cost, log }: { cost: DatabaseCost; log: Log },
): Promise<void> {
  const byTenant = Map.groupBy(changes, ({ tenant }) => tenant);
  await Promise.all(
    [...byTenant].map(([tenant, of]) => {
      cost.objectCalls += 1;
      return tell(env, tenant, of, log);
    }),
  );
}

async function tell(env: Env, tenant: TenantId, changes: readonly DigestChange[], log: Log): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTime(headOf(env.TENANT_HEAD, tenant).changed(changes.map(({ what }) => what)));
    } catch (cause) {
      if (attempt < ATTEMPTS) continue;
      return log.error("head not told of changes", { tenant, changes: changes.length, cause });
    }
  }
}

/**
 * Waits until no isolate answers from a digest older than this moment: whoever is told to ask at once must not be
 * answered from before. Takes no time for tenants in strict mode.
 */
export async function untilKnown(deps: Deps, tenant: TenantId, sinceMs: number): Promise<void> {
  const live = inTime(headOf(deps.heads, tenant).live(tenant, deps.now()));
  const mode = await live.then(
    (counters) => counters.mode,
    () => "relaxed" as const,
  );
  if (mode === "relaxed") await scheduler.wait(Math.max(0, sinceMs + STALE_MS - deps.now()));
}
