import { createRoute, z } from "@hono/zod-openapi";
import { userOf, type App } from "../../platform/app.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { DeploymentId, NewStatus } from "../schema.ts";
import { abortDeployment, abortForDevice } from "../steering.ts";

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";

const abort = createRoute({
  method: "put",
  path: `${DEPLOYMENTS}/{id}/status`,
  summary: "Abort a deployment",
  tags: ["deployments"],
  middleware: jsonBody(),
  request: {
    params: z.object({ id: DeploymentId }),
    body: { required: true, content: jsonContent(NewStatus) },
  },
  responses: { 204: { description: "Aborted" }, ...faultResponses(400, 401, 403, 404, 422) },
});

const abortDevice = createRoute({
  method: "delete",
  path: `${DEPLOYMENTS}/devices/{id}`,
  summary: "Abort every unfinished deployment of a device",
  tags: ["deployments"],
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Nothing is left open for the device" }, ...faultResponses(401, 403) },
});

export function mountSteering(app: App): void {
  app.openapi(abort, async (c) => {
    await abortDeployment(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(abortDevice, async (c) => {
    await abortForDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    return c.body(null, 204);
  });
}
