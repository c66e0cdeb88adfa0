/** Milliseconds, then how many devices have begun, succeeded, failed, and ended otherwise. */
export type Point = [atMs: number, begun: number, success: number, failure: number, other: number];

/** Points of a deployment, whatever its size and length. */
export const MAX_POINTS = 500;

/** The least time between two points. */
export const FIRST_STEP_MS = 60_000;

/** The points with one more. If they become too many every second goes, and from then on they come half as often. */
export function withPoint(
  { points, stepMs }: { points: readonly Point[]; stepMs: number },
  point: Point,
): { points: Point[]; stepMs: number } {
  const all = [...points, point];
  if (all.length <= MAX_POINTS) return { points: all, stepMs };
  const isKept = (i: number) => (all.length - 1 - i) % 2 === 0;
  return { points: all.filter((_, i) => isKept(i)), stepMs: stepMs * 2 };
}
