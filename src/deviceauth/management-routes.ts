import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { pageOf } from "../platform/paging.ts";
import { userRoute, within, ofDevice } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { withContact } from "./contacts.ts";
import { answerDevices } from "./device-page.ts";
import { limitNameOf } from "./limit-store.ts";
import { deviceLimit, UNLIMITED } from "./limits.ts";
import { preauthorize } from "./preauthorize.ts";
import {
  CountQuery,
  DeviceParam,
  DeviceSchema,
  LimitSchema,
  filterOf,
  ListQuery,
  PreauthorizationBody,
  SetParams,
  StatusBody,
  toWire,
} from "./schema.ts";
import {
  countDevices,
  decommissionDevice,
  dismissSet,
  getDevice,
  getSetStatus,
  revokeToken,
  setSetStatus,
} from "./devices.ts";
import { mountSearch } from "./search-route.ts";
import { isUserStatus, SET_STATUSES } from "./states.ts";

const base = "/api/management/v2/devauth";
const tags = ["deviceauth"];
const nothing = (description: string) => ({ 204: { description } });

const listRoute = userRoute(within("devices:read"), {
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

const countRoute = userRoute(within("devices:read"), {
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

const getRoute = userRoute(ofDevice("devices:read"), {
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

const preauthorizeRoute = userRoute("devices:manage", {
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

const decommissionRoute = userRoute(ofDevice("devices:manage"), {
  method: "delete",
  path: `${base}/devices/{id}`,
  tags,
  summary: "Remove a device everywhere",
  request: { params: DeviceParam },
  responses: { ...nothing("Gone"), ...faultResponses(404) },
});

const getStatusRoute = userRoute(ofDevice("devices:read"), {
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

const setStatusRoute = userRoute(ofDevice("devices:manage"), {
  method: "put",
  path: `${base}/devices/{id}/auth/{aid}/status`,
  tags,
  summary: "Accept, reject or take back an authentication set",
  middleware: jsonBody("failed to decode status data: "),
  request: { params: SetParams, body: { required: true, content: jsonContent(StatusBody) } },
  responses: { ...nothing("Done, or so already"), ...faultResponses(400, 404, 422) },
});

const dismissRoute = userRoute(ofDevice("devices:manage"), {
  method: "delete",
  path: `${base}/devices/{id}/auth/{aid}`,
  tags,
  summary: "Dismiss an authentication set",
  request: { params: SetParams },
  responses: { ...nothing("Gone"), ...faultResponses(404) },
});

const revokeRoute = userRoute("devices:manage", {
  method: "delete",
  path: `${base}/tokens/{id}`,
  tags,
  summary: "Revoke the tokens of an authentication set",
  request: { params: z.object({ id: z.string().openapi({ description: "`jti` of the token" }) }) },
  responses: { ...nothing("Revoked"), ...faultResponses(404) },
});

const limitRoute = userRoute(within("devices:read"), {
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

function mountDevices(app: App): void {
  app.openapi(listRoute, async (c) => {
    const query = c.req.valid("query");
    return c.json(await answerDevices(c, userOf(c), filterOf(query), pageOf(query)), 200);
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
      if (!result.ok) {
        const existing = await withContact(c.var.deps, userOf(c), result.existing);
        // The original leaves the sets out of this answer.
        return c.json({ ...toWire(existing), auth_sets: null }, 409);
      }
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
    await revokeToken(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}

function mountLimits(app: App): void {
  // The one name that the public document of the wire knows, in the document under its own path.
  const { request: _, ...standardLimit } = { ...limitRoute, path: `${base}/limits/max_devices` };
  app.document(standardLimit);
  app.openapi(limitRoute, async (c) => {
    const { name } = c.req.valid("param");
    const limit = await deviceLimit(c.var.deps, userOf(c), name);
    // The released web UI takes any other number for a limit, and lets nobody accept a device above it.
    const isNone = name === limitNameOf("standard") && limit === UNLIMITED;
    return c.json({ limit: isNone ? 0 : limit }, 200);
  });
}

export function mountManagement(app: App): void {
  mountDevices(app);
  mountSearch(app);
  mountSets(app);
  mountLimits(app);
}
