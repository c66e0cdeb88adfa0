import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bearerToken } from "../platform/access.ts";
import { operatorOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId } from "../platform/ids.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { operatorRoute, publicRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { setTenantStatus, tenantByTokenStatement } from "../tenants/index.ts";
import { activateTenant, operatorIn, startRemoval, tenantOf } from "./life.ts";
import { adoptChildren, findTenants, releaseChild, releaseChildren, updateTenant } from "./operate.ts";
import { flag, IdParam, NewStatus, Tenant, TenantIds, TenantUpdate } from "./schema.ts";
import { tenantWire } from "./tenant-wire.ts";
import { childrenOf, viewTenant, viewTenants } from "./views.ts";

const BASE = "/api/internal/v1/tenantadm";
const ONE = `${BASE}/tenants/{id}` as const;
const tags = ["tenantadm internal"];
const PER_PAGE = 10;
const MAX_TEXT = 256;

const several = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .optional()
  .openapi({ type: "array", items: { type: "string" } });

const list = operatorRoute({
  method: "get",
  path: `${BASE}/tenants`,
  tags,
  summary: "List tenants",
  request: {
    query: z.object({
      ...pageQuery(PER_PAGE),
      id: several,
      field: several,
      plan: z.string().max(MAX_TEXT).optional(),
      trial: z.enum(["true", "false"]).optional(),
      q: z.string().max(MAX_TEXT).optional().openapi({ description: "Id of a tenant, or part of its name" }),
      parent_tenant_id: z.string().max(MAX_TEXT).optional(),
    }),
  },
  responses: {
    200: { description: "Tenants in order of id", content: jsonContent(z.array(Tenant.partial())) },
    ...faultResponses(400, 401),
  },
});

const verify = publicRoute({
  method: "post",
  path: `${BASE}/tenants/verify`,
  tags,
  summary: "Tell the tenant whose token is in `Authorization`",
  description: "Exists only where the operator token is configured.",
  responses: {
    200: { description: "The tenant", content: jsonContent(Tenant) },
    ...faultResponses(401, 404),
  },
});

const show = operatorRoute({
  method: "get",
  path: ONE,
  tags,
  summary: "Show a tenant with its token",
  request: { params: IdParam, query: z.object({ include_children: flag }) },
  responses: {
    200: { description: "The tenant", content: jsonContent(Tenant) },
    ...faultResponses(401, 404),
  },
});

const update = operatorRoute({
  method: "put",
  path: ONE,
  tags,
  summary: "Change a tenant; limits of a new plan are set with it",
  middleware: jsonBody(),
  request: { params: IdParam, body: { required: true, content: jsonContent(TenantUpdate) } },
  responses: { 202: { description: "Changed" }, ...faultResponses(400, 401, 404, 409, 415) },
});

const remove = operatorRoute({
  method: "delete",
  path: ONE,
  tags,
  summary: "Remove a tenant with everything it has",
  request: { params: IdParam },
  responses: { 204: { description: "It will be gone soon, or never was" }, ...faultResponses(401, 422) },
});

const putStatus = operatorRoute({
  method: "put",
  path: `${ONE}/status`,
  tags,
  summary: "Suspend a tenant or take it up again",
  middleware: jsonBody(),
  request: { params: IdParam, body: { required: true, content: jsonContent(NewStatus) } },
  responses: { 200: { description: "It is so" }, ...faultResponses(400, 401, 404, 415) },
});

const adopt = operatorRoute({
  method: "post",
  path: `${ONE}/children`,
  tags,
  summary: "Put tenants below a service provider",
  middleware: jsonBody(),
  request: { params: IdParam, body: { required: true, content: jsonContent(TenantIds) } },
  responses: { 204: { description: "They are its children" }, ...faultResponses(400, 401, 404, 409, 415) },
});

const removeChildren = operatorRoute({
  method: "delete",
  path: `${ONE}/children`,
  tags,
  summary: "Remove all children of a service provider with everything they have",
  request: { params: IdParam },
  responses: { 204: { description: "They will be gone soon" }, ...faultResponses(401, 404, 409) },
});

