import fc from "fast-check";
import { expect, it } from "vitest";
import { retryDelayMs } from "../../../src/platform/retry-delay.ts";

it("doubles from the base, adds up to half of it, and ends at an hour", () => {
  expect([0, 1, 2, 3].map((failures) => retryDelayMs(5000, failures, 0))).toEqual([
    5000, 10_000, 20_000, 40_000,
  ]);
  expect(retryDelayMs(5000, 1, 0.999)).toBe(14_995);
  expect(retryDelayMs(5000, 200, 0)).toBe(3_600_000);
});

it("is never shorter than after the failure before, whatever chance says", () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 255_000 }),
      fc.nat(300),
      chance,
      chance,
      (base, n, first, second) => {
        expect(retryDelayMs(base, n + 1, second)).toBeGreaterThanOrEqual(retryDelayMs(base, n, first));
      },
    ),
  );
});
