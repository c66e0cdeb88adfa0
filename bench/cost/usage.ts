import { METERS, PLAN_USD_PER_MONTH, PRICES, type Meter, type Usage } from "./prices.ts";

const each = (of: (meter: Meter) => number): Usage =>
  Object.fromEntries(METERS.map((meter) => [meter, of(meter)])) as unknown as Usage; // one number for each meter

export const usage = (some: Partial<Usage>): Usage => each((meter) => some[meter] ?? 0);

export const times = (one: Usage, count: number): Usage => each((meter) => one[meter] * count);

export const sum = (all: readonly Usage[]): Usage =>
  each((meter) => all.reduce((total, one) => total + one[meter], 0));

export const usdOf = (meter: Meter, amount: number): number =>
  (amount * PRICES[meter].usd) / PRICES[meter].per;

/** What a use costs once everything that the plan includes is used up. */
export const marginalUsd = (used: Usage): number =>
  METERS.reduce((total, meter) => total + usdOf(meter, used[meter]), 0);

/** What a month costs an account that uses this and nothing else. */
export const monthlyBillUsd = (used: Usage): number =>
  METERS.reduce(
    (total, meter) => total + usdOf(meter, Math.max(0, used[meter] - PRICES[meter].includedPerMonth)),
    PLAN_USD_PER_MONTH,
  );
