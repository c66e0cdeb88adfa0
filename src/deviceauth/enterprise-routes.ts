import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { ofDevice, userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { deviceLimits } from "./limits.ts";
import { DeviceParam, TierLimitsSchema } from "./schema.ts";
import { deviceCounts } from "./devices.ts";
import { setTestDevice } from "./test-devices.ts";

const base = "/api/management/v2/devauth";
const tags = ["deviceauth"];
const INVALID_FLAGS = "failed to decode device flags: ";

const tierLimitsRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/limits/devices`,
  tags,
  summary: "Show the device limits of all tiers",
  responses: { 200: { description: "The limits", content: jsonContent(TierLimitsSchema) } },
});

const flagsRoute = userRoute(ofDevice("devices:manage"), {
  method: "put",
  path: `${base}/devices/{id}/flags`,
  tags,
  summary: "Name a device a test device, which may poll often, or take that back",
  middleware: jsonBody(INVALID_FLAGS),
  request: {
    params: DeviceParam,
    body: {
      required: true,
      content: jsonContent(
        z.object({ test_device: z.boolean({ error: "must be a boolean" }) }).openapi("DeviceFlags"),
      ),
    },
  },
  responses: { 204: { description: "Set, or so already" }, ...faultResponses(400, 404, 422, 429) },
});

const licenseRoute = userRoute("devices:read", {
  method: "get",
  path: `${base}/license`,
  tags,
  summary: "Report how many devices there are",
  responses: {
    200: { description: "Counts by status and tier", content: { "text/csv": { schema: z.string() } } },
  },
});

/** What the commercial edition has beyond the open one (protocol notes, deviceauth 9). */
export function mountEnterprise(app: App): void {
  app.openapi(tierLimitsRoute, async (c) => c.json(await deviceLimits(c.var.deps, userOf(c)), 200));
  app.openapi(
    flagsRoute,
    async (c) => {
      const { test_device: isTestDevice } = c.req.valid("json");
      await setTestDevice(c.var.deps, userOf(c), c.req.valid("param").id, isTestDevice);
      return c.body(null, 204);
    },
    refuseInvalid(INVALID_FLAGS),
  );
  app.openapi(licenseRoute, async (c) => {
    const counts = await deviceCounts(c.var.deps, userOf(c));
    const lines = counts.map(({ status, tier, devices }) => `${status},${tier},${devices}`);
    const report = ["status,tier,devices", ...lines, ""].join("\n");
    return c.body(report, 200, { "Content-Type": "text/csv" });
  });
}
