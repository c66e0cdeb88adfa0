import { z } from "@hono/zod-openapi";
import { DeviceObject } from "../deployments/index.ts";
import { DeviceSchema } from "../deviceauth/index.ts";
import { KeptAlert } from "../devicemonitor/index.ts";
import { AttributeOut } from "../inventory/index.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { asDeviceId } from "../platform/ids.ts";
import { ofDevice, userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { showDevice } from "./device.ts";
import { BASE, tags } from "./parts.ts";

const ConsoleDevice = z
  .object({
    device: DeviceSchema,
    attributes: z.array(AttributeOut),
    inventory_updated_ts: z.string().optional(),
    group: z.string().optional(),
    seen: z.object({
      last_seen: z.string().optional(),
      usual_silence_s: z
        .int()
        .optional()
        .openapi({ description: "The longest silence that is usual for it" }),
      silent: z.boolean().optional().openapi({ description: "Silent three times as long as is usual" }),
    }),
    connection: z.object({ connected: z.boolean(), since_ts: z.string().optional() }),
    deployments: z
      .array(
        DeviceObject.extend({
          deployment_id: z.string(),
          name: z.string(),
          artifact_name: z.string(),
        }),
      )
      .openapi({ description: "The newest that it has asked for" }),
    open_alerts: z.array(KeptAlert),
    alerts: z.array(KeptAlert).openapi({ description: "The newest" }),
  })
  .openapi("ConsoleDevice");

const device = userRoute(ofDevice("devices:read"), {
  method: "get",
  path: `${BASE}/devices/{id}`,
  tags,
  summary: "A device with what the page about it begins with",
  description: "What the roles do not allow is left out.",
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: "The device", content: jsonContent(ConsoleDevice) },
    ...faultResponses(401, 403, 404),
  },
});

export function mountDevice(app: App): void {
  app.openapi(device, async (c) =>
    c.json(await showDevice(c.var.deps, userOf(c), asDeviceId(c.req.valid("param").id)), 200),
  );
}
