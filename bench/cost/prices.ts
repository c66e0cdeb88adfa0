/**
 * What the platform charges, in US dollars: Cloudflare's public price pages for Workers, D1, Durable Objects, R2 and Queues,
 * Workers Paid plan, as they were in October 2026. Included amounts are those of one account and month.
 */
export const PRICES_OF = "Cloudflare's public price pages, Workers Paid plan, October 2026";

export const PLAN_USD_PER_MONTH = 5;

/** What is metered. Each field of a `Usage` has one price. */
export interface Usage {
  workerRequests: number;
  workerCpuMs: number;
  d1RowsRead: number;
  d1RowsWritten: number;
  d1StorageGbMonths: number;
  objectRequests: number;
  objectDurationGbS: number;
  objectRowsWritten: number;
  r2WriteOperations: number;
  r2ReadOperations: number;
  r2StorageGbMonths: number;
  queueOperations: number;
}

export type Meter = keyof Usage;

export interface Price {
  usd: number;
  /** For this many. */
  per: number;
  includedPerMonth: number;
}

const MILLION = 1e6;

/** A row of an object's own database costs what a row of D1 does, and has an included amount of its own. */
export const PRICES: Readonly<Record<Meter, Price>> = {
  workerRequests: { usd: 0.3, per: MILLION, includedPerMonth: 10 * MILLION },
  workerCpuMs: { usd: 0.02, per: MILLION, includedPerMonth: 30 * MILLION },
  d1RowsRead: { usd: 0.001, per: MILLION, includedPerMonth: 25_000 * MILLION },
  d1RowsWritten: { usd: 1, per: MILLION, includedPerMonth: 50 * MILLION },
  d1StorageGbMonths: { usd: 0.75, per: 1, includedPerMonth: 5 },
  objectRequests: { usd: 0.15, per: MILLION, includedPerMonth: MILLION },
  objectDurationGbS: { usd: 12.5, per: MILLION, includedPerMonth: 400_000 },
  objectRowsWritten: { usd: 1, per: MILLION, includedPerMonth: 50 * MILLION },
  r2WriteOperations: { usd: 4.5, per: MILLION, includedPerMonth: MILLION },
  r2ReadOperations: { usd: 0.36, per: MILLION, includedPerMonth: 10 * MILLION },
  r2StorageGbMonths: { usd: 0.015, per: 1, includedPerMonth: 10 },
  queueOperations: { usd: 0.4, per: MILLION, includedPerMonth: MILLION },
};

/** Memory that an object is billed for while it is awake. */
export const OBJECT_GB = 0.128;

export const METERS = Object.keys(PRICES) as Meter[]; // the keys of a record are its meters
