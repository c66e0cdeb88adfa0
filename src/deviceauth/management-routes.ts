import { createRoute, z } from "@hono/zod-openapi";
import { userOf, type App } from "../platform/app.ts";
import { Fault } from "../platform/fault.ts";
import { pageOf, setPageHeaders } from "../platform/paging.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { deviceLimit, deviceLimits, tierOfLimit } from "./limits.ts";
import { preauthorize } from "./preauthorize.ts";
import {
  CountQuery,
  DeviceParam,
  DeviceSchema,
  LimitSchema,
  ListQuery,
  PreauthorizationBody,
  SetParams,
  StatusBody,
  TierLimitsSchema,
  toWire,
} from "./schema.ts";
import {
  countDevices,
  decommissionDevice,
  dismissSet,
  getDevice,
  getSetStatus,
  listDevices,
  revokeToken,
  setSetStatus,
} from "./service.ts";
import { mountSearch } from "./search-route.ts";
import { isUserStatus, SET_STATUSES } from "./states.ts";

const base = "/api/management/v2/devauth";
const tags = ["deviceauth"];
const nothing = (description: string) => ({ 204: { description } });

const listRoute = createRoute({
  method: "get",
  path: `${base}/devices`,
  tags,
  summary: "List devices by status, then id",
  request: { query: ListQuery },
  responses: {
    200: { description: "A page of devices", content: jsonContent(z.array(DeviceSchema)) },
    ...faultResponses(400),
  },
});

const countRoute = createRoute({
  method: "get",
  path: `${base}/devices/count`,
  tags,
  summary: "Count devices",
  request: { query: CountQuery },
  responses: {
    200: {
      description: "How many",
      content: jsonContent(z.object({ count: z.int() }).openapi("DeviceCount")),
    },
    ...faultResponses(400),
  },
});

const getRoute = createRoute({
  method: "get",
  path: `${base}/devices/{id}`,
  tags,
  summary: "Show one device",
  request: { params: DeviceParam },
  responses: {
    200: { description: "The device", content: jsonContent(DeviceSchema) },
    ...faultResponses(404),
  },
});

const preauthorizeRoute = createRoute({
  method: "post",
  path: `${base}/devices`,
  tags,
  summary: "Let a device in before it has been seen",
  middleware: jsonBody("failed to decode preauth request: "),
  request: { body: { required: true, content: jsonContent(PreauthorizationBody) } },
  responses: {
    201: { description: "Preauthorised; Location names the device" },
    409: { description: "The identity is known: its device", content: jsonContent(DeviceSchema) },
    ...faultResponses(400),
  },
});

const decommissionRoute = createRoute({
  method: "delete",
  path: `${base}/devices/{id}`,
  tags,
  summary: "Remove a device everywhere",
  request: { params: DeviceParam },
  responses: { ...nothing("Gone"), ...faultResponses(404) },
});

const getStatusRoute = createRoute({
  method: "get",
  path: `${base}/devices/{id}/auth/{aid}/status`,
  tags,
  summary: "Show the status of an authentication set",
  request: { params: SetParams },
  responses: {
    200: { description: "Its status", content: jsonContent(z.object({ status: z.enum(SET_STATUSES) })) },
    ...faultResponses(404),
  },
});

const setStatusRoute = createRoute({
  method: "put",
  path: `${base}/devices/{id}/auth/{aid}/status`,
  tags,
  summary: "Accept, reject or take back an authentication set",
  middleware: jsonBody("failed to decode status data: "),
  request: { params: SetParams, body: { required: true, content: jsonContent(StatusBody) } },
  responses: { ...nothing("Done, or so already"), ...faultResponses(400, 404, 422) },
});

const dismissRoute = createRoute({
  method: "delete",
  path: `${base}/devices/{id}/auth/{aid}`,
  tags,
  summary: "Dismiss an authentication set",
  request: { params: SetParams },
  responses: { ...nothing("Gone"), ...faultResponses(404) },
});

