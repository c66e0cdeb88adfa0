import { z } from "@hono/zod-openapi";

const MAX_TASKS = 50;
const counted = z.int().min(0).max(255).default(0);
const MAX_TEXTS = 1000;
const texts = z.array(z.string()).max(MAX_TEXTS);

const taskBase = {
  name: z.string().min(1).max(256),
  retries: counted,
  retryDelaySeconds: counted,
  requires: texts.optional().openapi({ description: "Expressions; an empty one skips the task" }),
};

// What a task does may be left out, as in the original; the job tells when it comes to it.
const HttpTaskSchema = z.object({
  ...taskBase,
  type: z.literal("http"),
  http: z
    .object({
      uri: z.string().default(""),
      method: z.string().default("GET"),
      contentType: z.string().optional(),
      formdata: z.record(z.string(), z.string()).optional(),
      json: z.unknown().optional(),
      body: z.string().optional(),
      headers: z.record(z.string(), z.string()).optional(),
      statusCodes: z.array(z.int()).max(MAX_TEXTS).optional(),
      readTimeOut: z.number().min(0).optional().openapi({ description: "Seconds" }),
      connectionTimeOut: z.number().optional(),
    })
    .prefault({}),
});

const MailTaskSchema = z.object({
  ...taskBase,
  type: z.literal("smtp"),
  smtp: z
    .object({
      from: z.string().default(""),
      to: texts.default([]),
      cc: texts.optional(),
      bcc: texts.optional(),
      subject: z.string().default(""),
      body: z.string().default(""),
      html: z.string().optional(),
      timeout: z.number().optional(),
    })
    .prefault({}),
});

const CallTaskSchema = z.object({
  ...taskBase,
  type: z.literal("call").openapi({ description: "A function of this server" }),
  call: z.object({
    function: z.string().min(1),
    parameters: z.record(z.string(), z.unknown()).default({}),
    accept: texts.optional().openapi({ description: "Refusals that count as success, such as not_found" }),
  }),
});

const TaskSchema = z.discriminatedUnion("type", [HttpTaskSchema, MailTaskSchema, CallTaskSchema]);

/** A workflow as it is registered (protocol notes, workflows 2). */
export const DefinitionSchema = z
  .object({
    name: z.string().min(1).max(256),
    version: z.int().min(0).default(0),
    schemaVersion: z.int().optional(),
    description: z.string().optional(),
    topic: z.string().optional(),
    ephemeral: z.boolean().optional().openapi({ description: "Keeps no record of a job that succeeded" }),
    inputParameters: texts.default([]),
    optionalParameters: texts.optional(),
    tasks: z.array(TaskSchema).max(MAX_TASKS).default([]),
  })
  .openapi("Workflow");

export type Definition = z.output<typeof DefinitionSchema>;
export type Task = Definition["tasks"][number];
export type HttpTask = Extract<Task, { type: "http" }>;
export type MailTask = Extract<Task, { type: "smtp" }>;
export type CallTask = Extract<Task, { type: "call" }>;

export type Input = Record<string, unknown>;

/** Names of required parameters that are not there, in the order of the definition. */
export const missingParameters = (definition: Definition, input: Input): string[] =>
  definition.inputParameters.filter((name) => !Object.hasOwn(input, name));
