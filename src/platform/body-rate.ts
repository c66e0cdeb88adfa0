import { Fault } from "./fault.ts";
import type { Later } from "./later.ts";

/** In so much waiting for its client a body has to end, or to bring so many bytes more. */
export const BODY_WINDOW_MS = 10_000;
export const MIN_WINDOW_BYTES = 16 * 1024;

export const tooSlow = () => new Fault("timeout", "the request body did not come in time");

export interface Clock {
  now: () => number;
  after: Later["after"];
}

/** Malformed chunks, or a client that went away in the middle. */
export const brokenOff = (cause: unknown) => new Fault("bad_request", "unexpected EOF", { cause });

type Read<T> = Promise<ReadableStreamReadResult<T>>;

/** Reads a body and holds its client to the rate. Time that the reader takes for itself does not count. */
export class RatedReads<T extends ArrayBufferView> {
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #came = 0;
  #waitedMs = 0;
  #sinceMs = 0;
  #refuse: ((cause: unknown) => void) | undefined;
  #refusal: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#watch();
  }

  /** Waits for a read of the body, unless the body is given up before. */
  next(read: Read<T>): Read<T> {
    this.#sinceMs = this.#clock.now();
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal);
      this.#refuse = reject;
      read.then(
        (result) => {
          this.#count(result.value?.byteLength ?? 0);
          resolve(result);
        },
        (cause: unknown) => reject(brokenOff(cause)),
      );
    });
  }

  /** Ends the read under way, and those to come. */
  giveUp(cause: unknown): void {
    this.#refusal ??= cause;
    this.#refuse?.(this.#refusal);
  }

  /** No read follows. */
  end(): void {
    this.#ended.abort();
  }

  #count(bytes: number): void {
    this.#refuse = undefined;
    this.#waitedMs += this.#clock.now() - this.#sinceMs;
    this.#came += bytes;
  }

  #watch(): void {
    const { signal } = this.#ended;
    const check = async () => {
      if (signal.aborted) return;
      const waitingMs = this.#refuse ? this.#clock.now() - this.#sinceMs : 0;
      if (this.#came < MIN_WINDOW_BYTES && this.#waitedMs + waitingMs >= BODY_WINDOW_MS)
        return this.giveUp(tooSlow());
      if (this.#came >= MIN_WINDOW_BYTES) this.#startWindow();
      this.#watch();
    };
    this.#clock.after(BODY_WINDOW_MS, check, signal);
  }

  #startWindow(): void {
    this.#came = 0;
    this.#waitedMs = 0;
    this.#sinceMs = this.#clock.now();
  }
}
