import { z } from "@hono/zod-openapi";
import type { UserActor } from "../platform/actor.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { asUserId } from "../platform/ids.ts";
import type { Permission } from "../platform/permissions.ts";
import { userRoute, type Needs } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { EmailText, NewUser, OwnUser, OwnUserUpdate, User, UserQuery, UserUpdate } from "./schema.ts";
import { updateUser } from "./update-user.ts";
import type { Person, UserFilter } from "./people-store.ts";
import { accountStatement } from "./user-store.ts";
import { getOwnUser } from "./change-email.ts";
import { toPending } from "./account-link-routes.ts";
import { deleteUser } from "./delete-user.ts";
import { createUser, getUser, listUsers } from "./users.ts";

const BASE = "/api/management/v1/useradm/users";
const tags = ["useradm"];
const params = z.object({ id: z.string().openapi({ description: "User id or `me`" }) });

const isOwnId = (actor: UserActor, id: string) => id === actor.user;
const isSelf = (actor: UserActor, id: string) => isOwnId(actor, id) || id.toLowerCase() === "me";

/** Everybody may deal with themselves. An escape may stand for any letter. */
const unless =
  (isOwn: typeof isSelf, permission: Permission): Needs =>
  (actor, path) => {
    const id = path.slice(path.lastIndexOf("/") + 1);
    return isOwn(actor, id) && !id.includes("%") ? "basic" : permission;
  };

const list = userRoute("users:read", {
  method: "get",
  path: BASE,
  tags,
  summary: "List users; not paged",
  request: { query: UserQuery },
  responses: {
    200: { description: "Users", content: jsonContent(z.array(User)) },
    ...faultResponses(400, 401, 403),
  },
});

const exists = userRoute("tenants:manage", {
  method: "get",
  path: `${BASE}/exists`,
  tags,
  summary: "Whether an address has an account in this installation",
  request: { query: z.object({ email: EmailText }) },
  responses: {
    200: { description: "Whether", content: jsonContent(z.object({ exists: z.boolean() })) },
    ...faultResponses(400, 401, 403),
  },
});

const create = userRoute("users:manage", {
  method: "post",
  path: BASE,
  tags,
  summary: "Create a user",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewUser) } },
  responses: {
    201: { description: "Created; `Location` names it" },
    ...faultResponses(400, 401, 403, 415, 422),
  },
});

const getRoute = {
  method: "get",
  tags,
  responses: {
    200: { description: "The user", content: jsonContent(User) },
    ...faultResponses(401, 403, 404),
  },
} as const;
const getOwn = userRoute("basic", {
  ...getRoute,
  path: `${BASE}/me`,
  summary: "Get the own user",
  responses: {
    200: { description: "The user", content: jsonContent(OwnUser) },
    ...faultResponses(401, 403, 404),
  },
});
const getOne = userRoute(unless(isOwnId, "users:read"), {
  ...getRoute,
  path: `${BASE}/{id}`,
  summary: "Get a user",
  request: { params },
});

const putResponses = {
  204: { description: "Updated; other tokens of the user are dead" },
  ...faultResponses(400, 401, 403, 404, 409, 415, 422),
};
const body = { required: true, content: jsonContent(UserUpdate) } as const;
const putRoute = { method: "put", tags, middleware: jsonBody(), responses: putResponses } as const;
const putOwn = userRoute("basic", {
  ...putRoute,
  path: `${BASE}/me`,
  summary: "Update the own user",
  request: { body },
});
const putOne = userRoute(unless(isSelf, "users:manage"), {
  ...putRoute,
  path: `${BASE}/{id}`,
  summary: "Update a user",
  request: { params, body },
});

const putOwnV2 = userRoute("basic", {
  ...putRoute,
  path: "/api/management/v2/useradm/users/me",
  summary: "Change the own password",
  request: { body: { required: true, content: jsonContent(OwnUserUpdate) } },
});

