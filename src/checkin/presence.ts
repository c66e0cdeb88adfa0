import { isUuid } from "../platform/ids.ts";
import type { Rhythm, Silences, SilenceSettled, SilenceWanted } from "../platform/contacts.ts";
import { Journal } from "./journal.ts";
import {
  dashed,
  mergeTimes,
  packed,
  pageOf,
  readPage,
  sampleOf,
  timesReader,
  writePage,
  type ContactTimes,
} from "./presence-pages.ts";
import { foldInto, nothingFolded, type Folded } from "./fold.ts";
import { addHour, hourOf, SeenHours, type SeenByHour } from "./seen-hours.ts";
import { DEFERRED, Silence, SILENT } from "./silence.ts";

/** A contact of a device, in milliseconds. */
export type Contact = readonly [device: string, atMs: number];

/** Puts contacts into the inventory; answers how many of the first ones it has taken. */
export type Stamp = (contacts: readonly Contact[]) => Promise<number>;

/** More devices than this are folded into pages at once. */
const MAX_PENDING = 50_000;
/** A page with more entries is split in two. */
const PAGE_ENTRIES = 16_384;
const MAX_PAGE_BITS = 12;
/** Devices that stand for the fleet, unless they were silent for longer. */
const SAMPLED = 500;
const EXPECTED_MS = 30 * 86_400_000;

/** With more contacts than these on their way into pages, those are counted once they are there. */
const COUNTED_AT_ONCE = 500;

const PAGE = "presence:";
/** Beside each page another for the rhythms of the same devices. */
const RHYTHMS = "rhythms:";
const BITS = "presence-bits";
const CONTACTS = "contacts:";
const UNSTAMPED = "unstamped:";

const toContacts = (times: readonly [string, number][]): Contact[] =>
  times.map(([id, seconds]) => [dashed(id), seconds * 1000]);

/** What folding the contacts of a while comes to. */
interface Fold extends Folded {
  /** By their keys. */
  pages: [string, Uint8Array][];
  largest: number;
}

/**
 * When devices were last heard of. A contact is noted in memory, saved to a journal before the object may fall asleep,
 * and folded with all others of some minutes into packed pages, one row for many devices.
 */
