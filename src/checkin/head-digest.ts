import type { Database } from "../platform/database.ts";
import type { DigestChange } from "../platform/digest-change.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Log } from "../platform/log.ts";
import { filterOf, hasRoomFor, isSameWaiting, QUEUED, REVOKED, type Digest, type Waiting } from "./digest.ts";
import { DigestStorage, type Seen } from "./digest-storage.ts";
import { addTo, hashOf, isWorthShrinking, makeFilter, roomOf, type Filter, type IdHash } from "./filter.ts";
import {
  busyHashes,
  fillWaiting,
  queuedDevices,
  revokedSets,
  digestSources,
  type DigestSources,
} from "./digest-queries.ts";

/** How long a digest is trusted without asking the database whether it is complete. */
const TRUSTED_MS = 60_000;
/** How long the database is left alone after it failed. */
const PAUSE_MS = 5000;
/** A filter of more devices is read in the background; until then everybody asks the database. */
const AT_ONCE = 20_000;

/**
 * The digest of a tenant as its head holds it: in memory, stored beside, rebuilt from the database on demand. It holds
 * every change that was told before this class returns from `apply`, whatever is being read meanwhile.
 */
export class HeadDigest {
  readonly #storage: DigestStorage;
  readonly #db: (tenant: TenantId) => Database;
  readonly #log: Log;
  readonly #background: (work: Promise<unknown>) => void;

  #digest: Digest | undefined;
  #seen: Seen | undefined;
  #confirmedMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;
  /** Counts changes that a reading under way may have missed. */
  #told = 0;
  #confirming: Promise<void> | undefined;
  /** Counts from when on everything is to be read again. */
  #epoch = 0;
  /** Parts being read, with the ids that were told meanwhile. */
  readonly #reading = new Map<string, IdHash[]>();

  constructor(
    storage: DurableObjectStorage,
    db: (tenant: TenantId) => Database,
    log: Log,
    background: (work: Promise<unknown>) => void,
  ) {
    this.#storage = new DigestStorage(storage);
    this.#db = db;
    this.#log = log;
    this.#background = background;
  }

