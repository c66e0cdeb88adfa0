import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { userRoute, ofDeployment, ofDevice } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { ControlMapChange, DeploymentId, NewStatus } from "../schema.ts";
import {
  abortDeployment,
  abortForDevice,
  changeControlMap,
  deleteDeployment,
  forgetHistory,
} from "../abort.ts";

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";

const abort = userRoute(ofDeployment("deployments:manage"), {
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

const abortDevice = userRoute(ofDevice("deployments:manage"), {
  method: "delete",
  path: `${DEPLOYMENTS}/devices/{id}`,
  summary: "Abort every unfinished deployment of a device",
  tags: ["deployments"],
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Nothing is left open for the device" }, ...faultResponses(401, 403) },
});

const remove = userRoute(ofDeployment("deployments:manage"), {
  method: "delete",
  path: `${DEPLOYMENTS}/{id}`,
  summary: "Delete a finished deployment",
  tags: ["deployments"],
  request: { params: z.object({ id: DeploymentId }) },
  responses: { 204: { description: "Deleted" }, ...faultResponses(400, 401, 403, 404, 409) },
});

const changeMap = userRoute(ofDeployment("deployments:manage"), {
  method: "patch",
  path: `${DEPLOYMENTS}/{id}`,
  summary: "Replace the update control map of a deployment that has one",
  tags: ["deployments"],
  middleware: jsonBody(),
  request: {
    params: z.object({ id: DeploymentId }),
    body: { required: true, content: jsonContent(ControlMapChange) },
  },
  responses: { 204: { description: "Replaced" }, ...faultResponses(400, 401, 403, 404, 409) },
});

const forget = userRoute(ofDevice("deployments:manage"), {
  method: "delete",
  path: `${DEPLOYMENTS}/devices/{id}/history`,
  summary: "Delete a device's history, which makes it eligible again for open deployments",
  tags: ["deployments"],
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Deleted" }, ...faultResponses(401, 403) },
});

export function mountSteering(app: App): void {
  app.openapi(remove, async (c) => {
    await deleteDeployment(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(changeMap, async (c) => {
    const { update_control_map: map } = c.req.valid("json");
    await changeControlMap(c.var.deps, userOf(c), c.req.valid("param").id, map);
    return c.body(null, 204);
  });
  app.openapi(forget, async (c) => {
    await forgetHistory(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    return c.body(null, 204);
  });
  app.openapi(abort, async (c) => {
    await abortDeployment(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(abortDevice, async (c) => {
    await abortForDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    return c.body(null, 204);
  });
}
