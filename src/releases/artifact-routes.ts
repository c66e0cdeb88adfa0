import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Actor } from "../platform/actor.ts";
import { operatorOf, userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { pageOf, setPageHeaders } from "../platform/paging.ts";
import { operatorRoute, userRoute, within } from "../platform/route.ts";
import {
  faultResponses,
  jsonBody,
  jsonContent,
  mediaTypeOf,
  optionalText,
  refuseInvalid,
} from "../platform/wire.ts";
import { ArtifactSchema } from "./artifact.ts";
import {
  browseArtifacts,
  deleteArtifact,
  describeArtifact,
  getArtifact,
  linkToArtifact,
  listArtifacts,
} from "./artifacts.ts";
import {
  ArtifactId,
  ArtifactPatternQuery,
  artifactFilterQuery,
  artifactSort,
  lenientPageQuery,
  patternFilter,
  substringFilter,
} from "./schema.ts";
import { uploadArtifact } from "./upload.ts";

const V1 = "/api/management/v1/deployments/artifacts";
const BODY_PREFIX = "Validating request body: ";
const tags = ["releases"];
const artifactList = { description: "Artifacts", content: jsonContent(z.array(ArtifactSchema)) };
const idParam = z.object({ id: ArtifactId });

const uploadForm = {
  required: true,
  content: {
    "multipart/form-data": {
      schema: {
        type: "object" as const,
        required: ["artifact"],
        properties: {
          size: { type: "integer" as const, description: "Bytes of the artifact" },
          description: { type: "string" as const },
          artifact_id: { type: "string" as const, format: "uuid" },
          artifact: { type: "string" as const, format: "binary", description: "The file; the last part" },
        },
      },
    },
  },
};

const uploadResponses = {
  201: {
    description: "The artifact is stored",
    headers: z.object({ Location: z.string().openapi({ description: "Where the artifact is" }) }),
  },
  ...faultResponses(400, 409, 413, 415),
};

const uploadRoute = userRoute("artifacts:upload", {
  method: "post",
  path: V1,
  summary: "Upload an artifact",
  tags,
  body: "stream",
  requestBody: uploadForm,
  responses: uploadResponses,
});

const internalUploadRoute = operatorRoute({
  method: "post",
  path: "/api/internal/v1/deployments/tenants/{id}/artifacts",
  summary: "Upload an artifact into a tenant",
  tags,
  body: "stream",
  request: { params: z.object({ id: z.string() }) },
  requestBody: uploadForm,
  responses: uploadResponses,
});

const allArtifactsRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: V1,
  summary: "Artifacts, up to 5,000 of them",
  deprecated: true,
  tags,
  request: { query: z.object(artifactFilterQuery) },
  responses: { 200: artifactList },
});

const artifactListRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: `${V1}/list`,
  summary: "Artifacts whose texts contain what is asked for",
  deprecated: true,
  tags,
  request: { query: z.object({ ...artifactFilterQuery, ...lenientPageQuery, sort: artifactSort }) },
  responses: { 200: artifactList },
});

const artifactPatternRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: "/api/management/v2/deployments/artifacts",
  summary: "Artifacts by name",
  tags,
  request: { query: ArtifactPatternQuery },
  responses: { 200: artifactList, ...faultResponses(400) },
});

const artifactRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: `${V1}/{id}`,
  summary: "An artifact",
  tags,
  request: { params: idParam },
  responses: {
    200: { description: "The artifact", content: jsonContent(ArtifactSchema) },
    ...faultResponses(400, 404),
  },
});

const describeRoute = userRoute(within("artifacts:manage"), {
  method: "put",
  path: `${V1}/{id}`,
  summary: "Describe an artifact that was never deployed",
  tags,
  middleware: jsonBody(BODY_PREFIX),
  request: {
    params: idParam,
    body: { required: true, content: jsonContent(z.object({ description: optionalText(4096) })) },
  },
  responses: { 204: { description: "Described" }, ...faultResponses(400, 404, 422) },
});

const deleteRoute = userRoute(within("artifacts:manage"), {
  method: "delete",
  path: `${V1}/{id}`,
  summary: "Delete an artifact and what it stores",
  tags,
  request: { params: idParam },
  responses: { 204: { description: "Deleted" }, ...faultResponses(400, 404, 409) },
});

const linkRoute = userRoute(within("artifacts:download"), {
  method: "get",
  path: `${V1}/{id}/download`,
  summary: "A link to the bytes of an artifact",
  tags,
  request: { params: idParam },
  responses: {
    200: {
      description: "Whoever has the link can download",
      content: jsonContent(z.object({ uri: z.string(), expire: z.string(), method: z.literal("GET") })),
    },
    ...faultResponses(400, 404),
  },
});

const UPLOAD_TYPES = new Set(["multipart/form-data", "multipart/mixed"]);

async function receiveUpload(c: Context<AppEnv>, actor: Actor): Promise<Response> {
  if (!UPLOAD_TYPES.has(mediaTypeOf(c))) {
    throw new Fault(
      "unsupported_media",
      "Bad Content-Type, expected 'multipart/form-data', 'multipart/mixed'",
    );
  }
  const stream = c.req.raw.body;
  if (!stream) throw new Fault("bad_request", "request does not contain the artifact file");
  const declared = c.req.header("content-length");
  const id = await uploadArtifact(c.var.deps, actor, {
    stream,
    contentType: c.req.header("content-type") ?? "",
    declaredBytes: declared === undefined ? undefined : Number(declared),
  });
  return new Response(null, { status: 201, headers: { Location: `${c.req.path}/${id}` } });
}

/** More than this in one answer helps nobody; the paged list has them all. */
const MAX_UNPAGED = 5_000;

export function mountArtifacts(app: App): void {
  app.openapi(uploadRoute, (c) => receiveUpload(c, userOf(c)));
  app.openapi(internalUploadRoute, (c) => receiveUpload(c, operatorOf(c, c.req.valid("param").id)));
  app.openapi(allArtifactsRoute, async (c) => {
    const page = { page: 1, perPage: MAX_UNPAGED };
    const filter = substringFilter(c.req.valid("query"));
    const { artifacts } = await browseArtifacts(c.var.deps, userOf(c), filter, page);
    return c.json(artifacts, 200);
  });
  app.openapi(artifactListRoute, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const filter = substringFilter(query);
    const { artifacts, total } = await listArtifacts(c.var.deps, userOf(c), filter, query.sort, page);
    setPageHeaders(c, page, { total });
    return c.json(artifacts, 200);
  });
  app.openapi(artifactPatternRoute, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const { artifacts, hasNext } = await browseArtifacts(c.var.deps, userOf(c), patternFilter(query), page);
    setPageHeaders(c, page, { hasNext });
    return c.json(artifacts, 200);
  });
  app.openapi(artifactRoute, async (c) =>
    c.json(await getArtifact(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
  app.openapi(
    describeRoute,
    async (c) => {
      const { description = "" } = c.req.valid("json");
      await describeArtifact(c.var.deps, userOf(c), c.req.valid("param").id, description);
      return c.body(null, 204);
    },
    (result) => {
      refuseInvalid(result.target === "json" ? BODY_PREFIX : "")(result);
      return undefined;
    },
  );
  app.openapi(deleteRoute, async (c) => {
    await deleteArtifact(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(linkRoute, async (c) =>
    c.json(await linkToArtifact(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
}
