import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { operatorOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { withMembers } from "../platform/json-members.ts";
import { operatorRoute } from "../platform/route.ts";
import {
  FaultBody,
  describeIssues,
  faultResponses,
  jsonContent,
  parseJsonBody,
  wholeBody,
} from "../platform/wire.ts";
import { mountOperatorJobs } from "./operator-routes.ts";
import { DefinitionSchema, type Input } from "./definition.ts";
import { definitionWire, JobSchema, jobWire } from "./schema.ts";
import { listDefinitions, register, showJob, startJobs, type DemandSupport } from "./workflows.ts";

const tags = ["workflows"];
const nameParam = z.object({ name: z.string() });
const idParam = z.object({ id: z.string() });
const Started = z.object({ id: z.string(), name: z.string() });

const refusals = (...statuses: (400 | 404 | 409)[]) => ({
  ...faultResponses(401),
  ...Object.fromEntries(
    statuses.map((status) => [status, { description: "Refused", content: jsonContent(FaultBody) }]),
  ),
});

const refuse = (text: string) => new Fault("bad_request", text);

const MAX_BATCH = 400;
const Parameters = z.record(z.string(), z.unknown());
const Batch = z.array(Parameters).max(MAX_BATCH, { error: `at most ${MAX_BATCH} jobs at once` });

// Bodies are parsed in the routes, whose errors have a shape of their own.
const ANY_OBJECT = { type: "object" as const, additionalProperties: true };

const statusRoute = operatorRoute({
  method: "get",
  path: "/status",
  summary: "The workflow engine answers",
  tags,
  responses: {
    200: { description: "It does", content: jsonContent(z.object({ status: z.literal("ok") })) },
    ...faultResponses(401),
  },
});

const healthRoute = operatorRoute({
  method: "get",
  path: "/api/v1/health",
  summary: "The workflow engine and its storage answer",
  tags,
  responses: { 204: { description: "They do" }, ...faultResponses(401, 503) },
});

const startRoute = operatorRoute({
  method: "post",
  path: "/api/v1/workflow/{name}",
  summary: "Start a job",
  tags,
  request: {
    params: nameParam,
    headers: z.object({ "x-workflows-min-version": z.string().optional() }),
  },
  requestBody: { required: true, content: { "application/json": { schema: ANY_OBJECT } } },
  responses: {
    201: { description: "Started", content: jsonContent(Started) },
    ...refusals(400, 404),
  },
});

const batchRoute = operatorRoute({
  method: "post",
  path: "/api/v1/workflow/{name}/batch",
  summary: "Start a job for each set of parameters, all or none",
  tags,
  request: { params: nameParam },
  requestBody: {
    required: true,
    content: {
      "application/json": { schema: { type: "array" as const, items: ANY_OBJECT, maxItems: MAX_BATCH } },
    },
  },
  responses: {
    201: { description: "Started", content: jsonContent(z.array(Started)) },
    ...refusals(400, 404),
  },
});

const jobRoutes = ["/api/v1/jobs/{id}", "/api/v1/workflow/{name}/{id}"].map((path) =>
  operatorRoute({
    method: "get",
    path,
    summary: "A job with its results, secrets masked",
    tags,
    request: { params: idParam },
    responses: { 200: { description: "The job", content: jsonContent(JobSchema) }, ...refusals(404) },
  }),
);

const definitionsRoute = operatorRoute({
  method: "get",
  path: "/api/v1/metadata/workflows",
  summary: "The newest definition of every workflow, secrets masked",
  tags,
  responses: {
    200: { description: "Definitions", content: jsonContent(z.array(DefinitionSchema)) },
    ...faultResponses(401),
  },
});

const registerRoute = operatorRoute({
  method: "post",
  path: "/api/v1/metadata/workflows",
  summary: "Register a workflow",
  tags,
  requestBody: {
    required: true,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Workflow" } } },
  },
  responses: { 201: { description: "Registered" }, ...refusals(400, 409) },
});

async function readBody<T>(c: Context<AppEnv>, schema: z.ZodType<T>, prefix: string): Promise<T> {
  const body = parseJsonBody(await wholeBody(c.req.text(), prefix), prefix);
  const parsed = schema.safeParse(withMembers(schema, body));
  if (!parsed.success) throw refuse(prefix + describeIssues(parsed.error.issues));
  return parsed.data;
}

const UNREADABLE = "Unable to parse the input parameters: ";

async function readDefinition(c: Context<AppEnv>) {
  const raw = await readBody(c, z.unknown(), "Error parsing JSON form: ");
  if (typeof raw !== "object" || raw === null) throw refuse("Bad request");
  if (!("name" in raw) || raw.name === "") throw refuse("Workflow missing name");
  const parsed = DefinitionSchema.safeParse(withMembers(DefinitionSchema, raw));
  if (!parsed.success) throw refuse(`Error parsing JSON form: ${describeIssues(parsed.error.issues)}`);
  return parsed.data;
}

const minVersionOf = (text: string | undefined): number =>
  text && /^\d{1,9}$/.test(text) ? Number(text) : 0;

function mountStarting(app: App, demandSupport: DemandSupport): void {
  app.openapi(startRoute, async (c) => {
    operatorOf(c);
    const input: Input = await readBody(c, Parameters, UNREADABLE);
    const minVersion = minVersionOf(c.req.valid("header")["x-workflows-min-version"]);
    const [started] = await startJobs(
      { deps: c.var.deps, demandSupport },
      c.req.valid("param").name,
      [input],
      minVersion,
    );
    if (!started) throw new Error("a job was not started");
    return c.json(started, 201);
  });
  app.openapi(batchRoute, async (c) => {
    operatorOf(c);
    const inputs = await readBody(c, Batch, UNREADABLE);
    const { deps } = c.var;
    return c.json(await startJobs({ deps, demandSupport }, c.req.valid("param").name, inputs), 201);
  });
}

/** Mender's own interface of the engine (protocol notes, workflows 5), for operators and their scripts. */
export function mountWorkflows(app: App, demandSupport: DemandSupport): void {
  app.openapi(statusRoute, (c) => {
    operatorOf(c);
    return c.json({ status: "ok" as const }, 200);
  });
  app.openapi(healthRoute, async (c) => {
    operatorOf(c);
    await c.var.deps.directory.ping();
    return c.body(null, 204);
  });
  mountStarting(app, demandSupport);
  for (const route of jobRoutes) {
    app.openapi(route, async (c) => {
      operatorOf(c);
      return c.json(jobWire(await showJob(c.var.deps, demandSupport, c.req.valid("param").id)), 200);
    });
  }
  app.openapi(definitionsRoute, async (c) => {
    operatorOf(c);
    return c.json((await listDefinitions(c.var.deps)).map(definitionWire), 200);
  });
  app.openapi(registerRoute, async (c) => {
    operatorOf(c);
    await register(c.var.deps, await readDefinition(c));
    return c.body(null, 201);
  });
  mountOperatorJobs(app, demandSupport);
}
