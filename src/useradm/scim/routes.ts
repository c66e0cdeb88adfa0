import type { Context } from "hono";
import { z } from "zod";
import type { App, AppEnv } from "../../platform/app-env.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { TenantId } from "../../platform/ids.ts";
import { PUBLIC } from "../../platform/route.ts";
import { describeIssues, parseJsonBody, wholeBody } from "../../platform/wire.ts";
import { mailOrigin } from "../account-mails.ts";
import { listOf, resourceTypes, schemas, serviceProviderConfig } from "./discovery.ts";
import { errorBody, errorOf, scimFault } from "./errors.ts";
import { filterFrom, pageOf } from "./filter.ts";
import {
  createScimGroup,
  GROUP_FILTERS,
  groupToWire,
  listScimGroups,
  removeScimGroup,
  scimGroup,
  updateScimGroup,
} from "./groups.ts";
import { patchedGroup, patchedUser, type GroupState, type UserState } from "./patch.ts";
import { Patch, ScimGroup, ScimUser } from "./schema.ts";
import { USER_FILTERS } from "./store.ts";
import { tenantOfToken } from "./tokens.ts";
import {
  createScimUser,
  listScimUsers,
  notFound,
  removeScimUser,
  scimUser,
  toWire,
  updateScimUser,
} from "./users.ts";

const ROOT = "/api/management/v1/useradm/scim/v2";
const MEDIA_TYPE = "application/scim+json";
const TYPES: readonly string[] = [MEDIA_TYPE, "application/json"];

interface Request {
  deps: Deps;
  tenant: TenantId;
  base: string;
  id: string;
  query: Record<string, string>;
  body: <T extends z.ZodType>(schema: T) => Promise<z.output<T>>;
}

interface Answer {
  status: 200 | 201 | 204;
  body?: object;
  location?: string;
}

const ok = (body: object): Answer => ({ status: 200, body });

async function bodyOf<T extends z.ZodType>(c: Context<AppEnv>, schema: T): Promise<z.output<T>> {
  const [type = ""] = (c.req.header("content-type") ?? "").toLowerCase().split(";");
  if (!TYPES.includes(type.trim())) throw scimFault("unsupported_media", `expected ${MEDIA_TYPE}`);
  const result = schema.safeParse(parseJsonBody(await wholeBody(c.req.text())));
  if (result.success) return result.data;
  throw scimFault("bad_request", describeIssues(result.error.issues), "invalidValue");
}

const withMembers = ({ excludedAttributes = "", attributes }: Record<string, string>) =>
  !/\bmembers\b/i.test(excludedAttributes) && (attributes === undefined || /\bmembers\b/i.test(attributes));

const stateFrom = ({ userName, externalId, active }: z.output<typeof ScimUser>): UserState => ({
  email: userName,
  externalId: externalId ?? null,
  isActive: active ?? true,
});

const named = <T extends { id: string }>(all: readonly T[], id: string): T => {
  const found = all.find((one) => one.id === id);
  if (!found) throw notFound();
  return found;
};

const groupFrom = ({ displayName, externalId, members }: z.output<typeof ScimGroup>): GroupState => ({
  displayName,
  externalId: externalId ?? null,
  members: new Set((members ?? []).map(({ value }) => value)),
});

type Method = "get" | "post" | "put" | "patch" | "delete";
type Handle = (request: Request) => Promise<Answer>;

