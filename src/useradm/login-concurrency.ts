import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { Line } from "../platform/line.ts";

/**
 * Logins under way in an isolate. Each computes a password hash, which takes 32 MiB and a good part of a second: whoever
 * came after many would wait for long, and one address must not fill the line for all others.
 */
export const MAX_IN_LINE = 10;
export const MAX_OF_NETWORK = 5;
/** Those that compute; the others wait. */
const AT_ONCE = 2;
const RETRY_AFTER_S = 3;

/** By configuration. Safe to lose. */
const lines = new WeakMap<Deps["settings"], Line>();

function lineOf({ settings }: Deps): Line {
  const known = lines.get(settings);
  if (known) return known;
  const line = new Line({ atOnce: AT_ONCE, most: MAX_IN_LINE, mostOfHolder: MAX_OF_NETWORK });
  lines.set(settings, line);
  return line;
}

/** Does the work in turn, a few at once; 503 if too many stand in line already. */
export async function inLine<T>(deps: Deps, network: string | undefined, work: () => Promise<T>): Promise<T> {
  const done = lineOf(deps).inTurn(deps, network ?? "", work);
  if (done) return done;
  throw new Fault("unavailable", "service unavailable", {
    headers: { "Retry-After": String(RETRY_AFTER_S) },
  });
}
