import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { asDeviceId } from "../platform/ids.ts";
import { offsetOf, pageOf, pageQuery } from "../platform/paging.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { alertToWire, latestQuery, windowOf } from "./alert-wire.ts";
import { alertCounts, latestAlerts, removeDeviceAlerts, removeTenantAlerts } from "./read.ts";
import { KeptAlert } from "./schema.ts";

const tags = ["devicemonitor internal"];
const INTERNAL = "/api/internal/v1/devicemonitor/tenants/{tenantId}";
const tenantParam = z.object({ tenantId: z.string().max(128) });
const deviceParam = tenantParam.extend({ deviceId: z.string().min(1).max(128) });

const MAX_DEVICES = 500;

const removeTenant = operatorRoute({
  method: "delete",
  path: INTERNAL,
  tags,
  summary: "Forget all alerts of a tenant",
  request: { params: tenantParam },
  responses: { 204: { description: "Gone" }, ...faultResponses(401) },
});

const devices = operatorRoute({
  method: "get",
  path: `${INTERNAL}/devices`,
  tags,
  summary: "How many alerts of devices are open",
  request: {
    params: tenantParam,
    query: z.object({
      ...pageQuery(),
      id: z
        .union([z.string().max(128), z.array(z.string().max(128)).max(MAX_DEVICES)])
        .transform((given) => [given].flat())
        .default([])
        .openapi({ type: "array", items: { type: "string" } }),
    }),
  },
  responses: {
    200: {
      description: "Devices",
      content: jsonContent(
        z.array(
          z.object({
            id: z.string(),
            alerts_open_count: z.number(),
            alerts_total_count: z.number(),
            alerts: z.array(KeptAlert),
          }),
        ),
      ),
    },
    ...faultResponses(400, 401, 404),
  },
});

const removeDevice = operatorRoute({
  method: "delete",
  path: `${INTERNAL}/devices/{deviceId}`,
  tags,
  summary: "Forget the alerts of a device",
  request: { params: deviceParam },
  responses: { 204: { description: "Gone" }, ...faultResponses(401, 404) },
});

const latest = operatorRoute({
  method: "get",
  path: `${INTERNAL}/devices/{deviceId}/alerts/latest`,
  tags,
  summary: "The last alert of each check of a device",
  request: { params: deviceParam, query: latestQuery },
  responses: {
    200: { description: "Alerts", content: jsonContent(z.array(KeptAlert)) },
    ...faultResponses(400, 401, 404),
  },
});

/** The internal API of the service (protocol notes, devicemonitor 4), for operators and their scripts. */
export function mountDevicemonitorInternal(app: App): void {
  app.openapi(removeTenant, async (c) => {
    await removeTenantAlerts(c.var.deps, operatorOf(c, c.req.valid("param").tenantId));
    return c.body(null, 204);
  });
  app.openapi(devices, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const listed = query.id.slice(offsetOf(page), offsetOf(page) + page.perPage).map(asDeviceId);
    const counts = await alertCounts(c.var.deps, operatorOf(c, c.req.valid("param").tenantId), listed);
    return c.json(
      counts.map(({ device, open, total, alerts }) => ({
        id: device,
        alerts_open_count: open,
        alerts_total_count: total,
        alerts: alerts.map(alertToWire),
      })),
      200,
    );
  });
  app.openapi(removeDevice, async (c) => {
    const { tenantId, deviceId } = c.req.valid("param");
    await removeDeviceAlerts(c.var.deps, operatorOf(c, tenantId), asDeviceId(deviceId));
    return c.body(null, 204);
  });
  app.openapi(latest, async (c) => {
    const { tenantId, deviceId } = c.req.valid("param");
    const { tenant } = operatorOf(c, tenantId);
    const window = windowOf(c.req.valid("query"));
    return c.json(
      (await latestAlerts(c.var.deps, tenant, asDeviceId(deviceId), window)).map(alertToWire),
      200,
    );
  });
}
