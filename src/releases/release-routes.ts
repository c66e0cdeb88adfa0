import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { pageOf, setPageHeaders } from "../platform/paging.ts";
import { userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import {
  kindQuery,
  NotesSchema,
  releaseFilter,
  releaseQuery,
  ReleaseSchema,
  releaseV1Query,
  ReleaseV1Schema,
  releaseV1Wire,
  releaseWire,
  SoftwareQuery,
  SoftwareSchema,
  softwareWire,
  TagsSchema,
} from "./release-schema.ts";
import {
  annotateRelease,
  deleteReleases,
  getRelease,
  listReleases,
  listSoftware,
  listTags,
  listUpdateTypes,
  tagRelease,
} from "./releases.ts";

const V1 = "/api/management/v1/deployments/deployments/releases";
const V2 = "/api/management/v2/deployments/deployments/releases";
const SOFTWARE = "/api/management/v1alpha1/deployments/software";
const NOTES_PREFIX = "invalid request body: ";
const TAGS_PREFIX = "malformed JSON in request body: ";
const tags = ["releases"];

const listOf = <T extends z.ZodType>(schema: T) => ({
  200: { description: "A page of releases", content: jsonContent(z.array(schema)) },
  ...faultResponses(400),
});
const texts = { 200: { description: "In alphabetical order", content: jsonContent(z.array(z.string())) } };
const nameParam = z.object({ release_name: z.string() });

const allReleasesRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: V1,
  summary: "The first releases",
  deprecated: true,
  tags,
  request: { query: z.object(releaseV1Query) },
  responses: listOf(ReleaseV1Schema),
});

const releaseListV1Route = userRoute(within("artifacts:read"), {
  method: "get",
  path: `${V1}/list`,
  summary: "Releases in pages",
  deprecated: true,
  tags,
  request: { query: z.object(releaseV1Query) },
  responses: listOf(ReleaseV1Schema),
});

const releaseListRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: V2,
  summary: "Releases in pages",
  tags,
  request: { query: z.object(releaseQuery) },
  responses: listOf(ReleaseSchema),
});

const deleteReleasesRoute = userRoute(within("artifacts:manage"), {
  method: "delete",
  path: V2,
  summary: "Delete releases with their artifacts and what these store",
  tags,
  request: {
    query: z.object({
      name: z
        .union([z.string(), z.array(z.string()).max(100)])
        .optional()
        .openapi({ type: "array", items: { type: "string" } }),
    }),
  },
  responses: { 204: { description: "Deleted" }, ...faultResponses(400, 409) },
});

const releaseRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: `${V2}/{release_name}`,
  summary: "A release with its artifacts",
  tags,
  request: { params: nameParam },
  responses: {
    200: { description: "The release", content: jsonContent(ReleaseSchema) },
    ...faultResponses(404),
  },
});

const notesRoute = userRoute(within("artifacts:manage"), {
  method: "patch",
  path: `${V2}/{release_name}`,
  summary: "Write or clear the notes of a release",
  tags,
  middleware: jsonBody(NOTES_PREFIX),
  request: { params: nameParam, body: { required: true, content: jsonContent(NotesSchema) } },
  responses: { 204: { description: "Written" }, ...faultResponses(400, 404) },
});

const tagsRoute = userRoute("artifacts:manage", {
  method: "put",
  path: `${V2}/{release_name}/tags`,
  summary: "Replace the tags of a release",
  tags,
  middleware: jsonBody(TAGS_PREFIX),
  request: { params: nameParam, body: { required: true, content: jsonContent(TagsSchema) } },
  responses: { 204: { description: "Replaced" }, ...faultResponses(400, 404, 409) },
});

const allTagsRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: "/api/management/v2/deployments/releases/all/tags",
  summary: "Tags of all releases",
  tags,
  responses: texts,
});

const allTypesRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: "/api/management/v2/deployments/releases/all/types",
  summary: "Every update type there ever was",
  tags,
  responses: texts,
});

const softwareRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: SOFTWARE,
  summary: "Releases without their artifacts",
  tags,
  request: { query: SoftwareQuery },
  responses: listOf(SoftwareSchema),
});

const softwareTagsRoute = userRoute(within("artifacts:read"), {
  method: "get",
  path: `${SOFTWARE}/tags`,
  summary: "Tags of a kind of software",
  tags,
  request: { query: z.object({ kind: kindQuery }) },
  responses: { ...texts, ...faultResponses(400) },
});

function mountFirstVersion(app: App): void {
  app.openapi(allReleasesRoute, async (c) => {
    const query = c.req.valid("query");
    const { releases } = await listReleases(
      c.var.deps,
      userOf(c),
      releaseFilter(query),
      query.sort,
      pageOf(query),
    );
    return c.json(releases.map(releaseV1Wire), 200);
  });
  app.openapi(releaseListV1Route, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const filter = releaseFilter(query);
    const { releases, total } = await listReleases(c.var.deps, userOf(c), filter, query.sort, page);
    setPageHeaders(c, page, { total });
    return c.json(releases.map(releaseV1Wire), 200);
  });
}

function mountSecondVersion(app: App): void {
  app.openapi(releaseListRoute, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const filter = releaseFilter(query);
    const { releases, total } = await listReleases(c.var.deps, userOf(c), filter, query.sort, page);
    setPageHeaders(c, page, { total });
    return c.json(releases.map(releaseWire), 200);
  });
  app.openapi(deleteReleasesRoute, async (c) => {
    const { name = [] } = c.req.valid("query");
    const names = [name].flat().filter((text) => text !== "");
    if (names.length === 0) {
      throw new Fault("bad_request", "at least one release name has to be provided");
    }
    await deleteReleases(c.var.deps, userOf(c), names);
    return c.body(null, 204);
  });
  app.openapi(releaseRoute, async (c) => {
    const name = c.req.valid("param").release_name;
    return c.json(releaseWire(await getRelease(c.var.deps, userOf(c), name)), 200);
  });
  app.openapi(
    notesRoute,
    async (c) => {
      const { notes } = c.req.valid("json");
      await annotateRelease(c.var.deps, userOf(c), c.req.valid("param").release_name, notes);
      return c.body(null, 204);
    },
    (result) => {
      refuseInvalid(NOTES_PREFIX)(result);
      return undefined;
    },
  );
  app.openapi(
    tagsRoute,
    async (c) => {
      await tagRelease(c.var.deps, userOf(c), c.req.valid("param").release_name, c.req.valid("json"));
      return c.body(null, 204);
    },
    (result) => {
      refuseInvalid(TAGS_PREFIX)(result);
      return undefined;
    },
  );
  app.openapi(allTagsRoute, async (c) => c.json(await listTags(c.var.deps, userOf(c)), 200));
  app.openapi(allTypesRoute, async (c) => c.json(await listUpdateTypes(c.var.deps, userOf(c)), 200));
}

function mountSoftware(app: App): void {
  app.openapi(softwareRoute, async (c) => {
    const { kind, ...query } = c.req.valid("query");
    const page = pageOf(query);
    // There are no manifests here, so none of the names is one.
    const names = kind === "manifest" ? [] : query.name;
    const filter = { ...releaseFilter({ ...query, name: undefined }), names, namePrefix: query.name_prefix };
    const { releases, total } = await listSoftware(c.var.deps, userOf(c), filter, query.sort, page);
    setPageHeaders(c, page, { total });
    return c.json(releases.map(softwareWire), 200);
  });
  app.openapi(softwareTagsRoute, async (c) => {
    const found = await listTags(c.var.deps, userOf(c));
    return c.json(c.req.valid("query").kind === "manifest" ? [] : found, 200);
  });
}

export function mountReleaseRoutes(app: App): void {
  mountFirstVersion(app);
  mountSecondVersion(app);
  mountSoftware(app);
}
