import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { isOfType } from "../platform/event-types.ts";
import { retryDelayMs } from "../platform/retry-delay.ts";
import { hasReceiver, type Attempt } from "./attempt.ts";
import { recordStatements, type Ended } from "./outcomes.ts";
import { pagesAfter } from "./page-store.ts";
import { endLanesStatement, moveLaneStatement, type Lane, type Of } from "./receiver-store.ts";
import type { Channel } from "./sender.ts";
import { eventsOf, keyOf, lastOf, type StreamEvent } from "./stream-event.ts";
import { GIVEN_UP } from "./window.ts";

/** How long an event is tried. */
export const GIVE_UP_MS = 72 * 3_600_000;

/** Pauses of a lane, doubled to an hour. */
export const FIRST_PAUSE_MS = 10_000;

/** Pages looked through and read at once, and requests of one turn. */
const SCANNED = 200;
const PAGES = 2;
const REQUESTS = 16;

/** A lane as it is told. */
interface OfLane {
  channel: Channel;
  types: readonly string[];
  lane: Lane;
  /** No request is sent after this. */
  untilMs: number;
}

/** What of a lane comes next, and where one is after it. */
async function nextOf(deps: Deps, { tenant }: Of, { channel, types, lane }: OfLane) {
  const { lane_key: key, next, until } = lane;
  const looking = { ...(key !== null && { containing: [key] }), scanned: SCANNED, limit: PAGES };
  const [pages, reached = until] = await deps.db(tenant).batch(pagesAfter(tenant, next - 1, looking));
  const wanted = pages
    .flatMap((page) => eventsOf(tenant, page))
    .filter(({ position }) => position >= next && position <= until)
    .filter((event) => isOfType(types, event.type) && (key === null || keyOf(event) === key));
  const events = wanted.length === 0 ? [] : await channel.chosen(wanted);
  const end = pages.length === PAGES ? Math.max(...pages.map(lastOf)) : reached;
  return { events, end: Math.min(until, end) };
}

/**
 * Tells a receiver of some of what waits in a lane, one request after the other. What is told once more is passed over
 * where it is not taken; else nothing of the lane is told before that.
 */
export async function tellLane(
  deps: Deps,
  at: Of,
  of: OfLane,
): Promise<{ statements: Statement<number>[]; isThere: boolean }> {
  const { channel, lane, untilMs } = of;
  const isReplay = lane.lane_key === null;
  const size = isReplay ? channel.batch : 1;
  const { events, end } = await nextOf(deps, at, of);
  const ended: Ended[] = [];
  let next = end + 1;
  let failed: Attempt | undefined;
  let isThere = events.length === 0;
  let before = lane.attempts;
  const note = (some: readonly StreamEvent[], attempt: Attempt) =>
    ended.push(...some.map(({ position }) => ({ position, attempt, before })));
  for (let from = 0; from < events.length; from += size) {
    const some = events.slice(from, from + size);
    const [first] = some;
    if (!first) break;
    if (from / size >= REQUESTS || deps.now() >= untilMs) {
      next = first.position;
      break;
    }
    if (!isReplay && before > 0 && deps.now() - first.atMs >= GIVE_UP_MS) {
      note(some, GIVEN_UP);
      continue;
    }
    const attempt = await channel.send(some);
    note(some, attempt);
    isThere ||= hasReceiver(attempt);
    if (!attempt.success && !(isReplay && hasReceiver(attempt))) {
      failed = attempt;
      next = first.position;
      break;
    }
    before = isReplay ? before : 1;
  }
  const attempts = failed ? (next === lane.next ? lane.attempts + 1 : 1) : 0;
  const moved = {
    lane_id: lane.lane_id,
    next,
    attempts,
    due_ms: failed ? deps.now() + retryDelayMs(FIRST_PAUSE_MS, attempts - 1) : deps.now(),
  };
  const statements = [
    moveLaneStatement(at, moved),
    endLanesStatement(at),
    ...recordStatements(at, ended, deps.now()),
  ];
  return { statements, isThere };
}
