import { NEVER_MS } from "../limits.ts";
import type { WideRow } from "../store/digest.ts";

/** Which devices a deployment to many can be for, and from when on: what a check without the database is answered by. */
export interface WideDeployment {
  deployment_id: string;
  seq: number;
  /** No device that is not at it gets anything before. */
  opens_ms: number;
  /** Whether devices may be at it. */
  has_joined: boolean;
  /** 0 while nobody can tell whom it is for. */
  targeted: number;
  /** Targets without a final status. */
  remaining: number;
  /** Whether its list of devices and its opening alone decide who joins. */
  is_plain: boolean;
  order: PlaceOrder | undefined;
}

/** Where each device has its place: a phase is for those up to a threshold, from its time on. */
export interface PlaceOrder {
  salt: number;
  canaries: readonly string[];
  phases: readonly { opensMs: number; threshold: number | null }[];
}

type StoredPhase = [opensMs: number | null, capacity: number | null, threshold: number | null];

export function wideDeployment(row: WideRow, nowMs: number): WideDeployment {
  return {
    deployment_id: row.deployment_id,
    seq: row.seq,
    opens_ms: opensMs(row, nowMs),
    has_joined: row.in_progress > 0,
    targeted: row.dynamic === 1 ? 0 : row.targeted,
    remaining: row.remaining,
    is_plain: row.governed === 0 && row.dynamic === 0,
    order: orderOf(row),
  };
}

const phasesOf = (row: WideRow) => JSON.parse(row.phases ?? "[]") as StoredPhase[]; // made by the query

/** The first time at which all that lasts allows somebody to join. What ends otherwise is told when it ends. */
function opensMs(row: WideRow, nowMs: number): number {
  if (row.paused_ms !== null) return NEVER_MS;
  if (row.governed === 0) return row.opens_ms;
  const next = phasesOf(row).find(([, capacity]) => capacity === null || row.joined < capacity);
  const phaseMs = Math.max(row.opens_ms, next?.[0] ?? NEVER_MS);
  return Math.max(phaseMs, windowMs(row, Math.max(nowMs, phaseMs)), budgetMs(row, nowMs));
}

const windowMs = (row: WideRow, atMs: number): number => {
  if (row.windows === null) return 0;
  const windows = JSON.parse(row.windows) as [number, number][]; // made by the query
  // One that is over when the phase opens is followed by others that nobody knows yet.
  const begins = windows.map(([fromMs, toMs]) => (toMs > atMs ? fromMs : 0));
  return begins.length === 0 ? NEVER_MS : Math.min(...begins);
};

const MINUTE_MS = 60_000;

function budgetMs(row: WideRow, nowMs: number): number {
  if (row.at_once !== null && row.in_progress >= row.at_once) return NEVER_MS;
  const minute = Math.floor(nowMs / MINUTE_MS);
  const isSpent = row.per_minute !== null && row.pace_minute === minute && row.pace_count >= row.per_minute;
  return isSpent ? (minute + 1) * MINUTE_MS : 0;
}

function orderOf(row: WideRow): PlaceOrder | undefined {
  if (!row.salt) return undefined;
  const canaries = JSON.parse(row.canaries ?? "[]") as string[]; // written by `addGoverning`
  const phases = phasesOf(row).map(([opens, , threshold]) => ({ opensMs: opens ?? NEVER_MS, threshold }));
  return { salt: row.salt, canaries, phases };
}
