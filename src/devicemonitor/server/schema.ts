import { z } from "@hono/zod-openapi";
import { optionalText, uuidText } from "../../platform/wire.ts";
import { QueryTime } from "../schema.ts";
import { RULE_KINDS } from "../rules.ts";

/** Of an id, which holds the subject of an alert, and of a cursor. */
const MAX_ID = 12_288;
/** Alerts of one request. */
const MAX_ACKNOWLEDGED = 100;

const DEFAULT_LISTED = 50;
const MAX_LISTED = 200;

const flag = z
  .enum(["true", "false"], { error: "must be true or false" })
  .transform((text) => text === "true")
  .openapi({ type: "string", enum: ["true", "false"] });

export const AlertQuery = z.object({
  cursor: z.string().max(MAX_ID).optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, { error: "must be a number" })
    .transform(Number)
    .refine((n) => n >= 1 && n <= MAX_LISTED, { error: `must be between 1 and ${MAX_LISTED}` })
    .default(DEFAULT_LISTED)
    .openapi({ type: "integer", minimum: 1, maximum: MAX_LISTED, default: DEFAULT_LISTED }),
  source: z.enum(["device", "server"], { error: "must be device or server" }).optional(),
  device: z.string().max(128).optional(),
  group: z.string().max(1024).optional(),
  subject: z.string().max(1024).optional(),
  acknowledged: flag.optional(),
  muted: flag.optional(),
});

export const OpenAlert = z
  .object({
    id: z.string(),
    source: z.enum(["device", "server"]),
    subject: z.string().openapi({ description: "What it is about; of the server's own alerts the kind" }),
    object: z.string().optional().openapi({ description: "Of those, the id of what it is about" }),
    level: z.string(),
    text: z.string(),
    device_id: z.string().optional(),
    group: z.string().optional(),
    time: z.string().openapi({ description: "When it was told or found" }),
    acknowledged: z.object({ time: z.string(), by: z.string(), note: z.string().optional() }).optional(),
    muted: z.boolean(),
  })
  .openapi("OpenAlert");

export const OpenAlerts = z.object({
  alerts: z.array(OpenAlert),
  cursor: z.string().optional().openapi({ description: "To go on with, if there is more" }),
});

const MAX_NOTE = 1024;

export const Acknowledgement = z.object({
  ids: z
    .array(z.string({ error: "must be a text" }).min(1).max(MAX_ID), { error: "must be a list" })
    .min(1, { error: "cannot be blank" })
    .max(MAX_ACKNOWLEDGED, { error: `must have no more than ${MAX_ACKNOWLEDGED}` }),
  acknowledged: z.boolean({ error: "must be a boolean" }).default(true),
  note: optionalText(MAX_NOTE),
});

export const Mute = z
  .object({
    id: z.string(),
    device_id: z.string().optional(),
    group: z.string().optional(),
    subject: z.string().optional(),
    until: z.string().optional(),
    reason: z.string(),
    created_by: z.string(),
    created_ts: z.string(),
  })
  .openapi("Mute");

/** Strict, as a mute that lacks what it was meant to be about is about everything. */
export const NewMute = z.strictObject({
  device_id: uuidText.optional(),
  group: z.string().min(1).max(1024).optional(),
  subject: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .openapi({ description: "What alerts are about; of the server's own the kind" }),
  until: QueryTime.optional(),
  reason: z.string().max(MAX_NOTE).default(""),
});

/** Which kinds there are is said after what is wrong with a body, as of any name in a path. */
export const RuleKindParam = z.object({ kind: z.string().openapi({ enum: [...RULE_KINDS] }) });
export const RuleKindText = z.enum(RULE_KINDS);
export const RuleQuery = z.object({ group: z.string().max(1024).default("") });

const THRESHOLDS =
  "Of silent: times the usual silence; configuration: hours; deployment and limit: percent; expiry: days; receiver: failures in a row";

export const NewRule = z
  .object({
    enabled: z.boolean({ error: "must be a boolean" }).default(true),
    mail: z.boolean({ error: "must be a boolean" }).default(true),
    level: z.enum(["WARNING", "CRITICAL"], { error: "must be WARNING or CRITICAL" }).optional(),
    threshold: z.int({ error: "must be a whole number" }).optional().openapi({ description: THRESHOLDS }),
  })
  .openapi("NewAlertRule");

export const AlertRule = z
  .object({
    kind: z.enum(RULE_KINDS),
    group: z.string().optional().openapi({ description: "Absent for devices of every group" }),
    enabled: z.boolean(),
    mail: z.boolean(),
    level: z.enum(["WARNING", "CRITICAL"]),
    threshold: z.number().openapi({ description: THRESHOLDS }),
    default: z.boolean().openapi({ description: "Nobody has said anything else" }),
  })
  .openapi("AlertRule");
