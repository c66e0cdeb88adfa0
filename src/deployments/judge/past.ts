import { lnFactorial, lnPower } from "./logarithms.ts";

/** So many of so many. */
export interface Share {
  devices: number;
  bad: number;
}

/** What became of devices of one kind, before this deployment and in it. */
export interface Kind {
  before: Share;
  now: Share;
}

/**
 * Evidence from counters alone that updates fail more often than they did: an e-process by universal inference. What it
 * bets on is a mixture of all pairs of rates, and it is held against the best explanation of the same counters by any pair
 * that the hypothesis allows. So it is valid whatever the usual rate is, and however often one looks; and as it depends on
 * the counters alone, no look has to be remembered.
 */

/** Bets favour low usual rates, and any rate of the new release: beta distributions (1, b). Any choice is valid. */
const USUAL_B = 30;
const NEW_B = 4;

/** ln of the chance of these results, their rate being drawn from the beta distribution (1, b). */
const lnMixture = ({ devices, bad }: Share, b: number): number =>
  Math.log(b) + lnFactorial(bad) + lnFactorial(devices - bad + b - 1) - lnFactorial(devices + b);

const lnChance = ({ devices, bad }: Share, rate: number): number =>
  lnPower(rate, bad) + lnPower(1 - rate, devices - bad);

const slope = ({ devices, bad }: Share, rate: number): number =>
  (bad === 0 ? 0 : bad / rate) - (devices === bad ? 0 : (devices - bad) / (1 - rate));

const HALVINGS = 40;

/** ln of the chance of the counters under the likeliest pair of rates that lie exactly `margin` apart. */
function lnOnTheEdge({ before, now }: Kind, margin: number): number {
  let [low, high] = [0, 1 - margin];
  for (let i = 0; i < HALVINGS; i++) {
    const rate = (low + high) / 2;
    if (slope(before, rate) + slope(now, rate + margin) > 0) low = rate;
    else high = rate;
  }
  const rate = (low + high) / 2;
  return lnChance(before, rate) + lnChance(now, rate + margin);
}

const rateOf = ({ devices, bad }: Share): number => bad / devices;

/** ln of the evidence against "the rate is at most the usual one and the margin". */
export const evidenceOfWorse = (kind: Kind, margin: number): number =>
  lnEvidence(kind, margin, (apart) => apart <= margin);

/** ln of the evidence against "the rate is at least the usual one and the margin". */
export const evidenceOfNoWorse = (kind: Kind, margin: number): number =>
  lnEvidence(kind, margin, (apart) => apart >= margin);

function lnEvidence(kind: Kind, margin: number, allows: (apart: number) => boolean): number {
  const { before, now } = kind;
  if (before.devices === 0 || now.devices === 0) return 0;
  const likeliest = allows(rateOf(now) - rateOf(before))
    ? lnChance(before, rateOf(before)) + lnChance(now, rateOf(now))
    : lnOnTheEdge(kind, margin);
  return lnMixture(before, USUAL_B) + lnMixture(now, NEW_B) - likeliest;
}
