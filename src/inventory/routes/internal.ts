import { z } from "@hono/zod-openapi";
import { operatorOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { operatorRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { deviceGroup } from "../groups.ts";
import {
  areInGroups,
  forgetDevices,
  removeTenantInventory,
  updateStatuses,
  upsertAttributes,
} from "../internal.ts";
import { refuseList } from "../refuse.ts";
import { attributesOf, ChangeCounts, DeviceIdText, ScopedAttribute } from "../schema.ts";

const base = "/api/internal/v1/inventory";
const DECODE = "failed to decode request body: ";

/** Devices whose status is set at once. */
const MAX_STATUSES = 5000;

const tenant = z.object({ tenant: z.string() });
const device = tenant.extend({ id: DeviceIdText });

/** An attribute that is the device's own report unless it names another scope. */
const AnyAttribute = ScopedAttribute.partial({ scope: true }).transform((attribute) => ({
  ...attribute,
  scope: attribute.scope ?? "inventory",
}));

const createDeviceRoute = operatorRoute({
  method: "post",
  path: `${base}/tenants/{tenant}/devices`,
  tags: ["inventory internal"],
  summary: "Make a device with these attributes, or add them to it",
  middleware: jsonBody(DECODE),
  request: {
    params: tenant,
    body: {
      required: true,
      content: jsonContent(z.object({ id: DeviceIdText, attributes: attributesOf(AnyAttribute).nullish() })),
    },
  },
  responses: { 201: { description: "It is there; `Location` names it" }, ...faultResponses(400, 401) },
});

const deleteDeviceRoute = operatorRoute({
  method: "delete",
  path: `${base}/tenants/{tenant}/devices/{id}`,
  tags: ["inventory internal"],
  summary: "Forget a device",
  request: { params: device },
  responses: { 204: { description: "Nothing is left of it" }, ...faultResponses(401) },
});

const statusRoute = operatorRoute({
  method: "post",
  path: `${base}/tenants/{tenant}/devices/status/{status}`,
  tags: ["inventory internal"],
  summary: "Set the status of devices, in the order of their revisions",
  middleware: jsonBody(DECODE),
  request: {
    params: tenant.extend({ status: z.string() }),
    body: {
      required: true,
      content: jsonContent(
        z.array(z.object({ id: DeviceIdText, revision: z.int().default(0) })).max(MAX_STATUSES),
      ),
    },
  },
  responses: {
    200: { description: "How many devices were changed", content: jsonContent(ChangeCounts) },
    ...faultResponses(400, 401, 404, 409),
  },
});

const unmodified = z.object({ "if-unmodified-since": z.string().optional() });
const written = { 200: { description: "Written" }, ...faultResponses(400, 401, 412) };

const scopeRoute = operatorRoute({
  method: "patch",
  path: `${base}/tenants/{tenant}/device/{id}/attribute/scope/{scope}`,
  tags: ["inventory internal"],
  summary: "Write attributes of one scope of a device",
  middleware: jsonBody(DECODE),
  request: {
    params: device.extend({ scope: z.string().min(1).max(1024) }),
    headers: unmodified,
    body: { required: true, content: jsonContent(attributesOf(AnyAttribute)) },
  },
  responses: written,
});

const attributesRoute = operatorRoute({
  method: "patch",
  path: `${base}/tenants/{tenant}/device/{id}/attributes`,
  tags: ["inventory internal"],
  summary: "Write attributes of any scopes of a device",
  middleware: jsonBody(DECODE),
  request: {
    params: device,
    headers: unmodified,
    body: { required: true, content: jsonContent(attributesOf(AnyAttribute)) },
  },
  responses: written,
});

const groupsRoute = operatorRoute({
  method: "get",
  path: `${base}/tenants/{tenant}/devices/{id}/groups`,
  tags: ["inventory internal"],
  summary: "List the groups of a device",
  request: { params: device },
  responses: {
    200: {
      description: "At most one group",
      content: jsonContent(z.object({ groups: z.array(z.string()).nullable() })),
    },
    ...faultResponses(401, 404),
  },
});

const reindexRoute = operatorRoute({
  method: "post",
  path: `${base}/tenants/{tenant}/devices/{id}/reindex`,
  tags: ["inventory internal"],
  summary: "Refresh what another service knows of a device; there is nothing to refresh here",
  request: { params: device, query: z.object({ service: z.string().optional() }) },
  responses: { 200: { description: "Fresh" }, ...faultResponses(400, 401) },
});

const inGroupsRoute = operatorRoute({
  method: "post",
  path: `${base}/tenants/{tenant}/test/devices/groups`,
  tags: ["inventory internal"],
  summary: "Test whether all these devices are in these groups",
  middleware: jsonBody(DECODE),
  request: {
    params: tenant,
    body: {
      required: true,
      content: jsonContent(
        z.object({ devices: z.array(DeviceIdText).max(5000), groups: z.array(z.string()).max(500) }),
      ),
    },
  },
  responses: { 200: { description: "They are" }, ...faultResponses(400, 401, 404) },
});

const deleteTenantRoute = operatorRoute({
  method: "delete",
  path: `${base}/tenants/{tenant}`,
  tags: ["inventory internal"],
  summary: "Forget all devices and saved filters of a tenant",
  request: { params: tenant },
  responses: { 204: { description: "Nothing is left of it" }, ...faultResponses(401) },
});

/** Milliseconds of an HTTP date; nothing if there is none, which is no condition. */
function httpDate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Fault("bad_request", "invalid If-Unmodified-Since header");
  return ms;
}

function mountDeviceRoutes(app: App): void {
  app.openapi(
    createDeviceRoute,
    async (c) => {
      const { id, attributes } = c.req.valid("json");
      const actor = operatorOf(c, c.req.valid("param").tenant);
      await upsertAttributes(c.var.deps, actor, asDeviceId(id), attributes ?? []);
      c.header("Location", `devices/${encodeURIComponent(id.toWellFormed())}`);
      return c.body(null, 201);
    },
    refuseList(),
  );
  app.openapi(deleteDeviceRoute, async (c) => {
    const param = c.req.valid("param");
    await forgetDevices(c.var.deps, operatorOf(c, param.tenant), [asDeviceId(param.id)]);
    return c.body(null, 204);
  });
  app.openapi(
    statusRoute,
    async (c) => {
      const param = c.req.valid("param");
      const actor = operatorOf(c, param.tenant);
      return c.json(await updateStatuses(c.var.deps, actor, param.status, c.req.valid("json")), 200);
    },
    refuseList(),
  );
  app.openapi(groupsRoute, async (c) => {
    const param = c.req.valid("param");
    const { group } = await deviceGroup(c.var.deps, operatorOf(c, param.tenant), asDeviceId(param.id));
    return c.json({ groups: group === null ? null : [group] }, 200);
  });
}

function mountAttributeRoutes(app: App): void {
  app.openapi(
    scopeRoute,
    async (c) => {
      const { tenant: name, id, scope } = c.req.valid("param");
      const attributes = c.req.valid("json").map((attribute) => ({ ...attribute, scope }));
      const since = httpDate(c.req.valid("header")["if-unmodified-since"]);
      await upsertAttributes(c.var.deps, operatorOf(c, name), asDeviceId(id), attributes, since);
      return c.body(null, 200);
    },
    refuseList(),
  );
  app.openapi(
    attributesRoute,
    async (c) => {
      const param = c.req.valid("param");
      const since = httpDate(c.req.valid("header")["if-unmodified-since"]);
      const actor = operatorOf(c, param.tenant);
      await upsertAttributes(c.var.deps, actor, asDeviceId(param.id), c.req.valid("json"), since);
      return c.body(null, 200);
    },
    refuseList(),
  );
  app.openapi(reindexRoute, (c) => {
    if (c.req.valid("query").service !== "devicemonitor")
      throw new Fault("bad_request", "unsupported service");
    return c.body(null, 200);
  });
}

export function mountInternalRoutes(app: App): void {
  mountDeviceRoutes(app);
  mountAttributeRoutes(app);
  app.openapi(
    inGroupsRoute,
    async (c) => {
      const { devices, groups } = c.req.valid("json");
      const actor = operatorOf(c, c.req.valid("param").tenant);
      if (!(await areInGroups(c.var.deps, actor, devices, groups)))
        throw new Fault("not_found", "not all devices belong to the groups");
      return c.body(null, 200);
    },
    refuseList(),
  );
  app.openapi(deleteTenantRoute, async (c) => {
    await removeTenantInventory(c.var.deps, operatorOf(c, c.req.valid("param").tenant).tenant);
    return c.body(null, 204);
  });
}
