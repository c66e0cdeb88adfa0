import { z } from "@hono/zod-openapi";
import { operatorOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders } from "../../platform/paging.ts";
import { operatorRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { applyRestore, beginRestore, endRestore, listRestores, showRestore } from "./restores.ts";
import { Restore } from "./restore-view.ts";

const PATH = "/api/operator/v1/tenants/{id}/restores";

const NewRestore = z
  .strictObject({
    to: z.iso
      .datetime({ offset: true, error: "must be a time like 2026-01-31T00:00:00Z" })
      .openapi({ description: "The tenant becomes what it was then", format: "date-time" }),
    dry_run: z
      .boolean({ error: "must be true or false" })
      .default(false)
      .openapi({ description: "Only tell what would be put back; it can be applied then" }),
  })
  .openapi("NewTenantRestore");

const tags = ["operator"];
const params = z.object({ id: z.string() });
const restoreParams = params.extend({ restore: z.string() });
const shown = (description: string) => ({ description, content: jsonContent(Restore) });

const post = operatorRoute({
  method: "post",
  path: PATH,
  tags,
  summary: "Put a tenant back to what it was at a time",
  description:
    "Until that is done, the tenant is read and not written: devices are told to come again. With `dry_run` nothing is written.",
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(NewRestore) } },
  responses: { 202: shown("It has begun"), ...faultResponses(400, 401, 404, 409, 422) },
});

const list = operatorRoute({
  method: "get",
  path: PATH,
  tags,
  summary: "List restores of a tenant, the newest first",
  request: { params, query: z.object(pageQuery()) },
  responses: {
    200: { description: "Restores", content: jsonContent(z.array(Restore)) },
    ...faultResponses(400, 401, 404),
  },
});

const get = operatorRoute({
  method: "get",
  path: `${PATH}/{restore}`,
  tags,
  summary: "How far a restore is, and what it puts back",
  request: { params: restoreParams },
  responses: { 200: shown("The restore"), ...faultResponses(401, 404) },
});

const apply = operatorRoute({
  method: "post",
  path: `${PATH}/{restore}/apply`,
  tags,
  summary: "Put back what a dry run has told of",
  request: { params: restoreParams },
  responses: { 202: shown("It goes on"), ...faultResponses(401, 404, 409) },
});

const remove = operatorRoute({
  method: "delete",
  path: `${PATH}/{restore}`,
  tags,
  summary: "End a restore that has not begun to write; one that is over is told of no more",
  request: { params: restoreParams },
  responses: {
    200: shown("The tenant stays as it is"),
    204: { description: "It was over" },
    ...faultResponses(401, 404, 409),
  },
});

export function mountRestores(app: App): void {
  app.openapi(post, async (c) => {
    const { to, dry_run: isDryRun } = c.req.valid("json");
    const actor = operatorOf(c, c.req.valid("param").id);
    return c.json(await beginRestore(c.var.deps, actor, { toMs: Date.parse(to), isDryRun }), 202);
  });
  app.openapi(list, async (c) => {
    const page = pageOf(c.req.valid("query"));
    const actor = operatorOf(c, c.req.valid("param").id);
    const { views, total } = await listRestores(c.var.deps, actor, page);
    setPageHeaders(c, page, { total });
    return c.json(views, 200);
  });
  app.openapi(get, async (c) => {
    const { id, restore } = c.req.valid("param");
    return c.json(await showRestore(c.var.deps, operatorOf(c, id), restore), 200);
  });
  app.openapi(apply, async (c) => {
    const { id, restore } = c.req.valid("param");
    return c.json(await applyRestore(c.var.deps, operatorOf(c, id), restore), 202);
  });
  app.openapi(remove, async (c) => {
    const { id, restore } = c.req.valid("param");
    const view = await endRestore(c.var.deps, operatorOf(c, id), restore);
    return view ? c.json(view, 200) : c.body(null, 204);
  });
}
