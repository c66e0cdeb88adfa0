/**
 * What all who unpack in an isolate do in one turn of its event loop, in units of a byte that is unpacked and hashed; some
 * 2 ms of it.
 */
const TURN = 256 * 1024;
/** However many they are, each gets on by so much. */
const LEAST = 16 * 1024;

/** What other steps cost in the same unit, by measurement of their worst inputs. */
export const STEP_COST = {
  lzmaSymbol: 32,
  lzmaChunk: 512,
  xzBlock: 8 * 1024,
  tarEntry: 2 * 1024,
  packedByte: 4,
  jsonByte: 4,
} as const;

/** Of everybody in this isolate. */
let rests = 0;

/**
 * Lets others have the thread. Work is counted instead of timed: the platform's clock stands still while a request
 * computes.
 */
export class Pace {
  #spent = 0;
  #restedAt = rests;
  /** Those who share a turn: since the last rest of this one each of them had one. */
  #sharers = 1;

  spend(cost: number): void {
    this.#spent += cost;
  }

  get isDue(): boolean {
    return this.#spent >= Math.max(TURN / this.#sharers, LEAST);
  }

  /** Spends and rests if it is time. */
  async step(cost: number): Promise<void> {
    this.spend(cost);
    if (this.isDue) await this.rest();
  }

  /** A turn of the event loop; promises alone would go before everybody else's work. */
  rest(): Promise<void> {
    rests += 1;
    this.#sharers = rests - this.#restedAt;
    this.#restedAt = rests;
    this.#spent = 0;
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
