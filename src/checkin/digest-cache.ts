import type { Rhythm } from "../platform/contacts.ts";
import type { KnownSet } from "../platform/known-sets.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Later } from "../platform/later.ts";
import { dayOf } from "../platform/used.ts";
import type { Log } from "../platform/log.ts";
import { headOf, inTime, type Heads } from "./head-stub.ts";
import { mayBeVoid, mayConcern, updated, versionsOf, type Checking, type Digest } from "./digest.ts";
import type { HeadRpc, Work } from "./head-rpc.ts";
import type { Contact } from "./presence.ts";
import { Absent } from "./known-sets.ts";
import type { Asking, KeptReport, ReportVerdict } from "./pledges.ts";
import { NEVER, TenantState } from "./tenant-state.ts";
import { usedOn } from "./used-ledger.ts";

/** The published bound: in relaxed mode a change counts for every check at most this much later. */
export const STALE_MS = 5000;
/** In strict mode contacts that no check takes along are told together, at most this much later. */
const GATHER_MS = 1000;
/** After a head has not answered, checks ask the database for this long. */
const AWAY_MS = 5000;
/** How often a head that is away is told of contacts before they wait for the next call. */
const ATTEMPTS = 3;
/** Work that is due may have ended with the request it belonged to. */
const OVERDUE_MS = 1000;
const MAX_TENANTS = 1000;
const MAX_BYTES = 32 * 1024 * 1024;

export interface CheckVerdict {
  /** `idle`: nothing to do for certain. */
  verdict: "idle" | "concerns";
  headCalls: number;
  /** What the head knows of a device that may have work. */
  work?: Work | undefined;
}

/**
 * Checks answered with as few calls as the tenant's mode allows: one to its head in strict mode, none in relaxed mode
 * but a visit every five seconds. Contacts ride along with these calls, or are told soon after.
 */
export class Isolate {
  readonly #heads: Heads;
  readonly #log: Log;
  readonly #tenants = new Map<TenantId, TenantState>();
  /** Prints of those who are not accepted. */
  readonly absent = new Absent();

  constructor(heads: Heads, log: Log) {
    this.#heads = heads;
    this.#log = log;
  }

  /** `later` keeps a visit alive that others wait for, although its own request may end. Throws if the head is away. */
  async ask(tenant: TenantId, checking: Checking, nowMs: number, later: Later): Promise<CheckVerdict> {
    const state = this.#stateOf(tenant);
    if (nowMs < state.awayUntilMs) return { verdict: "concerns", headCalls: 0 };
    try {
      if (state.mode === "strict") return await this.#askHead(state, tenant, checking, nowMs);
      return await this.#askDigest(state, tenant, checking, nowMs, later);
    } catch (cause) {
      state.awayUntilMs = nowMs + AWAY_MS;
      throw cause;
    }
  }

