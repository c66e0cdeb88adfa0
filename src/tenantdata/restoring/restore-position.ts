import type { Recount } from "../../deployments/index.ts";
import type { Value } from "../rows-store.ts";
import { TOLD } from "./limits.ts";

/** Some of what was found; all of it is counted. */
export interface Told<T> {
  count: number;
  told: T[];
}

/** Rows of a table. */
export interface Tally {
  added: number;
  changed: number;
  removed: number;
}

/** What is other than it was, and is put back. */
export interface Changes {
  tables: Record<string, Tally>;
  /** Devices that are not there now. */
  devicesBack: Told<string>;
  /** Devices that are accepted now and were not there then. */
  devicesWaiting: Told<string>;
  devicesChanged: Told<{ id: string; from: string; to: string }>;
  /** Deployments that have not ended now, and were not there or had ended then. */
  deploymentsEnded: Told<string>;
  /** Deployments that had not ended then, and have now or are not there. */
  deploymentsResumed: Told<string>;
  /** Artifacts that are not there now and cannot be brought back. */
  artifactsMissing: Told<{ id: string; name: string }>;
}

const nothing = <T>(): Told<T> => ({ count: 0, told: [] });

export const noChanges = (): Changes => ({
  tables: {},
  devicesBack: nothing(),
  devicesWaiting: nothing(),
  devicesChanged: nothing(),
  deploymentsEnded: nothing(),
  deploymentsResumed: nothing(),
  artifactsMissing: nothing(),
});

export const toldMore = <T>({ count, told }: Told<T>, more: readonly T[]): Told<T> => ({
  count: count + more.length,
  told: [...told, ...more].slice(0, TOLD),
});

export function tallied(changes: Changes, table: string, more: Partial<Tally>): Changes {
  const before = changes.tables[table] ?? { added: 0, changed: 0, removed: 0 };
  const { added = 0, changed = 0, removed = 0 } = more;
  if (added + changed + removed === 0) return changes;
  const after = {
    added: before.added + added,
    changed: before.changed + changed,
    removed: before.removed + removed,
  };
  return { ...changes, tables: { ...changes.tables, [table]: after } };
}

/** The parts of a comparison, and of the work that it asks for. */
export const PHASES = ["putting", "removing", "waiting"] as const;
export type Phase = (typeof PHASES)[number];

/** A place among the subjects, or among the tables of one. */
export interface Walk {
  phase: Phase;
  subject: number;
  table: number;
  /** Key of what was done last. */
  after: Value[] | null;
}

export const startOf = (phase: Phase): Walk => ({ phase, subject: 0, table: 0, after: null });

/** How far a restore is. */
export interface RestorePosition {
  /** The next part of the base, the lines of an object that are staged, and the last segment that is. */
  load: { part: number; line: number; segment: string | null };
  /** Images that were read. */
  images: number;
  walk: Walk;
  /** Images that were compared. */
  compared: number;
  changes: Changes;
  /**
   * The last release that is in line with its artifacts, the last deployment whose devices are counted again, and how far those
   * of the next are.
   */
  settled: { release: string; deployment: number; recount?: Recount | undefined };
  ending: "done" | "failed" | "cancelled";
}

export const NOT_SETTLED: RestorePosition["settled"] = { release: "", deployment: 0 };

export const FIRST_POSITION: RestorePosition = {
  load: { part: 0, line: 0, segment: null },
  images: 0,
  walk: startOf("putting"),
  compared: 0,
  changes: noChanges(),
  settled: NOT_SETTLED,
  ending: "cancelled",
};