/** What an identity provider asks (RFC 7644). Groups are the roles of the tenant, by name. */
const ROUTES: readonly [Method, path: string, summary: string, handle: Handle][] = [
  [
    "get",
    "/ServiceProviderConfig",
    "Tell what is supported",
    async ({ base }) => ok(serviceProviderConfig(base)),
  ],
  [
    "get",
    "/ResourceTypes",
    "List the kinds of resources",
    async ({ base }) => ok(listOf(resourceTypes(base))),
  ],
  [
    "get",
    "/ResourceTypes/{id}",
    "Get one kind of resources",
    async ({ base, id }) => ok(named(resourceTypes(base), id)),
  ],
  ["get", "/Schemas", "List the schemas", async ({ base }) => ok(listOf(schemas(base)))],
  ["get", "/Schemas/{id}", "Get one schema", async ({ base, id }) => ok(named(schemas(base), id))],
  [
    "get",
    "/Users",
    "List or look up users",
    async ({ deps, tenant, base, query }) => {
      const filter = filterFrom(query.filter, USER_FILTERS);
      return ok(await listScimUsers(deps, tenant, { filter, page: pageOf(query), base }));
    },
  ],
  [
    "post",
    "/Users",
    "Create a user, without a password and without rights",
    async ({ deps, tenant, base, body }) => {
      const user = await createScimUser(deps, tenant, stateFrom(await body(ScimUser)));
      return { status: 201, body: toWire(user, base), location: `${base}/Users/${user.id}` };
    },
  ],
  [
    "get",
    "/Users/{id}",
    "Get a user",
    async ({ deps, tenant, base, id }) => ok(toWire(await scimUser(deps, tenant, id), base)),
  ],
  [
    "put",
    "/Users/{id}",
    "Replace what is kept of a user; `active: false` ends sessions and tokens",
    async ({ deps, tenant, base, id, body }) => {
      const state = stateFrom(await body(ScimUser));
      return ok(toWire(await updateScimUser(deps, tenant, id, () => state), base));
    },
  ],
  [
    "patch",
    "/Users/{id}",
    "Change a user; `active: false` ends sessions and tokens",
    async ({ deps, tenant, base, id, body }) => {
      const { Operations } = await body(Patch);
      const change = (before: UserState) => patchedUser(before, Operations);
      return ok(toWire(await updateScimUser(deps, tenant, id, change), base));
    },
  ],
  [
    "delete",
    "/Users/{id}",
    "Remove a user",
    async ({ deps, tenant, id }) => {
      await removeScimUser(deps, tenant, id);
      return { status: 204 };
    },
  ],
  [
    "get",
    "/Groups",
    "List or look up groups, which are roles; members are told of one that is looked up",
    async ({ deps, tenant, base, query }) => {
      const filter = filterFrom(query.filter, GROUP_FILTERS);
      const options = { filter, page: pageOf(query), base, withMembers: withMembers(query) };
      return ok(await listScimGroups(deps, tenant, options));
    },
  ],
  [
    "post",
    "/Groups",
    "Create a group, which is a role without rights at first",
    async ({ deps, tenant, base, body }) => {
      const group = await createScimGroup(deps, tenant, groupFrom(await body(ScimGroup)));
      const made = groupToWire(group, base, true);
      return { status: 201, body: made, location: made.meta.location };
    },
  ],
  [
    "get",
    "/Groups/{id}",
    "Get a group",
    async ({ deps, tenant, base, id, query }) =>
      ok(groupToWire(await scimGroup(deps, tenant, id), base, withMembers(query))),
  ],
  [
    "put",
    "/Groups/{id}",
    "Replace the members of a group, and its name if a provider made it",
    async ({ deps, tenant, base, id, body }) => {
      const group = groupFrom(await body(ScimGroup));
      return ok(groupToWire(await updateScimGroup(deps, tenant, id, () => group), base, true));
    },
  ],
  [
    "patch",
    "/Groups/{id}",
    "Add, remove or replace members of a group, or rename it",
    async ({ deps, tenant, base, id, body }) => {
      const { Operations } = await body(Patch);
      const change = (before: GroupState) => patchedGroup(before, Operations);
      return ok(groupToWire(await updateScimGroup(deps, tenant, id, change), base, true));
    },
  ],
  [
    "delete",
    "/Groups/{id}",
    "Remove a group that a provider made",
    async ({ deps, tenant, id }) => {
      await removeScimGroup(deps, tenant, id);
      return { status: 204 };
    },
  ],
];

async function answer(c: Context<AppEnv>, handle: Handle): Promise<Response> {
  const { deps } = c.var;
  const tenant = await tenantOfToken(c);
  const { status, body, location } = await handle({
    deps,
    tenant,
    base: mailOrigin(deps) + ROOT,
    id: c.req.param("id") ?? "",
    query: c.req.query(),
    body: (schema) => bodyOf(c, schema),
  });
  const headers = {
    "Content-Type": MEDIA_TYPE,
    "Cache-Control": "no-store",
    ...(location !== undefined && { Location: location }),
  };
  return body === undefined || status === 204
    ? c.body(null, 204)
    : c.body(JSON.stringify(body), status, headers);
}

/** Faults in the shape that identity providers read; what is no fault is the server's own matter. */
const answering = (handle: Handle) => async (c: Context<AppEnv>) => {
  try {
    return await answer(c, handle);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    const headers = { ...cause.detail.headers, "Content-Type": MEDIA_TYPE };
    return c.body(JSON.stringify(errorOf(cause)), cause.status, headers);
  }
};

const faults = {
  description: "Refused, in the shape of RFC 7644",
  content: { [MEDIA_TYPE]: { schema: { type: "object" as const, example: errorBody(404, "…") } } },
};
const content = { [MEDIA_TYPE]: { schema: { type: "object" as const } } };
const FAULTS = {
  400: faults,
  401: faults,
  403: faults,
  404: faults,
  409: faults,
  415: faults,
  422: faults,
  429: faults,
};

export function mountScimResources(app: App): void {
  for (const [method, path, summary, handle] of ROUTES) {
    app.document({
      method,
      path: ROOT + path,
      tags: ["scim"],
      summary,
      request: {
        ...(path.includes("{id}") && { params: z.object({ id: z.string() }) }),
        ...(["post", "put", "patch"].includes(method) && { body: { required: true, content } }),
      },
      responses: {
        ...(method === "delete"
          ? { 204: { description: "Gone" } }
          : { [method === "post" ? 201 : 200]: { description: "As RFC 7643 has it", content } }),
        ...FAULTS,
      },
    });
    app.plain(PUBLIC, [method.toUpperCase()], ROOT + path.replace("{id}", ":id"), answering(handle));
  }
}
