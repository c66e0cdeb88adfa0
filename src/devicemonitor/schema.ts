import { z } from "@hono/zod-openapi";

const MAX_LINES = 1024;

const required = (max: number) =>
  z
    .string({ error: "cannot be blank" })
    .min(1, { error: "cannot be blank" })
    .max(max, { error: `the length must be no more than ${max}` });

const optional = (max: number) =>
  z
    .string({ error: "must be a text" })
    .max(max, { error: `the length must be no more than ${max}` })
    .optional();

const MAX_NAME = 1024;
const MAX_WORD = 256;
const MAX_TEXT = 16_384;

const Line = z.looseObject(
  {
    line_number: z.int({ error: "must be a whole number" }).min(1, { error: "must be no less than 1" }),
    data: z.string({ error: "must be a text" }).max(MAX_TEXT, {
      error: `the length must be no more than ${MAX_TEXT}`,
    }),
  },
  { error: "must be an object" },
);

const Lines = z
  .array(Line, { error: "must be a list" })
  .max(MAX_LINES, { error: `must have no more than ${MAX_LINES}` })
  .optional();

const Details = z
  .looseObject(
    {
      description: optional(MAX_TEXT),
      lines_before: Lines,
      lines_after: Lines,
      line_matching: Line.optional(),
      log_pattern: optional(MAX_TEXT),
      log_file_path: optional(MAX_TEXT),
    },
    { error: "must be an object" },
  )
  .optional();

/** An alert as devices send it. Levels, types and further members are taken as they are (protocol notes, devicemonitor 1). */
export const Alert = z.looseObject(
  {
    name: required(MAX_NAME),
    level: required(64).openapi({ description: "`OK`, `CRITICAL`; anything but `OK` is open" }),
    subject: z.looseObject(
      { name: required(MAX_NAME), type: required(MAX_WORD), status: required(MAX_WORD), details: Details },
      { error: "must be an object" },
    ),
    timestamp: z.iso
      .datetime({ offset: true, error: "must be a time" })
      .max(64, { error: "must be a time" })
      .openapi({ description: "By the clock of the device" }),
  },
  { error: "must be an object" },
);

export type AlertValue = z.output<typeof Alert>;

const MAX_BATCH = 128;

/** Each item is looked at by itself: a device forgets a batch that is refused. */
export const AlertBatch = z
  .array(z.unknown(), { error: "must be a list" })
  .min(1, { error: "cannot be blank" })
  .max(MAX_BATCH, { error: `must have no more than ${MAX_BATCH}` })
  .openapi({
    type: "array",
    minItems: 1,
    maxItems: MAX_BATCH,
    items: { type: "object" },
    description: "Alerts; those that are none are left out",
  });

export const KeptAlert = z
  .looseObject({
    id: z.string(),
    device_id: z.string(),
    name: z.string(),
    level: z.string(),
    subject: z.looseObject({}),
    timestamp: z.string(),
  })
  .openapi("KeptAlert");

const MAX_CHECK = 4096;

/** What a device checks: the common members, and one named as the type. */
const Check = z
  .looseObject(
    { name: required(MAX_NAME), status: required(MAX_WORD), type: required(MAX_WORD) },
    { error: "must be an object" },
  )
  .refine((check) => JSON.stringify(check).length <= MAX_CHECK, {
    error: `the length must be no more than ${MAX_CHECK}`,
  })
  .openapi("Check");

export const CheckList = z
  .array(Check, { error: "must be a list" })
  .max(MAX_BATCH, { error: `must have no more than ${MAX_BATCH}` });

export const ChannelStatus = z
  .object({ enabled: z.boolean({ error: "must be a boolean" }) })
  .openapi("ChannelStatus");

export const ChannelTest = z
  .object({ success: z.boolean(), error: z.string().optional() })
  .openapi("ChannelTest");

/** A time in a query. */
export const QueryTime = z.iso
  .datetime({ offset: true, error: "must be a time" })
  .max(64, { error: "must be a time" })
  .transform((text) => Date.parse(text))
  .openapi({ type: "string", format: "date-time" });
