import { bet, evidenceOf, NO_STAKES, type Block, type Stakes } from "../../src/deployments/judge/beside.ts";
import { evidenceOfWorse, type Share } from "../../src/deployments/judge/past.ts";
import { lnNeeded } from "../../src/deployments/judge/verdict.ts";
import {
  betOnWell,
  evidenceOfWell,
  NO_WELL_STAKES,
  type WellStakes,
} from "../../src/deployments/judge/well.ts";
import { FAILURE_MARGIN, LEVEL, NO_FAULT_ODDS } from "../../src/deployments/judge/levels.ts";

/** Chance that repeats: mulberry32. */
export type Chance = () => number;

export function chanceOf(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const between = (chance: Chance, from: number, to: number): number =>
  from + Math.floor(chance() * (to - from + 1));

/** How many of so many, by the gaps between them. */
function drawn(chance: Chance, of: number, rate: number): number {
  if (rate > 0.5) return of - drawn(chance, of, 1 - rate);
  if (rate <= 0) return 0;
  const gap = Math.log1p(-rate);
  let n = -1;
  for (let i = -1; i < of; n++) i += 1 + Math.floor(Math.log1p(-chance()) / gap);
  return n;
}

export const FLEET = 10_000;
/** Failures, silence and alerts share the level, as in a judge of whom nothing is said. */
const NEEDED = lnNeeded(LEVEL, 3);
const BEGIN_A_MINUTE = 5;
const LONGEST_MINUTES = 20;

export interface FailureRun {
  before: Share;
  rate: number;
  devices: number;
}

/** Devices that had begun when the judge halted the rollout; undefined if it never did. It looks every minute. */
export function untilHalt(chance: Chance, { before, rate, devices }: FailureRun): number | undefined {
  const arriving = new Int32Array(LONGEST_MINUTES + 1);
  const now = { devices: 0, bad: 0 };
  for (let minute = 0, begun = 0; now.devices < devices; minute++) {
    const due = minute % arriving.length;
    now.bad += drawn(chance, arriving[due]!, rate);
    now.devices += arriving[due]!;
    arriving[due] = 0;
    if (evidenceOfWorse({ before, now }, FAILURE_MARGIN) >= NEEDED) return begun;
    for (let i = 0; i < BEGIN_A_MINUTE && begun < devices; i++, begun++) {
      const took = between(chance, 5, LONGEST_MINUTES);
      arriving[(minute + took) % arriving.length]! += 1;
    }
  }
  return undefined;
}

/** A release that is no worse: any usual rate, known from few devices or many. */
export function harmless(chance: Chance, devices: number, apart = 0): FailureRun {
  const usual = 0.002 * 50 ** chance();
  const known = between(chance, 100, 5000);
  return {
    before: { devices: known, bad: drawn(chance, known, usual) },
    rate: usual + apart,
    devices,
  };
}

/** Failures go from 2 to 10 percent, of what 2,000 devices told before. */
export const harmful = (chance: Chance): FailureRun => ({
  before: { devices: 2000, bad: drawn(chance, 2000, 0.02) },
  rate: 0.1,
  devices: FLEET,
});

const SITES = 20;
const HOURS = 48;
const UPDATED_AN_HOUR = 200;
const EVER_SILENT = 0.01;
const NIGHT = { from: 22, to: 6 };
/** Sites whose devices fall silent at night, nearly all at once, if the night is one of those. */
const SLEEPING_SITES = 4;
const ASLEEP = 0.9;

export interface SilenceRun {
  /** Share of the updated devices that fall silent because of it. */
  more: number;
  /** Whether a block is a site, or all sites, whose devices are updated in the order of a hash. */
  bySite: boolean;
}

/** Devices updated when the judge halted the rollout for its silence; undefined if it never did. */
export function untilSilenceFound(chance: Chance, run: SilenceRun): number | undefined {
  let stakes: Stakes = NO_STAKES;
  return hourly(chance, run, (blocks) => {
    for (const block of run.bySite ? blocks : [together(blocks)]) stakes = bet(stakes, block, NO_FAULT_ODDS);
    return evidenceOf(stakes) >= NEEDED;
  });
}

/** Devices updated when the judge found that they do not fall silent because of it; undefined if it never did. */
export function untilCleared(chance: Chance, run: SilenceRun): number | undefined {
  let stakes: WellStakes = NO_WELL_STAKES;
  return hourly(chance, run, (blocks) => {
    for (const block of run.bySite ? blocks : [together(blocks)]) stakes = betOnWell(stakes, block);
    return evidenceOfWell(stakes) >= NEEDED;
  });
}

/** Goes through the fleet by the hour until it is enough; devices updated then. */
function hourly(
  chance: Chance,
  { more }: SilenceRun,
  isEnough: (blocks: readonly Block[]) => boolean,
): number | undefined {
  const order = siteOrder(chance);
  const waiting = new Int32Array(SITES).fill(FLEET / SITES);
  for (let hour = 0; hour < HOURS; hour++) {
    const updated = new Int32Array(SITES);
    for (const site of order.subarray(hour * UPDATED_AN_HOUR, (hour + 1) * UPDATED_AN_HOUR)) {
      updated[site]! += 1;
      waiting[site]! -= 1;
    }
    const isNight = hour % 24 >= NIGHT.from || hour % 24 < NIGHT.to;
    const blocks = Array.from(updated, (devices, site): Block => {
      const falls = isNight && site < SLEEPING_SITES && chance() < 0.7;
      const usual = falls ? ASLEEP : EVER_SILENT;
      const others = waiting[site]!;
      return {
        updated: { devices, bad: drawn(chance, devices, 1 - (1 - usual) * (1 - more)) },
        others: { devices: others, bad: drawn(chance, others, usual) },
      };
    });
    if (isEnough(blocks)) return (hour + 1) * UPDATED_AN_HOUR;
  }
  return undefined;
}

/** The site of each device, in a fair order. */
function siteOrder(chance: Chance): Uint8Array {
  const sites = Uint8Array.from({ length: FLEET }, (_, i) => i % SITES);
  for (let last = FLEET - 1; last > 0; last--) {
    const other = between(chance, 0, last);
    [sites[last], sites[other]] = [sites[other]!, sites[last]!];
  }
  return sites;
}

const together = (blocks: readonly Block[]): Block => ({
  updated: sumOf(blocks.map((block) => block.updated)),
  others: sumOf(blocks.map((block) => block.others)),
});

const sumOf = (shares: readonly Share[]): Share => ({
  devices: shares.reduce((sum, one) => sum + one.devices, 0),
  bad: shares.reduce((sum, one) => sum + one.bad, 0),
});

/** Devices at each halt of so many runs. */
export function halts(runs: number, run: (chance: Chance) => number | undefined): number[] {
  const chance = chanceOf(runs);
  const found: number[] = [];
  for (let i = 0; i < runs; i++) {
    const at = run(chance);
    if (at !== undefined) found.push(at);
  }
  return found;
}
