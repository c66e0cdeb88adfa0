/** How many devices were heard of, by the number of the hour since 1970. */
export type SeenByHour = Map<number, number>;

type Storage = Pick<DurableObjectStorage, "get" | "transaction">;
type Transaction = Pick<DurableObjectTransaction, "get" | "put">;

const KEY = "seen-hours";
const HOUR_S = 3600;
/** More than is shown, so that what is shown is never cut. */
const KEPT_HOURS = 8 * 24;

export const hourOf = (seconds: number): number => Math.floor(seconds / HOUR_S);

export const addHour = (hours: SeenByHour, hour: number, devices = 1): void =>
  void hours.set(hour, (hours.get(hour) ?? 0) + devices);

/**
 * A device counts in the hour of a contact that is folded, if the page has none of that hour of it yet. Contacts of one device within one fold
 * are one, the last; so an hour may lack who was heard in its last minutes only and again right after it, and has nobody twice.
 * An hour that is not kept is one of which nothing is known.
 */
export class SeenHours {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async read(from: Pick<Transaction, "get"> = this.#storage): Promise<SeenByHour> {
    return new Map(await from.get<SeenByHour>(KEY));
  }

  /** Together with the pages that were folded. */
  async add(fresh: SeenByHour, into: Transaction): Promise<void> {
    if (fresh.size === 0) return;
    const hours = await this.read(into);
    for (const [hour, devices] of fresh) addHour(hours, hour, devices);
    const newest = Math.max(...hours.keys());
    for (const hour of hours.keys()) if (hour <= newest - KEPT_HOURS) hours.delete(hour);
    await into.put(KEY, hours);
  }

  /** The server is at work: should nobody be heard of in this hour, that is known. Of who was never heard of, nothing is kept. */
  async look(nowS: number): Promise<void> {
    const hours = await this.read();
    if (hours.size === 0 || hours.has(hourOf(nowS))) return;
    await this.#storage.transaction((into) => this.add(new Map([[hourOf(nowS), 0]]), into));
  }
}
