import { isUuid } from "../platform/ids.ts";

/**
 * When devices were last heard of. New times gather in memory and are written to packed pages together, so that what is
 * stored grows with the fleet and never with its polls.
 */

/** Times not yet written are lost with the object: at most this long. */
export const FLUSH_MS = 300_000;
/** More devices than this are written at once. */
const MAX_PENDING = 50_000;

const ID_BYTES = 16;
const ENTRY_BYTES = ID_BYTES + 4;
/** A page with more entries is split in two. */
const PAGE_ENTRIES = 16_384;
const MAX_PAGE_BITS = 12;
/** Devices silent for longer are left out of pages. */
const FORGET_S = 400 * 86_400;

const PAGE = "presence:";
const BITS = "presence-bits";

const packed = (id: string): string => id.replaceAll("-", "").toLowerCase();

const dashed = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");

/** Entries of a page by packed id, times in seconds. */
export function readPage(bytes: Uint8Array): Map<string, number> {
  const entries = new Map<string, number>();
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + ENTRY_BYTES <= buffer.length; at += ENTRY_BYTES) {
    entries.set(buffer.toString("hex", at, at + ID_BYTES), buffer.readUInt32BE(at + ID_BYTES));
  }
  return entries;
}

export function writePage(entries: ReadonlyMap<string, number>): Uint8Array {
  const buffer = Buffer.alloc(entries.size * ENTRY_BYTES);
  let at = 0;
  for (const [id, seconds] of entries) {
    buffer.write(id, at, ID_BYTES, "hex");
    buffer.writeUInt32BE(seconds, at + ID_BYTES);
    at += ENTRY_BYTES;
  }
  return new Uint8Array(buffer);
}

/** Ids of devices come from a random source or from a counter; a page takes its bits from a mix of all of them. */
export function pageOf(id: string, bits: number): number {
  let mix = 0;
  for (let at = 0; at < id.length; at += 8)
    mix = Math.imul(mix ^ Number.parseInt(id.slice(at, at + 8), 16), 0x9e3779b1);
  return bits === 0 ? 0 : (mix ^ (mix >>> 15)) & ((1 << bits) - 1);
}

const dayOf = (seconds: number): number => Math.floor(seconds / 86_400);

export class Presence {
  readonly #storage: DurableObjectStorage;
  #pending = new Map<string, number>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Notes a contact. True when there is something to flush where there was nothing. */
  note(device: string, atMs: number): boolean {
    const id = packed(device);
    if (!isUuid(device)) return false;
    const isFirst = this.#pending.size === 0;
    const seconds = Math.floor(atMs / 1000);
    if (seconds > (this.#pending.get(id) ?? 0)) this.#pending.set(id, seconds);
    return isFirst;
  }

  /** Forgets what is not stored. */
  forget(): void {
    this.#pending.clear();
  }

  get isFull(): boolean {
    return this.#pending.size >= MAX_PENDING;
  }

  /** Last contact of each of these devices, in milliseconds; those never seen are left out. */
  async lastSeen(devices: readonly string[]): Promise<Record<string, number>> {
    const bits = await this.#bits();
    const pages = new Map<number, Map<string, number>>();
    const seen: Record<string, number> = {};
    for (const device of devices) {
      const [id, number] = [packed(device), pageOf(packed(device), bits)];
      const page = pages.get(number) ?? (await this.#page(number));
      pages.set(number, page);
      const seconds = Math.max(this.#pending.get(id) ?? 0, page.get(id) ?? 0);
      if (seconds > 0) seen[device] = seconds * 1000;
    }
    return seen;
  }

  /**
   * Writes what gathered, and tells the devices whose contact before was on an earlier day. Each page is complete in
   * itself: a fall between two loses nothing that was written before.
   */
  async flush(nowMs: number): Promise<string[]> {
    const pending = this.#pending;
    this.#pending = new Map();
    const bits = await this.#bits();
    const byPage = Map.groupBy(pending, ([id]) => pageOf(id, bits));
    const fresh: string[] = [];
    let largest = 0;
    for (const [number, contacts] of byPage) {
      const page = await this.#page(number);
      for (const [id, seconds] of contacts) {
        const before = page.get(id) ?? 0;
        if (dayOf(before) < dayOf(seconds)) fresh.push(dashed(id));
        if (seconds > before) page.set(id, seconds);
      }
      for (const [id, seconds] of page) if (seconds < nowMs / 1000 - FORGET_S) page.delete(id);
      largest = Math.max(largest, page.size);
      await this.#storage.put(PAGE + number, writePage(page));
    }
    if (largest > PAGE_ENTRIES && bits < MAX_PAGE_BITS) await this.#split(bits);
    return fresh;
  }

  /** Twice as many pages, each entry in the one of its next bit. */
  async #split(bits: number) {
    const entries: Record<string, unknown> = { [BITS]: bits + 1 };
    for (let number = 0; number < 1 << bits; number++) {
      const halves = Map.groupBy(await this.#page(number), ([id]) => pageOf(id, bits + 1));
      for (const half of [number, number + (1 << bits)]) {
        entries[PAGE + half] = writePage(new Map(halves.get(half)));
      }
    }
    await this.#storage.transaction(async (transaction) => {
      for (const [key, value] of Object.entries(entries)) await transaction.put(key, value);
    });
  }

  async #bits(): Promise<number> {
    return (await this.#storage.get<number>(BITS)) ?? 0;
  }

  async #page(number: number): Promise<Map<string, number>> {
    const bytes = await this.#storage.get<Uint8Array>(PAGE + number);
    return bytes ? readPage(bytes) : new Map();
  }
}
