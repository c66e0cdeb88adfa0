/** Work that goes on after an answer. Nobody waits for it: it handles its own failures. */
export interface Later {
  now: (work: Promise<unknown>) => void;
  /** Begins the work after so many milliseconds, if the process lives that long. */
  after: (ms: number, work: () => Promise<unknown>) => void;
}

/** `keepAlive` is the platform's `waitUntil`, which lets a request's work go on for some 30 seconds. */
export const makeLater = (keepAlive: (work: Promise<unknown>) => void): Later => ({
  now: keepAlive,
  after: (ms, work) => keepAlive(scheduler.wait(ms).then(work)),
});
