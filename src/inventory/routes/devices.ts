import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { hasNextPage, pageOf, pageQuery, setPageHeaders } from "../../platform/paging.ts";
import { userRoute, within, ofDevice } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../../platform/wire.ts";
import { clearInventory, showDevice } from "../devices.ts";
import { listDevices } from "../find.ts";
import { listSearch } from "../list-query.ts";
import { refuseList } from "../refuse.ts";
import { AttributeList, DeviceIdText, DeviceOut } from "../schema.ts";
import { writeTags } from "../tags.ts";

const base = "/api/management/v1/inventory/devices";
const params = z.object({ id: DeviceIdText });
const DECODE = "failed to decode request body: ";

const listRoute = userRoute(within("devices:read"), {
  method: "get",
  path: base,
  tags: ["inventory"],
  summary: "List devices with their attributes",
  description: "Every other query parameter `[scope/]name=value` is a filter for equality.",
  request: {
    query: z.object({
      ...pageQuery(),
      sort: z.string().optional().openapi({ example: "inventory/device_type:asc" }),
      group: z.string().optional(),
      has_group: z.string().optional(),
    }),
  },
  responses: {
    200: {
      description: "One page; `X-Total-Count` has the number of all",
      content: jsonContent(z.array(DeviceOut)),
    },
    ...faultResponses(400, 401, 403),
  },
});

const showRoute = userRoute(ofDevice("devices:read"), {
  method: "get",
  path: `${base}/{id}`,
  tags: ["inventory"],
  summary: "Show a device with its attributes",
  request: { params },
  responses: {
    200: { description: "The device; `ETag` stands for its tags", content: jsonContent(DeviceOut) },
    ...faultResponses(401, 403, 404),
  },
});

const clearRoute = userRoute(ofDevice("devices:manage"), {
  method: "delete",
  path: `${base}/{id}`,
  tags: ["inventory"],
  summary: "Forget what a device reported; tags and group stay",
  request: { params },
  responses: { 204: { description: "Forgotten" }, ...faultResponses(401, 403) },
});

const tagsRoute = (method: "put" | "patch", summary: string) =>
  userRoute(ofDevice("devices:manage"), {
    method,
    path: `${base}/{id}/tags`,
    tags: ["inventory"],
    summary,
    middleware: jsonBody(DECODE),
    request: {
      params,
      headers: z.object({ "if-match": z.string().optional() }),
      body: { required: true, content: jsonContent(AttributeList) },
    },
    responses: { 200: { description: "Stored" }, ...faultResponses(400, 401, 403, 412) },
  });

export function mountDevicesRoutes(app: App): void {
  app.openapi(
    listRoute,
    async (c) => {
      const page = pageOf(c.req.valid("query"));
      const search = listSearch(new URL(c.req.url).searchParams);
      const { devices, ...total } = await listDevices(c.var.deps, userOf(c), search, page);
      setPageHeaders(c, page, { ...total, hasNext: hasNextPage(total, page, devices.length) });
      return c.json(devices, 200);
    },
    refuseInvalid(),
  );
  app.openapi(showRoute, async (c) => {
    const { device, etag } = await showDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    if (etag !== null) c.header("ETag", etag);
    return c.json(device, 200);
  });
  app.openapi(clearRoute, async (c) => {
    await clearInventory(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    return c.body(null, 204);
  });
  const writeRoutes = [
    { route: tagsRoute("put", "Replace the tags of a device"), mode: "replace" },
    { route: tagsRoute("patch", "Add to the tags of a device"), mode: "merge" },
  ] as const;
  for (const { route, mode } of writeRoutes) {
    app.openapi(
      route,
      async (c) => {
        await writeTags(c.var.deps, userOf(c), {
          device: asDeviceId(c.req.valid("param").id),
          mode,
          tags: c.req.valid("json"),
          ifMatch: c.req.valid("header")["if-match"],
        });
        return c.body(null, 200);
      },
      refuseList(),
    );
  }
}
