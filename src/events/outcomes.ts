import type { Attempt } from "./attempt.ts";
import { bytesOf } from "../platform/limits.ts";
import type { Statement } from "../platform/database.ts";
import { outcomesStatement, PART, type Of, type OutcomesRow } from "./receiver-store.ts";

/** How an attempt ended, as it is kept; what is null may be absent. One stands for several positions in a row if all went well. */
interface Kept {
  /** 1 if it was taken. */
  ok: number;
  /** Positions. */
  n: number;
  /** Status of the answer. */
  s?: number | null;
  /** Time in milliseconds. */
  t: number;
  /** Attempts before. */
  a: number;
  /** Error. */
  e?: string | null;
  /** What the receiver said. */
  b?: string | null;
}

/** How the last attempt to tell a receiver of an event ended. */
export interface Outcome {
  success: boolean;
  statusCode: number | null;
  atMs: number;
  attempts: number;
  error: string | null;
  answer: string | null;
}

/** An attempt, and the event it was about. */
export interface Ended {
  position: number;
  attempt: Attempt;
  /** How often it was tried before. */
  before: number;
}

const partOf = (position: number): number => Math.floor(position / PART);

/** The name of the outcome of one event, which may lie within a row of others. */
const single = (position: number): string => `x${position}`;

/** Written as JSON no longer than this, so that those of a whole part fit into a row. */
const MAX_ANSWER = 1024;

function shortened(answer: string): string {
  let text = answer.slice(0, MAX_ANSWER);
  while (bytesOf(JSON.stringify(text)) > MAX_ANSWER + 2) text = text.slice(0, Math.floor(text.length * 0.8));
  return text;
}

const keptOf = ({ attempt, before }: Ended, t: number): Kept => ({
  ok: attempt.success ? 1 : 0,
  n: 1,
  s: attempt.statusCode ?? null,
  t,
  a: before,
  e: attempt.error ?? null,
  b: attempt.answer === undefined ? null : shortened(attempt.answer),
});

/** A first try that was taken, of which there is nothing more to tell. */
const isPlain = ({ attempt, before }: Ended): boolean => attempt.success && before === 0;

/** By part, with one record for positions in a row that were taken at once. */
export function partsOf(ended: readonly Ended[], nowMs: number) {
  const parts = new Map<number, Record<string, Kept>>();
  let run: { kept: Kept; next: number; part: number } | undefined;
  for (const one of ended.toSorted((a, b) => a.position - b.position)) {
    const { position, attempt } = one;
    const part = partOf(position);
    const outcomes = parts.get(part) ?? {};
    parts.set(part, outcomes);
    const continues =
      run &&
      isPlain(one) &&
      run.part === part &&
      run.next === position &&
      run.kept.s === (attempt.statusCode ?? null);
    if (run && continues) {
      run.kept.n += 1;
      run.next += 1;
      continue;
    }
    const kept = keptOf(one, nowMs);
    outcomes[isPlain(one) ? String(position) : single(position)] = kept;
    run = isPlain(one) ? { kept, next: position + 1, part } : undefined;
  }
  return [...parts].map(([part, outcomes]) => ({ part, outcomes }));
}

/** Puts on record how attempts ended. */
export const recordStatements = (at: Of, ended: readonly Ended[], nowMs: number): Statement<number>[] =>
  ended.length > 0 ? [outcomesStatement(at, partsOf(ended, nowMs), nowMs)] : [];

export const partsAt = (positions: readonly number[]): number[] => [...new Set(positions.map(partOf))];

const toOutcome = ({ ok, s = null, t, a, e = null, b = null }: Kept): Outcome => ({
  success: ok === 1,
  statusCode: s,
  atMs: t,
  attempts: a + 1,
  error: e,
  answer: b,
});

/** What rows tell of events, by receiver. */
export class Outcomes {
  readonly #parts = new Map<string, Record<string, Kept>>();

  constructor(rows: readonly OutcomesRow[]) {
    for (const { receiver_id: receiver, part, outcomes } of rows)
      this.#parts.set(`${receiver}/${part}`, JSON.parse(outcomes) as Record<string, Kept>); // written by `partsOf`
  }

  /** Undefined for an event that nobody tried to tell it of. */
  of(receiver: string, position: number): Outcome | undefined {
    const outcomes = this.#parts.get(`${receiver}/${partOf(position)}`);
    if (!outcomes) return undefined;
    const alone = outcomes[single(position)];
    const inRow = Object.entries(outcomes).find(([first, { n }]) => {
      const from = Number(first); // none of a single one
      return from <= position && position < from + n;
    })?.[1];
    const last = alone && inRow ? (alone.t > inRow.t ? alone : inRow) : (alone ?? inRow);
    return last && toOutcome(last);
  }
}
