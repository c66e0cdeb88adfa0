import { z } from "@hono/zod-openapi";
import type { App } from "../../platform/app-env.ts";
import { asTenantId } from "../../platform/ids.ts";
import { publicRoute } from "../../platform/route.ts";
import { faultResponses } from "../../platform/wire.ts";
import {
  binaryBody,
  conditionHeaders,
  DOWNLOAD_QUERY,
  linkQuery,
  recipientOf,
  refuseBadParameters,
  refuseLink,
  verifyLink,
} from "../../storage/index.ts";
import { downloadArtifact } from "../artifact-download.ts";

/**
 * A download that began before its link expired may be resumed for the rest of a day: a device that resumes has no way
 * to ask for another link, and gives the deployment up on a refusal (protocol notes, storage 6).
 */
const RESUMABLE_FOR_MS = 23 * 3_600_000;

const text = z.string().optional();

const downloadRoute = publicRoute({
  method: "get",
  path: "/api/devices/v1/deployments/download/artifacts/{tenant}/{artifact}",
  summary: "The bytes of an artifact, by a signed link",
  tags: ["storage"],
  security: [],
  request: {
    params: z.object({ tenant: z.string(), artifact: z.string() }),
    query: linkQuery.extend({ deployment: text, device: text, user: text, token: text }),
    headers: conditionHeaders,
  },
  responses: {
    200: { description: "The whole artifact", content: binaryBody },
    206: { description: "The range asked for", content: binaryBody },
    304: { description: "It is what the client has" },
    ...faultResponses(400, 403, 404, 412, 416),
  },
});

export function mountArtifactDownload(app: App): void {
  app.openapi(
    downloadRoute,
    async (c) => {
      const { deps } = c.var;
      const { tenant, artifact } = c.req.valid("param");
      const recipient = recipientOf(c.req.valid("query"));
      const isForDeployment = recipient?.kind === "device" && recipient.deployment !== undefined;
      const verdict = await verifyLink(deps, new URL(c.req.url), {
        method: "GET",
        query: DOWNLOAD_QUERY,
        lapsesForMs: isForDeployment ? RESUMABLE_FOR_MS : 0,
      });
      refuseLink(verdict);
      return downloadArtifact(deps, {
        tenant: asTenantId(tenant),
        artifact,
        recipient,
        headers: c.req.raw.headers,
        wantsBody: c.req.method !== "HEAD",
        onlyRest: verdict === "lapsed",
      });
    },
    refuseBadParameters,
  );
}
