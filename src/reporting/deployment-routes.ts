import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { DeploymentAggregateInput, DeploymentSearchInput, DeviceDeploymentOut } from "./deployment-schema.ts";
import { aggregateDeployments, searchDeployments } from "./deployments.ts";
import { setLink } from "./link.ts";
import { refuseReport } from "./refuse.ts";
import { BucketsOut } from "./schema.ts";

const base = "/api/management/v1/reporting/deployments/devices";
const PREFIX = "malformed request body: ";

const searchRoute = userRoute(within("deployments:read"), {
  method: "post",
  path: `${base}/search`,
  tags: ["reporting"],
  summary: "Search devices in deployments",
  middleware: jsonBody(PREFIX),
  request: { body: { required: true, content: jsonContent(DeploymentSearchInput) } },
  responses: {
    200: {
      description: "One page of devices in deployments; `X-Total-Count` has the number of all",
      content: jsonContent(z.array(DeviceDeploymentOut)),
    },
    ...faultResponses(400, 401, 403),
  },
});

const aggregateRoute = userRoute(within("deployments:read"), {
  method: "post",
  path: `${base}/aggregate`,
  tags: ["reporting"],
  summary: "Count devices in deployments by the values of fields",
  middleware: jsonBody(PREFIX),
  request: { body: { required: true, content: jsonContent(DeploymentAggregateInput) } },
  responses: {
    200: { description: "One group of counts for each term", content: jsonContent(BucketsOut) },
    ...faultResponses(400, 401, 403),
  },
});

export function mountDeploymentReports(app: App): void {
  app.openapi(
    searchRoute,
    async (c) => {
      const request = c.req.valid("json");
      const { found, total } = await searchDeployments(c.var.deps, userOf(c), request);
      c.header("X-Total-Count", String(total));
      const page = { page: request.page, perPage: request.per_page };
      setLink(c, page, total > request.page * request.per_page);
      return c.json(found, 200);
    },
    refuseReport,
  );
  app.openapi(
    aggregateRoute,
    async (c) => c.json(await aggregateDeployments(c.var.deps, userOf(c), c.req.valid("json")), 200),
    refuseReport,
  );
}
