import type { TenantId } from "../platform/ids.ts";
import { headOf, inTime, type Heads } from "./calls.ts";
import { mayConcern, updated, versionsOf, type Checking, type Digest } from "./digest.ts";
import type { CheckMode } from "./rate.ts";

/** The published bound: in relaxed mode a change counts for every check at most this much later. */
export const STALE_MS = 5000;
/** After a head has not answered, checks ask the database for this long. */
const AWAY_MS = 5000;
const MAX_TENANTS = 1000;
const MAX_BYTES = 32 * 1024 * 1024;

/** What this isolate knows of a tenant. All of it may vanish at any moment. */
interface Held {
  mode: CheckMode;
  digest: Digest | undefined;
  /** When the visit began that brought the digest. */
  askedMs: number;
  /** The head is left alone until then. */
  awayUntilMs: number;
  /** The one visit under way. */
  visit: Promise<void> | undefined;
  checks: number;
  seen: Set<string>;
}

export interface Asked {
  /** `idle`: nothing to do for certain. */
  verdict: "idle" | "concerns";
  headCalls: number;
}

/**
 * Checks answered with as few calls as the tenant's mode allows: one to its head in strict mode, none in relaxed mode
 * but a visit every five seconds.
 */
export class Isolate {
  readonly #heads: Heads;
  readonly #tenants = new Map<TenantId, Held>();

  constructor(heads: Heads) {
    this.#heads = heads;
  }

  /** `later` keeps a visit alive that others wait for, although its own request may end. Throws if the head is away. */
  async ask(
    tenant: TenantId,
    checking: Checking,
    nowMs: number,
    later: (work: Promise<unknown>) => void,
  ): Promise<Asked> {
    const held = this.#held(tenant);
    if (nowMs < held.awayUntilMs) return { verdict: "concerns", headCalls: 0 };
    try {
      if (held.mode === "strict") return await this.#askHead(held, tenant, checking, nowMs);
      return await this.#askDigest(held, tenant, checking, nowMs, later);
    } catch (cause) {
      held.awayUntilMs = nowMs + AWAY_MS;
      throw cause;
    }
  }

  async #askDigest(
    held: Held,
    tenant: TenantId,
    checking: Checking,
    nowMs: number,
    later: (work: Promise<unknown>) => void,
  ): Promise<Asked> {
    let headCalls = 0;
    if (nowMs - held.askedMs >= STALE_MS) {
      if (!held.visit) {
        headCalls = 1;
        held.visit = this.#visit(held, tenant, nowMs).finally(() => {
          held.visit = undefined;
        });
        later(held.visit.catch(() => {}));
      }
      await inTime(held.visit);
    }
    held.checks += 1;
    held.seen.add(checking.device);
    const { digest } = held;
    const isCurrent = digest !== undefined && nowMs - held.askedMs < STALE_MS;
    return { verdict: isCurrent && !mayConcern(digest, checking, nowMs) ? "idle" : "concerns", headCalls };
  }

  async #askHead(held: Held, tenant: TenantId, checking: Checking, nowMs: number): Promise<Asked> {
    const call = headOf(this.#heads, tenant).check(tenant, { ...checking, nowMs });
    const { concerns, mode } = await inTime(call);
    held.mode = mode;
    return { verdict: concerns ? "concerns" : "idle", headCalls: 1 };
  }

  async #visit(held: Held, tenant: TenantId, nowMs: number): Promise<void> {
    const { checks, seen } = held;
    held.checks = 0;
    held.seen = new Set();
    const known = versionsOf(held.digest);
    const visit = { nowMs, known, checks, seen: [...seen] };
    const { mode, update } = await headOf(this.#heads, tenant).digest(tenant, visit);
    held.mode = mode;
    held.digest = update && updated(held.digest, update);
    held.askedMs = nowMs;
    this.#bound();
  }

  #held(tenant: TenantId): Held {
    const known = this.#tenants.get(tenant);
    if (known) return known;
    if (this.#tenants.size >= MAX_TENANTS) this.#tenants.clear();
    const held: Held = {
      mode: "strict",
      digest: undefined,
      askedMs: Number.NEGATIVE_INFINITY,
      awayUntilMs: Number.NEGATIVE_INFINITY,
      visit: undefined,
      checks: 0,
      seen: new Set(),
    };
    this.#tenants.set(tenant, held);
    return held;
  }

  /** Digests are small for small tenants; should they be too much together, all are fetched again. */
  #bound() {
    let bytes = 0;
    for (const { digest } of this.#tenants.values()) {
      for (const { filter } of digest?.parts.values() ?? []) bytes += filter?.bits.byteLength ?? 0;
    }
    if (bytes > MAX_BYTES) this.#tenants.clear();
  }
}
