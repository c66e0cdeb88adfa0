import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { asDeviceId } from "../../platform/ids.ts";
import { setTotal } from "../../platform/paging.ts";
import { userRoute, within, ofDevice } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { showDevice } from "../devices.ts";
import { findByIdentity } from "../find.ts";
import { refuseList } from "../refuse.ts";
import { AttributeOut, DeviceIdText } from "../schema.ts";
import { IdentitySearchInput } from "../search/schema.ts";
import { foundDevices } from "./search.ts";

const base = "/api/management/v2alpha1/inventory";

const identitiesRoute = userRoute(within("devices:read"), {
  method: "post",
  path: `${base}/identities/search`,
  tags: ["inventory"],
  summary: "Find devices by the beginning of an identity attribute, of their id or of a tag",
  middleware: jsonBody("failed to decode request body: "),
  request: { body: { required: true, content: jsonContent(IdentitySearchInput) } },
  responses: { 200: foundDevices, ...faultResponses(400, 401, 403) },
});

const componentsRoute = userRoute(ofDevice("devices:read"), {
  method: "get",
  path: `${base}/devices/{id}/components`,
  tags: ["inventory"],
  summary: "List the components of a system device with their attributes",
  request: { params: z.object({ id: DeviceIdText }) },
  responses: {
    200: {
      description: "Attributes by the component's id; empty for a device without components",
      content: jsonContent(z.record(z.string(), z.array(AttributeOut))),
    },
    ...faultResponses(401, 403, 404),
  },
});

export function mountAlphaRoutes(app: App): void {
  app.openapi(
    identitiesRoute,
    async (c) => {
      const { devices, ...total } = await findByIdentity(c.var.deps, userOf(c), c.req.valid("json"));
      setTotal(c, total);
      return c.json(devices, 200);
    },
    refuseList(),
  );
  app.openapi(componentsRoute, async (c) => {
    await showDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id));
    // No published client reports components, so no device has any.
    return c.json({}, 200);
  });
}
