import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { pageOf } from "../platform/paging.ts";
import { operatorRoute } from "../platform/route.ts";
import { prepareForTenant, TenantToPrepare } from "../tenants/index.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { answerDevices } from "./device-page.ts";
import { mountInternalLimits } from "./internal-limit-routes.ts";
import { CountQuery, DeviceSchema, filterOf, ListQuery } from "./schema.ts";
import { countDevices, decommissionDevice, getDeviceStatus } from "./devices.ts";
import { DEVICE_STATUSES } from "./states.ts";
import { removeTenantData, revokeTokens, setExternal, setProvisioned } from "./maintenance.ts";

const base = "/api/internal/v1/devauth";
const tags = ["deviceauth internal"];
const TenantParam = z.object({ tid: z.string() });
const DeviceParams = z.object({ tid: z.string(), did: z.string() });

const probe = (name: "alive" | "health") =>
  operatorRoute({
    method: "get",
    path: `${base}/${name}`,
    tags,
    summary: name === "alive" ? "The service answers" : "The service and its database answer",
    responses: { 204: { description: "They do" }, ...faultResponses(401, 503) },
  });

const revokeRoute = operatorRoute({
  method: "delete",
  path: `${base}/tokens`,
  tags,
  summary: "Revoke the tokens of a device or of all devices of a tenant",
  request: {
    query: z.object({
      tenant_id: z.string({ error: "must be provided" }).min(1, { error: "must be provided" }),
      device_id: z.string().optional(),
    }),
  },
  responses: { 204: { description: "Revoked" }, ...faultResponses(400, 401) },
});

const addTenantRoute = operatorRoute({
  method: "post",
  path: `${base}/tenants`,
  tags,
  summary: "Make a tenant unless it exists",
  middleware: jsonBody("failed to decode tenant: "),
  request: {
    body: {
      required: true,
      content: jsonContent(TenantToPrepare),
    },
  },
  responses: { 201: { description: "It is there" }, ...faultResponses(400, 401) },
});

const removeTenantRoute = operatorRoute({
  method: "delete",
  path: `${base}/tenants/{tid}`,
  tags,
  summary: "Remove all devices, sets and rules of a tenant",
  request: { params: TenantParam },
  responses: { 204: { description: "Gone" }, ...faultResponses(401) },
});

const listRoute = operatorRoute({
  method: "get",
  path: `${base}/tenants/{tid}/devices`,
  tags,
  summary: "List a tenant's devices",
  request: { params: TenantParam, query: ListQuery },
  responses: {
    200: { description: "A page of devices", content: jsonContent(z.array(DeviceSchema)) },
    ...faultResponses(400, 401),
  },
});

const countRoute = operatorRoute({
  method: "get",
  path: `${base}/tenants/{tid}/devices/count`,
  tags,
  summary: "Count a tenant's devices",
  request: { params: TenantParam, query: CountQuery },
  responses: {
    200: { description: "How many", content: jsonContent(z.object({ count: z.int() })) },
    ...faultResponses(400, 401),
  },
});

const statusRoute = operatorRoute({
  method: "get",
  path: `${base}/tenants/{tid}/devices/{did}/status`,
  tags,
  summary: "Show the status of a tenant's device",
  request: { params: DeviceParams },
  responses: {
    200: { description: "Its status", content: jsonContent(z.object({ status: z.enum(DEVICE_STATUSES) })) },
    ...faultResponses(401, 404),
  },
});

const removeDeviceRoute = operatorRoute({
  method: "delete",
  path: `${base}/tenants/{tid}/devices/{did}`,
  tags,
  summary: "Remove a tenant's device everywhere",
  request: { params: DeviceParams },
  responses: { 204: { description: "Gone" }, ...faultResponses(401, 404) },
});

