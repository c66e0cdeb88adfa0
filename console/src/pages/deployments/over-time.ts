interface Point {
  time: string;
  begun: number;
  success: number;
  failure: number;
  other: number;
}

export interface Gone {
  created: string;
  max_devices: number;
  /** The last is of now, or of the end. */
  points: readonly Point[];
}

interface Phase {
  batch_size?: number;
  batch_size_devices?: number;
  /** Not known of a phase that does not open by time. */
  opens?: string | undefined;
}

/** From then on so many devices may have begun. */
export interface Step {
  atMs: number;
  devices: number;
}

/** Something of which the chart says when it was or will be. */
export interface Mark {
  atMs: number;
  name: string;
  isHalt: boolean;
}

/** The states of a chart, the uppermost first. */
export const STATES = ["At it", "Ended otherwise", "Failed", "Updated"] as const;

const msOf = (time: string): number => new Date(time).getTime();

export const statesOf = ({ begun, success, failure, other }: Point): number[] => [
  Math.max(0, begun - success - failure - other),
  other,
  failure,
  success,
];

/** What is to come is shown for as long as it has gone so far, and for an hour at least. */
const AHEAD_MS = 3_600_000;

const endMs = ({ created, points }: Gone): number => msOf(points.at(-1)?.time ?? created);

export function shownUntilMs(gone: Gone, isOver: boolean): number {
  const end = endMs(gone);
  return isOver ? end : end + Math.max(AHEAD_MS, end - msOf(gone.created));
}

/** How many devices the phases allow, from when on; of one that goes to all at once there is nothing to tell. */
export function planOf(gone: Gone, phases: readonly Phase[], untilMs: number): Step[] {
  if (phases.length < 2) return [];
  const all = gone.max_devices;
  let devices = 0;
  const steps = phases.map((phase, i) => {
    const own = phase.batch_size_devices ?? Math.floor(((phase.batch_size ?? 0) * all) / 100);
    devices = i === phases.length - 1 ? all : Math.min(all, devices + own);
    const opens = phase.opens ?? (i === 0 ? gone.created : undefined);
    return { atMs: opens === undefined ? Number.POSITIVE_INFINITY : msOf(opens), devices };
  });
  return steps.filter(({ atMs }) => atMs <= untilMs);
}

export const allowedAt = (plan: readonly Step[], atMs: number): number =>
  Math.max(0, ...plan.filter((step) => step.atMs <= atMs).map(({ devices }) => devices));

/** Where phases after the first open, and since when it is held. */
export function marksOf(
  phases: readonly Phase[],
  paused: { since: string; isHalt: boolean } | undefined,
  untilMs: number,
): Mark[] {
  const opening = phases
    .slice(1)
    .map(({ opens }, i) => ({ at: opens, name: `phase ${i + 2}`, isHalt: false }));
  const held = paused && { at: paused.since, name: paused.isHalt ? "halted" : "paused", isHalt: true };
  return [...opening, ...(held ? [held] : [])]
    .flatMap(({ at, ...mark }) => (at === undefined ? [] : [{ atMs: msOf(at), ...mark }]))
    .filter(({ atMs }) => atMs <= untilMs)
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** Columns for drawing: seconds, the states each on top of those after it, and the plan where there is one. */
export function columnsOf(gone: Gone, plan: readonly Step[], marks: readonly Mark[]): (number | null)[][] {
  const created: Point = { time: gone.created, begun: 0, success: 0, failure: 0, other: 0 };
  const points = [created, ...gone.points].map((point) => ({
    atMs: msOf(point.time),
    states: statesOf(point),
  }));
  const last = endMs(gone);
  const times = [...points, ...plan, ...marks].map(({ atMs }) => atMs);
  const all = [...new Set(times)].toSorted((a, b) => a - b);
  let at = 0;
  const stacked = all.map((atMs) => {
    while ((points[at + 1]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs) at += 1;
    const states = points[at]?.states ?? [];
    return STATES.map((_, i) => (atMs > last ? null : states.slice(i).reduce((sum, one) => sum + one, 0)));
  });
  return [
    all.map((atMs) => atMs / 1000),
    ...STATES.map((_, i) => stacked.map((row) => row[i] ?? null)),
    ...(plan.length > 0 ? [all.map((atMs) => allowedAt(plan, atMs))] : []),
  ];
}

/** All that is shown of it. */
export interface OverTime {
  gone: Gone;
  plan: readonly Step[];
  marks: readonly Mark[];
  maxDevices: number;
}
