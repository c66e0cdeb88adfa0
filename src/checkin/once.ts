import type { Later } from "../platform/later.ts";

/** Work that is done once after a while for all who asked for it until then. The timer keeps an object awake until it has fired. */
export class Once {
  readonly #later: Pick<Later, "after">;
  readonly #work: () => Promise<unknown>;
  #isDue = false;

  constructor(later: Pick<Later, "after">, work: () => Promise<unknown>) {
    this.#later = later;
    this.#work = work;
  }

  after(ms: number): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#later.after(ms, () => {
      this.#isDue = false;
      return this.#work();
    });
  }
}
