import { z } from "@hono/zod-openapi";
import { verbatim } from "../../platform/wire.ts";
import { durationMs } from "./duration.ts";

/** More would be a list nobody reads; every interval beyond them belongs to the last. */
export const MAX_PHASES = 100;

const time = z.iso.datetime({ offset: true, error: "must be a valid RFC 3339 time" });

const sizes = {
  batch_size: z.number().int().min(0).max(100).optional(),
  batch_size_devices: z.number().int().positive().max(100_000_000).optional(),
};

export const Phase = z.object({ ...sizes, start_ts: time.optional() }).openapi("NewDeploymentPhase");

export type Phase = z.output<typeof Phase>;

const BOTH_SIZES = "phases: one kind of size is for all of them, batch_size or batch_size_devices.";

/** What can be told of phases without knowing how many devices there are (protocol notes, rollouts 2). */
function refuseContradictions(phases: readonly Phase[], ctx: z.RefinementCtx): void {
  const refuse = (text: string) => ctx.addIssue(verbatim(text));
  const percents = phases.filter(({ batch_size }) => batch_size !== undefined);
  const numbers = phases.filter(({ batch_size_devices }) => batch_size_devices !== undefined);
  if (percents.length > 0 && numbers.length > 0) return refuse(BOTH_SIZES);
  const sized = Math.max(percents.length, numbers.length);
  const isOpen = phases.slice(0, -1).some((phase) => sizeOf(phase) === undefined);
  if (isOpen || sized < phases.length - 1) return refuse("phases: only the last may be without a size.");
  const sum = percents.reduce((total, { batch_size = 0 }) => total + batch_size, 0);
  if (sum > 100) return refuse(`phases: the percentages add up to ${sum}.`);
  const starts = phases.map(({ start_ts }) => (start_ts === undefined ? undefined : Date.parse(start_ts)));
  const late = starts.findIndex((start, i) => i > 0 && (start ?? Infinity) < (starts[i - 1] ?? -Infinity));
  if (late > 0) refuse(`phases: ${late + 1} starts before the one in front of it.`);
}

const sizeOf = ({ batch_size, batch_size_devices }: Phase) => batch_size ?? batch_size_devices;

export const Phases = z
  .array(Phase)
  .max(MAX_PHASES, { error: `the length must be no more than ${MAX_PHASES}` })
  .superRefine(refuseContradictions);

const interval = z.string().transform((text, ctx) => {
  const ms = durationMs(text);
  if (ms !== undefined && ms > 0) return text;
  ctx.addIssue({ code: "custom", message: "must be a duration of ISO 8601 such as PT2H" });
  return z.NEVER;
});

/** One batch every interval. */
export const UniformPhases = z
  .object({ ...sizes, start_ts: time.optional(), time_interval: interval })
  .superRefine((value, ctx) => {
    const given = [value.batch_size, value.batch_size_devices].filter((size) => size !== undefined);
    if (given.length !== 1)
      ctx.addIssue(verbatim("uniform_phases: one of batch_size and batch_size_devices is needed."));
  })
  .openapi("UniformPhases");

export type UniformPhases = z.output<typeof UniformPhases>;

export const PhaseObject = z.object({
  id: z.string(),
  batch_size: z.number().optional(),
  batch_size_devices: z.number().int().optional(),
  start_ts: z.string().optional(),
  device_count: z.number().int(),
});
