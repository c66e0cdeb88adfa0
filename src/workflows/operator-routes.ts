import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { JobSchema, JobSummarySchema, jobSummary, jobWire } from "./schema.ts";
import { browseJobs, cancel, retry, showJob, type DemandSupport } from "./workflows.ts";
import { JOB_STATUSES } from "./store.ts";

const BASE = "/api/operator/v1/jobs";
const tags = ["workflows"];
const idParam = z.object({ id: z.string() });
const job = { description: "The job", content: jsonContent(JobSchema) };

const listRoute = operatorRoute({
  method: "get",
  path: BASE,
  summary: "Jobs, youngest first",
  tags,
  request: {
    query: z.object({
      status: z.enum(JOB_STATUSES).optional(),
      workflow: z.string().optional(),
      tenant: z.string().optional(),
      ...pageQuery(),
    }),
  },
  responses: {
    200: { description: "Jobs", content: jsonContent(z.array(JobSummarySchema)) },
    ...faultResponses(400, 401),
  },
});

const jobRoute = operatorRoute({
  method: "get",
  path: `${BASE}/{id}`,
  summary: "A job with its results, secrets masked",
  tags,
  request: { params: idParam },
  responses: { 200: job, ...faultResponses(401, 404) },
});

const cancelRoute = operatorRoute({
  method: "post",
  path: `${BASE}/{id}/cancel`,
  summary: "Cancel a job that has not ended",
  tags,
  request: { params: idParam },
  responses: { 200: job, ...faultResponses(401, 404, 409) },
});

const retryRoute = operatorRoute({
  method: "post",
  path: `${BASE}/{id}/retry`,
  summary: "Take a failed or cancelled job up again at the task that failed",
  tags,
  request: { params: idParam },
  responses: { 202: { description: "It will be carried out" }, ...faultResponses(401, 404, 409) },
});

/** What the original cannot do: list jobs, end them, take them up again. */
export function mountOperatorJobs(app: App, demandSupport: DemandSupport): void {
  app.openapi(listRoute, async (c) => {
    operatorOf(c);
    const query = c.req.valid("query");
    const page = pageOf(query);
    const { jobs, hasNext } = await browseJobs(c.var.deps, query, page);
    setPageHeaders(c, page, { hasNext });
    return c.json(jobs.map(jobSummary), 200);
  });
  app.openapi(jobRoute, async (c) => {
    operatorOf(c);
    return c.json(jobWire(await showJob(c.var.deps, demandSupport, c.req.valid("param").id)), 200);
  });
  app.openapi(cancelRoute, async (c) => {
    const { id } = c.req.valid("param");
    await cancel(c.var.deps, operatorOf(c), id);
    return c.json(jobWire(await showJob(c.var.deps, demandSupport, id)), 200);
  });
  app.openapi(retryRoute, async (c) => {
    await retry(c.var.deps, operatorOf(c), c.req.valid("param").id);
    return c.body(null, 202);
  });
}
