import type { TenantId } from "../platform/ids.ts";
import type { KnownSet, ReadSet } from "../platform/known-sets.ts";
import { mayBeVoid, type Digest } from "./digest.ts";

/** As it is stored, with what it was told under. */
interface Kept extends ReadSet {
  atMs: number;
}

export interface Standing {
  digest: Digest;
  /** When the tenant was changed last. */
  tenantMs: number;
  nowMs: number;
  /** Of a device's token. */
  lifeMs: number;
}

type Storage = Pick<DurableObjectStorage, "get" | "put" | "delete" | "list">;

/** Keys that a storage removes at once. */
const FORGOTTEN_AT_ONCE = 128;
const KNOWN = "known:";
/** Each new one pays for a look at so many others, of which the old go. */
const LOOKED_AT = 4;

/**
 * Accepted sets of a tenant by the print of what a device authenticates with, a row for each device. A set whose tokens end is
 * among the revoked of the digest for as long as a token lives. So one of these is believed while the digest does not name
 * it, and for half that time after it was told: whatever happened to it since is still there to be seen.
 */
export class KnownSetsStorage {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async find(print: string, { digest, tenantMs, nowMs, lifeMs }: Standing): Promise<KnownSet | undefined> {
    const kept = await this.#storage.get<Kept>(KNOWN + print);
    if (!kept || kept.tenantMs !== tenantMs || isOld(kept, nowMs, lifeMs)) return undefined;
    const revokedS = Math.max(kept.revokedS, digest.revokedS);
    const { device, set, subscription, calls } = kept;
    // As a token that is issued now.
    if (mayBeVoid(digest, { device, authSet: set, issuedS: revokedS + 1 })) return undefined;
    return { device, set, revokedS, subscription, calls };
  }

  /** Not what was read before the tenant was changed. */
  async remember(print: string, known: ReadSet, standing: Standing): Promise<void> {
    const { tenantMs, nowMs, lifeMs } = standing;
    if (known.tenantMs !== tenantMs) return;
    const kept: Kept = { ...known, atMs: nowMs };
    await this.#storage.put(KNOWN + print, kept);
    await this.#forgetSome(print, nowMs, lifeMs);
  }

  /** Forgets all of them. */
  async forget(): Promise<void> {
    for (let full = true; full;) {
      const some = await this.#storage.list({ prefix: KNOWN, limit: FORGOTTEN_AT_ONCE });
      if (some.size > 0) await this.#storage.delete([...some.keys()]);
      full = some.size === FORGOTTEN_AT_ONCE;
    }
  }

  /** Prints are random, so that those that follow one are as good as any. */
  async #forgetSome(print: string, nowMs: number, lifeMs: number): Promise<void> {
    const some = await this.#storage.list<Kept>({
      prefix: KNOWN,
      startAfter: KNOWN + print,
      limit: LOOKED_AT,
    });
    const old = [...some].flatMap(([key, kept]) => (isOld(kept, nowMs, lifeMs) ? [key] : []));
    if (old.length > 0) await this.#storage.delete(old);
  }
}

/** A time ahead is that of a clock that was set back. */
const isOld = ({ atMs }: Kept, nowMs: number, lifeMs: number): boolean =>
  nowMs < atMs || nowMs - atMs >= lifeMs / 2;

const MOST_ABSENT = 10_000;
const ABSENT_MS = 300_000;

/** What an isolate knows of those whom the database does not let in: their head is not asked meanwhile. */
export class Absent {
  readonly #untilMs = new Map<string, number>();

  has(tenant: TenantId, print: string, nowMs: number): boolean {
    return nowMs < (this.#untilMs.get(keyOf(tenant, print)) ?? 0);
  }

  note(tenant: TenantId, print: string, nowMs: number): void {
    if (this.#untilMs.size >= MOST_ABSENT) this.#untilMs.clear();
    this.#untilMs.set(keyOf(tenant, print), nowMs + ABSENT_MS);
  }

  delete(tenant: TenantId, print: string): void {
    this.#untilMs.delete(keyOf(tenant, print));
  }
}

const keyOf = (tenant: TenantId, print: string): string => `${tenant} ${print}`;
