import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../platform/app.ts";
import { Fault } from "../platform/fault.ts";
import { asDeviceId, asTenantId } from "../platform/ids.ts";
import { faultResponses, refuseInvalid } from "../platform/wire.ts";
import { downloadArtifact } from "./download.ts";
import { DOWNLOAD_QUERY, verifyLink, type LinkVerdict } from "./links.ts";

const tags = ["storage"];

const linkQuery = z.object({
  "x-men-expire": z
    .string({ error: "cannot be blank" })
    .openapi({ description: "When the link ends", format: "date-time" }),
  "x-men-signature": z.string({ error: "cannot be blank" }),
});

const binary = { "application/vnd.mender-artifact": { schema: z.string().openapi({ format: "binary" }) } };

const downloadRoute = createRoute({
  method: "get",
  path: "/api/devices/v1/deployments/download/artifacts/{tenant}/{artifact}",
  summary: "The bytes of an artifact, by a signed link",
  tags,
  security: [],
  request: {
    params: z.object({ tenant: z.string(), artifact: z.string() }),
    query: linkQuery.extend({ deployment: z.string().optional(), device: z.string().optional() }),
    headers: z.object({ range: z.string().optional(), "if-range": z.string().optional() }),
  },
  responses: {
    200: { description: "The whole artifact", content: binary },
    206: { description: "The range asked for", content: binary },
    ...faultResponses(400, 403, 404, 416),
  },
});

const REFUSALS: Record<Exclude<LinkVerdict, "valid">, string> = {
  expired: "URL expired",
  forged: "signature invalid",
};

const refuseLink = (verdict: LinkVerdict): void => {
  if (verdict !== "valid") throw new Fault("forbidden", REFUSALS[verdict]);
};

const PARAMETERS_PREFIX = "invalid request parameters: ";

export function mountStorage(app: App): void {
  app.openapi(
    downloadRoute,
    async (c) => {
      const { deps } = c.var;
      const { tenant, artifact } = c.req.valid("param");
      const { deployment, device } = c.req.valid("query");
      refuseLink(await verifyLink(deps, new URL(c.req.url), { method: "GET", query: DOWNLOAD_QUERY }));
      return downloadArtifact(deps, {
        tenant: asTenantId(tenant),
        artifact,
        wantsBody: c.req.method !== "HEAD",
        range: c.req.header("range"),
        ifRange: c.req.header("if-range"),
        recipient: deployment && device ? { deployment, device: asDeviceId(device) } : undefined,
      });
    },
    (result) => {
      refuseInvalid(PARAMETERS_PREFIX)(result);
      return undefined;
    },
  );
}
