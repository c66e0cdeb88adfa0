import type { Contact } from "./presence.ts";

/** Contacts of a tenant that wait here at most; of more the head is not told while it is away. */
const MAX_WAITING = 10_000;

const secondOf = (ms: number): number => Math.floor(ms / 1000);

/** Contacts of a tenant's devices that its head has not been told of, one for each device. */
export class Untold {
  #waiting = new Map<string, number>();
  /** Devices of whose contact in this second the head knows. */
  readonly #told = new Set<string>();
  #toldS = 0;

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Adds a contact; false if there is nothing new to tell. */
  add(device: string, atMs: number): boolean {
    if (this.#toldS === secondOf(atMs) && this.#told.has(device)) return false;
    const before = this.#waiting.get(device);
    if (before === undefined && this.#waiting.size >= MAX_WAITING) return false;
    this.#waiting.set(device, Math.max(before ?? 0, atMs));
    return true;
  }

  /** Hands all of them over to be told. */
  take(): Contact[] {
    const taken = [...this.#waiting];
    this.#waiting.clear();
    return taken;
  }

  /** The head could not be told of these. */
  putBack(contacts: readonly Contact[]): void {
    for (const [device, atMs] of contacts) this.add(device, atMs);
  }

  /** The head knows of these. */
  told(contacts: readonly Contact[]): void {
    for (const [device, atMs] of contacts) {
      if (secondOf(atMs) < this.#toldS) continue;
      if (secondOf(atMs) > this.#toldS) this.#told.clear();
      this.#toldS = secondOf(atMs);
      this.#told.add(device);
    }
  }
}
