import { z } from "@hono/zod-openapi";
import { deviceClaimOf, userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { asDeviceId } from "../platform/ids.ts";
import { offsetOf, pageOf, pageQuery } from "../platform/paging.ts";
import { deviceRoute, ofDevice, userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { takeAlerts, takeChecks } from "./alerts.ts";
import { alertToWire, latestQuery, windowOf } from "./alert-wire.ts";
import { mountDevicemonitorInternal } from "./internal-routes.ts";
import { mountChannels } from "./channel-routes.ts";
import { checksOf, latestAlerts, listAlerts } from "./read.ts";
import { mountServerAlerts } from "./server/routes.ts";
import { AlertBatch, CheckList, KeptAlert, QueryTime } from "./schema.ts";

const DEVICES = "/api/devices/v1/devicemonitor";
const BASE = "/api/management/v1/devicemonitor";
const tags = ["devicemonitor"];
const feature = "monitoring";
const PREFIX = "malformed request body: ";
const middleware = jsonBody(PREFIX);
const refuse = refuseInvalid(PREFIX);
const param = z.object({ id: z.string().min(1).max(128) });

const postAlerts = deviceRoute({
  feature,
  method: "post",
  path: `${DEVICES}/alert`,
  tags,
  summary: "Tell of alerts; items that are none are left out",
  middleware,
  request: { body: { required: true, content: jsonContent(AlertBatch) } },
  responses: {
    204: { description: "Taken" },
    401: { description: "Token not live; empty body" },
    ...faultResponses(400, 403, 413, 415),
  },
});

const postChecks = deviceRoute({
  feature,
  method: "post",
  path: `${DEVICES}/config`,
  tags,
  summary: "Tell what the device checks",
  middleware,
  request: { body: { required: true, content: jsonContent(CheckList) } },
  responses: {
    204: { description: "Taken" },
    401: { description: "Token not live; empty body" },
    ...faultResponses(400, 403, 413, 415),
  },
});

const getAlerts = userRoute(ofDevice("devices:read"), {
  feature,
  method: "get",
  path: `${BASE}/devices/{id}/alerts`,
  tags,
  summary: "Alerts of a device, newest first",
  request: {
    params: param,
    query: z.object({
      ...pageQuery(),
      issued_before: QueryTime.optional(),
      issued_after: QueryTime.optional(),
      sort_ascending: z.enum(["true", "false"], { error: "must be true or false" }).default("false"),
    }),
  },
  responses: {
    200: { description: "Alerts", content: jsonContent(z.array(KeptAlert)) },
    ...faultResponses(400, 401, 403),
  },
});

const getLatest = userRoute(ofDevice("devices:read"), {
  feature,
  method: "get",
  path: `${BASE}/devices/{id}/alerts/latest`,
  tags,
  summary: "The last alert of each check, oldest first; those that are open unless asked for all",
  request: { params: param, query: latestQuery },
  responses: {
    200: { description: "Alerts", content: jsonContent(z.array(KeptAlert)) },
    ...faultResponses(400, 401, 403),
  },
});

const getChecks = userRoute(ofDevice("devices:read"), {
  feature,
  method: "get",
  path: `${BASE}/devices/{id}/config`,
  tags,
  summary: "What a device checks",
  request: { params: param },
  responses: { 200: { description: "Checks", content: jsonContent(CheckList) }, ...faultResponses(401, 403) },
});

/** The device monitor (protocol notes, devicemonitor 2 and 3). */
export function mountDevicemonitor(app: App): void {
  app.openapi(
    postAlerts,
    async (c) => {
      await takeAlerts(c.var.deps, deviceClaimOf(c), c.req.valid("json"));
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(
    postChecks,
    async (c) => {
      await takeChecks(c.var.deps, deviceClaimOf(c), c.req.valid("json"));
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(getAlerts, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const window = {
      beforeMs: query.issued_before,
      afterMs: query.issued_after,
      limit: page.perPage,
      offset: offsetOf(page),
      ascending: query.sort_ascending === "true",
    };
    const device = asDeviceId(c.req.valid("param").id);
    const { alerts, total } = await listAlerts(c.var.deps, userOf(c).tenant, device, window);
    c.header("X-Total-Count", String(total));
    return c.json(alerts.map(alertToWire), 200);
  });
  app.openapi(getLatest, async (c) => {
    const device = asDeviceId(c.req.valid("param").id);
    const window = windowOf(c.req.valid("query"));
    return c.json((await latestAlerts(c.var.deps, userOf(c).tenant, device, window)).map(alertToWire), 200);
  });
  app.openapi(getChecks, async (c) => {
    const checks = await checksOf(c.var.deps, userOf(c).tenant, asDeviceId(c.req.valid("param").id));
    return c.json(checks as z.input<typeof CheckList>, 200); // parsed when they came in
  });
  mountChannels(app);
  mountServerAlerts(app);
  mountDevicemonitorInternal(app);
}
