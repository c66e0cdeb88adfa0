import type { Share } from "./past.ts";
import { lnFactorial, lnMean, lnSum } from "./logarithms.ts";

/** Devices of the same types and group in the same hours: some updated, the others not yet. */
export interface Block {
  updated: Share;
  others: Share;
}

/**
 * Evidence from devices beside each other: how many of all that are bad are among the updated ones. Given that number, it
 * depends on nothing but the odds between the two: neither on the usual rate, which may be another in every block, nor on
 * what all devices of a site do at the same time. The chance of it is Fisher's noncentral hypergeometric distribution, whose
 * ratio for two odds grows with the number, so that the evidence is valid for all smaller odds than those held against.
 */

/** Odds to bet on, in units of those that are still no fault. */
const BETS = [1.5, 2, 4, 8, 16, 64] as const;

/** What is kept from block to block: ln of the stake of each bet. */
export type Stakes = readonly number[];

export const NO_STAKES: Stakes = BETS.map(() => 0);

/** ln of the weight of each number of bad ones among the updated, first for the fewest there can be. */
function weightsOf({ updated, others }: Block): { fewest: number; weights: number[] } {
  const bad = updated.bad + others.bad;
  const fewest = Math.max(0, bad - others.devices);
  const most = Math.min(bad, updated.devices);
  const weights: number[] = [];
  for (let n = fewest; n <= most; n++)
    weights.push(lnWays(updated.devices, n) + lnWays(others.devices, bad - n));
  return { fewest, weights };
}

const lnWays = (of: number, n: number): number => lnFactorial(of) - lnFactorial(n) - lnFactorial(of - n);

/** Bets against "the odds are at most so many times those of the others". */
export function bet(stakes: Stakes, block: Block, odds: number): Stakes {
  const { fewest, weights } = weightsOf(block);
  if (weights.length < 2) return stakes; // tells nothing
  const lnAll = (ln: number) => lnSum(weights.map((weight, i) => weight + (fewest + i) * ln));
  const lnHeld = lnAll(Math.log(odds));
  return BETS.map((times, i) => {
    const ratio = block.updated.bad * Math.log(times) - lnAll(Math.log(odds * times)) + lnHeld;
    return (stakes[i] ?? 0) + ratio;
  });
}

/** ln of the evidence. */
export const evidenceOf = (stakes: Stakes): number => lnMean(stakes);

/** The most extreme fifth counts as bad, so that no single value weighs more than another, however far off it is. */
const EXTREME = 0.8;

/**
 * A number told by devices, as a block: bad are those beyond what most tell, updated or not. Which side is bad is for the
 * caller, by the sign.
 */
export function blockOfValues(updated: readonly number[], others: readonly number[]): Block {
  const all = [...updated, ...others].sort((a, b) => a - b);
  const line = all[Math.max(0, Math.ceil(EXTREME * all.length) - 1)] ?? 0;
  const share = (values: readonly number[]): Share => ({
    devices: values.length,
    bad: values.filter((value) => value > line).length,
  });
  return { updated: share(updated), others: share(others) };
}
