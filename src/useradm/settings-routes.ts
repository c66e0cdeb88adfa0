import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { Fault } from "../platform/fault.ts";
import { parseKeptJson } from "../platform/json.ts";
import type { Permission } from "../platform/permissions.ts";
import { userRoute } from "../platform/route.ts";
import {
  describeIssues,
  faultResponses,
  jsonBody,
  jsonContent,
  hasBody,
  mediaTypeOf,
  wholeBody,
} from "../platform/wire.ts";
import { JWT_TYPE, jwtResponse } from "./login-routes.ts";
import { limitsFrom } from "./roles/read-rights.ts";
import { createPersonalToken, deletePersonalToken, listPersonalTokens } from "./personal-tokens.ts";
import { NewPersonalToken, PersonalToken, SettingsDocument } from "./schema.ts";
import { expectedTags, readSettings, writeSettings, type SettingsScope } from "./settings.ts";
import type { PersonalToken as StoredToken } from "./token-store.ts";

const BASE = "/api/management/v1/useradm/settings";
const tags = ["useradm"];

interface Document {
  path: string;
  scope: SettingsScope;
  of: string;
  write: Permission;
}

const DOCUMENTS: readonly Document[] = [
  { path: BASE, scope: "tenant", of: "of the tenant", write: "settings:manage" },
  { path: `${BASE}/me`, scope: "own", of: "of the own user", write: "basic" },
];

const readRoute = ({ path, of }: Document) =>
  userRoute("basic", {
    method: "get",
    path,
    tags,
    summary: `Get the settings ${of}`,
    responses: {
      200: {
        description: "The document; `ETag` once it was written",
        content: jsonContent(SettingsDocument),
      },
      ...faultResponses(401),
    },
  });

const writeRoute = ({ path, of, write }: Document) =>
  userRoute(write, {
    method: "post",
    path,
    tags,
    summary: `Replace the settings ${of}`,
    request: {
      headers: z.object({ "if-match": z.string().optional() }),
      // A plain schema: the route parses the body itself, because its fault has one text of its own.
      body: { required: true, content: { "application/json": { schema: { type: "object" } } } },
    },
    responses: { 201: { description: "Replaced" }, ...faultResponses(400, 401, 412, 415) },
  });

/** The value of a document; undefined if it is none. */
function parsedOrNothing(text: string): unknown {
  try {
    return parseKeptJson(text);
  } catch {
    return undefined;
  }
}

async function documentOf(c: Context<AppEnv>): Promise<Record<string, unknown>> {
  if (hasBody(c) && mediaTypeOf(c) !== "application/json")
    throw new Fault("unsupported_media", "Bad Content-Type, expected 'application/json'");
  const value = parsedOrNothing(await wholeBody(c.req.text()));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Fault("bad_request", "cannot parse request body as json");
  const parsed = SettingsDocument.safeParse(value);
  if (!parsed.success) throw new Fault("bad_request", describeIssues(parsed.error.issues));
  return parsed.data;
}

function mountDocuments(app: App): void {
  for (const document of DOCUMENTS) {
    const { scope } = document;
    app.openapi(readRoute(document), async (c) => {
      const { etag, document: shown } = await readSettings(c.var.deps, userOf(c), scope);
      // Unquoted, as the web UI sends it back (protocol notes, useradm 5).
      if (etag !== undefined) c.header("ETag", etag);
      return c.json(SettingsDocument.parse(shown), 200);
    });

    app.openapi(writeRoute(document), async (c) => {
      const expected = expectedTags(c.req.header("if-match"));
      await writeSettings(c.var.deps, userOf(c), scope, { document: await documentOf(c), expected });
      return c.body(null, 201);
    });
  }
}

const createToken = userRoute("tokens:manage", {
  method: "post",
  path: `${BASE}/tokens`,
  tags,
  summary: "Create a personal access token",
  description:
    "With `permission_sets_with_scope` it may do what these sets allow as far as its user may; with `addresses` it is good from these networks only; with `tools` assistants may change something by it. A token with any of these gives no rights: it makes no tokens, users, tenants or settings, and changes nothing of its user.",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewPersonalToken) } },
  responses: {
    200: jwtResponse("The token; it cannot be read again"),
    ...faultResponses(400, 401, 409, 415, 422),
  },
});

const listTokens = userRoute("basic", {
  method: "get",
  path: `${BASE}/tokens`,
  tags,
  summary: "List the own personal access tokens",
  responses: {
    200: { description: "Tokens", content: jsonContent(z.array(PersonalToken)) },
    ...faultResponses(401),
  },
});

const deleteToken = userRoute("basic", {
  method: "delete",
  path: `${BASE}/tokens/{id}`,
  tags,
  summary: "Revoke one of the own tokens",
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Gone, or never there" }, ...faultResponses(401) },
});

const toWire = (token: StoredToken): z.input<typeof PersonalToken> => ({
  id: token.id,
  name: token.name,
  created_ts: rfc3339(token.createdMs),
  ...(token.lastUsedMs === null ? {} : { last_used: rfc3339(token.lastUsedMs) }),
  ...(token.expiresMs === null ? {} : { expiration_date: rfc3339(token.expiresMs) }),
  ...limitsFrom(token.limits),
});

export function mountSettings(app: App): void {
  mountDocuments(app);

  app.openapi(createToken, async (c) => {
    const { name, expires_in, permission_sets_with_scope, addresses, tools } = c.req.valid("json");
    const limits = { permission_sets_with_scope, addresses, tools };
    const input = { name, expiresInS: expires_in ?? 0, limits };
    return c.body(await createPersonalToken(c.var.deps, userOf(c), input), 200, JWT_TYPE);
  });

  app.openapi(listTokens, async (c) =>
    c.json((await listPersonalTokens(c.var.deps, userOf(c))).map(toWire), 200),
  );

  app.openapi(deleteToken, async (c) => {
    await deletePersonalToken(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}