  /**
   * The digest, confirmed by the database within the last minute. While the database is away the last one goes on: no
   * change can be answered that it misses. Undefined if there is none, or a change is known that could not be read.
   */
  async current(tenant: TenantId, nowMs: number): Promise<Digest | undefined> {
    await this.#restore();
    // Of a time ahead, which a clock that was set back leaves, nothing is trusted.
    const isFresh = Math.abs(nowMs - this.#confirmedMs) < TRUSTED_MS;
    const isPaused = nowMs - this.#failedMs < PAUSE_MS;
    if (!isFresh && !isPaused) {
      this.#confirming ??= this.#confirm(tenant, nowMs).finally(() => {
        this.#confirming = undefined;
      });
      await this.#confirming;
    }
    return this.#seen?.isBehind === false ? this.#digest : undefined;
  }

  /** What the database said of the tenant when it was compared last. */
  get seen(): Readonly<Seen> | undefined {
    return this.#seen;
  }

  /** Takes changes in. What cannot be told from the change itself is read before the next check is answered. */
  async apply(changes: readonly DigestChange["what"][]): Promise<void> {
    await this.#restore();
    this.#told += 1;
    for (const change of changes) {
      if (change.kind === "revoked") this.#add(REVOKED, change.key);
      else if (change.kind === "work") this.#addWork(change.device);
      else if (change.kind === "anew") this.#begin();
      else this.#fallBehind();
    }
    await this.#store();
  }

  /** Forgets what is not stored. */
  forget(): void {
    this.#digest = undefined;
    this.#seen = undefined;
    this.#storage.forget();
    this.#confirmedMs = Number.NEGATIVE_INFINITY;
    this.#told += 1;
  }

  /** Every part is read again. What is being read now is not what it will be. */
  #begin() {
    this.#fallBehind();
    this.#epoch += 1;
    if (this.#seen) Object.assign(this.#seen, { revocations: -1, queuedSeq: 0 });
    for (const name of this.#digest?.parts.keys() ?? []) this.#change(name, undefined);
  }

  #fallBehind() {
    this.#confirmedMs = Number.NEGATIVE_INFINITY;
    if (this.#seen) this.#seen.isBehind = true;
  }

  #addWork(device: string) {
    for (const name of this.#digest?.parts.keys() ?? []) if (name !== REVOKED) this.#add(name, device);
  }

  /** Adds an id to a part; one that has no room left is read anew. */
  #add(name: string, id: string) {
    const hash = hashOf(id);
    this.#reading.get(name)?.push(hash);
    const filter = this.#digest?.parts.get(name)?.filter;
    if (!filter) return;
    addTo(filter, hash);
    filter.count += 1;
    this.#change(name, filter);
    if (filter.count > roomOf(filter)) {
      this.#confirmedMs = Number.NEGATIVE_INFINITY;
      if (this.#seen && name === REVOKED) this.#seen.revocations = -1;
    }
  }

  async #restore() {
    if (this.#digest) return;
    const kept = await this.#storage.load();
    // Another request may have been quicker.
    if (this.#digest || !kept) return;
    this.#digest = kept.digest;
    this.#seen = kept.seen;
    this.#confirmedMs = kept.confirmedMs;
  }

  /** Marks a part as changed in a new generation. */
  #change(name: string, filter: Filter | undefined, opensMs?: number) {
    const digest = this.#digest;
    if (!digest) return;
    digest.generation += 1;
    const before = digest.parts.get(name);
    digest.parts.set(name, {
      ...before,
      version: digest.generation,
      opensMs: opensMs ?? before?.opensMs ?? 0,
      filter,
    });
    this.#storage.mark(name);
  }

  /** Sets what of a part tells who waits, if it is something else than before. */
  #setWaiting(name: string, waiting: Waiting) {
    const before = this.#digest?.parts.get(name);
    if (before && isSameWaiting(before, waiting)) return;
    this.#change(name, before?.filter, waiting.opensMs);
    Object.assign(this.#digest?.parts.get(name) ?? {}, waiting);
  }

  async #store() {
    const [digest, seen] = [this.#digest, this.#seen];
    if (digest && seen) await this.#storage.save({ digest, seen, confirmedMs: this.#confirmedMs });
  }

  /** Compares the digest with the database and reads what is missing. A change told meanwhile makes it look again. */
  async #confirm(tenant: TenantId, nowMs: number): Promise<void> {
    try {
      for (;;) {
        const told = this.#told;
        const sources = await digestSources(this.#db(tenant), tenant, nowMs);
        if (told !== this.#told) continue;
        await this.#follow(tenant, sources, nowMs);
        if (told === this.#told) break;
      }
      this.#confirmedMs = nowMs;
      if (this.#seen) this.#seen.isBehind = false;
      await this.#store();
    } catch (cause) {
      this.#failedMs = nowMs;
      this.#log.error("digest not confirmed", { tenant, cause });
    }
  }

  async #follow(tenant: TenantId, sources: DigestSources, nowMs: number) {
    const { active, revokedS } = sources;
    const seen = (this.#seen ??= { revocations: -1, queuedSeq: 0, isBehind: true });
    const digest = (this.#digest ??= { generation: nowMs, active, revokedS, parts: new Map() });
    if (digest.active !== active || digest.revokedS !== revokedS) {
      Object.assign(digest, { active, revokedS, generation: digest.generation + 1 });
    }
    if (seen.revocations !== sources.revocations || !digest.parts.get(REVOKED)?.filter) {
      await this.#readRevoked(tenant, sources.revocations);
    }
    const isPlain = sources.wide.every(({ is_plain }) => is_plain);
    Object.assign(seen, { tenantMs: sources.tenantMs, isPlain });
    await this.#followQueued(tenant, sources.queued);
    await this.#followWide(tenant, sources.wide, nowMs);
  }

  /** Reads a part while changes may be told, and puts it in place with them. */
  async #read(name: string, opensMs: number, read: () => Promise<Filter>) {
    const told: IdHash[] = [];
    const epoch = this.#epoch;
    this.#reading.set(name, told);
    try {
      const filter = await read();
      if (epoch !== this.#epoch) return;
      for (const hash of told) addTo(filter, hash);
      this.#change(name, filter, opensMs);
    } finally {
      this.#reading.delete(name);
    }
  }

  async #readRevoked(tenant: TenantId, revocations: number) {
    await this.#read(REVOKED, 0, async () => filterOf(await revokedSets(this.#db(tenant), tenant)));
    if (this.#seen) this.#seen.revocations = revocations;
  }

  async #followQueued(tenant: TenantId, queued: DigestSources["queued"]) {
    const seen = this.#seen;
    if (!seen) return;
    const filter = this.#digest?.parts.get(QUEUED)?.filter;
    const hasRoom = filter !== undefined && filter.count <= roomOf(filter);
    const isSlack = isWorthShrinking(filter, queued.remaining);
    if (hasRoom && !isSlack && queued.lastSeq <= seen.queuedSeq) return;
    if (hasRoom && !isSlack) {
      const { hashes, lastSeq } = await queuedDevices(this.#db(tenant), tenant, seen.queuedSeq);
      for (const hash of hashes) addTo(filter, hash);
      filter.count += hashes.length;
      this.#change(QUEUED, filter);
      seen.queuedSeq = Math.max(seen.queuedSeq, lastSeq);
      return;
    }
    await this.#read(QUEUED, 0, async () => {
      const { hashes, lastSeq } = await queuedDevices(this.#db(tenant), tenant, 0);
      seen.queuedSeq = lastSeq;
      return filterOf(hashes);
    });
  }

  async #followWide(tenant: TenantId, wide: DigestSources["wide"], nowMs: number) {
    const digest = this.#digest;
    if (!digest) return;
    const open = new Set(wide.map(({ deployment_id }) => deployment_id));
    for (const name of digest.parts.keys()) {
      if (name === REVOKED || name === QUEUED || open.has(name)) continue;
      digest.parts.delete(name);
      digest.generation += 1;
      this.#storage.mark(name);
    }
    for (const deployment of wide) {
      await this.#followWaiting(tenant, deployment, nowMs);
      await this.#followDeployment(tenant, deployment);
    }
  }

  /** Those who are at a deployment are told apart while nobody else may join. */
  async #followWaiting(tenant: TenantId, deployment: DigestSources["wide"][number], nowMs: number) {
    const { deployment_id: name, opens_ms: opensMs, seq, order, has_joined: hasJoined } = deployment;
    const waits = opensMs > nowMs || order?.phases.some((phase) => phase.opensMs > nowMs);
    const busy = hasJoined && waits ? filterOf(await busyHashes(this.#db(tenant), tenant, seq)) : undefined;
    this.#setWaiting(name, { opensMs, busy, order });
  }

  async #followDeployment(tenant: TenantId, deployment: DigestSources["wide"][number]) {
    const { deployment_id: name, opens_ms: opensMs, remaining, seq, targeted: isComplete } = deployment;
    const digest = this.#digest;
    const part = digest?.parts.get(name);
    if (part?.filter && !isComplete) this.#change(name, undefined, opensMs);
    if (!isComplete || this.#reading.has(name) || !hasRoomFor(remaining, digest)) return;
    if (part?.filter && !isWorthShrinking(part.filter, remaining)) return;
    const reading = this.#read(name, opensMs, async () => {
      const filter = makeFilter(remaining);
      await fillWaiting(this.#db(tenant), tenant, seq, filter);
      return filter;
    });
    if (remaining <= AT_ONCE) await reading;
    else this.#background(this.#inBackground(tenant, name, reading));
  }

  #inBackground(tenant: TenantId, name: string, reading: Promise<void>): Promise<void> {
    return reading
      .then(() => this.#store())
      .catch((cause: unknown) => this.#log.error("filter not read", { tenant, deployment: name, cause }));
  }
}
