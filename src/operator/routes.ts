import { listDatabases } from "./databases.ts";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { operatorOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody } from "../platform/wire.ts";
import { getTenant, listTenants, setTenantLimit, setTenantStatus, type Tenant } from "../tenants/index.ts";
import { mountAccounts } from "./account-routes.ts";
import { factoryReset, appliedIn, migrateAll, type Migrated, mintToken } from "./installation.ts";
import { activateTenant, bindPlan, removeTenant } from "../tenantadm/index.ts";
import { BASE, body, made, ok, tags } from "./route-parts.ts";
import * as schema from "./schema.ts";
import { createTenant, setUp } from "./tenants.ts";

const tenantWire = (tenant: Tenant) => ({
  id: tenant.id,
  name: tenant.name,
  tenant_token: tenant.token,
  status: tenant.status,
  plan: tenant.plan,
  created_at: rfc3339(tenant.createdMs),
  updated_at: rfc3339(tenant.updatedMs),
});

const params = z.object({ id: z.string() });

const postTenant = operatorRoute({
  method: "post",
  path: `${BASE}/tenants`,
  tags,
  summary: "Create a tenant with its first user",
  middleware: jsonBody(),
  request: { body: body(schema.NewTenant) },
  responses: { ...made("Created", schema.TenantWithUser), ...faultResponses(400, 401, 422) },
});

