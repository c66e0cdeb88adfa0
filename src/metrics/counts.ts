import type { DatabaseCost } from "../platform/database.ts";

/** Who was asked for: the part of the API, of which checks for a deployment are a part of their own. */
export const AREAS = ["check", "device", "management", "internal", "operator", "other"] as const;
export type Area = (typeof AREAS)[number];

/** Kinds of answers; 429 is how everybody is held back who comes too often. */
export const ANSWERS = ["2xx", "3xx", "4xx", "429", "5xx"] as const;
export type Answer = (typeof ANSWERS)[number];

/** Upper ends of the classes of waits, in seconds; the last class has none. */
export const WAITS_S = [0.01, 0.03, 0.1, 0.3, 1, 3, 10] as const;

/** What requests of an area came to. */
export interface AreaCounts {
  /** In the order of `ANSWERS`. */
  answers: number[];
  /** How many waited so long, by classes. */
  waits: number[];
  seconds: number;
  trips: number;
  rowsRead: number;
  rowsWritten: number;
  objectCalls: number;
}

/** What was counted: by areas, and the requests of each tenant. */
export interface Counts {
  areas: Partial<Record<Area, AreaCounts>>;
  tenants: Map<string, number>;
}

/** Tenants that are counted apart within an hour. */
export const MAX_TENANTS = 1000;

export const noCounts = (): Counts => ({ areas: {}, tenants: new Map() });

const noAreaCounts = (): AreaCounts => ({
  answers: ANSWERS.map(() => 0),
  waits: [...WAITS_S, Infinity].map(() => 0),
  seconds: 0,
  trips: 0,
  rowsRead: 0,
  rowsWritten: 0,
  objectCalls: 0,
});

/** A request that was answered. */
export interface Measured {
  area: Area;
  status: number;
  seconds: number;
  cost?: Pick<DatabaseCost, "roundTrips" | "rowsRead" | "rowsWritten" | "objectCalls">;
  /** Whose user or device asked. */
  tenant?: string | undefined;
}

function answerOf(status: number): number {
  if (status === 429) return ANSWERS.indexOf("429");
  const index = ANSWERS.indexOf(`${Math.floor(status / 100)}xx` as Answer);
  // Upgrades.
  return Math.max(index, 0);
}

const classOf = (seconds: number): number => {
  const index = WAITS_S.findIndex((endS) => seconds <= endS);
  return index < 0 ? WAITS_S.length : index;
};

const increase = (counts: number[], at: number): void => void (counts[at] = (counts[at] ?? 0) + 1);

function addTenant(tenants: Map<string, number>, tenant: string, requests: number): void {
  const known = tenants.get(tenant);
  if (known === undefined && tenants.size >= MAX_TENANTS) return;
  tenants.set(tenant, (known ?? 0) + requests);
}

export function addRequest(counts: Counts, { area, status, seconds, cost, tenant }: Measured): void {
  const of = (counts.areas[area] ??= noAreaCounts());
  increase(of.answers, answerOf(status));
  increase(of.waits, classOf(seconds));
  of.seconds += seconds;
  if (cost) {
    of.trips += cost.roundTrips;
    of.rowsRead += cost.rowsRead;
    of.rowsWritten += cost.rowsWritten;
    of.objectCalls += cost.objectCalls;
  }
  if (tenant !== undefined) addTenant(counts.tenants, tenant, 1);
}

const sums = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((value, at) => value + (b[at] ?? 0));

/** Adds what was counted elsewhere. */
export function addCounts(to: Counts, { areas, tenants }: Counts): void {
  for (const area of AREAS) {
    const more = areas[area];
    if (!more) continue;
    const of = to.areas[area] ?? noAreaCounts();
    to.areas[area] = {
      answers: sums(of.answers, more.answers),
      waits: sums(of.waits, more.waits),
      seconds: of.seconds + more.seconds,
      trips: of.trips + more.trips,
      rowsRead: of.rowsRead + more.rowsRead,
      rowsWritten: of.rowsWritten + more.rowsWritten,
      objectCalls: of.objectCalls + more.objectCalls,
    };
  }
  for (const [tenant, requests] of tenants) addTenant(to.tenants, tenant, requests);
}
