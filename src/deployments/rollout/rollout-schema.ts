import { z } from "@hono/zod-openapi";
import { CAUSES } from "../failures/cause.ts";
import { Judge } from "../judge/schema.ts";
import { Attribute } from "./attribute-schema.ts";
import { isZone } from "./zone-clock.ts";

const MAX_CANARIES = 1000;
const MAX_GATES = 100;
const MAX_APPROVALS = 10;
const MAX_RULES = 10;
const MAX_WEIGHT = 100;

const percent = z.number().min(0).max(100);
const devices = z.int().min(1).max(100_000_000);

export const Gate = z
  .strictObject({
    phase: z.int().min(1).openapi({ description: "Number of the phase that waits, from 1" }),
    after_s: z.int().min(0).max(31_536_000).optional(),
    success: z.strictObject({ percent, results: devices }).optional(),
    approvals: z.int().min(1).max(MAX_APPROVALS).optional(),
  })
  .refine(({ after_s, success, approvals }) => after_s !== undefined || success || approvals, {
    error: "needs after_s, success or approvals",
  })
  .openapi("RolloutGate");

export interface Gate {
  phase: number;
  after_s?: number | undefined;
  success?: { percent: number; results: number } | undefined;
  approvals?: number | undefined;
}

const FAILURE_KINDS = ["download", "install", "reboot", "commit", "timeout", "silence"] as const;

/** What stops a rollout by itself. */
const StopRule = z
  .strictObject({
    percent: percent.optional(),
    devices: devices.optional(),
    results: devices.default(1).openapi({ description: "Not looked at before so many results" }),
    kinds: z.array(z.enum(FAILURE_KINDS)).min(1).max(FAILURE_KINDS.length).optional(),
    device_types: z.array(z.string().min(1).max(256)).min(1).max(100).optional(),
    per_type: z.boolean().default(false),
  })
  .refine(({ percent: share, devices: count }) => (share === undefined) !== (count === undefined), {
    error: "needs one of percent and devices",
  })
  .openapi("RolloutStopRule");

/** Another attempt heals what comes from outside: a network that is away, space that is full, power that fails. */
const Retry = z
  .strictObject({
    kinds: z
      .array(z.enum(["download", "install", "reboot", "commit"]))
      .min(1)
      .max(4)
      .default(["download", "reboot"]),
    causes: z
      .array(z.enum(CAUSES))
      .max(CAUSES.length)
      .default([...CAUSES])
      .openapi({ description: "What the end of a log may tell of that another attempt heals, of all kinds" }),
    pause_s: z.int().min(0).max(86_400).default(300),
    max_pause_s: z.int().min(0).max(604_800).default(21_600),
  })
  .refine(({ pause_s, max_pause_s }) => pause_s <= max_pause_s, { error: "pauses begin beyond their most" });

const Budget = z
  .strictObject({
    attribute: Attribute,
    at_once: devices.optional(),
    bytes_per_day: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  })
  .refine(({ at_once, bytes_per_day }) => at_once !== undefined || bytes_per_day !== undefined, {
    error: "needs at_once or bytes_per_day",
  });

const OnStop = z
  .strictObject({
    action: z.enum(["pause", "abort", "revert"]).default("pause"),
    artifact_name: z.string().min(1).max(4096).optional(),
  })
  .refine(({ action, artifact_name }) => (action === "revert") === (artifact_name !== undefined), {
    error: "revert, and it alone, needs the artifact_name to go back to",
  });

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: "must be a time such as 22:30" });

const Weekly = z
  .strictObject({ days: z.array(z.enum(DAYS)).min(1).max(7), from: clock, to: clock })
  .refine(({ from, to }) => from !== to, { error: "never opens: it begins when it ends" });

export const Windows = z
  .strictObject({
    zone: z.string().max(64).default("UTC").refine(isZone, { error: "must be a time zone" }),
    zone_attribute: Attribute.optional(),
    weekly: z.array(Weekly).min(1, { error: "never opens: it has no times" }).max(50),
    holidays: z.array(z.iso.date()).max(1000).default([]),
    download_ahead: z.boolean().optional().openapi({
      description: "Devices that follow an update control map may download before, and install inside",
    }),
  })
  .openapi("RolloutWindows");

export type Windows = z.output<typeof Windows>;
export type StopRule = z.output<typeof StopRule>;

/** What can be changed while it runs. */
const changing = {
  per_minute: z.int().min(1).max(1_000_000),
  at_once: devices,
  budget: Budget,
  windows: Windows,
};

/** New values of members; null takes one away, and those that are missing stay. */
export const RolloutChange = z
  .strictObject({
    per_minute: changing.per_minute.nullish(),
    at_once: changing.at_once.nullish(),
    budget: changing.budget.nullish(),
    windows: changing.windows.nullish(),
  })
  .openapi("RolloutChange");

export type RolloutChange = z.output<typeof RolloutChange>;

/** What the product adds to a deployment; clients that do not know it never see it. */
export const Rollout = z
  .strictObject({
    order: z.enum(["hash", "arrival"]).default("hash"),
    canaries: z.array(z.string().min(1).max(256)).max(MAX_CANARIES).optional(),
    gates: z
      .array(Gate)
      .max(MAX_GATES)
      .refine((gates) => new Set(gates.map(({ phase }) => phase)).size === gates.length, {
        error: "one gate for a phase",
      })
      .optional(),
    stop: z.array(StopRule).max(MAX_RULES).optional(),
    judge: Judge.optional(),
    on_stop: OnStop.optional(),
    per_minute: changing.per_minute.optional(),
    at_once: changing.at_once.optional(),
    budget: changing.budget.optional(),
    windows: changing.windows.optional(),
    weight: z.int().min(0).max(MAX_WEIGHT).optional().openapi({
      description: "Goes ahead of deployments with less, never inside one that a device has begun",
    }),
    retry: Retry.optional(),
    timeout_s: z.int().min(60).max(2_592_000).optional().openapi({
      description: "How long a device may stay in a state, instead of what the fleet tells",
    }),
  })
  .refine(({ stop, judge, on_stop }) => !on_stop || judge !== undefined || (stop?.length ?? 0) > 0, {
    error: "nothing leads to it: there is no stop rule",
    path: ["on_stop"],
  })
  .refine(({ order, canaries }) => order === "hash" || !canaries?.length, {
    error: "canaries come first in the order hash only",
    path: ["canaries"],
  })
  .openapi("Rollout");

/** As it is kept: of a list, and of what follows a deployment, devices keep to the windows of their own groups. */
export type Rollout = z.output<typeof Rollout> & { windows_of_groups?: Record<string, Windows> | undefined };
