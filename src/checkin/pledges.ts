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
/** Each report that is kept pays for a look at so many others, of which the old go. */
const LOOKED_AT = 4;

/**
 * Reports of a tenant's devices that are the same as what is stored, a row for each device. Nothing is answered by a pledge while a
 * report that is another is under way, nor after the pledge was ended; and nobody can tell of a pledge but who asked last. All
 * of it may be lost at any moment: a pledge that is not here is one by which nothing is answered.
 */
export class Pledges {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  ask(device: string, { print, fresh }: Asking, nowMs: number): ReportVerdict {
    const kept = this.#storage.get<Kept>(REPORT + device);
    const { pledge, prints = [], asker } = kept ?? {};
    if (pledge !== undefined && asker === undefined && isGood(pledge, nowMs) && prints.includes(print))
      return { isSame: true, ended: [] };
    // Of two at once neither can tell that nothing was written.
    const held = asker === undefined ? pledge : undefined;
    this.#storage.put<Kept>(REPORT + device, { pledge: held, prints: held ? prints : [], asker: fresh });
    return { isSame: false, ended: [pledge, asker].filter((one) => one !== undefined), held };
  }

  /** What asked is the same as what a row with this pledge has. */
  keep(device: string, pledge: string, { print, fresh }: Asking, nowMs: number): void {
    const kept = this.#storage.get<Kept>(REPORT + device);
    if (kept?.asker !== fresh) return;
    if (pledge === fresh) this.#put(device, { pledge, prints: [print] }, nowMs);
    else if (pledge === kept.pledge)
      this.#put(device, { pledge, prints: [...kept.prints, print].slice(-MOST_PRINTS) }, nowMs);
  }

  end(rows: readonly PledgedRow[]): void {
    for (const { device_id: device, pledge } of rows) {
      const kept = this.#storage.get<Kept>(REPORT + device);
      if (kept?.pledge === pledge || kept?.asker === pledge) this.#storage.delete(REPORT + device);
    }
  }

  /** Forgets all of them. */
  forget(): void {
    for (const [key] of this.#storage.list({ prefix: REPORT })) this.#storage.delete(key);
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