const release = operatorRoute({
  method: "delete",
  path: `${ONE}/children/{child_id}`,
  tags,
  summary: "Make a child a tenant of its own",
  request: { params: IdParam.extend({ child_id: z.string() }) },
  responses: { 204: { description: "It has no parent" }, ...faultResponses(401, 404) },
});

const idOf = (c: Context<AppEnv>) => operatorOf(c, c.req.param("id")).tenant;

const onlyFields = <T extends object>(whole: T, fields: readonly string[] | undefined): Partial<T> =>
  fields === undefined
    ? whole
    : (Object.fromEntries(Object.entries(whole).filter(([name]) => fields.includes(name))) as Partial<T>); // fewer members of the same

async function verifyToken(c: Context<AppEnv>) {
  const { deps } = c.var;
  if (!deps.settings.OPERATOR_TOKEN) throw new Fault("not_found", "not found");
  const tenant = await deps.directory.one(tenantByTokenStatement(bearerToken(c, false)));
  if (!tenant) throw new Fault("unauthorized", "tenant token is unknown");
  if (tenant.status !== "active") throw new Fault("unauthorized", "Account suspended");
  return tenant;
}

function mountReading(app: App): void {
  app.openapi(list, async (c) => {
    const { deps } = c.var;
    operatorOf(c);
    const { id, field, q, trial, plan, parent_tenant_id, ...paging } = c.req.valid("query");
    const page = pageOf(paging);
    const isTrial = trial === undefined ? undefined : trial === "true";
    const filter = { ids: id, text: q, trial: isTrial, plan, parent: parent_tenant_id };
    const { tenants, total } = await findTenants(deps, filter, page);
    setPageHeaders(c, page, { total });
    const views = await viewTenants(deps, tenants);
    return c.json(
      views.map((view) => onlyFields(tenantWire(view, deps.now(), { token: true, tiers: true }), field)),
      200,
    );
  });
  app.openapi(verify, async (c) => {
    const [view] = await viewTenants(c.var.deps, [await verifyToken(c)]);
    if (!view) throw new Fault("unauthorized", "tenant token is unknown");
    return c.json(tenantWire(view, c.var.deps.now(), { token: true }), 200);
  });
  app.openapi(show, async (c) => {
    const { deps } = c.var;
    const view = await viewTenant(deps, idOf(c));
    const children = c.req.valid("query").include_children
      ? await childrenOf(deps, view.tenant.id)
      : undefined;
    return c.json(
      {
        ...tenantWire(view, deps.now(), { token: true, tiers: true }),
        ...(children && { children_tenants: children.map(({ id, name }) => ({ id, name })) }),
      },
      200,
    );
  });
}

function mountChanges(app: App): void {
  app.openapi(update, async (c) => {
    await updateTenant(c.var.deps, operatorIn(idOf(c)), c.req.valid("json"));
    return c.body(null, 202);
  });
  app.openapi(remove, async (c) => {
    const { deps } = c.var;
    const [tenant] = (await findTenants(deps, { ids: [idOf(c)] }, { page: 1, perPage: 1 })).tenants;
    if (tenant) await startRemoval(deps, operatorIn(tenant.id), tenant);
    return c.body(null, 204);
  });
  app.openapi(putStatus, async (c) => {
    const tenant = await tenantOf(c.var.deps, idOf(c));
    const { status } = c.req.valid("json");
    if (status === "active") await activateTenant(c.var.deps, tenant.id);
    else await setTenantStatus(c.var.deps, operatorIn(tenant.id), status);
    return c.body(null, 200);
  });
}

function mountChildren(app: App): void {
  app.openapi(adopt, async (c) => {
    await adoptChildren(c.var.deps, operatorIn(idOf(c)), c.req.valid("json").tenant_ids.map(asTenantId));
    return c.body(null, 204);
  });
  app.openapi(removeChildren, async (c) => {
    await releaseChildren(c.var.deps, operatorIn(idOf(c)));
    return c.body(null, 204);
  });
  app.openapi(release, async (c) => {
    await releaseChild(c.var.deps, operatorIn(idOf(c)), asTenantId(c.req.valid("param").child_id));
    return c.body(null, 204);
  });
}

/** Mender's own internal API for operators' scripts (protocol notes, tenancy and audit 4). */
export function mountInternalTenants(app: App): void {
  mountReading(app);
  mountChanges(app);
  mountChildren(app);
}
