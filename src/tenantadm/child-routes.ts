import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { asTenantId } from "../platform/ids.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { createChild, listChildren, updateChild } from "./children.ts";
import { ChildUpdate, IdParam, NewChild, Tenant, TiersQuery } from "./schema.ts";
import { tenantWire } from "./tenant-wire.ts";

const BASE = "/api/management/v2/tenantadm/tenants";
const tags = ["tenantadm"];
const PER_PAGE = 10;

const list = userRoute("tenants:read", {
  method: "get",
  path: BASE,
  tags,
  summary: "List the children of a service provider",
  request: { query: z.object({ ...pageQuery(PER_PAGE), ...TiersQuery.shape }) },
  responses: {
    200: { description: "Children in order of id", content: jsonContent(z.array(Tenant)) },
    ...faultResponses(400, 401, 403),
  },
});

const create = userRoute("tenants:manage", {
  method: "post",
  path: BASE,
  tags,
  summary: "Make a child with its first administrator and a share of the device limits",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewChild) } },
  responses: { 202: { description: "It is there" }, ...faultResponses(400, 401, 403, 409, 415, 422) },
});

const update = userRoute("tenants:manage", {
  method: "put",
  path: `${BASE}/{id}/child`,
  tags,
  summary: "Change name and shares of a child; shares that are not sent are taken back",
  middleware: jsonBody(),
  request: { params: IdParam, body: { required: true, content: jsonContent(ChildUpdate) } },
  responses: { 204: { description: "Changed" }, ...faultResponses(400, 401, 403, 409, 415, 422) },
});

export function mountChildTenants(app: App): void {
  app.openapi(list, async (c) => {
    const { deps } = c.var;
    const { tiers, ...paging } = c.req.valid("query");
    const page = pageOf(paging);
    const { views, total } = await listChildren(deps, userOf(c), page);
    setPageHeaders(c, page, { total });
    return c.json(
      views.map((view) => tenantWire(view, deps.now(), { tiers })),
      200,
    );
  });
  app.openapi(create, async (c) => {
    await createChild(c.var.deps, userOf(c), c.req.valid("json"));
    return c.body(null, 202);
  });
  app.openapi(update, async (c) => {
    const id = asTenantId(c.req.valid("param").id);
    await updateChild(c.var.deps, userOf(c), id, c.req.valid("json"));
    return c.body(null, 204);
  });
}
