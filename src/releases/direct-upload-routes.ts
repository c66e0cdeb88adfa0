import { z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, mediaTypeOf, optionalText } from "../platform/wire.ts";
import { UploadStatusSchema } from "../storage/index.ts";
import { cancelUpload, closeUpload, followUpload, requestUpload } from "./direct-upload.ts";

const BASE = "/api/management/v1/deployments/artifacts/directupload";
const tags = ["releases"];
const params = z.object({ id: z.string() });

const AnnouncedSchema = z.object({
  description: optionalText(4096),
  size: z.number().int().nonnegative().optional().openapi({ description: "Bytes of the artifact" }),
});

const LinkSchema = z
  .object({
    id: z.string(),
    uri: z.string(),
    expire: z.string(),
    method: z.literal("PUT"),
    header: z.record(z.string(), z.string()),
    part_size: z.number().int(),
  })
  .openapi("ArtifactUploadLink");

const requestRoute = userRoute("artifacts:upload", {
  method: "post",
  path: BASE,
  summary: "Get a link to upload an artifact to, whole or in parts",
  description:
    "PUT the artifact to `uri`, or parts of `part_size` bytes to `uri` with `&part=1`, `&part=2`, … in any order and as often as needed; GET `uri` tells which parts arrived. Then complete the upload.",
  tags,
  middleware: jsonBody(),
  request: { body: { content: jsonContent(AnnouncedSchema) } },
  responses: {
    200: { description: "Where to send it", content: jsonContent(LinkSchema) },
    ...faultResponses(400, 413, 415, 429),
  },
});

/** What the body says is the uploader's word and not trusted, so it is not even read. */
const onlyJson: MiddlewareHandler<AppEnv> = async (c, next) => {
  const hasBody = Number(c.req.header("content-length") ?? 0) > 0;
  if (hasBody && mediaTypeOf(c) !== "application/json") {
    throw new Fault("unsupported_media", "Bad Content-Type, expected 'application/json'");
  }
  await next();
};

const completeRoute = userRoute("artifacts:upload", {
  method: "post",
  path: `${BASE}/{id}/complete`,
  summary: "Have an upload verified and made an artifact",
  tags,
  middleware: onlyJson,
  request: { params },
  responses: { 202: { description: "A job verifies it" }, ...faultResponses(400, 404, 415) },
});

const followRoute = userRoute("artifacts:upload", {
  method: "get",
  path: `${BASE}/{id}`,
  summary: "How far an upload came, with a fresh link to it",
  tags,
  request: { params },
  responses: {
    200: {
      description: "The upload",
      content: jsonContent(UploadStatusSchema.extend({ uri: z.string() })),
    },
    ...faultResponses(404),
  },
});

const cancelRoute = userRoute("artifacts:upload", {
  method: "delete",
  path: `${BASE}/{id}`,
  summary: "Give up an upload and what it stored",
  tags,
  request: { params },
  responses: { 204: { description: "Given up" }, ...faultResponses(404) },
});

export function mountDirectUpload(app: App): void {
  app.openapi(requestRoute, async (c) =>
    c.json(await requestUpload(c.var.deps, userOf(c), c.req.valid("json")), 200),
  );
  app.openapi(completeRoute, async (c) => {
    await closeUpload(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 202);
  });
  app.openapi(followRoute, async (c) =>
    c.json(await followUpload(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
  app.openapi(cancelRoute, async (c) => {
    await cancelUpload(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}