const provisionedRoute = operatorRoute({
  method: "patch",
  path: `${base}/tenants/{tid}/devices/{did}`,
  tags,
  summary: "Say whether a device has been provisioned",
  middleware: jsonBody("failed to decode device: "),
  request: {
    params: DeviceParams,
    body: {
      required: true,
      content: jsonContent(z.object({ provisioned: z.boolean({ error: "must be a boolean" }) })),
    },
  },
  responses: { 204: { description: "Stored" }, ...faultResponses(400, 401, 404) },
});

const blank = "cannot be blank";
const name = z
  .string({ error: blank })
  .min(1, { error: blank })
  .max(256, { error: "the length must be no more than 256" });

const externalRoute = operatorRoute({
  method: "put",
  path: `${base}/tenants/{tid}/devices/{did}/external`,
  tags,
  summary: "Store a device's name at another provider",
  middleware: jsonBody("failed to decode external identity: "),
  request: {
    params: DeviceParams,
    body: {
      required: true,
      content: jsonContent(
        z
          .object({ id: name, name, provider: name, id_data: z.string().max(4096).optional() })
          .openapi("ExternalDevice"),
      ),
    },
  },
  responses: { 204: { description: "Stored" }, ...faultResponses(400, 401, 404) },
});

function mountTenants(app: App): void {
  app.openapi(
    addTenantRoute,
    async (c) => {
      await prepareForTenant(c.var.deps, c.req.valid("json").tenant_id);
      return c.body(null, 201);
    },
    refuseInvalid("failed to decode tenant: "),
  );
  app.openapi(removeTenantRoute, async (c) => {
    await removeTenantData(c.var.deps, operatorOf(c, c.req.valid("param").tid));
    return c.body(null, 204);
  });
  app.openapi(listRoute, async (c) => {
    const query = c.req.valid("query");
    const actor = operatorOf(c, c.req.valid("param").tid);
    return c.json(await answerDevices(c, actor, filterOf(query), pageOf(query)), 200);
  });
  app.openapi(countRoute, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").tid);
    return c.json({ count: await countDevices(c.var.deps, actor, c.req.valid("query").status) }, 200);
  });
}

function mountDevices(app: App): void {
  app.openapi(statusRoute, async (c) => {
    const { tid, did } = c.req.valid("param");
    const status = await getDeviceStatus(c.var.deps, operatorOf(c, tid), did);
    return c.json({ status }, 200);
  });
  app.openapi(removeDeviceRoute, async (c) => {
    const { tid, did } = c.req.valid("param");
    await decommissionDevice(c.var.deps, operatorOf(c, tid), did);
    return c.body(null, 204);
  });
  app.openapi(
    provisionedRoute,
    async (c) => {
      const { tid, did } = c.req.valid("param");
      await setProvisioned(c.var.deps, operatorOf(c, tid), did, c.req.valid("json").provisioned);
      return c.body(null, 204);
    },
    refuseInvalid("failed to decode device: "),
  );
  app.openapi(
    externalRoute,
    async (c) => {
      const { tid, did } = c.req.valid("param");
      await setExternal(c.var.deps, operatorOf(c, tid), did, c.req.valid("json"));
      return c.body(null, 204);
    },
    refuseInvalid("failed to decode external identity: "),
  );
}

/** Mender's internal API of the service (protocol notes, deviceauth 8), for operators and their scripts. */
export function mountInternal(app: App): void {
  app.openapi(probe("alive"), (c) => c.body(null, 204));
  app.openapi(probe("health"), async (c) => {
    await c.var.deps.directory.ping();
    return c.body(null, 204);
  });
  app.openapi(
    revokeRoute,
    async (c) => {
      const { tenant_id: tenant, device_id: device } = c.req.valid("query");
      await revokeTokens(c.var.deps, tenant, device);
      return c.body(null, 204);
    },
    (result) => {
      if (!result.success) throw new Fault("bad_request", "tenant_id must be provided");
      return undefined;
    },
  );
  mountTenants(app);
  mountDevices(app);
  mountInternalLimits(app);
}
