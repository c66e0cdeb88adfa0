import { createRoute, z } from "@hono/zod-openapi";
import type { App } from "../../platform/app-env.ts";
import { asDeviceId, asTenantId } from "../../platform/ids.ts";
import { faultResponses } from "../../platform/wire.ts";
import { binaryBody, linkQuery, refuseBadParameters, refuseLink } from "../../storage/link-routes.ts";
import { DOWNLOAD_QUERY, verifyLink } from "../../storage/links.ts";
import { downloadArtifact } from "../artifact-download.ts";

const downloadRoute = createRoute({
  method: "get",
  path: "/api/devices/v1/deployments/download/artifacts/{tenant}/{artifact}",
  summary: "The bytes of an artifact, by a signed link",
  tags: ["storage"],
  security: [],
  request: {
    params: z.object({ tenant: z.string(), artifact: z.string() }),
    query: linkQuery.extend({ deployment: z.string().optional(), device: z.string().optional() }),
    headers: z.object({ range: z.string().optional(), "if-range": z.string().optional() }),
  },
  responses: {
    200: { description: "The whole artifact", content: binaryBody },
    206: { description: "The range asked for", content: binaryBody },
    ...faultResponses(400, 403, 404, 416),
  },
});

export function mountArtifactDownload(app: App): void {
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
        recipient: device === undefined ? undefined : { device: asDeviceId(device), deployment },
      });
    },
    refuseBadParameters,
  );
}
