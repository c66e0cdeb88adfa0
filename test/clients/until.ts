import { setTimeout as pause } from "node:timers/promises";

const BETWEEN_LOOKS_MS = 400;

/** What `look` finds as soon as it finds something; the thing waited for is named in the error when it never comes. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 90_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await pause(BETWEEN_LOOKS_MS);
  }
}