const getTenants = operatorRoute({
  method: "get",
  path: `${BASE}/tenants`,
  tags,
  summary: "List tenants in order of id, from the one after `after`",
  request: {
    query: z.object({
      after: z.string().default(""),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
  },
  responses: { ...ok("Tenants", z.array(schema.Tenant)), ...faultResponses(400, 401) },
});

const getOneTenant = operatorRoute({
  method: "get",
  path: `${BASE}/tenants/{id}`,
  tags,
  summary: "Get a tenant with its token and limits",
  request: { params },
  responses: { ...ok("The tenant", schema.TenantWithLimits), ...faultResponses(401, 404) },
});

const deleteTenant = operatorRoute({
  method: "delete",
  path: `${BASE}/tenants/{id}`,
  tags,
  summary: "Remove a tenant with everything it has; ask again until it is gone",
  description:
    "The access of its users and devices ends at once and for good. What is removed at once is bounded: `gone` tells whether it was all.",
  request: { params },
  responses: { ...ok("What is left", schema.TenantRemoved), ...faultResponses(401, 404, 422) },
});

const putStatus = operatorRoute({
  method: "put",
  path: `${BASE}/tenants/{id}/status`,
  tags,
  summary: "Suspend or activate a tenant; suspending ends the access of its users and devices at once",
  middleware: jsonBody(),
  request: { params, body: body(schema.NewStatus) },
  responses: { ...ok("The tenant", schema.TenantWithLimits), ...faultResponses(400, 401, 404) },
});

const putPlan = operatorRoute({
  method: "put",
  path: `${BASE}/tenants/{id}/plan`,
  tags,
  summary: "Give a tenant a plan with its limits",
  middleware: jsonBody(),
  request: { params, body: body(schema.NewPlan) },
  responses: { ...ok("The tenant", schema.TenantWithLimits), ...faultResponses(400, 401, 404, 409) },
});

const putLimit = operatorRoute({
  method: "put",
  path: `${BASE}/tenants/{id}/limits/{name}`,
  tags,
  summary: "Set a limit of a tenant",
  middleware: jsonBody(),
  request: { params: params.extend({ name: schema.LimitName }), body: body(schema.NewLimit) },
  responses: { ...ok("The tenant", schema.TenantWithLimits), ...faultResponses(400, 401, 404) },
});

async function shown(c: Context<AppEnv>, id: string) {
  const { tenant, limits } = await getTenant(c.var.deps, operatorOf(c, id).tenant);
  return {
    ...tenantWire(tenant),
    limits: Object.fromEntries(limits.map(({ name, value }) => [name, value])),
  };
}

/** Of one database as ever; of several what was done in each. */
const migratedWire = (migrated: readonly Migrated[]) => ({
  applied: appliedIn(migrated),
  ...(migrated.length > 1 && {
    databases: migrated.map(({ name, applied, isDone }) => ({ name, applied, done: isDone })),
  }),
});

function mountTenantVerbs(app: App): void {
  app.openapi(postTenant, async (c) => {
    operatorOf(c);
    const { tenant, user } = await createTenant(c.var.deps, c.req.valid("json"));
    return c.json({ ...tenantWire(tenant), user }, 201);
  });
  app.openapi(getTenants, async (c) => {
    operatorOf(c);
    const { after, limit } = c.req.valid("query");
    return c.json((await listTenants(c.var.deps, after, limit)).map(tenantWire), 200);
  });
  app.openapi(getOneTenant, async (c) => c.json(await shown(c, c.req.valid("param").id), 200));
  app.openapi(deleteTenant, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(await removeTenant(c.var.deps, operatorOf(c, id)), 200);
  });
  app.openapi(putStatus, async (c) => {
    const { id } = c.req.valid("param");
    const { status } = c.req.valid("json");
    const actor = operatorOf(c, id);
    if (status === "active") await activateTenant(c.var.deps, actor.tenant);
    else await setTenantStatus(c.var.deps, actor, status);
    return c.json(await shown(c, id), 200);
  });
  app.openapi(putPlan, async (c) => {
    const { id } = c.req.valid("param");
    await bindPlan(c.var.deps, operatorOf(c, id), { plan: c.req.valid("json").plan, limits: [] });
    return c.json(await shown(c, id), 200);
  });
  app.openapi(putLimit, async (c) => {
    const { id, name } = c.req.valid("param");
    await setTenantLimit(c.var.deps, operatorOf(c, id), name, c.req.valid("json").value);
    return c.json(await shown(c, id), 200);
  });
}

const postMigrate = operatorRoute({
  method: "post",
  path: `${BASE}/migrate`,
  tags,
  summary: "Apply missing migrations and make the default tenant; works on an empty database",
  responses: { ...ok("Names applied now", schema.Migrated), ...faultResponses(401) },
});

const getDatabases = operatorRoute({
  method: "get",
  path: `${BASE}/databases`,
  tags,
  summary: "The databases of the installation, and how full each is",
  responses: { ...ok("The databases", schema.Databases), ...faultResponses(401) },
});

const postSetup = operatorRoute({
  method: "post",
  path: `${BASE}/setup`,
  tags,
  summary: "Migrate, make the default tenant and, if it has no user, the first administrator",
  middleware: jsonBody(),
  request: { body: body(schema.Setup) },
  responses: { ...ok("What is there and what was made", schema.SetupDone), ...faultResponses(400, 401, 422) },
});

const postToken = operatorRoute({
  method: "post",
  path: `${BASE}/tokens`,
  tags,
  summary: "Sign any claims; on local servers only",
  middleware: jsonBody(),
  request: { body: body(schema.Claims) },
  responses: { ...ok("The token", schema.Minted), ...faultResponses(400, 401, 404) },
});

const postReset = operatorRoute({
  method: "post",
  path: `${BASE}/factory-reset`,
  tags,
  summary: "Remove all data and objects; a deployed server wants its own host name in the body",
  middleware: jsonBody(),
  request: { body: body(schema.Reset) },
  responses: { ...ok("Removed", schema.ResetDone), ...faultResponses(400, 401, 422) },
});

function mountInstallation(app: App): void {
  app.openapi(getDatabases, async (c) => c.json(await listDatabases(c.var.deps), 200));
  app.openapi(postMigrate, async (c) => {
    operatorOf(c);
    return c.json(migratedWire(await migrateAll(c.var.deps)), 200);
  });
  app.openapi(postSetup, async (c) => {
    operatorOf(c);
    const { tenant, ...rest } = await setUp(c.var.deps, c.req.valid("json"));
    return c.json({ ...rest, tenant: tenantWire(tenant) }, 200);
  });
  app.openapi(postToken, async (c) => {
    operatorOf(c);
    return c.json({ token: await mintToken(c.var.deps, c.req.valid("json").claims) }, 200);
  });
  app.openapi(postReset, async (c) => {
    operatorOf(c);
    const confirmed = c.req.valid("json").host;
    return c.json(await factoryReset(c.var.deps, { confirmed, host: new URL(c.req.url).hostname }), 200);
  });
}

/** The API behind `npm run admin`. The gateway lets nobody in without the operator token. */
export function mountOperator(app: App): void {
  mountAccounts(app);
  mountTenantVerbs(app);
  mountInstallation(app);
}
