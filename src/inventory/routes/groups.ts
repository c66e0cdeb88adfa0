import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { pageOf, pageQuery, setPageHeaders } from "../../platform/paging.ts";
import { userRoute, within, ofDevice, ofGroup } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, MAX_LISTED_IDS, refuseInvalid } from "../../platform/wire.ts";
import {
  addMembers,
  assignGroup,
  deviceGroup,
  dissolveGroup,
  listGroups,
  listMembers,
  removeMembers,
  unassignGroup,
} from "../groups.ts";
import { refuseList } from "../refuse.ts";
import { ChangeCounts, DeviceIdText, groupName } from "../schema.ts";

const base = "/api/management/v1/inventory";
const DECODE_GROUP = "failed to decode device group data: ";
const DECODE_IDS = "invalid payload schema: ";

const device = z.object({ id: DeviceIdText });
const anyGroup = z.object({ name: z.string() });
const oldGroup = z.object({ name: groupName(1024) });
const newGroup = z.object({ name: groupName(256) });
const GroupOut = z.object({ group: z.string().nullable() }).openapi("DeviceGroup");

const Ids = z
  .array(z.string().min(1).max(256))
  .max(MAX_LISTED_IDS)
  .refine((ids) => ids.length > 0, {
    error: "no device IDs present in payload",
    params: { verbatim: true },
  });

const counts = { description: "How many devices were found and changed", content: jsonContent(ChangeCounts) };

const showRoute = userRoute(ofDevice("devices:read"), {
  method: "get",
  path: `${base}/devices/{id}/group`,
  tags: ["inventory"],
  summary: "Show the group of a device",
  request: { params: device },
  responses: {
    200: { description: "The group, or null", content: jsonContent(GroupOut) },
    ...faultResponses(401, 403, 404),
  },
});

const assignRoute = userRoute(ofDevice("devices:manage"), {
  method: "put",
  path: `${base}/devices/{id}/group`,
  tags: ["inventory"],
  summary: "Put a device into a group, out of any other",
  middleware: jsonBody(DECODE_GROUP),
  request: {
    params: device,
    body: { required: true, content: jsonContent(z.object({ group: groupName(256) })) },
  },
  responses: { 204: { description: "It is in the group" }, ...faultResponses(400, 401, 403, 404) },
});

const unassignRoute = userRoute(ofDevice("devices:manage"), {
  method: "delete",
  path: `${base}/devices/{id}/group/{name}`,
  tags: ["inventory"],
  summary: "Take a device out of a group",
  request: { params: device.extend(anyGroup.shape) },
  responses: { 204: { description: "It is in no group" }, ...faultResponses(401, 403, 404) },
});

const listRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/groups`,
  tags: ["inventory"],
  summary: "List the groups that have members",
  request: { query: z.object({ status: z.string().optional() }) },
  responses: {
    200: { description: "Names of groups", content: jsonContent(z.array(z.string())) },
    ...faultResponses(401, 403),
  },
});

const dissolveRoute = userRoute(ofGroup("devices:manage"), {
  method: "delete",
  path: `${base}/groups/{name}`,
  tags: ["inventory"],
  summary: "Remove a group: its members are in none afterwards",
  request: { params: oldGroup },
  responses: { 200: counts, ...faultResponses(400, 401, 403) },
});

const membersRoute = userRoute(ofGroup("devices:read"), {
  method: "get",
  path: `${base}/groups/{name}/devices`,
  tags: ["inventory"],
  summary: "List the ids of a group's members",
  request: { params: anyGroup, query: z.object(pageQuery()) },
  responses: {
    200: { description: "Ids of devices", content: jsonContent(z.array(z.string())) },
    ...faultResponses(400, 401, 403, 404),
  },
});

// Whatever it names would come within reach.
const fillRoute = userRoute("devices:manage", {
  method: "patch",
  path: `${base}/groups/{name}/devices`,
  tags: ["inventory"],
  summary: "Put devices into a group",
  middleware: jsonBody(DECODE_IDS),
  request: { params: newGroup, body: { required: true, content: jsonContent(Ids) } },
  responses: { 200: counts, ...faultResponses(400, 401, 403) },
});

const thinRoute = userRoute(ofGroup("devices:manage"), {
  method: "delete",
  path: `${base}/groups/{name}/devices`,
  tags: ["inventory"],
  summary: "Take devices out of a group",
  middleware: jsonBody(DECODE_IDS),
  request: { params: oldGroup, body: { required: true, content: jsonContent(Ids) } },
  responses: { 200: counts, ...faultResponses(400, 401, 403) },
});

function mountDeviceGroup(app: App): void {
  app.openapi(showRoute, async (c) =>
    c.json(await deviceGroup(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id)), 200),
  );
  app.openapi(
    assignRoute,
    async (c) => {
      const { group } = c.req.valid("json");
      await assignGroup(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id), group);
      return c.body(null, 204);
    },
    refuseList(DECODE_GROUP),
  );
  app.openapi(unassignRoute, async (c) => {
    const { id, name } = c.req.valid("param");
    await unassignGroup(c.var.deps, userOf(c), asDeviceId(id), name);
    return c.body(null, 204);
  });
}

export function mountGroupRoutes(app: App): void {
  mountDeviceGroup(app);
  app.openapi(listRoute, async (c) =>
    c.json(await listGroups(c.var.deps, userOf(c), c.req.valid("query").status || undefined), 200),
  );
  app.openapi(dissolveRoute, async (c) =>
    c.json(await dissolveGroup(c.var.deps, userOf(c), c.req.valid("param").name), 200),
  );
  app.openapi(
    membersRoute,
    async (c) => {
      const page = pageOf(c.req.valid("query"));
      const { ids, total } = await listMembers(c.var.deps, userOf(c), c.req.valid("param").name, page);
      setPageHeaders(c, page, { total });
      return c.json(ids, 200);
    },
    refuseInvalid(),
  );
  app.openapi(
    fillRoute,
    async (c) =>
      c.json(await addMembers(c.var.deps, userOf(c), c.req.valid("param").name, c.req.valid("json")), 200),
    refuseList(DECODE_IDS),
  );
  app.openapi(
    thinRoute,
    async (c) =>
      c.json(await removeMembers(c.var.deps, userOf(c), c.req.valid("param").name, c.req.valid("json")), 200),
    refuseList(DECODE_IDS),
  );
}