  /** Notes a contact that no check told of. Answers how many calls are made for it at once. */
  note(tenant: TenantId, device: string, nowMs: number, later: Later): number {
    const state = this.#stateOf(tenant);
    if (!state.untold.add(device, nowMs) || this.#isDue(state, nowMs)) return 0;
    return this.#tellInTime(state, tenant, nowMs, later);
  }

  /** As `Content` notes; in strict mode the head is asked at each check anyway. */
  noting(tenant: TenantId, device: string, nowMs: number): ((untilMs: number) => void) | undefined {
    const { mode, content } = this.#stateOf(tenant);
    return mode === "relaxed" ? content.noting(device, nowMs) : undefined;
  }

  /** Last contacts as the head knows them, those included that were noted here. */
  lastSeen(tenant: TenantId, devices: readonly string[], nowMs: number): Promise<Record<string, number>> {
    const [state, head] = [this.#stateOf(tenant), headOf(this.#heads, tenant)];
    return this.#telling(state, nowMs, (seen) => inTime(head.lastSeen(tenant, devices, seen)));
  }

  /** The same with their rhythms. */
  rhythms(tenant: TenantId, devices: readonly string[], nowMs: number): Promise<Record<string, Rhythm>> {
    const [state, head] = [this.#stateOf(tenant), headOf(this.#heads, tenant)];
    return this.#telling(state, nowMs, (seen) => inTime(head.rhythms(tenant, devices, seen)));
  }

  /** The set that a device authenticates with, if the head knows it. `ask` is not called while the head is away. */
  async knownSet(
    tenant: TenantId,
    nowMs: number,
    ask: (head: DurableObjectStub<HeadRpc>) => Promise<KnownSet | undefined>,
  ): Promise<KnownSet | undefined> {
    const state = this.#stateOf(tenant);
    if (nowMs < state.awayUntilMs) return undefined;
    try {
      return await inTime(ask(headOf(this.#heads, tenant)));
    } catch (cause) {
      state.awayUntilMs = nowMs + AWAY_MS;
      throw cause;
    }
  }

  /** Whether a report is the same as what is stored; undefined while the head is away. */
  async report(
    tenant: TenantId,
    asked: Checking & Asking,
    nowMs: number,
  ): Promise<ReportVerdict | undefined> {
    const [state, head] = [this.#stateOf(tenant), headOf(this.#heads, tenant)];
    if (nowMs < state.awayUntilMs) return undefined;
    const kept = state.kept.take();
    const verdict = await this.#telling(state, nowMs, (seen) =>
      inTime(head.report(tenant, { ...asked, nowMs, seen, kept })),
    );
    if (verdict.isSame) state.untold.told([[asked.device, nowMs]]);
    return verdict;
  }

  /** Has the head told, with its next report or soon, that one is the same as what is stored. */
  keep(tenant: TenantId, report: KeptReport, nowMs: number, later: Later): void {
    const { kept } = this.#stateOf(tenant);
    kept.add(report, nowMs, later, async (reports) =>
      inTime(headOf(this.#heads, tenant).keepReports(tenant, reports, nowMs)).catch((cause: unknown) =>
        this.#log.error("head not told of reports", { tenant, cause }),
      ),
    );
  }

  async #askHead(
    state: TenantState,
    tenant: TenantId,
    checking: Checking,
    nowMs: number,
  ): Promise<CheckVerdict> {
    const head = headOf(this.#heads, tenant);
    const { concerns, mode, work } = await this.#telling(state, nowMs, (seen) =>
      inTime(head.check(tenant, { ...checking, nowMs, seen })),
    );
    state.untold.told([[checking.device, nowMs]]);
    state.mode = mode;
    return { verdict: concerns ? "concerns" : "idle", headCalls: 1, work };
  }

  async #askDigest(
    state: TenantState,
    tenant: TenantId,
    checking: Checking,
    nowMs: number,
    later: Later,
  ): Promise<CheckVerdict> {
    const isStale = nowMs - state.askedMs >= STALE_MS;
    const isVisitor = isStale && !state.visit;
    state.checks += 1;
    const isNew = state.untold.add(checking.device, nowMs);
    if (isVisitor) later.now(this.#visit(state, tenant, nowMs).catch(() => {})); // its failure is this check's
    else if (isNew && !this.#isDue(state, nowMs)) this.#tellInTime(state, tenant, nowMs, later);
    if (isStale && state.visit) await inTime(state.visit);
    const { digest } = state;
    const isCurrent = digest !== undefined && nowMs - state.askedMs < STALE_MS;
    const isIdle = isCurrent && !this.#mayGet(state, digest, checking, nowMs);
    if (isIdle) {
      state.idle += 1;
      if (!this.#isDue(state, nowMs)) this.#tellInTime(state, tenant, nowMs, later);
    }
    if (isIdle || !isCurrent) return { verdict: isIdle ? "idle" : "concerns", headCalls: Number(isVisitor) };
    // The head knows of those who have to wait; it counts the check itself.
    state.checks -= 1;
    const asked = await this.#askHead(state, tenant, checking, nowMs);
    return { ...asked, headCalls: asked.headCalls + Number(isVisitor) };
  }

  #mayGet({ content }: TenantState, digest: Digest, checking: Checking, nowMs: number): boolean {
    if (!mayConcern(digest, checking, nowMs)) return false;
    return mayBeVoid(digest, checking) || !content.has(checking.device, nowMs);
  }

  /** Fetches the digest and tells of checks and contacts, once for all who want it now. */
  #visit(state: TenantState, tenant: TenantId, nowMs: number): Promise<void> {
    return (state.visit ??= this.#fetch(state, tenant, nowMs).finally(() => {
      state.visit = undefined;
    }));
  }

  async #fetch(state: TenantState, tenant: TenantId, nowMs: number): Promise<void> {
    const { checks, idle } = state;
    [state.checks, state.idle] = [0, 0];
    const used = idle === 0 ? {} : usedOn(dayOf(nowMs), { requests: idle, checks: idle });
    const known = versionsOf(state.digest);
    const head = headOf(this.#heads, tenant);
    const { mode, update, stamp } = await this.#telling(state, nowMs, (seen) =>
      head.digest(tenant, { nowMs, known, checks, used, seen }),
    ).catch((cause: unknown) => {
      state.idle += idle;
      throw cause;
    });
    state.mode = mode;
    state.digest = update && updated(state.digest, update);
    state.content.follow(update && stamp);
    state.askedMs = nowMs;
    this.#bound();
  }

  /** A call of the head that takes along what there is to tell; what does not arrive is told again. */
  async #telling<T>(
    state: TenantState,
    nowMs: number,
    call: (seen: readonly Contact[]) => Promise<T>,
  ): Promise<T> {
    const seen = state.untold.take();
    state.toldMs = nowMs;
    state.dueMs = NEVER;
    try {
      const result = await call(seen);
      state.untold.told(seen);
      return result;
    } catch (cause) {
      state.untold.putBack(seen);
      state.awayUntilMs = nowMs + AWAY_MS;
      throw cause;
    }
  }

  #isDue({ dueMs }: TenantState, nowMs: number): boolean {
    return nowMs < dueMs + OVERDUE_MS && dueMs <= nowMs + STALE_MS;
  }

  /** Tells the head at once after a silence, else at its end. Answers how many calls that is now. */
  #tellInTime(state: TenantState, tenant: TenantId, nowMs: number, later: Later): number {
    const gatherMs = state.mode === "strict" ? GATHER_MS : STALE_MS;
    const waitMs = Math.min(Math.max(state.toldMs + gatherMs, state.awayUntilMs) - nowMs, STALE_MS);
    if (waitMs <= 0) {
      later.now(this.#tell(state, tenant, nowMs, later));
      return 1;
    }
    state.dueMs = nowMs + waitMs;
    later.after(waitMs, () => this.#tell(state, tenant, nowMs + waitMs, later));
    return 0;
  }

  async #tell(state: TenantState, tenant: TenantId, nowMs: number, later: Later, attempt = 1): Promise<void> {
    if (state.untold.isEmpty && state.idle === 0) return;
    try {
      if (state.mode === "relaxed") return await this.#visit(state, tenant, nowMs);
      const head = headOf(this.#heads, tenant);
      await this.#telling(state, nowMs, (seen) => inTime(head.note(tenant, seen)));
    } catch (cause) {
      if (attempt === ATTEMPTS) return this.#log.error("head not told of contacts", { tenant, cause });
      state.dueMs = nowMs + AWAY_MS;
      later.after(AWAY_MS, () => this.#tell(state, tenant, nowMs + AWAY_MS, later, attempt + 1));
    }
  }

  #stateOf(tenant: TenantId): TenantState {
    const known = this.#tenants.get(tenant);
    if (known) return known;
    if (this.#tenants.size >= MAX_TENANTS) this.#tenants.clear();
    const state = new TenantState();
    this.#tenants.set(tenant, state);
    return state;
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
