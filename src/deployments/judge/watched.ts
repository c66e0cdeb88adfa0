import { bet, blockOfValues, evidenceOf, NO_STAKES, type Block, type Stakes } from "./beside.ts";
import { NO_FAULT_ODDS } from "./levels.ts";
import type { Members } from "./members.ts";
import type { Share } from "./past.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

/** What one measure has come to over all watches so far, in numbers to show: sums by kind. */
export interface KindSums {
  device_type: string;
  group?: string;
  updated: Share;
  others: Share;
}

/** Whether each device is bad. */
export const blockOfBad = ({ updated, others }: Members, isBad: (device: string) => boolean): Block => {
  const share = (devices: readonly string[]): Share => ({
    devices: devices.length,
    bad: devices.filter(isBad).length,
  });
  return { updated: share(updated), others: share(others) };
};

/** A number of each device that tells one, the greater the worse. */
export const blockOfNumbers = (
  { updated, others }: Members,
  numberOf: (device: string) => number | undefined,
): Block => {
  const numbers = (devices: readonly string[]) => devices.flatMap((device) => numberOf(device) ?? []);
  return blockOfValues(numbers(updated), numbers(others));
};

/** Devices tell numbers as texts as often as not. */
export function numberIn(told: unknown): number | undefined {
  const number = typeof told === "string" && told.trim() !== "" ? Number(told) : told;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

interface Before {
  verdict: Verdict;
  ln_needed: number;
  stakes: string | null;
  kinds: string;
  results: number;
}

/** Where a measure stands after the blocks of one more watch. */
export function after(before: Before, watched: readonly { of: Members; block: Block }[]) {
  const begun = before.stakes === null ? NO_STAKES : (JSON.parse(before.stakes) as Stakes); // written from this
  const stakes = watched.reduce<Stakes>((sum, { block }) => bet(sum, block, NO_FAULT_ODDS), begun);
  const lnEvidence = evidenceOf(stakes);
  return {
    verdict: verdictOf(before.verdict, { worse: lnEvidence, noWorse: 0 }, before.ln_needed),
    lnEvidence,
    stakes,
    kinds: watched.reduce(added, JSON.parse(before.kinds) as KindSums[]), // likewise
    results: before.results + watched.reduce((sum, { block }) => sum + block.updated.devices, 0),
  };
}

/** Kinds that are shown apart. */
const MOST_SHOWN = 50;

const sum = (a: Share, b: Share): Share => ({ devices: a.devices + b.devices, bad: a.bad + b.bad });

function added(kinds: KindSums[], { of, block }: { of: Members; block: Block }): KindSums[] {
  const { type, group } = of;
  const same = kinds.find((kind) => kind.device_type === type && (kind.group ?? null) === group);
  if (!same && kinds.length >= MOST_SHOWN) return kinds;
  const next: KindSums = {
    device_type: type,
    ...(group !== null && { group }),
    updated: same ? sum(same.updated, block.updated) : block.updated,
    others: same ? sum(same.others, block.others) : block.others,
  };
  return same ? kinds.map((kind) => (kind === same ? next : kind)) : [...kinds, next];
}
