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
