import { z } from "@hono/zod-openapi";
import { deviceClaimOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { deviceRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { controlMapFor, reportLog, reportStatus } from "../device-status.ts";
import { ControlMapAnswer, DeploymentLog, ReportedDeploymentId, StatusReport } from "../schema.ts";

const DEPLOYMENT = "/api/devices/v1/deployments/device/deployments/{id}";

const params = z.object({ id: ReportedDeploymentId });

const status = deviceRoute({
  method: "put",
  path: `${DEPLOYMENT}/status`,
  summary: "Report where the device stands in a deployment",
  tags: ["deployments"],
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(StatusReport) } },
  responses: { 204: { description: "Taken" }, ...faultResponses(400, 401, 404, 409) },
});

const LOG = "invalid deployment log: ";

const log = deviceRoute({
  method: "put",
  path: `${DEPLOYMENT}/log`,
  summary: "Upload the device's log of a deployment",
  tags: ["deployments"],
  middleware: jsonBody(LOG),
  request: { params, body: { required: true, content: jsonContent(DeploymentLog) } },
  responses: { 204: { description: "Kept" }, ...faultResponses(400, 401, 404, 413) },
});

const controlMap = deviceRoute({
  method: "get",
  path: "/api/devices/v2/deployments/device/deployments/{id}/update_control_map",
  summary: "Read the update control map of a deployment the device is at",
  tags: ["deployments"],
  request: { params },
  responses: {
    200: { description: "The map", content: jsonContent(ControlMapAnswer) },
    ...faultResponses(401, 404),
  },
});

export function mountReporting(app: App): void {
  app.openapi(controlMap, async (c) => {
    const map = await controlMapFor(c.var.deps, deviceClaimOf(c), c.req.valid("param").id);
    return c.json({ update_control_map: map }, 200);
  });
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
