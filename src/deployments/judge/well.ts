import type { Block, Stakes } from "./beside.ts";
import { CLEARED_MARGIN } from "./levels.ts";
import { lnMean } from "./logarithms.ts";

/**
 * Evidence that devices which were updated are well: against "at least so many points of them are bad". Hours in which many of
 * those beside them are bad tell nothing, since what all of them do would hide what the update does; which hours these are
 * depends on the others alone, so that leaving them out favours nobody.
 */

/** Shares to bet on. */
const SHARES = [0.001, 0.005, 0.015] as const;

const MOST_OTHERS_BAD = 0.02;

/** What is kept from block to block: ln of the stake of each bet. */
export type WellStakes = Stakes;

export const NO_WELL_STAKES: WellStakes = SHARES.map(() => 0);

export function betOnWell(stakes: WellStakes, { updated, others }: Block): WellStakes {
  if (others.bad > MOST_OTHERS_BAD * others.devices) return stakes;
  const { devices, bad } = updated;
  return SHARES.map((share, i) => {
    const ofBad = bad * Math.log(share / CLEARED_MARGIN);
    const ofGood = (devices - bad) * (Math.log1p(-share) - Math.log1p(-CLEARED_MARGIN));
    return (stakes[i] ?? 0) + ofBad + ofGood;
  });
}

/** ln of the evidence. */
export const evidenceOfWell = (stakes: WellStakes): number => lnMean(stakes);
