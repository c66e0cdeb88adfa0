import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { asUserId } from "../platform/ids.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { prepareForTenant, TenantToPrepare } from "../tenants/index.ts";
import { importUser, revokeTokens } from "./internal.ts";
import { NewInternalUser, User, UserQuery } from "./schema.ts";
import { toFilter, toWire } from "./user-routes.ts";
import { deleteUser } from "./delete-user.ts";
import { listUsers } from "./users.ts";

const BASE = "/api/internal/v1/useradm";
const tags = ["useradm internal"];

const postTenant = operatorRoute({
  method: "post",
  path: `${BASE}/tenants`,
  tags,
  summary: "Make a tenant unless it exists",
  middleware: jsonBody(),
  request: {
    body: {
      required: true,
      content: jsonContent(TenantToPrepare),
    },
  },
  responses: { 201: { description: "It is there" }, ...faultResponses(400, 401, 415) },
});

const params = z.object({ tenant_id: z.string() });

const list = operatorRoute({
  method: "get",
  path: `${BASE}/tenants/{tenant_id}/users`,
  tags,
  summary: "List users of a tenant",
  request: { params, query: UserQuery },
  responses: {
    200: { description: "Users", content: jsonContent(z.array(User)) },
    ...faultResponses(400, 401),
  },
});

const create = operatorRoute({
  method: "post",
  path: `${BASE}/tenants/{tenant_id}/users`,
  tags,
  summary: "Create a user with a password, an imported hash, or a link to set a password by",
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(NewInternalUser) } },
  responses: { 201: { description: "Created" }, ...faultResponses(400, 401, 404, 409, 415, 422) },
});

const remove = operatorRoute({
  method: "delete",
  path: `${BASE}/tenants/{tenant_id}/users/{user_id}`,
  tags,
  summary: "Delete a user",
  request: { params: params.extend({ user_id: z.string() }) },
  responses: { 204: { description: "Gone, or never there" }, ...faultResponses(401) },
});

function mountUsersOfTenants(app: App): void {
  app.openapi(postTenant, async (c) => {
    await prepareForTenant(c.var.deps, c.req.valid("json").tenant_id);
    return c.body(null, 201);
  });

  app.openapi(list, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").tenant_id);
    return c.json((await listUsers(c.var.deps, actor, toFilter(c.req.valid("query")))).map(toWire), 200);
  });

  app.openapi(create, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").tenant_id);
    const { email, password, password_hash, send_reset_password, magic_id, login } = c.req.valid("json");
    await importUser(c.var.deps, actor, {
      email,
      password,
      passwordHash: password_hash,
      isInvited: send_reset_password === true,
      magicId: magic_id ?? undefined,
      logins: login ?? undefined,
    });
    return c.body(null, 201);
  });

  app.openapi(remove, async (c) => {
    const { tenant_id, user_id } = c.req.valid("param");
    await deleteUser(c.var.deps, operatorOf(c, tenant_id), asUserId(user_id));
    return c.body(null, 204);
  });
}

const revoke = operatorRoute({
  method: "delete",
  path: `${BASE}/tokens`,
  tags,
  summary: "End all user tokens of a tenant, or of one user",
  request: {
    query: z.object({
      tenant_id: z.string().optional().openapi({ description: "Required" }),
      user_id: z.string().optional(),
    }),
  },
  responses: { 204: { description: "Revoked" }, ...faultResponses(400, 401) },
});

/** Mender's own internal API for operators' scripts (protocol notes, useradm 8). */
export function mountInternal(app: App): void {
  mountUsersOfTenants(app);

  app.openapi(revoke, async (c) => {
    const { tenant_id, user_id } = c.req.valid("query");
    if (!tenant_id) throw new Fault("bad_request", "tenant_id must be provided");
    await revokeTokens(c.var.deps, operatorOf(c, tenant_id), user_id ? asUserId(user_id) : undefined);
    return c.body(null, 204);
  });
}
