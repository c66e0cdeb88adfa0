import { hasReceiver, type Attempt } from "./attempt.ts";
import type { Ended } from "./outcomes.ts";
import type { Lane } from "./receiver-store.ts";
import { keyOf, type StreamEvent } from "./stream-event.ts";
import type { ToldEvents } from "./telling.ts";

/** A part of the stream that a receiver is to be told of. */
export interface Window {
  /** Up to here everything is looked at. */
  end: number;
  /** Those that are to be told now. */
  events: readonly StreamEvent[];
  /** Those that wait behind an event that was not taken. */
  held: readonly StreamEvent[];
  /** Those that are too old to be told. */
  expired: readonly StreamEvent[];
  /** Positions that were done before. */
  done: readonly number[];
}

/** What changes by a window that was told. */
export interface Settled {
  position: number;
  /** Positions behind that are done. */
  ahead: number[];
  lanes: Lane[];
  ended: Ended[];
}

export const GIVEN_UP: Attempt = { success: false, error: "given up: not delivered in 72 h" };

const ended = (event: StreamEvent, attempt: Attempt, before = 0): Ended => ({
  position: event.position,
  attempt,
  before,
});

const laneOf = (key: string, positions: readonly number[], attempts: number, dueMs: number): Lane => ({
  lane_id: `key:${key}`,
  lane_key: key,
  next: Math.min(...positions),
  until: Math.max(...positions),
  attempts,
  due_ms: dueMs,
});

/** Lanes grow by what came for them. */
const grown = (held: readonly StreamEvent[]): Lane[] =>
  [...Map.groupBy(held, keyOf)].map(([key, of]) =>
    laneOf(
      key,
      of.map(({ position }) => position),
      0,
      0,
    ),
  );

const givenUp = ({ expired }: Window): Ended[] => expired.map((event) => ended(event, GIVEN_UP, 1));

const behind = (position: number, events: readonly StreamEvent[], { done }: Window): number[] =>
  [...new Set([...done, ...events.map((event) => event.position)])]
    .filter((at) => at > position)
    .toSorted((a, b) => a - b);

/** Nobody was there: the window is to be told again, except what is too old. */
export function unsettled(window: Window, told: ToldEvents, before: number, failures: number): Settled {
  const tried = window.events.flatMap((event) => {
    const attempt = told.attempts.get(event.position);
    return attempt ? [ended(event, attempt, failures)] : [];
  });
  const [first] = window.events;
  const position = first ? Math.max(before, first.position - 1) : window.end;
  return {
    position,
    ahead: behind(position, [...window.expired, ...window.held], window),
    lanes: grown(window.held),
    ended: [...givenUp(window), ...tried],
  };
}

/** Events that were not taken wait in lanes of their own with what follows them; what was not tried is told next. */
export function settled(window: Window, told: ToldEvents, dueMs: number): Settled {
  const refused = new Set<string>();
  const done: Ended[] = [];
  const left: StreamEvent[] = [];
  const held: StreamEvent[] = [];
  for (const event of window.events) {
    const attempt = told.attempts.get(event.position);
    if (attempt) done.push(ended(event, attempt));
    if (attempt?.success) continue;
    if (refused.has(keyOf(event))) held.push(event);
    else if (attempt && !(told.isLost && !hasReceiver(attempt))) {
      refused.add(keyOf(event));
      held.push(event);
    } else left.push(event);
  }
  const [first] = left;
  const position = first ? first.position - 1 : window.end;
  const isLeft = new Set(left);
  const all = [...window.events, ...window.held, ...window.expired].filter((event) => !isLeft.has(event));
  const fresh = [...Map.groupBy(held, keyOf)].map(([key, of]) =>
    laneOf(
      key,
      of.map((event) => event.position),
      1,
      dueMs,
    ),
  );
  return {
    position,
    ahead: behind(position, all, window),
    lanes: [...fresh, ...grown(window.held)],
    ended: [...givenUp(window), ...done],
  };
}
