import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { operatorOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { asDeviceId } from "../platform/ids.ts";
import type { LimitName } from "../platform/limit-names.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { setTenantLimit } from "../tenants/index.ts";
import {
  Assignment,
  planBinding,
  PlanBinding,
  planWire,
  SsoQuery,
  TenantUser,
  toFilter,
  toWire,
  UserLimits,
  userLimits,
  UserQuery,
  wanted,
  whoMaySee,
} from "../useradm/index.ts";
import { assignAccount, bindPlan, clearUserLimit, findAccounts, refuseWhileThere } from "./accounts.ts";
import { NewPlanBinding, NewUserLimits } from "./schema.ts";

const BASE = "/api/internal/v1/useradm";
const TENANT = `${BASE}/tenants/{tenant_id}` as const;
const tags = ["useradm internal"];

const params = z.object({ tenant_id: z.string() });

const list = operatorRoute({
  method: "get",
  path: `${BASE}/users`,
  tags,
  summary: "List the users of all tenants that the operator may look into, or of one",
  request: {
    query: UserQuery.extend({ ...SsoQuery.shape, ...pageQuery(), tenant_id: z.string().max(256).optional() }),
  },
  responses: {
    200: { description: "Users in order of id", content: jsonContent(z.array(TenantUser)) },
    ...faultResponses(400, 401, 403),
  },
});

const assign = operatorRoute({
  method: "post",
  path: `${BASE}/users/{id}/assign`,
  tags,
  summary: "Make a user a guest of further tenants",
  middleware: jsonBody(),
  request: {
    params: z.object({ id: z.string().openapi({ description: "User id or address" }) }),
    body: { required: true, content: jsonContent(Assignment) },
  },
  responses: {
    200: { description: "The user has a place in these tenants" },
    ...faultResponses(400, 401, 403, 404, 415, 422),
  },
});

const remove = operatorRoute({
  method: "delete",
  path: TENANT,
  tags,
  summary: "Make sure that nothing is left of a tenant that is gone",
  request: { params },
  responses: { 204: { description: "Nothing is" }, ...faultResponses(401, 409) },
});

const viewers = operatorRoute({
  method: "get",
  path: `${TENANT}/devices/{device_id}/users`,
  tags,
  summary: "Addresses of users who may see a device",
  request: { params: params.extend({ device_id: z.string() }) },
  responses: {
    200: {
      description: "Addresses",
      content: jsonContent(z.object({ emails: z.array(z.string()) })),
    },
    ...faultResponses(401, 404),
  },
});

const getLimits = operatorRoute({
  method: "get",
  path: `${TENANT}/limits`,
  tags,
  summary: "How many users a tenant has and may have; -1 is any number",
  request: { params },
  responses: {
    200: { description: "The limits", content: jsonContent(UserLimits) },
    ...faultResponses(401, 404),
  },
});

const putLimits = operatorRoute({
  method: "put",
  path: `${TENANT}/limits`,
  tags,
  summary: "Set how many users a tenant may have",
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(NewUserLimits) } },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 404, 415) },
});

const deleteLimits = operatorRoute({
  method: "delete",
  path: `${TENANT}/limits`,
  tags,
  summary: "Let a tenant have any number of users",
  request: { params },
  responses: { 204: { description: "Taken" }, ...faultResponses(401) },
});

const getBinding = operatorRoute({
  method: "get",
  path: `${TENANT}/plan_binding`,
  tags,
  summary: "Get the plan of a tenant and its limits",
  request: { params },
  responses: {
    200: { description: "The plan", content: jsonContent(PlanBinding) },
    ...faultResponses(401, 404),
  },
});

const putBinding = operatorRoute({
  method: "put",
  path: `${TENANT}/plan_binding`,
  tags,
  summary: "Give a tenant a plan with its limits",
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(NewPlanBinding) } },
  responses: { 204: { description: "Given" }, ...faultResponses(400, 401, 404, 409, 415) },
});

const actorOf = (c: Context<AppEnv>) => operatorOf(c, c.req.param("tenant_id"));

function mountPeople(app: App): void {
  app.openapi(list, async (c) => {
    const { tenant_id: tenant, page: _, per_page: __, ...query } = c.req.valid("query");
    operatorOf(c);
    const page = pageOf(c.req.valid("query"));
    const sso = { ssoProvider: query.sso_provider_id, ssoSubject: query.sso_subject };
    const found = await findAccounts(c.var.deps, { ...toFilter(query), ...sso, tenant }, page);
    setPageHeaders(c, page, { total: found.total });
    const users = found.accounts.map(({ account, tenants }) => ({
      ...toWire(account),
      tenant_id: account.home,
      tenant_ids: tenants.map(({ id }) => id),
      tenants,
    }));
    return c.json(users, 200);
  });
  app.openapi(assign, async (c) => {
    const { id } = c.req.valid("param");
    await assignAccount(c.var.deps, operatorOf(c), id, wanted(c.req.valid("json")));
    return c.body(null, 200);
  });
  app.openapi(viewers, async (c) => {
    const device = asDeviceId(c.req.valid("param").device_id);
    return c.json({ emails: await whoMaySee(c.var.deps, actorOf(c).tenant, device) }, 200);
  });
  app.openapi(remove, async (c) => {
    await refuseWhileThere(c.var.deps, actorOf(c));
    return c.body(null, 204);
  });
}

/** Of the original's internal API for users what is a matter of tenants (protocol notes, useradm 8). */
export function mountAccounts(app: App): void {
  mountPeople(app);
  app.openapi(getLimits, async (c) => c.json({ users: await userLimits(c.var.deps, actorOf(c)) }, 200));
  app.openapi(putLimits, async (c) => {
    await setTenantLimit(c.var.deps, actorOf(c), "max_users", c.req.valid("json").users.max);
    return c.body(null, 204);
  });
  app.openapi(deleteLimits, async (c) => {
    await clearUserLimit(c.var.deps, actorOf(c));
    return c.body(null, 204);
  });
  app.openapi(getBinding, async (c) => {
    const { subscription, limits } = await planBinding(c.var.deps, actorOf(c));
    return c.json({ plan: planWire(c.var.deps.settings.PLANS, subscription), limits }, 200);
  });
  app.openapi(putBinding, async (c) => {
    const { plan_name: plan, limits: { devices, users } = {} } = c.req.valid("json");
    const told: [LimitName, number | undefined][] = [
      ["max_devices", devices],
      ["max_users", users],
    ];
    const limits = told.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
    await bindPlan(c.var.deps, actorOf(c), { plan, limits });
    return c.body(null, 204);
  });
}
