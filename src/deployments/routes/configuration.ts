import { z } from "@hono/zod-openapi";
import type { App } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { asDeviceId, asTenantId, DEFAULT_TENANT } from "../../platform/ids.ts";
import { publicRoute } from "../../platform/route.ts";
import { faultResponses, refuseInvalid } from "../../platform/wire.ts";
import { conditionHeaders, verifyLink } from "../../storage/index.ts";
import { downloadConfiguration } from "../configuration/download.ts";

const required = z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" });
const binary = { "application/vnd.mender-artifact": { schema: z.string().openapi({ format: "binary" }) } };

const download = publicRoute({
  method: "get",
  path: "/api/devices/v1/deployments/download/configuration/{deployment_id}/{device_type}/{device_id}",
  summary: "The artifact of a configuration deployment, by a signed link",
  tags: ["deployments"],
  security: [],
  request: {
    params: z.object({ deployment_id: z.string(), device_type: z.string(), device_id: z.string() }),
    query: z.object({
      "x-men-expire": required,
      "x-men-signature": required,
      tenant_id: z.string().optional(),
    }),
    headers: conditionHeaders,
  },
  responses: {
    200: { description: "The whole artifact", content: binary },
    206: { description: "The range asked for", content: binary },
    304: { description: "It is what the client has" },
    ...faultResponses(400, 403, 404, 412, 416),
  },
});

export function mountConfiguration(app: App): void {
  app.openapi(
    download,
    async (c) => {
      const verdict = await verifyLink(c.var.deps, new URL(c.req.url), {
        method: "GET",
        query: ["tenant_id"],
      });
      if (verdict !== "valid")
        throw new Fault("forbidden", verdict === "expired" ? "URL expired" : "signature invalid");
      const { deployment_id, device_type, device_id } = c.req.valid("param");
      const { tenant_id } = c.req.valid("query");
      return downloadConfiguration(c.var.deps, {
        tenant: tenant_id ? asTenantId(tenant_id) : DEFAULT_TENANT,
        deployment: deployment_id,
        deviceType: device_type,
        device: asDeviceId(device_id),
        headers: c.req.raw.headers,
        wantsBody: c.req.method !== "HEAD",
      });
    },
    refuseInvalid("invalid request parameters: "),
  );
}
