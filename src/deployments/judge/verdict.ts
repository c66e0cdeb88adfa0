import { lnMean } from "./logarithms.ts";

export type Verdict = "no_evidence" | "worse" | "cleared";

/**
 * The level is shared by the measures in use, so that all together stop a good release no more often than it says.
 * Evidence beyond 1 / level comes with at most that chance if there is nothing, at any time (Ville's inequality).
 */
export const lnNeeded = (level: number, measures: number): number => Math.log(measures / level);

/** Evidence that any of several kinds is worse: their mean. One bad kind among many is found, the others cost little. */
export const ofAnyKind = (logarithms: readonly number[]): number =>
  logarithms.length === 0 ? 0 : lnMean(logarithms);

/** Evidence that every kind is well: the least. */
export const ofEveryKind = (logarithms: readonly number[]): number =>
  logarithms.length === 0 ? 0 : Math.min(...logarithms);

/** What was worse once stays so: evidence is not taken back by what follows. */
export function verdictOf(
  before: Verdict,
  { worse, noWorse }: { worse: number; noWorse: number },
  needed: number,
): Verdict {
  if (before === "worse" || worse >= needed) return "worse";
  return before === "cleared" || noWorse >= needed ? "cleared" : "no_evidence";
}

/** Evidence as a number to show. */
const SHOWN_MOST = 1e12;
export const shownEvidence = (ln: number): number =>
  Number(Math.min(Math.exp(ln), SHOWN_MOST).toPrecision(3));
