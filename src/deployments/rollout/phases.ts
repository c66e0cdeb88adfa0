import { Fault } from "../../platform/fault.ts";
import { newId } from "../../platform/ids.ts";
import { durationMs } from "./duration.ts";
import { MAX_PHASES, type Phase, type UniformPhases } from "./phase-schema.ts";

/** A phase as it is stored, in the terms of the wire. */
export interface PlannedPhase {
  id: string;
  batchSize: number | null;
  batchSizeDevices: number | null;
  startTs: string | null;
  startMs: number | null;
}

/** Phases a little in the past are meant for now: clocks differ, and a request takes its time. */
const LATE_MS = 300_000;

export function plannedPhases(phases: readonly Phase[], atMs: number): PlannedPhase[] {
  return phases.map((phase, i) => {
    const startMs = phase.start_ts === undefined ? null : Date.parse(phase.start_ts);
    if (i > 0 && startMs !== null && startMs < atMs - LATE_MS)
      throw new Fault("bad_request", `phases: ${i + 1} starts in the past.`);
    return {
      id: newId(),
      batchSize: phase.batch_size ?? null,
      batchSizeDevices: phase.batch_size_devices ?? null,
      startTs: phase.start_ts ?? null,
      startMs: startMs === null ? (i === 0 ? atMs : null) : Math.max(startMs, atMs),
    };
  });
}

/** The phases that one batch every interval makes; the last takes what is left and what comes later. */
export function uniformPhases(uniform: UniformPhases, total: number, atMs: number): PlannedPhase[] {
  const { batch_size: percent, batch_size_devices: number } = uniform;
  const each = number ?? Math.floor(((percent ?? 0) * total) / 100);
  if (each === 0) throw emptyBatch(1);
  const count = Math.max(1, percent ? Math.ceil(100 / percent) : Math.ceil(total / each));
  if (count > MAX_PHASES)
    throw new Fault("bad_request", `uniform_phases: that makes ${count} batches, more than ${MAX_PHASES}.`);
  const startMs = uniform.start_ts === undefined ? atMs : Math.max(Date.parse(uniform.start_ts), atMs);
  const stepMs = durationMs(uniform.time_interval) ?? 0;
  return Array.from({ length: count }, (_, i) => ({
    id: newId(),
    batchSize: i === count - 1 ? null : (percent ?? null),
    batchSizeDevices: i === count - 1 ? null : (number ?? null),
    startTs: null,
    startMs: startMs + i * stepMs,
  }));
}

const emptyBatch = (n: number) =>
  new Fault(
    "bad_request",
    `Attempt to create a batch with zero devices not allowed. Batch: (${n}) will be empty`,
  );

export type Sized = Pick<PlannedPhase, "batchSize" | "batchSizeDevices">;

/** For each phase the number of devices in it and all before it; the last takes all that remain. */
export function sizesOf(phases: readonly Sized[], total: number): number[] {
  let before = 0;
  return phases.map((phase, i) => {
    const own = phase.batchSizeDevices ?? Math.floor(((phase.batchSize ?? 0) * total) / 100);
    before = i === phases.length - 1 ? total : Math.min(total, before + own);
    return before;
  });
}

export function refuseEmpty(phases: readonly Sized[], total: number): void {
  const sizes = sizesOf(phases, total);
  const empty = sizes.findIndex((size, i) => size <= (sizes[i - 1] ?? 0));
  if (empty >= 0) throw emptyBatch(empty + 1);
}

/** The percentage of a phase: what was asked for, or what its devices are of all. */
export function percentOf(phases: readonly Sized[], i: number, total: number): number | undefined {
  const phase = phases[i];
  if (!phase) return undefined;
  if (phase.batchSize !== null) return phase.batchSize;
  const isByPercent = phases.every((other) => other.batchSizeDevices === null);
  if (isByPercent) return 100 - phases.slice(0, i).reduce((sum, { batchSize }) => sum + (batchSize ?? 0), 0);
  const sizes = sizesOf(phases, total);
  const own = (sizes[i] ?? 0) - (sizes[i - 1] ?? 0);
  return total === 0 ? 0 : Math.round((own * 10_000) / total) / 100;
}
