import { createRoute, z } from "@hono/zod-openapi";
import { deviceClaimOf, type App } from "../../platform/app.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { reportLog, reportStatus } from "../reporting.ts";
import { DeploymentId, DeploymentLog, StatusReport } from "../schema.ts";

const DEPLOYMENT = "/api/devices/v1/deployments/device/deployments/{id}";

const params = z.object({ id: DeploymentId });

const status = createRoute({
  method: "put",
  path: `${DEPLOYMENT}/status`,
  summary: "Report where the device stands in a deployment",
  tags: ["deployments"],
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(StatusReport) } },
  responses: { 204: { description: "Taken" }, ...faultResponses(400, 401, 404, 409) },
});

const LOG = "invalid deployment log: ";

const log = createRoute({
  method: "put",
  path: `${DEPLOYMENT}/log`,
  summary: "Upload the device's log of a deployment",
  tags: ["deployments"],
  middleware: jsonBody(LOG),
  request: { params, body: { required: true, content: jsonContent(DeploymentLog) } },
  responses: { 204: { description: "Kept" }, ...faultResponses(400, 401, 404, 413) },
});

export function mountReporting(app: App): void {
  app.openapi(status, async (c) => {
    await reportStatus(c.var.deps, deviceClaimOf(c), c.req.valid("param").id, c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(
    log,
    async (c) => {
      const { messages } = c.req.valid("json");
      await reportLog(c.var.deps, deviceClaimOf(c), c.req.valid("param").id, messages);
      return c.body(null, 204);
    },
    refuseInvalid(LOG),
  );
}
