import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bet,
  blockOfValues,
  evidenceOf,
  NO_STAKES,
  type Stakes,
} from "../../../src/deployments/judge/beside.ts";
import { CLEARED_MARGIN, FAILURE_MARGIN, LEVEL } from "../../../src/deployments/judge/levels.ts";
import { lnFactorial } from "../../../src/deployments/judge/logarithms.ts";
import { evidenceOfNoWorse, evidenceOfWorse } from "../../../src/deployments/judge/past.ts";
import {
  lnNeeded,
  ofAnyKind,
  ofEveryKind,
  shownEvidence,
  verdictOf,
} from "../../../src/deployments/judge/verdict.ts";
import { betOnWell, evidenceOfWell, NO_WELL_STAKES } from "../../../src/deployments/judge/well.ts";
import {
  chanceOf,
  FLEET,
  halts,
  harmful,
  harmless,
  untilCleared,
  untilHalt,
  untilSilenceFound,
} from "../../support/judge-simulation.ts";

const range = (n: number) => Array.from({ length: n + 1 }, (_, i) => i);
const ways = (of: number, n: number) => Math.exp(lnFactorial(of) - lnFactorial(n) - lnFactorial(of - n));
const binomial = (of: number, n: number, rate: number) => ways(of, n) * rate ** n * (1 - rate) ** (of - n);

const rate = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const few = fc.integer({ min: 1, max: 25 });

