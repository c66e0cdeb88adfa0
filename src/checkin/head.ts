import { systemNow } from "../platform/clock.ts";
import { mayConcern, updateFor, type Checking, type DigestUpdate } from "./digest.ts";
import { HeadDigest } from "./head-digest.ts";
import { FLUSH_MS, Presence } from "./presence.ts";
import { CheckRate, type CheckMode } from "./rate.ts";
import { deviceCheckInsStatement } from "../inventory/service.ts";
import { Database, noCost, type DatabaseCost } from "../platform/database.ts";
import type { DigestChange } from "../platform/digest-change.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import type { TenantId } from "../platform/ids.ts";
import { makeLog } from "../platform/log.ts";

/** A check of one device, at the time of the Worker that asks. */
export interface Check extends Checking {
  nowMs: number;
}

export interface Verdict {
  /** The device may have work or a void token: the database has to say. */
  concerns: boolean;
  mode: CheckMode;
}

/** What a Worker in relaxed mode brings along when it comes for the digest. */
export interface Visit {
  nowMs: number;
  /** Versions of the parts it holds, by name. */
  known: Record<string, number>;
  /** Checks answered since its last visit, and by whom. */
  checks: number;
  seen: readonly string[];
}

export interface Visited {
  mode: CheckMode;
  /** Nothing while there is no digest. */
  update: DigestUpdate | undefined;
}

/** Numbers of now, for whoever watches a fleet. */
export interface LiveCounters {
  checks_per_second: number;
  mode: CheckMode;
  generation: number;
  /** What the head itself asked the database for since it was started. */
  database: DatabaseCost;
}

const STAMPED_AT_ONCE = 1000;

/**
 * The one place that every check of a tenant's devices passes: knows who may have work or a void token, when devices
 * were last heard of, and how many ask. Everything but the last contacts can be rebuilt from the database.
 */
export class Head {
  readonly #storage: DurableObjectStorage;
  readonly #env: () => Env;
  readonly #log = makeLog({ request_id: "tenant-head" });
  readonly #cost = noCost();
  readonly #presence: Presence;
  readonly #digest: HeadDigest;
  readonly #rate: CheckRate;
  #nowMs = 0;
  /** Devices seen first on a day of which the inventory does not know yet. */
  readonly #unstamped: string[] = [];

  /** `env` is asked at each use; `background` keeps the object alive for work that nobody waits for. */
  constructor(storage: DurableObjectStorage, env: () => Env, background: (work: Promise<unknown>) => void) {
    this.#storage = storage;
    this.#env = env;
    this.#presence = new Presence(storage);
    this.#digest = new HeadDigest(storage, () => this.#database(), this.#log, background);
    this.#rate = new CheckRate(settingsOf(env()).RELAXED_ABOVE_PER_S);
  }

  /** Whether a check may be answered "nothing to do". What it cannot tell, it calls a concern. */
  async check(tenant: TenantId, check: Check): Promise<Verdict> {
    this.#rate.add(1, check.nowMs);
    const digest = await this.#digest.current(tenant, check.nowMs);
    await this.#note(tenant, [check.device], check.nowMs);
    const concerns = !digest || mayConcern(digest, check, check.nowMs);
    return { concerns, mode: this.#mode(check.nowMs) };
  }

  /** The digest for a Worker that answers checks by itself; without one while there is none. */
  async digest(tenant: TenantId, visit: Visit): Promise<Visited> {
    this.#rate.add(visit.checks, visit.nowMs);
    await this.#note(tenant, visit.seen, visit.nowMs);
    const digest = await this.#digest.current(tenant, visit.nowMs);
    return { mode: this.#mode(visit.nowMs), update: digest && updateFor(digest, visit.known) };
  }

  /** Takes in what changed; the change is answered to its author after this. */
  async changed(changes: readonly DigestChange["what"][]): Promise<void> {
    await this.#digest.apply(changes);
  }

  /** Last contacts in milliseconds by device, those of this minute included. */
  lastSeen(devices: readonly string[]): Promise<Record<string, number>> {
    return this.#presence.lastSeen(devices);
  }

  async live(tenant: TenantId, nowMs: number): Promise<LiveCounters> {
    const digest = await this.#digest.current(tenant, nowMs);
    return {
      checks_per_second: this.#rate.perSecond(nowMs),
      mode: this.#mode(nowMs),
      generation: digest?.generation ?? 0,
      database: { ...this.#cost },
    };
  }

  /** Forgets everything, as if it had never been. */
  async forget(): Promise<void> {
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
    this.#digest.forget();
    this.#presence.forget();
  }

  async #note(tenant: TenantId, devices: readonly string[], nowMs: number) {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    let isFirst = false;
    for (const device of devices) isFirst = this.#presence.note(device, nowMs) || isFirst;
    if (isFirst) {
      await this.#storage.put("tenant", tenant);
      await this.#storage.setAlarm(systemNow() + FLUSH_MS);
    }
    if (this.#presence.isFull) await this.flush();
  }

  /** Writes the contacts that gathered. What the database does not take now waits for the next time. */
  async flush(): Promise<void> {
    const firstOfDay = await this.#presence.flush(this.#nowMs);
    this.#unstamped.push(...firstOfDay);
    try {
      await this.#stamp();
    } catch (cause) {
      this.#log.error("contacts not in the inventory", { devices: this.#unstamped.length, cause });
    }
  }

  /** Puts the day's first contacts into the inventory, which is searched by them. */
  async #stamp() {
    const tenant = await this.#storage.get<TenantId>("tenant");
    while (tenant && this.#unstamped.length > 0) {
      const some = this.#unstamped.slice(0, STAMPED_AT_ONCE);
      await this.#database().one(deviceCheckInsStatement(tenant, some, this.#nowMs));
      this.#unstamped.splice(0, some.length);
    }
  }

  /** The mode of now: the one of the rate, unless the deployment fixes it. */
  #mode(nowMs: number): CheckMode {
    const { CHECK_MODE } = settingsOf(this.#env());
    return CHECK_MODE === "auto" ? this.#rate.mode(nowMs) : CHECK_MODE;
  }

  #database(): Database {
    return new Database(this.#env().DB, this.#cost);
  }
}
