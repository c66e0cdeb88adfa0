import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { asDeviceId } from "../platform/ids.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { TenantDeviceParam } from "./schema.ts";
import { disconnectTenant } from "./followers.ts";
import { removeDeviceConnection, requestOfDevice } from "./connections.ts";

const tags = ["deviceconnect internal"];
const INTERNAL = "/api/internal/v1/deviceconnect";

const addDevice = operatorRoute({
  method: "post",
  path: `${INTERNAL}/tenants/{tenantId}/devices`,
  summary: "Make a device known; it is known without this call",
  tags,
  middleware: jsonBody("malformed request body: "),
  request: {
    params: z.object({ tenantId: z.string().max(128) }),
    body: {
      required: true,
      content: jsonContent(
        z.object({ device_id: z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" }) }),
      ),
    },
  },
  responses: { 201: { description: "Known" }, ...faultResponses(400, 401) },
});

const removeTenant = operatorRoute({
  method: "delete",
  path: `${INTERNAL}/tenants/{tenantId}`,
  summary: "End all connections of a tenant",
  tags,
  request: { params: z.object({ tenantId: z.string().max(128) }) },
  responses: { 204: { description: "Gone" }, ...faultResponses(401) },
});

const shutdown = operatorRoute({
  method: "get",
  path: `${INTERNAL}/shutdown`,
  summary: "Nothing to shut down: connections live in objects of their own",
  tags,
  responses: { 202: { description: "Nothing was done" }, ...faultResponses(401) },
});

const removeDevice = operatorRoute({
  method: "delete",
  path: `${INTERNAL}/tenants/{tenantId}/devices/{deviceId}`,
  summary: "End a device's connection and forget it",
  tags,
  request: { params: TenantDeviceParam },
  responses: { 202: { description: "Gone" }, ...faultResponses(401) },
});

const clientRequest = (typ: "check-update" | "send-inventory") =>
  operatorRoute({
    method: "post",
    path: `${INTERNAL}/tenants/{tenantId}/devices/{deviceId}/${typ}`,
    summary: `As the management request ${typ}, for any tenant`,
    tags,
    request: { params: TenantDeviceParam },
    responses: {
      202: { description: "Handed to the device", content: jsonContent(z.null()) },
      ...faultResponses(401, 409),
    },
  });

/** Mender's internal API of the service (protocol notes, deviceconnect 5), for operators and their scripts. */
export function mountDeviceconnectInternal(app: App): void {
  app.openapi(addDevice, (c) => c.body(null, 201));
  app.openapi(removeTenant, async (c) => {
    await disconnectTenant(c.var.deps, operatorOf(c, c.req.valid("param").tenantId).tenant);
    return c.body(null, 204);
  });
  app.openapi(shutdown, (c) => c.body(null, 202));
  app.openapi(removeDevice, async (c) => {
    const { tenantId, deviceId } = c.req.valid("param");
    await removeDeviceConnection(c.var.deps, operatorOf(c, tenantId).tenant, asDeviceId(deviceId));
    return c.body(null, 202);
  });
  for (const typ of ["check-update", "send-inventory"] as const) {
    app.openapi(clientRequest(typ), async (c) => {
      const { tenantId, deviceId } = c.req.valid("param");
      await requestOfDevice(c.var.deps, operatorOf(c, tenantId), asDeviceId(deviceId), typ);
      return c.json(null, 202);
    });
  }
}