describe("evidence from what was before", () => {
  /** What the evidence is worth on average, over all that could have been counted. */
  const average = (
    [before, now]: readonly [number, number],
    [usual, present]: readonly [number, number],
    lnEvidence: typeof evidenceOfWorse,
  ) =>
    range(before).reduce(
      (sum, old) =>
        range(now).reduce((part, bad) => {
          const kind = { before: { devices: before, bad: old }, now: { devices: now, bad } };
          const likely = binomial(before, old, usual) * binomial(now, bad, present);
          return part + likely * Math.exp(lnEvidence(kind, FAILURE_MARGIN));
        }, sum),
      0,
    );

  it("is worth nothing on average where there is nothing, whatever is usual", () => {
    fc.assert(
      fc.property(few, few, rate, rate, (before, now, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        expect(average([before, now], [high, low], evidenceOfWorse)).toBeLessThanOrEqual(1 + 1e-9);
        const edge = Math.min(low + FAILURE_MARGIN, 1);
        expect(average([before, now], [low, edge], evidenceOfWorse)).toBeLessThanOrEqual(1 + 1e-9);
        if (high - low < FAILURE_MARGIN) return;
        expect(average([before, now], [low, high], evidenceOfNoWorse)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it("is a number whatever the counters are", () => {
    const share = fc
      .integer({ min: 0, max: 100_000_000 })
      .chain((devices) =>
        fc.record({ devices: fc.constant(devices), bad: fc.integer({ min: 0, max: devices }) }),
      );
    fc.assert(
      fc.property(share, share, (before, now) => {
        for (const lnEvidence of [evidenceOfWorse, evidenceOfNoWorse])
          expect(lnEvidence({ before, now }, FAILURE_MARGIN)).not.toBeNaN();
      }),
    );
    const nothing = { devices: 0, bad: 0 };
    expect(evidenceOfWorse({ before: nothing, now: { devices: 9, bad: 9 } }, FAILURE_MARGIN)).toBe(0);
  });
});

describe("evidence from devices beside each other", () => {
  it("is worth nothing on average for a fair sample, whatever all of them do", () => {
    fc.assert(
      fc.property(few, few, few, (updated, others, all) => {
        const bad = Math.min(all, updated + others);
        const sum = range(Math.min(bad, updated))
          .filter((n) => bad - n <= others)
          .reduce((part, n) => {
            const likely = (ways(updated, n) * ways(others, bad - n)) / ways(updated + others, bad);
            const block = {
              updated: { devices: updated, bad: n },
              others: { devices: others, bad: bad - n },
            };
            return part + likely * Math.exp(evidenceOf(bet(NO_STAKES, block, 1)));
          }, 0);
        expect(sum).toBeCloseTo(1, 9);
      }),
    );
  });

  it("that they are well is worth nothing on average where they are not, whatever the others do", () => {
    const share = fc.double({ min: CLEARED_MARGIN, max: 1, noNaN: true });
    fc.assert(
      fc.property(few, few, few, share, (updated, others, all, bad) => {
        const rest = { devices: others, bad: Math.min(all, others) };
        const sum = range(updated).reduce((part, n) => {
          const block = { updated: { devices: updated, bad: n }, others: rest };
          const worth = Math.exp(evidenceOfWell(betOnWell(NO_WELL_STAKES, block)));
          return part + binomial(updated, n, bad) * worth;
        }, 0);
        expect(sum).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it("finds values that moved, however far off a single one is", () => {
    const chance = chanceOf(7);
    const values = (n: number, shift: number) =>
      range(n - 1).map(() => shift + chance() + chance() + chance());
    const evidence = (shift: number) =>
      range(9).reduce<Stakes>(
        (stakes) => bet(stakes, blockOfValues([...values(19, shift), 1e12], values(200, 0)), 1),
        NO_STAKES,
      );
    expect(evidenceOf(evidence(0))).toBeLessThan(lnNeeded(LEVEL, 1));
    expect(evidenceOf(evidence(0.5))).toBeGreaterThan(lnNeeded(LEVEL, 1));
    expect(evidenceOf(bet(NO_STAKES, blockOfValues([], []), 1))).toBe(0);
    expect(evidenceOf(bet(NO_STAKES, blockOfValues([3, 3], [3, 3, 3]), 1))).toBe(0);
  });
});

describe("a verdict", () => {
  const needed = lnNeeded(LEVEL, 1);
  const none = { worse: 0, noWorse: 0 };

  it("needs more where more is measured, and stays once it is worse", () => {
    expect(lnNeeded(LEVEL, 3)).toBeGreaterThan(needed);
    expect(verdictOf("no_evidence", none, needed)).toBe("no_evidence");
    expect(verdictOf("no_evidence", { ...none, noWorse: needed }, needed)).toBe("cleared");
    expect(verdictOf("cleared", { ...none, worse: needed }, needed)).toBe("worse");
    expect(verdictOf("worse", { ...none, noWorse: needed }, needed)).toBe("worse");
  });

  it("is about any kind that is worse, and about all that are not", () => {
    expect(ofAnyKind([])).toBe(0);
    expect(ofAnyKind([10, 0, 0])).toBeCloseTo(10 - Math.log(3), 3);
    expect(ofEveryKind([10, 2, 5])).toBe(2);
    expect(shownEvidence(1e6)).toBe(1e12);
  });
});

/** The short form of `test/long/judge.test.ts`. */
describe("the judge, by simulation", () => {
  it("stops hardly any rollout without a fault, looking every minute", () => {
    expect(halts(300, (chance) => untilHalt(chance, harmless(chance, 600))).length).toBeLessThanOrEqual(3);
  });

  it("stops one that fails five times as often before a twentieth of the fleet has it", () => {
    const early = halts(200, (chance) => untilHalt(chance, harmful(chance))).filter(
      (begun) => begun < FLEET / 20,
    );
    expect(early.length).toBeGreaterThanOrEqual(190);
  });

  it("finds silence after the update, and does not mistake the night of a site for it", () => {
    for (const bySite of [true, false]) {
      expect(halts(10, (chance) => untilSilenceFound(chance, { more: 0, bySite }))).toEqual([]);
      expect(halts(10, (chance) => untilSilenceFound(chance, { more: 0.05, bySite }))).toHaveLength(10);
    }
  });

  it("clears what does not fall silent, and not what does", () => {
    const bySite = false;
    expect(halts(10, (chance) => untilCleared(chance, { more: 0, bySite }))).toHaveLength(10);
    expect(halts(10, (chance) => untilCleared(chance, { more: 0.05, bySite }))).toEqual([]);
  });
});
