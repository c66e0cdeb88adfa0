import { expect, test } from "vitest";
import { PRICES } from "../../../bench/cost/prices.ts";
import { USD } from "../../../src/usage/cost.ts";

test("usage is priced as the cost model prices it", () => {
  const of = (meter: keyof typeof PRICES) => PRICES[meter].usd / PRICES[meter].per;
  expect(USD.perRequest).toBeCloseTo(of("workerRequests"), 15);
  expect(USD.perRowRead).toBeCloseTo(of("d1RowsRead"), 15);
  expect(USD.perRowWritten).toBeCloseTo(of("d1RowsWritten"), 15);
});
