import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Actor } from "../platform/actor.ts";
import { operatorOf, userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { operatorRoute, userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { mountDeploymentReports } from "./deployment-routes.ts";
import { hasNextPage, setTotal } from "../platform/paging.ts";
import { setLink } from "./link.ts";
import { refuseReport } from "./refuse.ts";
import { AggregateInput, BucketsOut, DeviceOut, DeviceSearchInput, type DeviceSearch } from "./schema.ts";
import { aggregateReport, mappedAttributes, searchableAttributes, searchReport } from "./reports.ts";

const base = "/api/management/v1/reporting";
const internal = "/api/internal/v1/reporting";
const PREFIX = "malformed request body: ";
/** Any positive number: there is no limit to names here. */
const NAME_LIMIT = 500;

const found = {
  description: "One page of devices; `X-Total-Count` has the number of all",
  content: jsonContent(z.array(DeviceOut)),
};

const searchRoute = userRoute(within("devices:read"), {
  method: "post",
  path: `${base}/devices/search`,
  tags: ["reporting"],
  summary: "Search devices by their attributes and their place",
  middleware: jsonBody(PREFIX),
  request: { body: { required: true, content: jsonContent(DeviceSearchInput) } },
  responses: { 200: found, ...faultResponses(400, 401, 403) },
});

const internalSearchRoute = operatorRoute({
  method: "post",
  path: `${internal}/tenants/{tenant}/devices/search`,
  tags: ["reporting internal"],
  summary: "Search devices of a tenant",
  middleware: jsonBody(PREFIX),
  request: {
    params: z.object({ tenant: z.string() }),
    body: { required: true, content: jsonContent(DeviceSearchInput) },
  },
  responses: { 200: found, ...faultResponses(400, 401) },
});

const searchableRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/devices/search/attributes`,
  tags: ["reporting"],
  summary: "List the attributes that can be searched for",
  responses: {
    200: {
      description: "By scope and name",
      content: jsonContent(
        z.array(z.object({ name: z.string(), scope: z.string(), count: z.number().int() })),
      ),
    },
    ...faultResponses(401, 403),
  },
});

const mappedRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/devices/attributes`,
  tags: ["reporting"],
  summary: "List the attributes in use and the limit to them",
  responses: {
    200: {
      description: "Most frequent first",
      content: jsonContent(
        z.object({
          limit: z.number().int(),
          count: z.number().int(),
          attributes: z.array(z.object({ name: z.string(), scope: z.string() })),
        }),
      ),
    },
    ...faultResponses(401, 403),
  },
});

const aggregateRoute = userRoute(within("devices:read"), {
  method: "post",
  path: `${base}/devices/aggregate`,
  tags: ["reporting"],
  summary: "Count devices by the values of attributes",
  middleware: jsonBody(PREFIX),
  request: { body: { required: true, content: jsonContent(AggregateInput) } },
  responses: {
    200: { description: "One group of counts for each term", content: jsonContent(BucketsOut) },
    ...faultResponses(400, 401, 403),
  },
});

async function search(c: Context<AppEnv>, actor: Actor, request: DeviceSearch) {
  const { devices, ...total } = await searchReport(c.var.deps, actor, request);
  setTotal(c, total);
  const page = { page: request.page, perPage: request.per_page };
  setLink(c, page, hasNextPage(total, page, devices.length));
  return c.json(devices, 200);
}

export function mountReporting(app: App): void {
  mountDeploymentReports(app);
  app.openapi(searchRoute, (c) => search(c, userOf(c), c.req.valid("json")), refuseReport);
  app.openapi(
    internalSearchRoute,
    (c) => search(c, operatorOf(c, c.req.valid("param").tenant), c.req.valid("json")),
    refuseReport,
  );
  app.openapi(searchableRoute, async (c) => c.json(await searchableAttributes(c.var.deps, userOf(c)), 200));
  app.openapi(mappedRoute, async (c) => {
    const attributes = await mappedAttributes(c.var.deps, userOf(c));
    return c.json({ limit: NAME_LIMIT, count: attributes.length, attributes }, 200);
  });
  app.openapi(
    aggregateRoute,
    async (c) => c.json(await aggregateReport(c.var.deps, userOf(c), c.req.valid("json")), 200),
    refuseReport,
  );
}
