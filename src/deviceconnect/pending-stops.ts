const KEY = "owed-stops";

/** Shells that devices run at once; what is older is answered for by their own limits. */
const MAX_OWED = 16;

/** A shell whose user is gone. */
export interface OwedStop {
  sid: string;
  user: string;
  text: string;
}

/**
 * Stops that the device has not confirmed. A device keeps its shells over a broken connection, and each counts against its
 * user until it is stopped, so those it may have missed are said again when it comes back.
 */
export class OwedStops {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  async add(stop: OwedStop): Promise<void> {
    await this.#storage.put(KEY, [...(await this.#all()), stop].slice(-MAX_OWED));
  }

  async confirm(sid: string): Promise<void> {
    const owed = await this.#all();
    const left = owed.filter((stop) => stop.sid !== sid);
    if (left.length < owed.length) await this.#storage.put(KEY, left);
  }

  /** All of them; they are said once more and not again. */
  async take(): Promise<OwedStop[]> {
    const owed = await this.#all();
    if (owed.length > 0) await this.#storage.delete(KEY);
    return owed;
  }

  async #all(): Promise<OwedStop[]> {
    return (await this.#storage.get<OwedStop[]>(KEY)) ?? [];
  }
}
