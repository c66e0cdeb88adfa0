import type { CharacterSet } from "./regex-sets.ts";

/** States of one expression: what each character of a text is tried on at worst. */
const MAX_STATES = 2000;
const MAX_REPEAT = 100;
/** Steps of building, which parts without states take too. Known before building begins. */
const MAX_BUILD_STEPS = 20_000;

/** What must hold between two characters; none at the ends of a text. */
export type Assertion = (before: number | undefined, after: number | undefined) => boolean;

/** One step of a match; the first of all is `done`. */
export type State =
  | { kind: "char"; set: CharacterSet; next: number }
  | { kind: "split"; next: number; other: number }
  | { kind: "assert"; holds: Assertion; next: number }
  | { kind: "done" };

/** An expression that is malformed or needs more than bounded work. */
export class Unsupported extends Error {}

/** Part of an expression. */
export interface Part {
  /** Steps that `add` takes, told without taking them. */
  readonly steps: number;
  /** Adds its states before the state `next` and tells where it begins. */
  add(states: State[], next: number): number;
}

function push(states: State[], state: State): number {
  if (states.length >= MAX_STATES) throw new Unsupported("is too large");
  states.push(state);
  return states.length - 1;
}

function part(steps: number, add: Part["add"]): Part {
  if (steps > MAX_BUILD_STEPS) throw new Unsupported("is too large");
  return { steps, add };
}

const stepsOf = (parts: readonly Part[]): number => parts.reduce((sum, { steps }) => sum + steps, 1);

export const EMPTY: Part = part(1, (_, next) => next);

export const one = (set: CharacterSet): Part =>
  part(1, (states, next) => push(states, { kind: "char", set, next }));

export const assertion = (holds: Assertion): Part =>
  part(1, (states, next) => push(states, { kind: "assert", holds, next }));

export function sequence(parts: readonly Part[]): Part {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  return part(stepsOf(parts), (states, next) =>
    parts.reduceRight((after, piece) => piece.add(states, after), next),
  );
}

export const either = (branches: readonly Part[]): Part =>
  branches.reduce((left, right) =>
    part(stepsOf([left, right]), (states, next) => {
      const other = right.add(states, next);
      return push(states, { kind: "split", next: left.add(states, next), other });
    }),
  );

const star = (inner: Part): Part =>
  part(stepsOf([inner]), (states, next) => {
    const split = { kind: "split" as const, next: 0, other: next };
    const entry = push(states, split);
    split.next = inner.add(states, entry);
    return entry;
  });

/** `inner` up to `times` times in a row. */
const atMost = (inner: Part, times: number): Part =>
  part(times * (inner.steps + 1) + 1, (states, next) => {
    let entry = next;
    for (let i = 0; i < times; i++)
      entry = push(states, { kind: "split", next: inner.add(states, entry), other: next });
    return entry;
  });

const exactly = (inner: Part, times: number): Part =>
  part(times * inner.steps + 1, (states, next) => {
    let entry = next;
    for (let i = 0; i < times; i++) entry = inner.add(states, entry);
    return entry;
  });

export function repeat(inner: Part, min: number, max: number): Part {
  if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT))
    throw new Unsupported(`repeats more than ${MAX_REPEAT} times`);
  const rest = max === Infinity ? star(inner) : atMost(inner, max - min);
  return min === 0 ? rest : sequence([exactly(inner, min), rest]);
}

/** The states of a whole expression and where it begins. */
export function statesOf(expression: Part): { states: State[]; start: number } {
  const states: State[] = [{ kind: "done" }];
  return { start: expression.add(states, 0), states };
}
