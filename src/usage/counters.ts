import { tellUsed } from "../checkin/index.ts";
import type { Env } from "../platform/env.ts";
import type { TenantId } from "../platform/ids.ts";
import { Due, type Later } from "../platform/later.ts";
import { makeLog } from "../platform/log.ts";
import { dayOf, NOTHING_USED, together, type Day, type Used, type UsedByDay } from "../platform/used.ts";
import { boundsOf } from "./day.ts";

/** So long a process keeps what it counted, which is what a fall of it loses; the tenant's head outlives its own. */
const KEEP_MS = 5000;

interface Counted {
  used: UsedByDay;
  /** When it is told. */
  due: Due;
}

/** What tenants used of one process and their heads do not know yet. */
class Counters {
  readonly counted = new Map<TenantId, Counted>();
  /** The day of which a tenant has used all its rows. */
  readonly over = new Map<TenantId, Day>();
}

/** By bindings, so that servers of tests share none. Safe to lose. */
const counters = new WeakMap<object, Counters>();

function countersOf(env: Env): Counters {
  const known = counters.get(env) ?? new Counters();
  counters.set(env, known);
  return known;
}

async function tell(env: Env, tenant: TenantId, nowMs: number): Promise<void> {
  const { counted, over } = countersOf(env);
  const known = counted.get(tenant);
  counted.delete(tenant);
  if (!known) return;
  try {
    const isOver = await tellUsed(env, tenant, known.used, nowMs);
    if (isOver) over.set(tenant, dayOf(nowMs));
    else over.delete(tenant);
  } catch (cause) {
    const meanwhile = counted.get(tenant);
    const due = meanwhile?.due ?? new Due(KEEP_MS);
    counted.set(tenant, { used: together(known.used, meanwhile?.used ?? {}), due });
    makeLog({ tenant }).error("usage not told", { cause });
  }
}

/** Counts what a request used. The head of the tenant is told after the answer, of all that came within some seconds at once. */
export function count(
  env: Env,
  tenant: TenantId,
  used: Partial<Used>,
  { nowMs, later }: { nowMs: number; later: Pick<Later, "after"> },
): void {
  const { counted } = countersOf(env);
  const known = counted.get(tenant);
  const due = known?.due ?? new Due(KEEP_MS);
  counted.set(tenant, {
    used: together(known?.used ?? {}, { [dayOf(nowMs)]: { ...NOTHING_USED, ...used } }),
    due,
  });
  due.begin(nowMs, later, (dueMs) => tell(env, tenant, dueMs));
}

/** Milliseconds until the tenant has rows again, as far as this process knows; 0 if it has some. */
export function waitForRows(env: Env, tenant: TenantId, nowMs: number): number {
  const day = countersOf(env).over.get(tenant);
  return day !== undefined && day === dayOf(nowMs) ? boundsOf(day).toMs - nowMs : 0;
}
