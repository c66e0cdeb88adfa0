import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { asDeviceId, isUuid } from "../platform/ids.ts";
import { pageOf, pageQuery } from "../platform/paging.ts";
import { ofDevice, userRoute } from "../platform/route.ts";
import {
  FaultBody,
  faultResponses,
  jsonBody,
  jsonContent,
  refuseInvalid,
  uuidText,
} from "../platform/wire.ts";
import { CredentialsWire, type Credentials } from "./credentials.ts";
import { deviceState, deviceStates, setDeviceState, unlinkDevice } from "./device-state.ts";
import { listEvents, type LoggedEvent } from "./device-events.ts";
import {
  addIntegration,
  getIntegration,
  listIntegrations,
  removeIntegration,
  setCredentials,
} from "./integrations.ts";
import { mountIotManagerInternal } from "./internal-routes.ts";
import { DeviceState, Integration, IntegrationEvent, NewIntegration } from "./schema.ts";
import type { IntegrationRow } from "./store.ts";

const BASE = "/api/management/v1/iot-manager";
const tags = ["iot-manager"];
const PREFIX = "malformed request body: ";
const middleware = jsonBody(PREFIX);
const refuse = refuseInvalid(PREFIX);

const integrationParam = z.object({ id: uuidText });
const refuseId = refuseInvalid("integration ID must be a valid UUID: ");

const list = userRoute("basic", {
  method: "get",
  path: `${BASE}/integrations`,
  tags,
  summary: "Integrations, without their secrets",
  responses: {
    200: { description: "All of them", content: jsonContent(z.array(Integration)) },
    ...faultResponses(401),
  },
});

const add = userRoute("settings:manage", {
  method: "post",
  path: `${BASE}/integrations`,
  tags,
  summary: "Add an integration",
  middleware,
  request: { body: { required: true, content: jsonContent(NewIntegration) } },
  responses: {
    201: {
      description: "Added",
      headers: { Location: { schema: { type: "string" }, description: "Where it is" } },
    },
    ...faultResponses(400, 401, 403, 409, 415),
  },
});

const get = userRoute("basic", {
  method: "get",
  path: `${BASE}/integrations/{id}`,
  tags,
  summary: "One integration, without its secrets",
  request: { params: integrationParam },
  responses: {
    200: { description: "It", content: jsonContent(Integration) },
    ...faultResponses(400, 401, 404),
  },
});

const putCredentials = userRoute("settings:manage", {
  method: "put",
  path: `${BASE}/integrations/{id}/credentials`,
  tags,
  summary: "Replace the credentials of an integration",
  middleware,
  request: { params: integrationParam, body: { required: true, content: jsonContent(CredentialsWire) } },
  responses: { 204: { description: "Replaced" }, ...faultResponses(400, 401, 403, 404, 409, 415) },
});

const remove = userRoute("settings:manage", {
  method: "delete",
  path: `${BASE}/integrations/{id}`,
  tags,
  summary: "Remove an integration",
  request: { params: integrationParam },
  responses: { 204: { description: "Removed" }, ...faultResponses(400, 401, 403, 404, 409) },
});

const events = userRoute("settings:manage", {
  method: "get",
  path: `${BASE}/events`,
  tags,
  summary: "What integrations were told of in the last week, newest first",
  request: { query: z.object({ ...pageQuery(), integration_id: uuidText.optional() }) },
  responses: {
    200: { description: "Events", content: jsonContent(z.array(IntegrationEvent)) },
    ...faultResponses(400, 401, 403),
  },
});

const deviceParam = z.object({ id: z.string().min(1).max(128) });
const stateParam = deviceParam.extend({
  integration: z
    .string()
    .refine(isUuid, { error: "integration ID is not a valid UUID", params: { verbatim: true } })
    .openapi({ type: "string", format: "uuid" }),
});
const awayResponse = {
  502: { description: "The cloud refuses or does not answer", content: jsonContent(FaultBody) },
};

