import fc from "fast-check";
import { expect, it } from "vitest";
import { Pace } from "../../../src/inventory/search/in-slices.ts";

it("keeps the size of slices within its bounds, whatever they took", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.float({ min: 0, noNaN: true }), { nil: undefined })), (times) => {
      const pace = new Pace(2000, 5000);
      for (const ms of times) {
        pace.took(ms);
        expect(pace.size).toBeGreaterThanOrEqual(250);
        expect(pace.size).toBeLessThanOrEqual(5000);
        expect(Number.isInteger(pace.size)).toBe(true);
      }
    }),
  );
});

it("makes them smaller when they take too long, and greater when they do not", () => {
  const pace = new Pace(2000, 5000);
  pace.took(40);
  expect(pace.size).toBe(1000);
  pace.took(10);
  expect(pace.size).toBe(2000);
});
