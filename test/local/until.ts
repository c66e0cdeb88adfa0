import { setTimeout as pause } from "node:timers/promises";

const LOOK_EVERY_MS = 5;
const WITHIN_MS = 40_000; // many servers start beside each other

/** What a look finds once there is something to see. The pause leaves the machine to the server that is looked at. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const deadline = Date.now() + WITHIN_MS; ; await pause(LOOK_EVERY_MS)) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`${what} did not come about`);
  }
}

/** For looks that only tell whether. */
export const isSo = (condition: boolean): true | undefined => condition || undefined;
