import { randomInt } from "node:crypto";

/** Whether the long form runs (`npm run test:hostile`). */
export const LONG = process.env.TEST_FORM === "long";

/** `HOSTILE_SCALE=0.01` makes a long form with a hundredth of everything, to try it. */
const SCALE = Number(process.env.HOSTILE_SCALE ?? 1);

/** How many of something a test tries, in the long and in the short form. */
export const many = (long: number, short: number): number => (LONG ? Math.ceil(long * SCALE) : short);

/**
 * What the attacks are made of follows from these: the long form runs with two of them. They are printed, and
 * `HOSTILE_SEEDS=1,2 npm run test:hostile` makes the same attacks again.
 */
export const SEEDS: readonly number[] =
  process.env.HOSTILE_SEEDS?.split(",").map(Number) ??
  Array.from({ length: LONG ? 2 : 1 }, () => randomInt(2 ** 31));

/** `HOSTILE_ONLY='GET .*filters'` makes only those operations' part of an attack, to see one of its findings alone. */
export const ONLY = new RegExp(process.env.HOSTILE_ONLY ?? "");

/** Results are told even if they are good. */
export const tell = (text: string): void => void process.stdout.write(`hostile: ${text}\n`);
