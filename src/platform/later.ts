/** Work that goes on after an answer. Nobody waits for it: it handles its own failures. */
export interface Later {
  now: (work: Promise<unknown>) => void;
  /** Begins the work after so many milliseconds, if the process lives that long and nobody aborted it. */
  after: (ms: number, work: () => Promise<unknown>, signal?: AbortSignal) => void;
}

/** `keepAlive` is the platform's `waitUntil`, which lets a request's work go on for some 30 seconds. */
export const makeLater = (keepAlive: (work: Promise<unknown>) => void): Later => ({
  now: keepAlive,
  after: (ms, work, signal) => {
    const wait = signal ? scheduler.wait(ms, { signal }) : scheduler.wait(ms);
    keepAlive(wait.then(work, () => undefined));
  },
});

/** A timer ends with the request that it belonged to: one that did not fire so long after its time never will. */
const OVERDUE_MS = 1000;

/** When a process tells what it gathers: so long after the first of it, once for all that came until then. */
export class Due {
  readonly #afterMs: number;
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** Sets the timer, unless one is set. */
  begin(nowMs: number, later: Pick<Later, "after">, tell: (dueMs: number) => Promise<unknown>): void {
    if (nowMs < this.#atMs + OVERDUE_MS && this.#atMs <= nowMs + this.#afterMs) return;
    const dueMs = nowMs + this.#afterMs;
    this.#atMs = dueMs;
    later.after(this.#afterMs, () => tell(dueMs));
  }

  /** It was told; what comes now is the first again. */
  end(): void {
    this.#atMs = Number.NEGATIVE_INFINITY;
  }
}
