/** Work between two rests, in units of a byte that is unpacked and hashed; some 5 ms of it. */
const REST_AFTER = 512 * 1024;

/** What other steps cost in the same unit, by measurement of their worst inputs. */
export const STEP_COST = {
  lzmaSymbol: 32,
  lzmaChunk: 512,
  xzBlock: 8 * 1024,
  tarEntry: 2 * 1024,
  packedByte: 4,
  jsonByte: 4,
} as const;

/**
 * Lets others have the thread. Work is counted instead of timed: the platform's clock stands still
 * while a request computes.
 */
export class Pace {
  #spent = 0;

  spend(cost: number): void {
    this.#spent += cost;
  }

  get isDue(): boolean {
    return this.#spent >= REST_AFTER;
  }

  /** Spends and rests if it is time. */
  async step(cost: number): Promise<void> {
    this.spend(cost);
    if (this.isDue) await this.rest();
  }

  /** A turn of the event loop; promises alone would go before everybody else's work. */
  rest(): Promise<void> {
    this.#spent = 0;
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
