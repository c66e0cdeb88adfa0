import { bet, blockOfValues, evidenceOf, NO_STAKES, type Block, type Stakes } from "./beside.ts";
import { NO_FAULT_ODDS } from "./levels.ts";
import type { Members } from "./members.ts";
import type { Share } from "./past.ts";
import { ofEveryKind, verdictOf, type Verdict } from "./verdict.ts";
import { betOnWell, evidenceOfWell, NO_WELL_STAKES, type WellStakes } from "./well.ts";

/** What one measure has come to over all watches so far, in numbers to show: sums by kind. */
export interface KindSums {
  device_type: string;
  group?: string;
  updated: Share;
  others: Share;
  /** What is kept from block to block to tell that it is well. */
  well?: WellStakes;
}

/** The same for those who look. */
export const shownSums = (kind: KindSums): object => ({ ...kind, well: undefined });

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

/** Devices that were watched together, and how many of them are bad. */
export interface Watched {
  of: Pick<Members, "type" | "group">;
  block: Block;
}

/** The same when it is known what lasts: how many are bad still, and how many that had counted are not any more. */
export interface Settled extends Watched {
  back: { updated: number; others: number };
}

/** Where a measure stands after the blocks of one more watch, and after those of which it is known by now what lasts. */
export function after(before: Before, watched: readonly Watched[], settled: readonly Settled[]) {
  const begun = before.stakes === null ? NO_STAKES : (JSON.parse(before.stakes) as Stakes); // written from this
  const stakes = watched.reduce<Stakes>((sum, { block }) => bet(sum, block, NO_FAULT_ODDS), begun);
  const kinds = settled.reduce(
    settledInto,
    watched.reduce(added, JSON.parse(before.kinds) as KindSums[]), // likewise
  );
  const [worse, noWorse] = [evidenceOf(stakes), ofEveryKind(kinds.flatMap(wellOf))];
  return {
    verdict: verdictOf(before.verdict, { worse, noWorse }, before.ln_needed),
    lnEvidence: worse,
    stakes,
    kinds,
    results: before.results + watched.reduce((sum, { block }) => sum + block.updated.devices, 0),
  };
}

/** Kinds that are shown apart. */
const MOST_SHOWN = 50;

const sum = (a: Share, b: Share): Share => ({ devices: a.devices + b.devices, bad: a.bad + b.bad });

const isOf =
  ({ type, group }: Watched["of"]) =>
  (kind: KindSums): boolean =>
    kind.device_type === type && (kind.group ?? null) === group;

function added(kinds: KindSums[], { of, block }: Watched): KindSums[] {
  const { type, group } = of;
  const same = kinds.find(isOf(of));
  if (!same && kinds.length >= MOST_SHOWN) return kinds;
  const next: KindSums = {
    ...same,
    device_type: type,
    ...(group !== null && { group }),
    updated: same ? sum(same.updated, block.updated) : block.updated,
    others: same ? sum(same.others, block.others) : block.others,
  };
  return same ? kinds.map((kind) => (kind === same ? next : kind)) : [...kinds, next];
}

function settledInto(kinds: KindSums[], { of, block, back }: Settled): KindSums[] {
  const isIt = isOf(of);
  const taken = (share: Share, devices: number): Share => ({ ...share, bad: share.bad - devices });
  return kinds.map((kind) =>
    isIt(kind)
      ? {
          ...kind,
          updated: taken(kind.updated, back.updated),
          others: taken(kind.others, back.others),
          well: betOnWell(kind.well ?? NO_WELL_STAKES, block),
        }
      : kind,
  );
}

const wellOf = ({ updated, well = NO_WELL_STAKES }: KindSums): number[] =>
  updated.devices === 0 ? [] : [evidenceOfWell(well)];