const remove = userRoute("users:manage", {
  method: "delete",
  path: `${BASE}/{id}`,
  tags,
  summary: "Delete a user",
  request: { params },
  responses: { 204: { description: "Gone, or never there" }, ...faultResponses(401, 403, 422) },
});

export const toWire = (user: Omit<Person, "home" | "isGuest">): z.input<typeof User> => ({
  id: user.id,
  email: user.email,
  created_ts: rfc3339(user.createdMs),
  updated_ts: rfc3339(user.updatedMs),
  ...(user.loginMs === null ? {} : { login_ts: rfc3339(user.loginMs) }),
  verified: user.verifiedMs !== null,
  tfa_status: user.tfa.status,
  roles: user.roles,
  ...(user.suspendedMs !== null && { suspended: true }),
  ...(user.sso && user.sso.length > 0 && { sso: user.sso }),
});

export const toFilter = (query: z.output<typeof UserQuery>): UserFilter => ({
  ...(query.id && { ids: query.id }),
  ...(query.email && { emails: query.email.map((email) => email.toLowerCase()) }),
  createdAfterMs: query.created_after,
  createdBeforeMs: query.created_before,
  updatedAfterMs: query.updated_after,
  updatedBeforeMs: query.updated_before,
});

const toUpdate = (update: z.output<typeof UserUpdate>) => ({
  email: update.email,
  password: update.password,
  currentPassword: update.current_password,
  roles: update.roles,
});

function mountUpdates(app: App): void {
  app.openapi(putOwn, async (c) => {
    const actor = userOf(c);
    await updateUser(c.var.deps, actor, actor.user, toUpdate(c.req.valid("json")));
    return c.body(null, 204);
  });

  app.openapi(putOne, async (c) => {
    const actor = userOf(c);
    const { id } = c.req.valid("param");
    const target = isSelf(actor, id) ? actor.user : asUserId(id);
    await updateUser(c.var.deps, actor, target, toUpdate(c.req.valid("json")));
    return c.body(null, 204);
  });

  app.openapi(putOwnV2, async (c) => {
    const actor = userOf(c);
    const { password, current_password } = c.req.valid("json");
    await updateUser(c.var.deps, actor, actor.user, { password, currentPassword: current_password });
    return c.body(null, 204);
  });
}

export function mountUsers(app: App): void {
  app.openapi(list, async (c) => {
    const users = await listUsers(c.var.deps, userOf(c), toFilter(c.req.valid("query")));
    return c.json(users.map(toWire), 200);
  });

  app.openapi(create, async (c) => {
    const { send_reset_password, ...user } = c.req.valid("json");
    const isInvited = send_reset_password === true;
    const id = await createUser(c.var.deps, userOf(c), { ...user, isInvited });
    return c.body(null, 201, { Location: `${BASE}/${id}` });
  });

  app.openapi(exists, async (c) => {
    const account = await c.var.deps.directory.one(accountStatement(c.req.valid("query").email));
    return c.json({ exists: account !== undefined }, 200);
  });

  app.openapi(getOwn, async (c) => {
    const actor = userOf(c);
    const { user, pending, workplaces } = await getOwnUser(c.var.deps, actor);
    return c.json(
      {
        ...toWire(user),
        tenant_id: user.home,
        tenant_ids: workplaces.map(({ id }) => id),
        tenants: workplaces,
        ...(pending && { pending_email_change_request: toPending(pending) }),
      },
      200,
    );
  });

  app.openapi(getOne, async (c) => {
    const actor = userOf(c);
    const user = await getUser(c.var.deps, actor, asUserId(c.req.valid("param").id));
    return c.json(toWire(user), 200);
  });

  mountUpdates(app);

  app.openapi(remove, async (c) => {
    await deleteUser(c.var.deps, userOf(c), asUserId(c.req.valid("param").id));
    return c.body(null, 204);
  });
}
