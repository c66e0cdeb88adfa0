import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../platform/app-env.ts";
import type { Run } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { Line } from "../platform/line.ts";
import { tooManyRequests } from "./rate-limit.ts";

/**
 * The database does one thing after the other. A tenant whose management keeps it busy for longer than its budget waits in
 * a line in which tenants take turns, and which leaves the database to others in between; everybody else never waits.
 */

/** Statements of that line at once. */
const AT_ONCE = 1;
/** Statements of one tenant that wait in it. */
const MAX_IN_LINE = 128;
/** For each millisecond that a turn took the line stands still for so many, in which also its rows are made an answer. */
const REST = 2;
const MAX_REST_MS = 3000;
/** A batch under way counts for this part of a second's budget until it has told what it took. */
const PRESUMED = 1 / 8;
/** Seconds after which whatever was taken is made up for. */
const LONGEST_DEBT_S = 60;
const MAX_TENANTS = 1000;

type Results = Awaited<ReturnType<Parameters<Run>[0]>>;

/** What a row costs on its way into an answer, beside the time of the database. */
const ROW_MS = 0.05;

const costMs = (results: Results): number =>
  results.reduce((sum, { meta, results: rows }) => sum + (meta.duration ?? 0) + rows.length * ROW_MS, 0);

export class FairDatabase {
  readonly #msPerS: number;
  readonly #line = new Line({ atOnce: AT_ONCE, mostOfHolder: MAX_IN_LINE });
  readonly #taken = new Map<string, { ms: number; atMs: number }>();

  /** Milliseconds of the database that a tenant may take in a second before it waits; 0 for any number. */
  constructor(msPerS: number) {
    this.#msPerS = msPerS;
  }

  async run(
    deps: Pick<Deps, "now" | "later">,
    tenant: string,
    batch: () => Promise<Results>,
  ): Promise<Results> {
    if (this.#msPerS === 0) return batch();
    const mustWait = this.#take(tenant, 0, deps.now()) > this.#msPerS || this.#line.has(tenant);
    const presumedMs = this.#msPerS * PRESUMED;
    this.#take(tenant, presumedMs, deps.now());
    let [spentMs, tookMs] = [0, 0];
    const timed = async () => {
      const startMs = deps.now();
      const results = await batch();
      tookMs = deps.now() - startMs;
      spentMs = costMs(results);
      return results;
    };
    const restMs = () => Math.min(tookMs * REST, MAX_REST_MS);
    try {
      return await (mustWait ? this.#inTurn(deps, tenant, timed, restMs) : timed());
    } finally {
      this.#take(tenant, spentMs - presumedMs, deps.now());
    }
  }

  #inTurn(...turn: Parameters<typeof Line.prototype.inTurn<Results>>): Promise<Results> {
    const done = this.#line.inTurn(...turn);
    if (!done) throw tooManyRequests();
    return done;
  }

  /** Adds to what the tenant has taken, and answers with what of it is not made up for. */
  #take(tenant: string, ms: number, nowMs: number): number {
    const { ms: before, atMs } = this.#taken.get(tenant) ?? { ms: 0, atMs: nowMs };
    const madeUp = (Math.max(0, nowMs - atMs) / 1000) * this.#msPerS;
    const left = Math.max(0, before - madeUp);
    const taken = Math.min(Math.max(0, left + ms), LONGEST_DEBT_S * this.#msPerS);
    if (!this.#taken.has(tenant) && this.#taken.size >= MAX_TENANTS) this.#taken.clear();
    this.#taken.set(tenant, { ms: taken, atMs: nowMs });
    return taken;
  }
}

// Belongs to an isolate and its bindings; losing it is harmless.
const fair = new WeakMap<Env, FairDatabase>();

function fairIn(env: Env): FairDatabase {
  const known = fair.get(env);
  if (known) return known;
  const made = new FairDatabase(settingsOf(env).TENANT_DATABASE_MS_PER_S);
  fair.set(env, made);
  return made;
}

/** Has the management of tenants share the database. Also what is read for an answer while it is sent waits for its turn. */
export const shareDatabase: MiddlewareHandler<AppEnv> = async ({ env, var: { caller, deps } }, next) => {
  if (caller?.kind === "user") {
    const { db } = deps;
    deps.db = (tenant) => db(tenant).with((batch) => fairIn(env).run(deps, tenant, batch));
  }
  await next();
};
