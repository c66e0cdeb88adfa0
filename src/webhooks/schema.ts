import { z } from "@hono/zod-openapi";
import { CloudEventWire, Cursor, TypePatterns } from "../events/index.ts";
import { MAX_PREDICATES, PredicateInput } from "../inventory/index.ts";
import { requiredText } from "../platform/wire.ts";
import { SHAPES } from "./shapes.ts";

const MAX_NAME = 128;
const MAX_TARGET = 2048;
const MAX_SECRET = 256;
const MAX_GROUPS = 100;
const MAX_GROUP = 1024;
const MAX_BATCH = 100;
const MAX_OVERLAP_H = 168;
const DEFAULT_OVERLAP_H = 24;

const max = (count: number) => ({ error: `the length must be no more than ${count}` });

/** Strict, as a filter that lacks what it was meant to say lets everything through. */
const FilterWire = z
  .strictObject(
    {
      groups: z
        .array(
          z
            .string({ error: "must be a text" })
            .min(1, { error: "cannot be blank" })
            .max(MAX_GROUP, max(MAX_GROUP)),
          { error: "must be a list" },
        )
        .min(1, { error: "cannot be empty" })
        .max(MAX_GROUPS, max(MAX_GROUPS))
        .optional(),
      terms: z
        .array(PredicateInput, { error: "must be a list" })
        .min(1, { error: "cannot be empty" })
        .max(MAX_PREDICATES, max(MAX_PREDICATES))
        .optional(),
    },
    { error: ({ code }) => (code === "invalid_type" ? "must be an object" : undefined) },
  )
  .openapi("WebhookFilter", {
    description: "Only events about devices that are in one of the groups, and satisfy all terms",
  });

const fields = {
  name: requiredText(1, MAX_NAME),
  types: TypePatterns,
  filter: FilterWire.optional(),
  batch: z
    .int({ error: "must be a number" })
    .min(1, { error: "must be at least 1" })
    .max(MAX_BATCH, { error: `must be no more than ${MAX_BATCH}` })
    .default(1)
    .openapi({ description: "Events that one request tells of at most" }),
  enabled: z.boolean({ error: "must be true or false" }).default(true),
};

const Target = requiredText(1, MAX_TARGET).openapi({
  description: "An address of the web; of the shape `mail` one of mail. Its path is shown to nobody.",
});

const SecretText = z
  .string({ error: "must be a text" })
  .max(MAX_SECRET, max(MAX_SECRET))
  .optional()
  .openapi({ description: "`whsec_` and base64 of 24 to 64 bytes; made by the server where none is given" });

export const NewWebhook = z
  .object({
    ...fields,
    shape: z.enum(SHAPES, { error: `must be one of ${SHAPES.join(", ")}` }).default("cloudevents"),
    target: Target,
    secret: SecretText,
  })
  .openapi("NewWebhook");

export const ChangedWebhook = z
  .object({ ...fields, target: Target.optional() })
  .openapi("ChangedWebhook", { description: "As a whole; the target stays where none is given" });

export const WebhookWire = z
  .object({
    id: z.string(),
    name: z.string(),
    shape: z.enum(SHAPES),
    target: z.string(),
    types: z.array(z.string()),
    filter: z.object({ groups: z.array(z.string()).optional(), terms: z.array(z.unknown()).optional() }),
    batch: z.number(),
    enabled: z.boolean(),
    old_secret_until: z.string().optional(),
    created_ts: z.string(),
    updated_ts: z.string(),
    state: z.object({
      failures: z.number().openapi({ description: "In a row, with nobody there" }),
      paused_until: z.string().optional(),
      behind: z.number().openapi({ description: "Events of the stream that it was not told of yet" }),
      held: z.number().openapi({ description: "What waits behind events that were not taken" }),
    }),
  })
  .openapi("Webhook");

export const MadeWebhook = WebhookWire.extend({
  secret: z.string().openapi({ description: "Shown this once" }),
}).openapi("MadeWebhook");

export const Rotation = z
  .object({
    secret: SecretText,
    overlap_hours: z
      .int({ error: "must be a number" })
      .min(0, { error: "must be at least 0" })
      .max(MAX_OVERLAP_H, { error: `must be no more than ${MAX_OVERLAP_H}` })
      .default(DEFAULT_OVERLAP_H),
  })
  .openapi("WebhookRotation");

const Time = z.iso.datetime({ error: "must be a time", offset: true }).max(40);

export const Replay = z
  .object({ since: Time, until: Time })
  .refine(({ since, until }) => Date.parse(since) < Date.parse(until), {
    error: "must be after since",
    path: ["until"],
  })
  .openapi("WebhookReplay");

export const Delivery = z
  .object({
    event: CloudEventWire,
    success: z.boolean(),
    status_code: z.number().optional(),
    time: z.string(),
    attempts: z.number(),
    error: z.string().optional(),
    answer: z.string().optional().openapi({ description: "The first 1 KiB of what the receiver said" }),
  })
  .openapi("WebhookDelivery");

export const DeliveryList = z
  .object({ deliveries: z.array(Delivery), cursor: z.string(), more: z.boolean() })
  .openapi("WebhookDeliveryList");

export const DeliveryQuery = z.object({
  cursor: Cursor.optional(),
  failed: z.enum(["true", "false"]).optional(),
});

export const TestResult = z
  .object({
    success: z.boolean(),
    status_code: z.number().optional(),
    error: z.string().optional(),
    answer: z.string().optional(),
  })
  .openapi("WebhookTest");
