import { mergeTimes, readPage, writePage, type ContactTimes } from "./presence-pages.ts";

/** An entry with more contacts is left as it is and followed by another: appending never rewrites more than this. */
const ENTRY_CONTACTS = 2048;
/** Keys sort as their numbers do. */
const KEY_DIGITS = 12;

type Storage = Pick<DurableObjectStorage, "get" | "put" | "delete" | "list">;
export type Writing = Pick<DurableObjectTransaction, "put" | "delete">;

/**
 * Contacts that are stored and not yet in pages. Appending writes one row however many contacts it is about. Contacts
 * are merged by their times, so that reading an entry twice does no harm.
 */
export class Journal {
  readonly #storage: Storage;
  readonly #prefix: string;
  #number = 0;
  /** What the entry of this number holds. */
  #tail: ContactTimes = new Map();
  #keys = new Set<string>();

  constructor(storage: Storage, prefix: string) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** Everything in it; to be called before anything is appended. */
  async read(): Promise<ContactTimes> {
    const all: ContactTimes = new Map();
    for (const [key, bytes] of await this.#storage.list<Uint8Array>({ prefix: this.#prefix })) {
      this.#keys.add(key);
      this.#number = Number(key.slice(this.#prefix.length));
      this.#tail = readPage(bytes);
      mergeTimes(all, this.#tail);
    }
    return all;
  }

  async append(contacts: ReadonlyMap<string, number>, into: Writing = this.#storage): Promise<void> {
    const left = [...contacts];
    while (left.length > 0) {
      if (this.#tail.size >= ENTRY_CONTACTS) this.#begin();
      mergeTimes(this.#tail, new Map(left.splice(0, ENTRY_CONTACTS - this.#tail.size)));
      const key = this.#prefix + String(this.#number).padStart(KEY_DIGITS, "0");
      this.#keys.add(key);
      await into.put(key, writePage(this.#tail));
    }
  }

  /** The keys of all that was appended so far, for whoever removes it; what is appended next goes elsewhere. */
  cut(): Set<string> {
    const keys = this.#keys;
    this.#keys = new Set();
    this.#begin();
    return keys;
  }

  /** Takes back what was cut off and could not be removed. */
  uncut(keys: ReadonlySet<string>): void {
    this.#keys = new Set([...keys, ...this.#keys]);
  }

  #begin(): void {
    this.#number += 1;
    this.#tail = new Map();
  }
}
