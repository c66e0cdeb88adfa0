import type { DeviceClaim } from "./actor.ts";
import type { DeviceId, TenantId } from "./ids.ts";

/** A report of a device that its head did not know as the same, and what the head does about it. */
export interface AskedReport {
  /** Of the whole request, and of who sent it. */
  print: string;
  /** To pledge the device's row by, if it is written. */
  fresh: string;
  /** Pledges by which the head answers no more, unless this request tells it to. */
  ended: readonly string[];
  /** The one of them of which it can tell so. */
  held?: string | undefined;
}

/** The pledge that the row of a device carries. */
export interface PledgedRow {
  device_id: DeviceId;
  pledge: string;
}

/**
 * Reports that are the same as what is stored are answered by the head of the tenant. A row that carries a pledge keeps what the
 * device reported until the head was told of the end of the pledge; so the head knows.
 */
export interface NearReports {
  /** What became of the report before the routes; undefined if the head was not asked. */
  asked: (claim: DeviceClaim) => AskedReport | undefined;
  /** Has the head answer by none of these any more. Rejects with a fault while it is away. */
  end: (tenant: TenantId, pledges: readonly PledgedRow[]) => Promise<void>;
  /** Tells the head that the report of this claim is what a row with this pledge has, soon after the answer. */
  keep: (claim: DeviceClaim, pledge: string) => void;
}

const DAY_MS = 86_400_000;
/** Clocks differ by less than this. The trigger of the table has the same number. */
const CLOCKS_MS = 300_000;

const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS);

/** Those of one device differ; each is in its row. */
const RANDOM_BYTES = 6;

/** A pledge for the day (UTC) of this time. */
export function newPledge(nowMs: number): string {
  const random = crypto.getRandomValues(Buffer.alloc(RANDOM_BYTES));
  return `${dayOf(nowMs)} ${random.toString("base64url")}`;
}

const dayOfPledge = (pledge: string): number => Number.parseInt(pledge, 10);

/** Whether a report may be answered by it. */
export const isGood = (pledge: string, nowMs: number): boolean => dayOfPledge(pledge) === dayOf(nowMs);

/** Whether nobody answers by it any more, whatever the clock. */
export const isOver = (pledge: string, nowMs: number): boolean =>
  dayOf(nowMs - CLOCKS_MS) > dayOfPledge(pledge);
