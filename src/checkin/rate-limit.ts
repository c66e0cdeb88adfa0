import { hashOf } from "./filter.ts";

/**
 * Keeps a herd off the storage: counts per isolate, in memory of fixed size, before anything else is touched. Two
 * callers may share a counter; limits are far above what one of them needs.
 */

const SLOTS = 1 << 16;
const WINDOW_MS = 60_000;

/** Calls of a minute by caller. */
export class CallCounts {
  readonly #limit: number;
  readonly #counts = new Uint16Array(SLOTS);
  #windowMs = 0;

  /** `limit` calls a minute; 0 counts nothing. */
  constructor(limit: number) {
    this.#limit = Math.min(limit, 0xffff);
  }

  /** Milliseconds until the caller may come again; 0 if it may now. */
  waitOf(caller: string, nowMs: number): number {
    if (this.#limit === 0) return 0;
    if (nowMs - this.#windowMs >= WINDOW_MS || nowMs < this.#windowMs) {
      this.#counts.fill(0);
      this.#windowMs = nowMs;
    }
    const slot = hashOf(caller).a & (SLOTS - 1);
    const count = this.#counts[slot] ?? 0;
    if (count >= this.#limit) return this.#windowMs + WINDOW_MS - nowMs;
    this.#counts[slot] = count + 1;
    return 0;
  }
}

const MAX_CALLERS = 10_000;

/** Calls of callers that each have a quota of their own. */
export class Quotas {
  readonly #spans = new Map<string, { startMs: number; calls: number }>();

  /** Milliseconds until the caller may come again; 0 if it may now. */
  waitOf(caller: string, nowMs: number, quota: { most: number; spanMs: number }): number {
    const known = this.#spans.get(caller);
    const isOver = !known || nowMs - known.startMs >= quota.spanMs;
    if (isOver && this.#spans.size >= MAX_CALLERS) this.#spans.clear();
    const span = isOver ? { startMs: nowMs, calls: 0 } : known;
    if (span.calls >= quota.most) return span.startMs + quota.spanMs - nowMs;
    span.calls += 1;
    this.#spans.set(caller, span);
    return 0;
  }
}

const MAX_TENANTS = 1000;

interface Bucket {
  tokens: number;
  filledMs: number;
  running: number;
}

interface WorkLimits {
  /** 0 stands for no limit, here and below. */
  perSecond: number;
  atOnce: number;
  /** Work beyond what is free in a second waits so long at most until it would be; by default not at all. */
  patienceMs?: number;
}

/** So much work a second and so much at once for each tenant. */
export class WorkBudget {
  readonly #perSecond: number;
  readonly #atOnce: number;
  readonly #mostOwed: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor({ perSecond, atOnce, patienceMs = 0 }: WorkLimits) {
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
    this.#mostOwed = (perSecond * patienceMs) / 1000;
  }

  /** What ends the work and what it has to wait before it begins, or nothing if the tenant is over its budget. */
  begin(tenant: string, nowMs: number): { end: () => void; waitMs: number } | undefined {
    const bucket = this.#bucket(tenant, nowMs);
    if (this.#atOnce > 0 && bucket.running >= this.#atOnce) return undefined;
    if (this.#perSecond > 0) {
      const gained = (Math.max(0, nowMs - bucket.filledMs) / 1000) * this.#perSecond;
      bucket.tokens = Math.min(this.#perSecond, bucket.tokens + gained);
      bucket.filledMs = nowMs;
      if (bucket.tokens + this.#mostOwed < 1) return undefined;
      bucket.tokens -= 1;
    }
    bucket.running += 1;
    let ended = false;
    const end = () => {
      if (!ended) bucket.running -= 1;
      ended = true;
    };
    const waitMs = bucket.tokens < 0 ? (-bucket.tokens / this.#perSecond) * 1000 : 0;
    return { end, waitMs };
  }

  #bucket(tenant: string, nowMs: number): Bucket {
    const known = this.#buckets.get(tenant);
    if (known) return known;
    if (this.#buckets.size >= MAX_TENANTS) this.#buckets.clear();
    const bucket = { tokens: this.#perSecond, filledMs: nowMs, running: 0 };
    this.#buckets.set(tenant, bucket);
    return bucket;
  }
}

/** Seconds to come back after, spread so that those sent away together do not come back together. */
export const spreadSeconds = (atLeastMs: number, spreadMs: number): number =>
  Math.ceil((atLeastMs + Math.random() * spreadMs) / 1000);
