import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { operatorOf, userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { operatorRoute, userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { Export, exportBody, Link } from "./export-schema.ts";
import {
  askForExport,
  deleteExport,
  linkToExport,
  listExports,
  showExport,
  type Exporter,
} from "./exports.ts";

const OWN = "/api/management/v1/tenantadm/exports";
const OPERATOR = "/api/operator/v1/tenants/{id}/exports";

const asked = { 202: { description: "It is being made", content: jsonContent(Export) } };
const listed = { 200: { description: "Exports, the newest first", content: jsonContent(z.array(Export)) } };
const shown = { 200: { description: "The export and how far it is", content: jsonContent(Export) } };
const linked = { 200: { description: "A link to the archive", content: jsonContent(Link) } };
const removed = { 204: { description: "It is gone" } };

const own = { tags: ["tenant exports"] };
const ownParams = z.object({ id: z.string() });

const post = userRoute("tenant:export", {
  ...own,
  method: "post",
  path: OWN,
  summary: "Have everything that the tenant has copied into an archive",
  middleware: jsonBody(),
  request: { body: exportBody },
  responses: { ...asked, ...faultResponses(400, 401, 403, 409) },
});

const list = userRoute("tenant:export", {
  ...own,
  method: "get",
  path: OWN,
  summary: "List the exports that are kept",
  request: { query: z.object(pageQuery()) },
  responses: { ...listed, ...faultResponses(400, 401, 403) },
});

const get = userRoute("tenant:export", {
  ...own,
  method: "get",
  path: `${OWN}/{id}`,
  summary: "How far an export is",
  request: { params: ownParams },
  responses: { ...shown, ...faultResponses(401, 403, 404) },
});

const link = userRoute("tenant:export", {
  ...own,
  method: "get",
  path: `${OWN}/{id}/download`,
  summary: "Get a link to the archive of an export that is done",
  request: { params: ownParams },
  responses: { ...linked, ...faultResponses(401, 403, 404, 409) },
});

const remove = userRoute("tenant:export", {
  ...own,
  method: "delete",
  path: `${OWN}/{id}`,
  summary: "End an export, or remove its archive",
  request: { params: ownParams },
  responses: { ...removed, ...faultResponses(401, 403, 404) },
});

const operator = { tags: ["operator"] };
const tenantParams = z.object({ id: z.string() });
const exportParams = z.object({ id: z.string(), export: z.string() });

const postOf = operatorRoute({
  ...operator,
  method: "post",
  path: OPERATOR,
  summary: "Have everything that a tenant has copied into an archive",
  middleware: jsonBody(),
  request: { params: tenantParams, body: exportBody },
  responses: { ...asked, ...faultResponses(400, 401, 404, 409) },
});

const listOf = operatorRoute({
  ...operator,
  method: "get",
  path: OPERATOR,
  summary: "List the exports of a tenant that are kept",
  request: { params: tenantParams, query: z.object(pageQuery()) },
  responses: { ...listed, ...faultResponses(400, 401) },
});

const getOf = operatorRoute({
  ...operator,
  method: "get",
  path: `${OPERATOR}/{export}`,
  summary: "How far an export of a tenant is",
  request: { params: exportParams },
  responses: { ...shown, ...faultResponses(401, 404) },
});

const linkOf = operatorRoute({
  ...operator,
  method: "get",
  path: `${OPERATOR}/{export}/download`,
  summary: "Get a link to the archive of a tenant",
  request: { params: exportParams },
  responses: { ...linked, ...faultResponses(401, 404, 409) },
});

const removeOf = operatorRoute({
  ...operator,
  method: "delete",
  path: `${OPERATOR}/{export}`,
  summary: "End an export of a tenant, or remove its archive",
  request: { params: exportParams },
  responses: { ...removed, ...faultResponses(401, 404) },
});

async function pageFor(c: Context<AppEnv>, actor: Exporter, query: { page: number; per_page: number }) {
  const page = pageOf(query);
  const { views, total } = await listExports(c.var.deps, actor, page);
  setPageHeaders(c, page, { total });
  return views;
}

function mountOwnExports(app: App): void {
  app.openapi(post, async (c) => c.json(await askForExport(c.var.deps, userOf(c), c.req.valid("json")), 202));
  app.openapi(list, async (c) => c.json(await pageFor(c, userOf(c), c.req.valid("query")), 200));
  app.openapi(get, async (c) =>
    c.json(await showExport(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
  app.openapi(link, async (c) =>
    c.json(await linkToExport(c.var.deps, userOf(c), c.req.valid("param").id), 200),
  );
  app.openapi(remove, async (c) => {
    await deleteExport(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}

function mountOperatorExports(app: App): void {
  app.openapi(postOf, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").id);
    return c.json(await askForExport(c.var.deps, actor, c.req.valid("json")), 202);
  });
  app.openapi(listOf, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").id);
    return c.json(await pageFor(c, actor, c.req.valid("query")), 200);
  });
  app.openapi(getOf, async (c) => {
    const { id, export: wanted } = c.req.valid("param");
    return c.json(await showExport(c.var.deps, operatorOf(c, id), wanted), 200);
  });
  app.openapi(linkOf, async (c) => {
    const { id, export: wanted } = c.req.valid("param");
    return c.json(await linkToExport(c.var.deps, operatorOf(c, id), wanted), 200);
  });
  app.openapi(removeOf, async (c) => {
    const { id, export: wanted } = c.req.valid("param");
    await deleteExport(c.var.deps, operatorOf(c, id), wanted);
    return c.body(null, 204);
  });
}

export function mountExports(app: App): void {
  mountOwnExports(app);
  mountOperatorExports(app);
}
