import { z } from "@hono/zod-openapi";
import { rfc3339 } from "../platform/clock.ts";
import type { Definition, Input } from "./definition.ts";
import { isSecretName, MASK, masked, maskedText, maskedUri } from "./masking.ts";
import type { JobDetail } from "./workflows.ts";
import { JOB_STATUSES, type JobRow } from "./store.ts";
import { type TaskResult } from "./task-result.ts";

const ResultSchema = z.object({
  name: z.string(),
  type: z.string(),
  success: z.boolean(),
  skipped: z.boolean(),
  httpRequest: z
    .object({ uri: z.string(), method: z.string(), body: z.string(), headers: z.array(z.string()) })
    .optional(),
  httpResponse: z.object({ statusCode: z.number(), body: z.string() }).optional(),
  smtp: z.object({ sender: z.string(), recipients: z.array(z.string()), error: z.string() }).optional(),
  call: z.object({ function: z.string(), error: z.string() }).optional(),
});

/** A job as the original shows it (protocol notes, workflows 5), and why it failed. */
export const JobSchema = z
  .object({
    id: z.string(),
    workflowName: z.string(),
    inputParameters: z.array(z.object({ name: z.string(), value: z.unknown() })),
    status: z.enum(JOB_STATUSES),
    results: z.array(ResultSchema).nullable(),
    insert_time: z.string(),
    version: z.string(),
    failure: z.string().optional(),
  })
  .openapi("WorkflowJob");

export const JobSummarySchema = z
  .object({
    id: z.string(),
    workflow: z.string(),
    version: z.number(),
    tenant: z.string(),
    subject: z.string().optional(),
    status: z.enum(JOB_STATUSES),
    step: z.number().openapi({ description: "Tasks that are done" }),
    attempts: z.number().openapi({ description: "How often the current task failed" }),
    failure: z.string().optional(),
    created: z.string(),
    updated: z.string(),
  })
  .openapi("OperatorJob");

const withoutSecrets = (result: TaskResult): TaskResult =>
  result.httpResponse
    ? { ...result, httpResponse: { ...result.httpResponse, body: maskedText(result.httpResponse.body) } }
    : result;

const shownInput = (input: Input) =>
  Object.entries(input).map(([name, value]) => ({
    name,
    value: typeof value === "string" && !isSecretName(name) ? maskedText(value) : masked(value, name),
  }));

export function jobWire({ job, results }: JobDetail): z.output<typeof JobSchema> {
  // Written by the step that gave it.
  const shown = results.map(({ result }) => withoutSecrets(JSON.parse(result) as TaskResult));
  return {
    id: job.job_id,
    workflowName: job.workflow,
    inputParameters: shownInput(JSON.parse(job.input) as Input), // written by `addJob`
    status: job.status,
    results: shown.length > 0 ? shown : null,
    insert_time: rfc3339(job.created_ms),
    version: String(job.version),
    ...(job.failure !== null && { failure: job.failure }),
  };
}

export const jobSummary = (job: JobRow): z.output<typeof JobSummarySchema> => ({
  id: job.job_id,
  workflow: job.workflow,
  version: job.version,
  tenant: job.tenant_id,
  ...(job.subject !== null && { subject: job.subject }),
  status: job.status,
  step: job.step,
  attempts: job.attempt,
  ...(job.failure !== null && { failure: job.failure }),
  created: rfc3339(job.created_ms),
  updated: rfc3339(job.updated_ms),
});

/** A definition as answers show it: values of secret headers and members are gone, expressions stay readable. */
export function definitionWire(definition: Definition): Definition {
  const tasks = definition.tasks.map((task): Definition["tasks"][number] => {
    if (task.type === "call") {
      const parameters = shownParameters(task.call.parameters);
      return { ...task, call: { ...task.call, parameters } };
    }
    if (task.type === "smtp") return task;
    const { http } = task;
    return {
      ...task,
      http: {
        ...http,
        uri: maskedUri(http.uri),
        ...(http.headers && { headers: shownTexts(http.headers) }),
        ...(http.formdata && { formdata: shownTexts(http.formdata) }),
        ...(http.json !== undefined && { json: masked(http.json) }),
        ...(http.body !== undefined && { body: maskedText(http.body) }),
      },
    };
  });
  return { ...definition, tasks };
}

const EXPRESSION = /^\$\{[^{}|]*\}$/;

/** An expression says where a value comes from, not what it is. */
const shownText = (name: string, text: string): string =>
  isSecretName(name) && !EXPRESSION.test(text) ? MASK : text;

const shownTexts = (texts: Record<string, string>) =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, shownText(name, text)]));

const shownParameters = (parameters: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === "string" ? shownText(name, value) : masked(value, name),
    ]),
  );
