import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";

/**
 * Logins under way in an isolate at once. Its one thread computes one password hash after the other, each of which
 * takes 32 MiB and a good part of a second: whoever came after many would wait for long, and hold up all others.
 */
export const MAX_IN_LINE = 10;
const RETRY_AFTER_S = 3;
/** Nobody stands in line for so long, unless the platform has ended the request. */
const GONE_AFTER_MS = 60_000;

/** Since when they stand there. Safe to lose. */
const line = new Set<{ sinceMs: number }>();

function removeGone(nowMs: number): void {
  for (const place of line) if (nowMs - place.sinceMs >= GONE_AFTER_MS) line.delete(place);
}

/** Does the work while few others do; 503 otherwise. Wants to be called before anything is waited for. */
export async function inLine<T>(deps: Deps, work: () => Promise<T>): Promise<T> {
  const now = deps.now();
  removeGone(now);
  if (line.size >= MAX_IN_LINE) {
    throw new Fault("unavailable", "service unavailable", {
      headers: { "Retry-After": String(RETRY_AFTER_S) },
    });
  }
  const place = { sinceMs: now };
  line.add(place);
  const done = work().finally(() => line.delete(place));
  // The place of a client that goes away must become free as well.
  deps.later(done.catch(() => undefined));
  return done;
}
