import type { Digest, Part } from "./digest.ts";

/** What of the database the parts of a digest have seen. */
export interface Seen {
  revocations: number;
  queuedSeq: number;
  /** True from a change that has to be read until it was. */
  isBehind: boolean;
  /** Whether every deployment to many devices that is open is given by its list and its opening alone. */
  isPlain?: boolean;
  /** When the tenant was changed last. */
  tenantMs?: number;
}

/** A digest and what is known of it. */
export interface DigestState {
  digest: Digest;
  seen: Seen;
  /** When the database last confirmed it; before all time if it has to be asked. */
  confirmedMs: number;
}

/** What is stored beside the parts; without a time it counts as not confirmed. */
type Kept = Omit<Digest, "parts"> & { seen: Seen; confirmedMs?: number };

const META = "digest";
const PART = "part:";

/** Where the head of a tenant keeps its digest, each part as an entry of its own. */
export class DigestStorage {
  readonly #storage: DurableObjectStorage;
  readonly #changed = new Set<string>();
  /** What is kept beside the parts, as it was stored last. */
  #stored = "";

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  async load(): Promise<DigestState | undefined> {
    const kept = await this.#storage.get<Kept>(META);
    const parts = await this.#storage.list<Part>({ prefix: PART });
    if (!kept) return undefined;
    const { seen, confirmedMs = Number.NEGATIVE_INFINITY, ...own } = kept;
    const byName = [...parts].map(([key, part]) => [key.slice(PART.length), part] as const);
    return { digest: { ...own, parts: new Map(byName) }, seen, confirmedMs };
  }

  /** The part is stored, or removed if it is gone, with the next `save`. */
  mark(name: string): void {
    this.#changed.add(name);
  }

  /** Stores what changed since the last time, all or nothing: what is kept tells what the parts have seen. */
  async save({ digest, seen, confirmedMs }: DigestState): Promise<void> {
    const { parts: _, ...own } = digest;
    const meta: Kept = { ...own, seen: { ...seen }, confirmedMs };
    const text = JSON.stringify(meta);
    if (this.#changed.size === 0 && text === this.#stored) return;
    this.#stored = text;
    const parts = [...this.#changed].map((name) => [PART + name, digest.parts.get(name)] as const);
    this.#changed.clear();
    await this.#storage.transaction(async (transaction) => {
      await transaction.put(META, meta);
      for (const [key, part] of parts) {
        if (part) await transaction.put(key, part);
        else await transaction.delete(key);
      }
    });
  }

  /** The next `save` stores whatever it is given. */
  forget(): void {
    this.#stored = "";
  }
}
