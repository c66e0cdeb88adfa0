import type { Log } from "../platform/log.ts";

/** While messages flow, rights are looked at again when the last look is this old; nothing waits for it. */
const RENEW_MS = 1500;

/** No message passes on a look that is older than this. */
const HOLD_MS = 3000;

/** The database has this long to answer. */
const PATIENCE_MS = 5000;

/**
 * When the rights of those who hold sockets and sessions were looked at last. The look itself ends whatever has lost its
 * right. An eviction forgets the time, so the next message waits for a look.
 */
export class Rights {
  #heldMs = Number.NEGATIVE_INFINITY;
  #running: Promise<boolean> | undefined;
  readonly #now: () => number;
  readonly #look: () => Promise<void>;
  readonly #log: () => Promise<Log>;

  constructor(now: () => number, look: () => Promise<void>, log: () => Promise<Log>) {
    this.#now = now;
    this.#look = look;
    this.#log = log;
  }

  /** True if a message may pass, as far as time goes; otherwise whether it may once rights were looked at. */
  hold(): true | Promise<boolean> {
    const ageMs = this.#now() - this.#heldMs;
    if (ageMs >= 0 && ageMs < RENEW_MS) return true;
    this.#running ??= this.#run();
    return ageMs >= 0 && ageMs < HOLD_MS ? true : this.#running;
  }

  /** Looks at them now; false if that cannot be done. A look under way may have missed what has just changed. */
  async look(): Promise<boolean> {
    await this.#running;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<boolean> {
    const startedMs = this.#now();
    try {
      await inTime(this.#look());
      this.#heldMs = startedMs;
      return true;
    } catch (cause) {
      (await this.#log()).error("rights not verified", { cause });
      return false;
    } finally {
      this.#running = undefined;
    }
  }
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the database did not answer in time")), PATIENCE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
