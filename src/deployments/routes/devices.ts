import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { pageOf, pageQuery } from "../../platform/paging.ts";
import { userRoute, ofDeployment, ofDevice } from "../../platform/route.ts";
import { faultResponses, jsonContent } from "../../platform/wire.ts";
import { explain } from "../explain.ts";
import { answerStream } from "../json-stream.ts";
import { deviceStatuses } from "../list-query.ts";
import { redacted } from "../redact.ts";
import { allDevices, deviceLog, devices, history, targetIds } from "../queries.ts";
import { DeploymentId, DeviceObject, ExplanationBody, HistoryEntry, historyPage } from "../schema.ts";
import { answerPage } from "./queries.ts";

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";

const params = z.object({ id: DeploymentId });

const list = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/devices/list`,
  summary: "List the devices that have asked for a deployment",
  tags: ["deployments"],
  request: { params, query: z.object({ status: deviceStatuses, ...pageQuery() }) },
  responses: {
    200: { description: "A page in the order of status", content: jsonContent(z.array(DeviceObject)) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const listAll = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/devices`,
  summary: "List all devices that have asked for a deployment",
  tags: ["deployments"],
  request: { params },
  responses: {
    200: { description: "All of them", content: jsonContent(z.array(DeviceObject)) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const listIds = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/device_list`,
  summary: "List the ids of all devices a deployment is for",
  tags: ["deployments"],
  request: { params },
  responses: {
    200: { description: "Device ids", content: jsonContent(z.array(z.string())) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const showLog = userRoute(ofDeployment("deployments:read", "device"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/devices/{device}/log`,
  summary: "Show a device's log of a deployment",
  tags: ["deployments"],
  request: { params: z.object({ id: DeploymentId, device: z.string() }) },
  responses: {
    200: { description: "The log", content: { "text/plain": { schema: z.string() } } },
    ...faultResponses(400, 401, 403, 404),
  },
});

const V1ALPHA1 = "/api/management/v1alpha1/deployments/deployments";

const showRedactedLog = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${V1ALPHA1}/{id}/devices/{device}/log`,
  summary: "Show a device's log of a deployment, without secrets if asked for",
  tags: ["deployments"],
  request: {
    params: z.object({ id: DeploymentId, device: z.string() }),
    query: z.object({
      format: z.enum(["text", "text-redacted"], { error: "must be a valid value" }).optional(),
    }),
  },
  responses: {
    200: { description: "The log", content: { "text/plain": { schema: z.string() } } },
    ...faultResponses(400, 401, 403, 404),
  },
});

const explainLog = userRoute(ofDeployment("deployments:read"), {
  method: "get",
  path: `${V1ALPHA1}/{id}/devices/{device}/log/explain`,
  summary: "Have a device's log explained, which nobody does here",
  tags: ["deployments"],
  request: { params: z.object({ id: DeploymentId, device: z.string() }) },
  responses: {
    200: { description: "The explanation", content: { "text/plain": { schema: z.string() } } },
    ...faultResponses(400, 401, 403, 404),
  },
});

const showHistory = userRoute(ofDevice("deployments:read"), {
  method: "get",
  path: `${DEPLOYMENTS}/devices/{id}`,
  summary: "List the deployments of a device",
  tags: ["deployments"],
  request: {
    params: z.object({ id: z.string() }),
    query: z.object({ status: deviceStatuses, ...historyPage }),
  },
  responses: {
    200: { description: "A page, newest first", content: jsonContent(z.array(HistoryEntry)) },
    ...faultResponses(400, 401, 403),
  },
});

const showExplanation = userRoute(ofDeployment("deployments:read", "device"), {
  method: "get",
  path: `${DEPLOYMENTS}/{id}/devices/{device}/explain`,
  summary: "Tell why a device has or has not got a deployment",
  tags: ["deployments"],
  request: { params: z.object({ id: DeploymentId, device: z.string() }) },
  responses: {
    200: { description: "The reason", content: jsonContent(ExplanationBody) },
    ...faultResponses(400, 401, 403, 404),
  },
});

export function mountDevices(app: App): void {
  app.openapi(showHistory, async (c) => {
    const query = c.req.valid("query");
    const [page, device] = [pageOf(query), asDeviceId(c.req.valid("param").id)];
    const found = await history(c.var.deps, userOf(c), device, query.status, page);
    return c.json(answerPage(c, page, found), 200);
  });
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const found = await devices(c.var.deps, userOf(c), c.req.valid("param").id, query.status, page);
    return c.json(answerPage(c, page, found), 200);
  });
  app.openapi(listAll, async (c) => {
    const items = await allDevices(c.var.deps, userOf(c), c.req.valid("param").id);
    return answerStream(c, items);
  });
  app.openapi(listIds, async (c) => {
    const items = await targetIds(c.var.deps, userOf(c), c.req.valid("param").id);
    return answerStream(c, items);
  });
  app.openapi(showExplanation, async (c) => {
    const { id, device } = c.req.valid("param");
    return c.json(await explain(c.var.deps, userOf(c), id, asDeviceId(device)), 200);
  });
  app.openapi(showRedactedLog, async (c) => {
    const { id, device } = c.req.valid("param");
    const log = await deviceLog(c.var.deps, userOf(c), id, asDeviceId(device));
    return c.text(c.req.valid("query").format === "text-redacted" ? redacted(log) : log, 200);
  });
  app.openapi(explainLog, async (c) => {
    const { id, device } = c.req.valid("param");
    await deviceLog(c.var.deps, userOf(c), id, asDeviceId(device));
    throw new Fault("not_found", "logs are not explained here");
  });
  app.openapi(showLog, async (c) => {
    const { id, device } = c.req.valid("param");
    return c.text(await deviceLog(c.var.deps, userOf(c), id, asDeviceId(device)), 200);
  });
}
