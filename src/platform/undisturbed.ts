/** Someone else changed what a verb had read: it has to begin again. */
export class Disturbed extends Error {
  override readonly name = "Disturbed";
}

const FIRST_PAUSE_MS = 4;
const MAX_PAUSE_MS = 250;

/** So long that of many writers who met, few meet again. */
const pauseMs = (attempt: number): number =>
  Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS);

/**
 * Runs a verb that reads, decides and writes, again from its reading whenever someone else wrote in between; it is told
 * which attempt it is, from 1 on. No attempt is the last: each that is lost was won by another, so that all get through.
 */
export async function untilUndisturbed<T>(verb: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await verb(attempt);
    } catch (cause) {
      if (!(cause instanceof Disturbed)) throw cause;
    }
    await scheduler.wait(pauseMs(attempt));
  }
}
