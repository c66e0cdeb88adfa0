import { z } from "@hono/zod-openapi";
import { EVENT_TYPES, isOfType, TYPE_PATTERN, type EventType } from "../platform/event-types.ts";

const MAX_PATTERNS = 50;
const MAX_PATTERN = 64;
const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 100;

const types = Object.keys(EVENT_TYPES) as [EventType, ...EventType[]]; // they are what it has

const TypePattern = z
  .string({ error: "must be a text" })
  .max(MAX_PATTERN, { error: `the length must be no more than ${MAX_PATTERN}` })
  .regex(TYPE_PATTERN, { error: "must be a type of events, or its beginning and a star", abort: true })
  .refine((pattern) => types.some((type) => isOfType([pattern], type)), {
    error: "there is no such type of events",
  });

/** Patterns for types of events. */
export const TypePatterns = z
  .array(TypePattern, { error: "must be a list" })
  .min(1, { error: "cannot be empty" })
  .max(MAX_PATTERNS, { error: `must have no more than ${MAX_PATTERNS}` });

const whole = (name: string, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, { error: `${name} must be a number` })
    .transform(Number)
    .refine((value) => value <= max, { error: `${name} must be no more than ${max}` })
    .openapi({ type: "integer" });

/** A day is its beginning in UTC. */
const Time = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: "must be a time" })
  .transform((text) => Date.parse(text))
  .openapi({ type: "string", format: "date-time" });

export const Cursor = whole("cursor", Number.MAX_SAFE_INTEGER).openapi({
  type: "string",
  description: "Where an earlier answer ended",
});

const listed = (value: unknown) => (typeof value === "string" ? value.split(",") : value);

export const EventQuery = z.object({
  type: z
    .preprocess(listed, TypePatterns)
    .optional()
    .openapi({ type: "string", description: "Types or patterns, separated by commas" }),
  device: z.string().min(1).max(128).optional(),
  deployment: z.string().min(1).max(128).optional(),
  since: Time.optional(),
  until: Time.optional(),
  order: z.enum(["asc", "desc"]).default("asc"),
  cursor: Cursor.optional(),
  limit: whole("limit", MAX_LIMIT)
    .refine((value) => value > 0, { error: "limit must be at least 1" })
    .default(DEFAULT_LIMIT),
});

export const LiveQuery = EventQuery.pick({ type: true, device: true, deployment: true, cursor: true });

export const CloudEventWire = z
  .object({
    specversion: z.literal("1.0"),
    id: z.string(),
    source: z.string(),
    type: z.enum(types),
    subject: z.string(),
    time: z.string(),
    datacontenttype: z.literal("application/json"),
    sequence: z.string(),
    deviceid: z.string().optional(),
    deploymentid: z.string().optional(),
    group: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi("CloudEvent", { description: "Something that happened, in the envelope of CloudEvents 1.0" });

export const EventList = z
  .object({
    events: z.array(CloudEventWire),
    cursor: z.string().openapi({ description: "Where to go on, now or later" }),
    more: z.boolean().openapi({ description: "There is more behind the cursor already" }),
  })
  .openapi("EventList");
