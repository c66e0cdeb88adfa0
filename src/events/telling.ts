import { hasReceiver, type Attempt } from "./attempt.ts";
import type { Channel } from "./sender.ts";
import { keyOf, type StreamEvent } from "./stream-event.ts";

/** Connections of one receiver at once; the platform gives an invocation six. */
const AT_ONCE = 6;

/** A receiver that has answered nobody so often in a row is away. */
export const PROBES = 3;

/** What became of events that were to be told. */
export interface ToldEvents {
  /** By position; not of those that were not tried. */
  attempts: Map<number, Attempt>;
  /** The receiver was lost on the way. */
  isLost: boolean;
  /** Somebody was there at all. */
  isThere: boolean;
}

/**
 * Tells a receiver of events. After one that it did not take, nothing of the same key is told; once it seems to be away,
 * nothing more at all.
 */
export async function tellAll(
  channel: Channel,
  events: readonly StreamEvent[],
  now: () => number,
  untilMs: number,
): Promise<ToldEvents> {
  const attempts = new Map<number, Attempt>();
  const halted = new Set<string>();
  let away = 0;
  let isThere = false;

  const isOver = () => away >= PROBES || now() >= untilMs;
  const sendSome = async (some: readonly StreamEvent[]): Promise<Attempt> => {
    const attempt = await channel.send(some);
    away = hasReceiver(attempt) ? 0 : away + 1;
    isThere ||= hasReceiver(attempt);
    return attempt;
  };
  const note = (event: StreamEvent, attempt: Attempt) => {
    attempts.set(event.position, attempt);
    if (!attempt.success) halted.add(keyOf(event));
  };
  /** One by one, so that those are found that it does not take. */
  const apart = async (some: readonly StreamEvent[]) => {
    for (const event of some) {
      if (isOver()) return;
      if (!halted.has(keyOf(event))) note(event, await sendSome([event]));
    }
  };
  const together = async () => {
    for (let at = 0; at < events.length && !isOver(); at += channel.batch) {
      const some = events.slice(at, at + channel.batch).filter((event) => !halted.has(keyOf(event)));
      if (some.length === 0) continue;
      const attempt = await sendSome(some);
      if (attempt.success) for (const event of some) note(event, attempt);
      else if (!hasReceiver(attempt)) {
        const [first] = some;
        if (first) attempts.set(first.position, attempt);
        away = PROBES;
      } else if (some.length === 1) for (const event of some) note(event, attempt);
      else await apart(some);
    }
  };
  const inLanes = async () => {
    const waiting = Map.groupBy(events, keyOf).values();
    const lane = async () => {
      for (const of of waiting) {
        if (isOver()) return;
        await apart(of);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };

  await (channel.batch > 1 ? together() : inLanes());
  return { attempts, isLost: away >= PROBES, isThere };
}
