import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { DEFAULT_TENANT } from "../platform/ids.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonBody } from "../platform/wire.ts";
import { EmailText, type User } from "../useradm/index.ts";
import { createUser, listUsers, removeUser, setPassword, vouchForUser } from "./accounts.ts";
import { BASE, body, made, ok, tags } from "./route-parts.ts";
import * as schema from "./schema.ts";

const postUser = operatorRoute({
  method: "post",
  path: `${BASE}/users`,
  tags,
  summary: "Create a user",
  middleware: jsonBody(),
  request: { body: body(schema.NewUser) },
  responses: { ...made("Created", schema.UserRef), ...faultResponses(400, 401, 404, 409, 422) },
});

const putPassword = operatorRoute({
  method: "put",
  path: `${BASE}/users/password`,
  tags,
  summary: "Set the password of a user and end all tokens of it",
  middleware: jsonBody(),
  request: { body: body(schema.NewPassword) },
  responses: { ...ok("Set", schema.UserRef), ...faultResponses(400, 401, 404, 409, 422) },
});

const putVerified = operatorRoute({
  method: "put",
  path: `${BASE}/users/verified`,
  tags,
  summary: "Vouch for the address of a user, as following the link in a mail would prove it",
  middleware: jsonBody(),
  request: { body: body(schema.UserByEmail) },
  responses: { ...ok("Verified", schema.UserRef), ...faultResponses(400, 401, 404) },
});

const getUsers = operatorRoute({
  method: "get",
  path: `${BASE}/users`,
  tags,
  summary: "List users of a tenant in order of id, from the one after `after`",
  request: {
    query: z.object({
      tenant: z.string().default(DEFAULT_TENANT),
      after: z.string().default(""),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
  },
  responses: { ...ok("Users", z.array(schema.User)), ...faultResponses(400, 401, 404) },
});

const deleteUser = operatorRoute({
  method: "delete",
  path: `${BASE}/users`,
  tags,
  summary: "Remove the user with this email, whatever its tenant, and end all tokens of it",
  request: { query: z.object({ email: EmailText }) },
  responses: { ...ok("Removed", schema.UserRef), ...faultResponses(400, 401, 404) },
});

const userWire = (user: User) => ({
  id: user.id,
  email: user.email,
  tenant: user.tenant,
  roles: user.roles,
  created_at: rfc3339(user.createdMs),
  ...(user.loginMs === null ? {} : { login_at: rfc3339(user.loginMs) }),
});

export function mountAccounts(app: App): void {
  app.openapi(getUsers, async (c) => {
    const { tenant, after, limit } = c.req.valid("query");
    return c.json((await listUsers(c.var.deps, operatorOf(c, tenant), after, limit)).map(userWire), 200);
  });
  app.openapi(deleteUser, async (c) => {
    operatorOf(c);
    return c.json(await removeUser(c.var.deps, c.req.valid("query").email), 200);
  });
  app.openapi(postUser, async (c) => {
    const { tenant, ...input } = c.req.valid("json");
    return c.json(await createUser(c.var.deps, operatorOf(c, tenant), input), 201);
  });
  app.openapi(putVerified, async (c) => {
    operatorOf(c);
    return c.json(await vouchForUser(c.var.deps, c.req.valid("json").email), 200);
  });
  app.openapi(putPassword, async (c) => {
    operatorOf(c);
    const { email, password } = c.req.valid("json");
    return c.json(await setPassword(c.var.deps, email, password), 200);
  });
}
