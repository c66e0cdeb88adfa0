import type { Point } from "./progress/points.ts";
import type { Recorded } from "./store/adoption.ts";

const DAY_MS = 86_400_000;

/** How many devices were updated on each day that had any, the oldest first. */
export function updatedByDay(
  recorded: readonly Recorded[],
  most: number,
): { day_ms: number; success: number }[] {
  const byDay = new Map<number, number>();
  const add = (day: number, devices: number) => byDay.set(day, (byDay.get(day) ?? 0) + devices);
  for (const { points, days } of recorded) {
    let before = 0;
    // Both were made here: by the record of progress, and by the query.
    for (const [atMs, , success] of JSON.parse(points ?? "[]") as Point[]) {
      add(Math.floor(atMs / DAY_MS), success - before);
      before = success;
    }
    for (const [day, devices] of JSON.parse(days ?? "[]") as [number, number][]) add(day, devices);
  }
  return [...byDay]
    .filter(([, success]) => success > 0)
    .toSorted(([a], [b]) => a - b)
    .slice(-most)
    .map(([day, success]) => ({ day_ms: day * DAY_MS, success }));
}
