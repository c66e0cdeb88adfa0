import { Database, noCost } from "../platform/database.ts";
import type { Env } from "../platform/env.ts";
import type { TenantId } from "../platform/ids.ts";
import { makeLog } from "../platform/log.ts";
import { boundsOf, dayOf, type Day } from "./day.ts";
import { addUsedStatement, isOverRowsStatement } from "./store.ts";

export interface Used {
  requests: number;
  checks: number;
  rowsRead: number;
  rowsWritten: number;
}

/** So long a process keeps what it counted: a row each five minutes for a tenant, however many checks there were. */
const KEEP_MS = 5 * 60_000;

interface Counted {
  day: Day;
  sinceMs: number;
  used: Used;
}

const sum = (a: Used, b: Used): Used => ({
  requests: a.requests + b.requests,
  checks: a.checks + b.checks,
  rowsRead: a.rowsRead + b.rowsRead,
  rowsWritten: a.rowsWritten + b.rowsWritten,
});

/** What tenants used of one process and is not yet written. A process that ends loses it, to the advantage of the tenant. */
class Counters {
  readonly #counted = new Map<TenantId, Counted>();
  /** The day of which a tenant has used all its rows. */
  readonly over = new Map<TenantId, Day>();

  /** Adds to a tenant's; answers what is due to be written. */
  add(tenant: TenantId, used: Used, nowMs: number): Omit<Counted, "sinceMs"> | undefined {
    const day = dayOf(nowMs);
    const known = this.#counted.get(tenant);
    if (!known) this.#counted.set(tenant, { day, sinceMs: nowMs, used });
    else if (known.day === day && nowMs - known.sinceMs < KEEP_MS) known.used = sum(known.used, used);
    else {
      this.#counted.set(tenant, { day, sinceMs: nowMs, used });
      return known;
    }
    return undefined;
  }
}

/** By bindings, so that servers of tests share none. Safe to lose. */
const counters = new WeakMap<object, Counters>();

function countersOf(env: Env): Counters {
  const known = counters.get(env) ?? new Counters();
  counters.set(env, known);
  return known;
}

/** Counts what a request used. What is due is written after the answer. */
export function count(
  env: Env,
  tenant: TenantId,
  used: Used,
  { nowMs, later }: { nowMs: number; later: (work: Promise<unknown>) => void },
): void {
  const counted = countersOf(env);
  const due = counted.add(tenant, used, nowMs);
  if (!due) return;
  const written = write(env, tenant, due).then((isOver) => {
    if (isOver) counted.over.set(tenant, due.day);
    else counted.over.delete(tenant);
  });
  later(written.catch((cause: unknown) => makeLog({ tenant }).error("usage not written", { cause })));
}

/** What is written tells what the whole day has come to, so that no request has to ask. */
async function write(env: Env, tenant: TenantId, { day, used }: Omit<Counted, "sinceMs">): Promise<boolean> {
  const statements = [addUsedStatement(tenant, day, used), isOverRowsStatement(tenant, day)] as const;
  const [, isOver] = await new Database(env.DB, noCost()).batch(statements);
  return isOver;
}

/** Milliseconds until the tenant has rows again, as far as this process knows; 0 if it has some. */
export function waitForRows(env: Env, tenant: TenantId, nowMs: number): number {
  const day = countersOf(env).over.get(tenant);
  return day !== undefined && day === dayOf(nowMs) ? boundsOf(day).toMs - nowMs : 0;
}
