import { isGood, isOver, newPledge, type PledgedRow } from "../platform/near-reports.ts";

/** What is known of a device's report. */
interface Kept {
  /** Under which it is known; none if two writers met. */
  pledge?: string | undefined;
  /** Of reports that say nothing else than what is stored. */
  prints: string[];
  /** The fresh pledge of who was told that its report is none of these, and has not told what became of it. */
  asker?: string | undefined;
}

export interface Asking {
  print: string;
  fresh: string;
}

/** A report that is the same as what a row with this pledge has, told by who asked about it. */
export interface KeptReport extends Asking {
  device: string;
  pledge: string;
}

export interface ReportVerdict {
  isSame: boolean;
  /** Nothing is said of this device, and nothing taken in: a pledge would be for nobody. */
  isUnheard?: true;
  /** Pledges that nothing is answered by any more, unless who asked tells to. */
  ended: string[];
  /** The one of them of which it can tell so. */
  held?: string | undefined;
}

type Storage = Pick<SyncKvStorage, "get" | "put" | "delete" | "list">;

const REPORT = "report:";
/** A device that reports in parts sends some reports by turns. */
export const MOST_PRINTS = 4;
/** Each report that is stored pays for a look at so many others, of which the old go. */
const LOOKED_AT = 4;
/** Devices whose report is under way, or known and not stored yet. */
export const MOST_IN_MEMORY = 20_000;

/**
 * Reports of a tenant's devices that are the same as what is stored, a row for each device. Nothing is answered by a pledge while a
 * report that is another is under way, nor after the pledge was ended; and nobody can tell of a pledge but who asked last. All
 * of it may be lost at any moment: a pledge that is not here is one by which nothing is answered. Hence what is told is stored
 * later, but what ends has gone from the storage when that is said; who asks is known to the memory alone.
 */
export class Pledges {
  readonly #storage: Storage;
  /** Of each of these devices nothing is stored. */
  readonly #memory = new Map<string, Kept>();
  readonly #unsaved = new Set<string>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get hasUnsaved(): boolean {
    return this.#unsaved.size > 0;
  }

  ask(device: string, { print, fresh }: Asking, nowMs: number): ReportVerdict {
    const { pledge, prints = [], asker } = this.#find(device) ?? {};
    if (pledge !== undefined && asker === undefined && isGood(pledge, nowMs) && prints.includes(print))
      return { isSame: true, ended: [] };
    // Of two at once neither can tell that nothing was written.
    const held = asker === undefined ? pledge : undefined;
    this.#remember(device, { pledge: held, prints: held ? prints : [], asker: fresh });
    return { isSame: false, ended: [pledge, asker].filter((one) => one !== undefined), held };
  }

  /** What asked is the same as what a row with this pledge has. */
  keep({ device, pledge, print, fresh }: KeptReport): void {
    const kept = this.#find(device);
    if (kept?.asker !== fresh || (pledge !== fresh && pledge !== kept.pledge)) return;
    const others = pledge === fresh ? [] : kept.prints;
    this.#remember(device, { pledge, prints: [...others, print].slice(-MOST_PRINTS) });
    this.#unsaved.add(device);
  }

  end(rows: readonly PledgedRow[]): void {
    for (const { device_id: device, pledge } of rows) {
      const kept = this.#find(device);
      if (kept?.pledge === pledge || kept?.asker === pledge) this.#drop(device);
    }
  }

  /** Stores what is known. */
  save(nowMs: number): void {
    for (const device of this.#unsaved) {
      const kept = this.#memory.get(device);
      this.#memory.delete(device);
      if (kept) this.#put(device, kept, nowMs);
    }
    this.#unsaved.clear();
  }

  /** Forgets all of them. */
  forget(): void {
    this.#memory.clear();
    this.#unsaved.clear();
    for (const [key] of this.#storage.list({ prefix: REPORT })) this.#storage.delete(key);
  }

  #find(device: string): Kept | undefined {
    return this.#memory.get(device) ?? this.#storage.get<Kept>(REPORT + device);
  }

  #remember(device: string, kept: Kept): void {
    this.#drop(device);
    this.#memory.set(device, kept);
    const [oldest] = this.#memory.keys();
    if (this.#memory.size > MOST_IN_MEMORY && oldest !== undefined) this.#drop(oldest);
  }

  #drop(device: string): void {
    this.#unsaved.delete(device);
    // To delete what is not there is to write, too.
    if (!this.#memory.delete(device) && this.#storage.get(REPORT + device))
      this.#storage.delete(REPORT + device);
  }

  #put(device: string, kept: Kept, nowMs: number): void {
    this.#storage.put(REPORT + device, kept);
    const some = this.#storage.list<Kept>({
      prefix: REPORT,
      startAfter: REPORT + device,
      limit: LOOKED_AT,
    });
    const isOld = ({ pledge, asker }: Kept) => isOver(asker ?? pledge ?? newPledge(0), nowMs);
    const old = [...some].flatMap(([key, other]) => (isOld(other) ? [key] : []));
    for (const key of old) this.#storage.delete(key);
  }
}
