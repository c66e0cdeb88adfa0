/** How often a tenant's devices check, and the mode that follows from it. */
export type CheckMode = "strict" | "relaxed";

export const WINDOW_MS = 10_000;
/** Back to strict only well below the rate that left it, so that the mode does not flap. */
const HYSTERESIS = 0.5;

export class CheckRate {
  readonly #relaxedAbove: number;
  #windowMs = 0;
  #count = 0;
  #perS = 0;
  #mode: CheckMode = "strict";

  /** `relaxedAbove` in checks a second. */
  constructor(relaxedAbove: number) {
    this.#relaxedAbove = relaxedAbove;
  }

  add(count: number, nowMs: number): void {
    this.#roll(nowMs);
    this.#count += count;
    // A wave is met at once, not when its window is over.
    if (this.#count / (WINDOW_MS / 1000) > this.#relaxedAbove) this.#mode = "relaxed";
  }

  perSecond(nowMs: number): number {
    this.#roll(nowMs);
    return this.#perS;
  }

  mode(nowMs: number): CheckMode {
    this.#roll(nowMs);
    return this.#mode;
  }

  #roll(nowMs: number) {
    const elapsed = nowMs - this.#windowMs;
    if (elapsed < WINDOW_MS) return;
    this.#perS = elapsed < 2 * WINDOW_MS ? this.#count / (WINDOW_MS / 1000) : 0;
    this.#windowMs = nowMs - (elapsed % WINDOW_MS);
    this.#count = 0;
    if (this.#perS > this.#relaxedAbove) this.#mode = "relaxed";
    else if (this.#perS < this.#relaxedAbove * HYSTERESIS) this.#mode = "strict";
  }
}
