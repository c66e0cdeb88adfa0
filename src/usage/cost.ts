import type { UsageRow } from "./store.ts";

/**
 * What the platform charges for what is counted, in US dollars, once nothing is included any more; `bench/cost` has the whole
 * model. Processor time and the head of a tenant are not counted and are taken as what a request and a check were measured at.
 */
export const USD = {
  perRequest: 0.3e-6,
  perRowRead: 0.001e-6,
  perRowWritten: 1e-6,
  perGbAndMonth: 0.015,
  cpuOfRequest: 0.03e-6,
  headOfCheck: 0.2e-6,
} as const;

const GB = 1e9;
const DAYS_A_MONTH = 30;

/** Rounded to a hundred-thousandth of a cent: days of small tenants are worth little. */
const rounded = (usd: number) => Math.round(usd * 1e7) / 1e7;

export const usdOf = (row: UsageRow): number =>
  rounded(
    row.requests * (USD.perRequest + USD.cpuOfRequest) +
      row.checks * USD.headOfCheck +
      row.rows_read * USD.perRowRead +
      row.rows_written * USD.perRowWritten +
      ((row.stored_bytes / GB) * USD.perGbAndMonth) / DAYS_A_MONTH,
  );
