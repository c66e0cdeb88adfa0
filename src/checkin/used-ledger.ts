import { NOTHING_USED, together, type Day, type Used, type UsedByDay } from "../platform/used.ts";

/** Days on their way into the database, under a number by which it knows them. */
interface Leaving {
  number: number;
  days: UsedByDay;
}

interface Stored {
  days: UsedByDay;
  leaving: Leaving | undefined;
  last: number;
}

/** Puts what was used on a day into the database, unless it has what has this number. */
type Take = (day: Day, used: Used, number: number) => Promise<void>;

const KEY = "used";

/**
 * What a tenant has used and the database does not know yet. It is stored before the object may fall asleep, and leaves with a
 * number, so that neither a fall nor an answer that is lost counts anything twice or not at all.
 */
export class UsedLedger {
  readonly #storage: Pick<DurableObjectStorage, "get" | "put" | "delete">;
  #days: UsedByDay = {};
  #leaving: Leaving | undefined;
  #last = 0;
  #isUnsaved = false;
  #restored: Promise<void> | undefined;
  #underWay: Promise<void> | undefined;

  constructor(storage: Pick<DurableObjectStorage, "get" | "put" | "delete">) {
    this.#storage = storage;
  }

  /** Reads what was saved, once for all who wait for it. */
  restore(): Promise<void> {
    return (this.#restored ??= this.#restore().catch((cause: unknown) => {
      this.#restored = undefined;
      throw cause;
    }));
  }

  async #restore() {
    const stored = await this.#storage.get<Stored>(KEY);
    if (!stored) return;
    this.#days = together(stored.days, this.#days);
    this.#leaving = stored.leaving;
    this.#last = stored.last;
  }

  /** A Worker of an earlier version tells nothing. */
  add(days: UsedByDay = {}): void {
    if (Object.keys(days).length === 0) return;
    this.#days = together(this.#days, days);
    this.#isUnsaved = true;
  }

  get hasUnsaved(): boolean {
    return this.#isUnsaved;
  }

  /** Whether there is something for the database. */
  get isOwing(): boolean {
    return this.#leaving !== undefined || Object.keys(this.#days).length > 0;
  }

  async save(): Promise<void> {
    this.#isUnsaved = false;
    const stored: Stored = { days: this.#days, leaving: this.#leaving, last: this.#last };
    try {
      await this.#storage.put(KEY, stored);
    } catch (cause) {
      this.#isUnsaved = true;
      throw cause;
    }
  }

  /** Hands over what has gathered; what is not taken comes again, under the same number. */
  leave(nowMs: number, take: Take): Promise<void> {
    return (this.#underWay ??= this.#leave(nowMs, take).finally(() => {
      this.#underWay = undefined;
    }));
  }

  async #leave(nowMs: number, take: Take) {
    if (!this.#leaving) {
      if (Object.keys(this.#days).length === 0) return;
      this.#last = Math.max(this.#last + 1, nowMs);
      this.#leaving = { number: this.#last, days: this.#days };
      this.#days = {};
      await this.save();
    }
    const { number, days } = this.#leaving;
    for (const [day, used] of Object.entries(days)) await take(day, used, number);
    this.#leaving = undefined;
    await this.save();
  }

  /** Forgets what is not stored. */
  forget(): void {
    [this.#days, this.#leaving, this.#isUnsaved] = [{}, undefined, false];
  }
}

/** One request of a day. */
export const usedOn = (day: Day, used: Partial<Used>): UsedByDay => ({
  [day]: { ...NOTHING_USED, ...used },
});
