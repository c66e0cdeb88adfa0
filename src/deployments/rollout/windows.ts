import { shownMs, whenShown } from "./zone-clock.ts";
import type { Windows } from "./rollout-schema.ts";

/** A time during which devices may join. */
export interface Window {
  fromMs: number;
  toMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How far ahead a window is looked for: one that does not open in a year and a bit never does. */
const AHEAD_DAYS = 400;

/** Windows that follow each other without a gap are looked at again after so many days. */
const MAX_JOINED_DAYS = 10;

/** In the order in which dates count them. */
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

const dateOf = (localDayMs: number): string => new Date(localDayMs).toISOString().slice(0, 10);

/** The windows that begin on a day of the zone's calendar. */
function windowsOn(windows: Windows, zone: string, dayMs: number): Window[] {
  if (windows.holidays.includes(dateOf(dayMs))) return [];
  const day = DAYS[new Date(dayMs).getUTCDay()];
  return windows.weekly
    .filter(({ days }) => days.some((one) => one === day))
    .map(({ from, to }) => {
      const begin = dayMs + minutesOf(from) * MINUTE_MS;
      const end = dayMs + minutesOf(to) * MINUTE_MS + (minutesOf(to) < minutesOf(from) ? DAY_MS : 0);
      return { fromMs: whenShown(zone, begin), toMs: whenShown(zone, end) };
    })
    .filter(({ fromMs, toMs }) => fromMs < toMs);
}

/** The window that is open, or the next that opens; nothing if none ever does. Those that meet are one. */
export function windowAt(windows: Windows, zone: string, atMs: number): Window | undefined {
  const today = Math.floor(shownMs(zone, atMs) / DAY_MS) * DAY_MS;
  let found: Window | undefined;
  for (let day = -1; day < AHEAD_DAYS; day++) {
    // A window begins at most a day after the one it meets.
    if (found && today + (day - 1) * DAY_MS > found.toMs + DAY_MS) return found;
    if (found && day > MAX_JOINED_DAYS) return found;
    const onDay = windowsOn(windows, zone, today + day * DAY_MS).toSorted((a, b) => a.fromMs - b.fromMs);
    for (const window of onDay) {
      if (!found) found = window.toMs > atMs ? window : undefined;
      else if (window.fromMs <= found.toMs) found.toMs = Math.max(found.toMs, window.toMs);
    }
  }
  return found;
}