const revokeRoute = createRoute({
  method: "delete",
  path: `${base}/tokens/{jti}`,
  tags,
  summary: "Revoke the tokens of an authentication set",
  request: { params: z.object({ jti: z.string() }) },
  responses: { ...nothing("Revoked"), ...faultResponses(404) },
});

const tierLimitsRoute = createRoute({
  method: "get",
  path: `${base}/limits/devices`,
  tags,
  summary: "Show the device limits of all tiers",
  responses: { 200: { description: "The limits", content: jsonContent(TierLimitsSchema) } },
});

const limitRoute = createRoute({
  method: "get",
  path: `${base}/limits/{name}`,
  tags,
  summary: "Show one device limit",
  request: { params: z.object({ name: z.string().openapi({ example: "max_devices" }) }) },
  responses: {
    200: { description: "The limit", content: jsonContent(LimitSchema) },
    ...faultResponses(400),
  },
});

const unlessEmpty = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);

function mountDevices(app: App): void {
  app.openapi(listRoute, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const filter = { statuses: unlessEmpty(query.status), ids: unlessEmpty(query.id) };
    const found = await listDevices(c.var.deps, userOf(c), filter, page);
    setPageHeaders(c, page, { hasNext: found.hasNext });
    return c.json(found.devices.map(toWire), 200);
  });
  app.openapi(countRoute, async (c) => {
    const count = await countDevices(c.var.deps, userOf(c), c.req.valid("query").status);
    return c.json({ count }, 200);
  });
  app.openapi(getRoute, async (c) => {
    const device = await getDevice(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.json(toWire(device), 200);
  });
  app.openapi(decommissionRoute, async (c) => {
    await decommissionDevice(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(
    preauthorizeRoute,
    async (c) => {
      const { identity_data: identity, pubkey: key, tier, force } = c.req.valid("json");
      const result = await preauthorize(c.var.deps, userOf(c), { identity, key, tier, force });
      // The original leaves the sets out of this answer.
      if (!result.ok) return c.json({ ...toWire(result.existing), auth_sets: null }, 409);
      return c.body(null, 201, { Location: `devices/${result.device}` });
    },
    refuseInvalid("failed to decode preauth request: "),
  );
}

function mountSets(app: App): void {
  app.openapi(getStatusRoute, async (c) => {
    const status = await getSetStatus(c.var.deps, userOf(c), c.req.valid("param").aid);
    return c.json({ status }, 200);
  });
  app.openapi(
    setStatusRoute,
    async (c) => {
      const { id, aid } = c.req.valid("param");
      const { status } = c.req.valid("json");
      if (!isUserStatus(status)) throw new Fault("bad_request", "incorrect device status");
      await setSetStatus(c.var.deps, userOf(c), { device: id, set: aid }, status);
      return c.body(null, 204);
    },
    refuseInvalid("failed to decode status data: "),
  );
  app.openapi(dismissRoute, async (c) => {
    await dismissSet(c.var.deps, userOf(c), c.req.valid("param").aid);
    return c.body(null, 204);
  });
  app.openapi(revokeRoute, async (c) => {
    await revokeToken(c.var.deps, userOf(c), c.req.valid("param").jti);
    return c.body(null, 204);
  });
}

function mountLimits(app: App): void {
  app.openapi(tierLimitsRoute, async (c) => c.json(await deviceLimits(c.var.deps, userOf(c)), 200));
  app.openapi(limitRoute, async (c) => {
    const { name } = c.req.valid("param");
    const tier = tierOfLimit(name);
    if (!tier) throw new Fault("bad_request", `unsupported limit ${name}`);
    return c.json({ limit: await deviceLimit(c.var.deps, userOf(c), tier) }, 200);
  });
}

export function mountManagement(app: App): void {
  mountDevices(app);
  mountSearch(app);
  mountSets(app);
  mountLimits(app);
}
