import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";

/**
 * Logins under way in an isolate. Each computes a password hash, which takes 32 MiB and a good part of a second: whoever
 * came after many would wait for long, and one address must not fill the line for all others.
 */
export const MAX_IN_LINE = 10;
export const MAX_OF_NETWORK = 5;
/** Those that compute; the others wait. */
const AT_ONCE = 2;
const RETRY_AFTER_S = 3;
/** Nobody stands in line for so long, unless the platform has ended the request. */
const GONE_AFTER_MS = 30_000;
const LOOK_AGAIN_MS = 10;

interface Place {
  network: string;
  sinceMs: number;
  isRunning: boolean;
}

interface Line {
  /** In order of arrival. */
  places: Place[];
  /** When each network had its last turn, while anybody stands in line. */
  turns: Map<string, number>;
  turn: number;
}

/** By configuration. Safe to lose. */
const lines = new WeakMap<Deps["settings"], Line>();

function lineOf({ settings }: Deps): Line {
  const known = lines.get(settings);
  if (known) return known;
  const line = { places: [], turns: new Map<string, number>(), turn: 0 };
  lines.set(settings, line);
  return line;
}

function leave({ places, turns }: Line, place: Place): void {
  const at = places.indexOf(place);
  if (at >= 0) places.splice(at, 1);
  if (places.length === 0) turns.clear();
}

/** Networks take turns, in each the first comes first. */
function nextOf({ places, turns }: Line): Place | undefined {
  const turnOf = ({ network }: Place) => turns.get(network) ?? 0;
  const waiting = places.filter(({ isRunning }) => !isRunning);
  // Sorting keeps the order of arrival among equals.
  return waiting.sort((a, b) => turnOf(a) - turnOf(b))[0];
}

const mayStart = (line: Line, place: Place): boolean =>
  line.places.filter(({ isRunning }) => isRunning).length < AT_ONCE && nextOf(line) === place;

function enter(deps: Deps, network: string): Place {
  const line = lineOf(deps);
  const sinceMs = deps.now();
  const { places } = line;
  for (const place of places.filter((other) => sinceMs - other.sinceMs >= GONE_AFTER_MS)) leave(line, place);
  const ofNetwork = places.filter((place) => place.network === network).length;
  if (places.length >= MAX_IN_LINE || ofNetwork >= MAX_OF_NETWORK) {
    throw new Fault("unavailable", "service unavailable", {
      headers: { "Retry-After": String(RETRY_AFTER_S) },
    });
  }
  const place = { network, sinceMs, isRunning: false };
  places.push(place);
  return place;
}

/** The platform ends a request that waits for nothing but another request, so each looks for itself. */
async function takeTurn(line: Line, place: Place): Promise<void> {
  while (!mayStart(line, place)) await new Promise((again) => setTimeout(again, LOOK_AGAIN_MS));
  place.isRunning = true;
  line.turns.set(place.network, ++line.turn);
}

/** Does the work in turn, a few at once; 503 if too many stand in line already. */
export async function inLine<T>(deps: Deps, network: string | undefined, work: () => Promise<T>): Promise<T> {
  const line = lineOf(deps);
  const place = enter(deps, network ?? "");
  const done = takeTurn(line, place)
    .then(work)
    .finally(() => leave(line, place));
  // The place of a client that goes away must become free as well.
  deps.later(done.catch(() => undefined));
  return done;
}