export class Presence {
  readonly #storage: DurableObjectStorage;
  readonly #hours: SeenHours;
  readonly #silence: Silence;
  readonly #journal: Journal;
  /** First contacts of a day that the inventory has not taken yet. */
  readonly #unstamped: Journal;
  #owed: ContactTimes = new Map();
  /** Contacts that are in no page yet, and those of them that are in memory only. */
  #pending: ContactTimes = new Map();
  #unsaved: ContactTimes = new Map();
  /** Contacts on their way into pages. */
  #folding: ContactTimes = new Map();
  #underWay: Promise<void> | undefined;
  #restored: Promise<void> | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#hours = new SeenHours(storage);
    this.#silence = new Silence(storage, {
      bits: () => this.#bits(),
      times: (number) => this.#page(PAGE, number),
      rhythms: (number) => this.#page(RHYTHMS, number),
      unfolded: (id) => this.#known(id),
    });
    this.#journal = new Journal(storage, CONTACTS);
    this.#unstamped = new Journal(storage, UNSTAMPED);
  }

  /** Reads what was saved; everything else is called after it. */
  restore(): Promise<void> {
    return (this.#restored ??= this.#restore().catch((cause: unknown) => {
      this.#restored = undefined;
      throw cause;
    }));
  }

  async #restore() {
    mergeTimes(this.#pending, await this.#journal.read());
    mergeTimes(this.#owed, await this.#unstamped.read());
  }

  /** Notes a contact. */
  note(device: string, atMs: number): void {
    const [id, seconds] = [packed(device), Math.floor(atMs / 1000)];
    if (!isUuid(device) || seconds <= this.#known(id)) return;
    this.#pending.set(id, seconds);
    this.#unsaved.set(id, seconds);
  }

  #known(id: string): number {
    return Math.max(this.#pending.get(id) ?? 0, this.#folding.get(id) ?? 0);
  }

  /** Whether there are contacts that a fall would lose. */
  get hasUnsaved(): boolean {
    return this.#unsaved.size > 0;
  }

  /** Whether something stored waits to be folded or put into the inventory. */
  get isOwing(): boolean {
    return !this.#journal.isEmpty || !this.#unstamped.isEmpty;
  }

  get isFull(): boolean {
    return this.#pending.size >= MAX_PENDING;
  }

  /** Stores what a fall would lose. */
  async save(): Promise<void> {
    const saving = this.#unsaved;
    this.#unsaved = new Map();
    try {
      await this.#journal.append(saving);
    } catch (cause) {
      mergeTimes(this.#unsaved, saving);
      throw cause;
    }
  }

  /** Forgets what is not stored. */
  forget(): void {
    for (const times of [this.#pending, this.#unsaved, this.#owed]) times.clear();
    for (const journal of [this.#journal, this.#unstamped]) journal.cut();
  }

  /** Last contact of each of these devices, in milliseconds; those never heard of are left out. */
  async lastSeen(devices: readonly string[]): Promise<Record<string, number>> {
    // Memory first: what leaves it meanwhile is in the pages that are read after it.
    const known = devices.filter(isUuid).map((device) => [device, this.#known(packed(device))] as const);
    const bits = await this.#bits();
    const timesIn = this.#reader(PAGE, bits);
    const seen: Record<string, number> = {};
    for (const [device, knownS] of known) {
      const seconds = Math.max(knownS, await timesIn(packed(device)));
      if (seconds > 0) seen[device] = seconds * 1000;
    }
    return bits === (await this.#bits()) ? seen : this.lastSeen(devices); // pages were split meanwhile
  }

  /** The same with the rhythm of each. */
  async rhythms(devices: readonly string[]): Promise<Record<string, Rhythm>> {
    const bits = await this.#bits();
    const [seen, silenceIn] = [await this.lastSeen(devices), this.#reader(RHYTHMS, bits)];
    const rhythms: Record<string, Rhythm> = {};
    for (const [device, lastMs] of Object.entries(seen))
      rhythms[device] = { lastMs, silenceMs: 1000 * (await silenceIn(packed(device))) };
    return bits === (await this.#bits()) ? rhythms : this.rhythms(devices);
  }

  /** Devices that are silent for longer than is usual for them, and such as were told so and are heard again. */
  async silences(wanted: SilenceWanted): Promise<Silences> {
    await this.#hours.look(Math.floor(wanted.nowMs / 1000));
    return this.#silence.find(wanted);
  }

  /** How many devices were heard of in each hour, as far as that is known. */
  async seenByHour(): Promise<SeenByHour> {
    const hours = await this.#hours.read();
    const unfolded = new Map([...this.#folding, ...this.#pending]);
    if (unfolded.size > COUNTED_AT_ONCE) return hours;
    const timesIn = this.#reader(PAGE, await this.#bits());
    for (const [id, seconds] of unfolded)
      if (hourOf(await timesIn(id)) < hourOf(seconds)) addHour(hours, hourOf(seconds));
    return hours;
  }

  settleSilences(settled: SilenceSettled): Promise<void> {
    return this.#silence.settle(settled);
  }

  /** For how long some devices have been silent, those left out that nobody expects back. Which page a device is in is chance. */
  async ages(nowMs: number): Promise<number[]> {
    const sample = sampleOf(await this.#page(PAGE, 0), SAMPLED);
    const some = sample.length > 0 ? sample : [...this.#pending].slice(0, SAMPLED); // of a fleet that is new
    const ages = some.map(([id, seconds]) => nowMs - 1000 * Math.max(seconds, this.#known(id)));
    return ages.filter((ms) => ms <= EXPECTED_MS).toSorted((a, b) => a - b);
  }

  #reader(prefix: string, bits: number): (id: string) => Promise<number> {
    return timesReader((number) => this.#page(prefix, number), bits);
  }

  /** Some devices that were heard of since a time in milliseconds, as far as that is not folded yet. */
  since(ms: number, limit: number): string[] {
    const found: string[] = [];
    for (const times of [this.#pending, this.#folding])
      for (const [id, seconds] of times) {
        if (found.length === limit) return found;
        if (seconds * 1000 >= ms) found.push(dashed(id));
      }
    return found;
  }

  /** Folds what gathered into pages and puts the first contacts of a day into the inventory. */
  fold(stamp: Stamp): Promise<void> {
    return (this.#underWay ??= this.#fold(stamp).finally(() => {
      this.#underWay = undefined;
    }));
  }

  async #fold(stamp: Stamp) {
    const folding = this.#pending;
    this.#pending = new Map();
    this.#folding = folding;
    const keys = this.#journal.cut();
    try {
      const fold = await this.#foldOf(folding);
      mergeTimes(this.#owed, fold.first);
      await this.#store(fold, keys, await this.#stampOwed(stamp));
      for (const [id, seconds] of folding) if (this.#unsaved.get(id) === seconds) this.#unsaved.delete(id);
      if (fold.largest > PAGE_ENTRIES) await this.#split();
    } catch (cause) {
      mergeTimes(this.#pending, folding);
      this.#journal.uncut(keys);
      throw cause;
    } finally {
      this.#folding = new Map();
    }
  }

  /** What is left in the inventory's debt. */
  async #stampOwed(stamp: Stamp): Promise<ContactTimes> {
    const owed = [...this.#owed];
    const taken = owed.length === 0 ? 0 : await stamp(toContacts(owed));
    return new Map(owed.slice(taken));
  }

  async #foldOf(contacts: ContactTimes): Promise<Fold> {
    const bits = await this.#bits();
    const fold: Fold = { pages: [], largest: 0, ...nothingFolded() };
    const newest = [...contacts.values()].reduce((a, b) => Math.max(a, b), 0);
    for (const [number, some] of Map.groupBy(contacts, ([id]) => pageOf(id, bits))) {
      const page = readPage(await this.#page(PAGE, number));
      const rhythms = readPage(await this.#page(RHYTHMS, number));
      const isLearned = foldInto({ page, rhythms }, some, newest, fold);
      fold.largest = Math.max(fold.largest, page.size);
      fold.pages.push([PAGE + number, writePage(page)]);
      if (isLearned) fold.pages.push([RHYTHMS + number, writePage(rhythms)]);
    }
    return fold;
  }

  /** All or nothing: what leaves the journal is in pages, and what the inventory lacks is written down. */
  async #store({ pages, hours }: Fold, keys: ReadonlySet<string>, owed: ContactTimes) {
    const paid = this.#unstamped.cut();
    await this.#storage.transaction(async (transaction) => {
      for (const [key, page] of pages) await transaction.put(key, page);
      for (const key of [...keys, ...paid]) await transaction.delete(key);
      await this.#hours.add(hours, transaction);
      await this.#unstamped.append(owed, transaction);
    });
    this.#owed = owed;
  }

  /** Twice as many pages, each entry in the one of its next bit. */
  async #split() {
    const bits = await this.#bits();
    if (bits >= MAX_PAGE_BITS) return;
    const entries: Record<string, unknown> = { [BITS]: bits + 1 };
    for (const prefix of [PAGE, RHYTHMS, SILENT, DEFERRED]) {
      for (let number = 0; number < 1 << bits; number++) {
        const halves = Map.groupBy(readPage(await this.#page(prefix, number)), ([id]) =>
          pageOf(id, bits + 1),
        );
        for (const half of [number, number + (1 << bits)])
          entries[prefix + half] = writePage(new Map(halves.get(half)));
      }
    }
    await this.#storage.transaction(async (transaction) => {
      for (const [key, value] of Object.entries(entries)) await transaction.put(key, value);
    });
  }

  async #bits(): Promise<number> {
    return (await this.#storage.get<number>(BITS)) ?? 0;
  }

  async #page(prefix: string, number: number): Promise<Uint8Array> {
    return (await this.#storage.get<Uint8Array>(prefix + number)) ?? new Uint8Array();
  }
}
