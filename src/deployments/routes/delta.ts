import { z } from "@hono/zod-openapi";
import { operatorOf, userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { pageOf, pageQuery } from "../../platform/paging.ts";
import { operatorRoute, userRoute, ofDeployment, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, uuidText } from "../../platform/wire.ts";
import {
  CONFIGURATION,
  CONFIGURATION_ETAG,
  generationDisabled,
  refuseGeneration,
  refuseOtherTag,
} from "../delta/configuration.ts";
import {
  BinaryDeltaChange,
  DeltaJob,
  DeltaJobStatus,
  deltaSort,
  DeploymentsConfiguration,
} from "../delta/schema.ts";
import { several } from "../list-query.ts";
import { statistics } from "../queries.ts";
import { DeploymentId } from "../schema.ts";
import { answerPage } from "./queries.ts";

const MANAGEMENT = "/api/management/v1/deployments";
const JOBS = "/api/management/v2/deployments/deployments/releases/delta/jobs";
const INTERNAL = "/api/internal/v1/deployments/tenants";

const tags = ["deployments"];
const internalTags = ["deployments internal"];
const tenant = z.string();
const ifMatch = z.object({ "if-match": z.string().max(256).optional() });

const configuration = userRoute(within("deployments:read"), {
  method: "get",
  path: `${MANAGEMENT}/config`,
  summary: "Show what deployments can do here",
  tags,
  responses: {
    200: { description: "Deltas are not generated", content: jsonContent(DeploymentsConfiguration) },
    ...faultResponses(401, 403),
  },
});

const configureDelta = userRoute("settings:manage", {
  method: "put",
  path: `${MANAGEMENT}/config/binary_delta`,
  summary: "Configure how deltas are generated",
  tags,
  middleware: jsonBody(),
  request: { headers: ifMatch, body: { required: true, content: jsonContent(BinaryDeltaChange) } },
  responses: { 204: { description: "Configured" }, ...faultResponses(400, 401, 403, 409, 412) },
});

const listJobs = userRoute("artifacts:read", {
  method: "get",
  path: JOBS,
  summary: "List what generates deltas",
  tags,
  request: { query: z.object({ sort: deltaSort, ...pageQuery() }) },
  responses: {
    200: { description: "None", content: jsonContent(z.array(DeltaJob)) },
    ...faultResponses(400, 401, 403),
  },
});

const showJob = userRoute("artifacts:read", {
  method: "get",
  path: `${JOBS}/{id}`,
  summary: "Show what generates a delta",
  tags,
  request: { params: z.object({ id: uuidText }) },
  responses: {
    200: { description: "The job", content: jsonContent(DeltaJob) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const showGeneration = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${MANAGEMENT}/{id}/devices/{device}/delta/status`,
  summary: "Show how the delta for a device is generated",
  tags,
  request: { params: z.object({ id: DeploymentId, device: z.string() }) },
  responses: {
    200: { description: "The job", content: jsonContent(DeltaJob) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const showForTenant = operatorRoute({
  method: "get",
  path: `${INTERNAL}/{tenant}/config`,
  summary: "Show what deployments of a tenant can do",
  tags: internalTags,
  request: { params: z.object({ tenant }) },
  responses: {
    200: { description: "Deltas are not generated", content: jsonContent(DeploymentsConfiguration) },
    ...faultResponses(401, 404),
  },
});

const configureTenant = operatorRoute({
  method: "put",
  path: `${INTERNAL}/{tenant}/config`,
  summary: "Set what deployments of a tenant can do",
  tags: internalTags,
  middleware: jsonBody(),
  request: {
    params: z.object({ tenant }),
    headers: ifMatch,
    body: { required: true, content: jsonContent(DeploymentsConfiguration) },
  },
  responses: { 204: { description: "Nothing is generated" }, ...faultResponses(400, 401, 404, 412) },
});

const MAX_TENANTS = 500;

const listEnabled = operatorRoute({
  method: "get",
  path: `${INTERNAL}/config/binary_delta`,
  summary: "Show for which tenants deltas are generated",
  tags: internalTags,
  request: { query: z.object({ tenant_id: several }) },
  responses: {
    200: {
      description: "An entry for each tenant asked for",
      content: jsonContent(z.array(z.object({ tenant_id: z.string(), enabled: z.boolean() }))),
    },
    ...faultResponses(400, 401),
  },
});

const reportJob = operatorRoute({
  method: "put",
  path: `${INTERNAL}/{tenant}/delta/{job}/status`,
  summary: "Report how the generation of a delta went",
  tags: internalTags,
  middleware: jsonBody(),
  request: {
    params: z.object({ tenant, job: z.string() }),
    body: { required: true, content: jsonContent(DeltaJobStatus) },
  },
  responses: { 204: { description: "Taken" }, ...faultResponses(400, 401, 404) },
});

const noJob = () => new Fault("not_found", "Resource not found");

/** Paths of generated deltas, which answer as where none are generated. */
export function mountDelta(app: App): void {
  app.openapi(configuration, (c) => {
    c.header("ETag", CONFIGURATION_ETAG);
    return c.json(CONFIGURATION, 200);
  });
  app.openapi(configureDelta, (c) => {
    refuseOtherTag(c.req.valid("header")["if-match"]);
    throw generationDisabled();
  });
  app.openapi(listJobs, (c) => {
    const page = pageOf(c.req.valid("query"));
    return c.json(answerPage(c, page, { items: [], total: 0, hasNext: false }), 200);
  });
  app.openapi(showJob, () => {
    throw noJob();
  });
  app.openapi(showGeneration, async (c) => {
    await statistics(c.var.deps, userOf(c), c.req.valid("param").id);
    throw noJob();
  });
  app.openapi(listEnabled, (c) => {
    const ids = c.req.valid("query").tenant_id ?? [];
    if (ids.length > MAX_TENANTS) throw new Fault("bad_request", `tenant_id: no more than ${MAX_TENANTS}.`);
    return c.json(
      ids.map((tenant_id) => ({ tenant_id, enabled: false })),
      200,
    );
  });
  app.openapi(showForTenant, (c) => {
    operatorOf(c, c.req.valid("param").tenant);
    c.header("ETag", CONFIGURATION_ETAG);
    return c.json(CONFIGURATION, 200);
  });
  app.openapi(configureTenant, (c) => {
    operatorOf(c, c.req.valid("param").tenant);
    refuseOtherTag(c.req.valid("header")["if-match"]);
    refuseGeneration(c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(reportJob, (c) => {
    operatorOf(c, c.req.valid("param").tenant);
    throw noJob();
  });
}