const states = userRoute(ofDevice("devices:read"), {
  method: "get",
  path: `${BASE}/devices/{id}/state`,
  tags,
  summary: "What the clouds keep of a device, by integration",
  request: { params: deviceParam },
  responses: {
    200: { description: "States", content: jsonContent(z.record(z.string(), DeviceState.nullable())) },
    ...awayResponse,
    ...faultResponses(401, 403, 404),
  },
});

const stateResponse = {
  description: "Its state; null where the cloud lacks the device",
  content: jsonContent(DeviceState.nullable()),
};

const state = userRoute(ofDevice("devices:read"), {
  method: "get",
  path: `${BASE}/devices/{id}/state/{integration}`,
  tags,
  summary: "What one cloud keeps of a device",
  request: { params: stateParam },
  responses: { 200: stateResponse, ...awayResponse, ...faultResponses(400, 401, 403, 404) },
});

const putState = userRoute("settings:manage", {
  method: "put",
  path: `${BASE}/devices/{id}/state/{integration}`,
  tags,
  summary: "Set what is desired of a device in one cloud",
  middleware,
  request: { params: stateParam, body: { required: true, content: jsonContent(DeviceState) } },
  responses: { 200: stateResponse, ...awayResponse, ...faultResponses(400, 401, 403, 404, 409, 415) },
});

const unlink = userRoute("settings:manage", {
  method: "delete",
  path: `${BASE}/devices/{id}`,
  tags,
  summary: "Forget which clouds have a device; nothing changes there",
  request: { params: deviceParam },
  responses: { 204: { description: "Forgotten" }, ...faultResponses(401, 403, 404) },
});

const toWire = (row: IntegrationRow): z.input<typeof Integration> => ({
  id: row.integration_id,
  provider: row.provider,
  credentials: JSON.parse(row.shown) as Credentials, // written by this domain
  ...(row.description !== null && { description: row.description }),
  ...(row.scopes !== null && { scopes: JSON.parse(row.scopes) as string[] }), // written by this domain
});

const eventToWire = (row: LoggedEvent): z.input<typeof IntegrationEvent> => ({
  id: row.event_id,
  type: row.type,
  data: row.data,
  time: rfc3339(row.time_ms),
  delivery_statuses: row.deliveries,
});

/** The IoT manager of the open edition (protocol notes, iot-manager 2). */
export function mountIotManager(app: App): void {
  app.openapi(list, async (c) => c.json((await listIntegrations(c.var.deps, userOf(c))).map(toWire), 200));
  app.openapi(
    add,
    async (c) => {
      const id = await addIntegration(c.var.deps, userOf(c), c.req.valid("json"));
      c.header("Location", `${BASE}/integrations/${id}`);
      return c.body(null, 201);
    },
    refuse,
  );
  app.openapi(
    get,
    async (c) => c.json(toWire(await getIntegration(c.var.deps, userOf(c), c.req.valid("param").id)), 200),
    refuseId,
  );
  app.openapi(
    putCredentials,
    async (c) => {
      await setCredentials(c.var.deps, userOf(c), c.req.valid("param").id, c.req.valid("json"));
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(
    remove,
    async (c) => {
      await removeIntegration(c.var.deps, userOf(c), c.req.valid("param").id);
      return c.body(null, 204);
    },
    refuseId,
  );
  app.openapi(events, async (c) => {
    const query = c.req.valid("query");
    const found = await listEvents(c.var.deps, userOf(c), query.integration_id, pageOf(query));
    return c.json(found.map(eventToWire), 200);
  });
  app.openapi(states, async (c) =>
    c.json(await deviceStates(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id)), 200),
  );
  app.openapi(state, async (c) => {
    const { id, integration } = c.req.valid("param");
    return c.json(await deviceState(c.var.deps, userOf(c), asDeviceId(id), integration), 200);
  });
  app.openapi(
    putState,
    async (c) => {
      const { id, integration } = c.req.valid("param");
      const { desired = {} } = c.req.valid("json");
      const wanted = { device: asDeviceId(id), integration, desired };
      return c.json(await setDeviceState(c.var.deps, userOf(c), wanted), 200);
    },
    refuse,
  );
  app.openapi(unlink, async (c) => {
    await unlinkDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    return c.body(null, 204);
  });
  mountIotManagerInternal(app);
}
