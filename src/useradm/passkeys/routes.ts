import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { publicRoute, userRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { JWT_TYPE, jwtResponse } from "../login-routes.ts";
import { atHome } from "../at-home.ts";
import { actingOn, ownOr } from "../own-or-others.ts";
import {
  addPasskey,
  listPasskeys,
  passkeyOptions,
  removePasskey,
  renamePasskey,
  signInOptions,
} from "./passkeys.ts";
import {
  NewPasskey,
  Passkey,
  PasskeyLogin,
  PasskeyName,
  PasskeyOptions,
  PasskeyOptionsRequest,
} from "./schema.ts";
import { signInByPasskey } from "./sign-in.ts";
import type { StoredPasskey } from "./store.ts";

const BASE = "/api/management/v1/useradm";
const tags = ["useradm extensions"];
const owner = z.object({ id: z.string().openapi({ description: "User id or `me`" }) });
const one = z.object({ passkey: z.string() });
const NO_STORE = { "Cache-Control": "no-store" };

const options = userRoute("basic", {
  method: "post",
  path: `${BASE}/users/me/passkeys/options`,
  tags,
  summary: "Get what a browser makes a new passkey from; takes the password again and a verified address",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(PasskeyOptionsRequest) } },
  responses: {
    200: { description: "For `navigator.credentials.create`", content: jsonContent(PasskeyOptions) },
    ...faultResponses(400, 401, 403, 404, 415, 422, 429),
  },
});

const add = userRoute("basic", {
  method: "post",
  path: `${BASE}/users/me/passkeys`,
  tags,
  summary: "Add the passkey that the browser has made",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewPasskey) } },
  responses: {
    201: { description: "Added", content: jsonContent(Passkey) },
    ...faultResponses(400, 401, 404, 409, 415, 422),
  },
});

const list = userRoute(ownOr("users:read"), {
  method: "get",
  path: `${BASE}/users/{id}/passkeys`,
  tags,
  summary: "List the passkeys of a user",
  request: { params: owner },
  responses: {
    200: { description: "Passkeys, the oldest first", content: jsonContent(z.array(Passkey)) },
    ...faultResponses(401, 403, 404),
  },
});

const rename = userRoute("basic", {
  method: "put",
  path: `${BASE}/users/me/passkeys/{passkey}`,
  tags,
  summary: "Rename one of the own passkeys",
  middleware: jsonBody(),
  request: { params: one, body: { required: true, content: jsonContent(PasskeyName) } },
  responses: { 204: { description: "Renamed" }, ...faultResponses(400, 401, 404, 415) },
});

const remove = userRoute(ownOr("users:manage"), {
  method: "delete",
  path: `${BASE}/users/{id}/passkeys/{passkey}`,
  tags,
  summary: "Remove a passkey",
  request: { params: owner.extend(one.shape) },
  responses: { 204: { description: "Gone" }, ...faultResponses(401, 403, 404) },
});

const startSignIn = publicRoute({
  method: "post",
  path: `${BASE}/auth/passkey/options`,
  tags,
  summary: "Get what a browser signs in from with a passkey, alone or beside a password",
  responses: {
    200: { description: "For `navigator.credentials.get`", content: jsonContent(PasskeyOptions) },
    ...faultResponses(422),
  },
});

const signIn = publicRoute({
  method: "post",
  path: `${BASE}/auth/passkey/login`,
  tags,
  summary: "Sign in with a passkey in place of a password",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(PasskeyLogin) } },
  responses: { 200: jwtResponse("The token"), ...faultResponses(400, 401, 415, 429) },
});

const toWire = (passkey: StoredPasskey): z.input<typeof Passkey> => ({
  id: passkey.id,
  name: passkey.name,
  created_ts: rfc3339(passkey.createdMs),
  ...(passkey.lastUsedMs === null ? {} : { last_used: rfc3339(passkey.lastUsedMs) }),
});

export function mountPasskeys(app: App): void {
  app.openapi(options, async (c) => {
    const { current_password } = c.req.valid("json");
    return c.json(await passkeyOptions(c.var.deps, atHome(userOf(c)), current_password), 200, NO_STORE);
  });

  app.openapi(add, async (c) =>
    c.json(toWire(await addPasskey(c.var.deps, atHome(userOf(c)), c.req.valid("json"))), 201),
  );

  app.openapi(list, async (c) => {
    const { actor, target } = actingOn(userOf(c), c.req.valid("param").id);
    const passkeys = await listPasskeys(c.var.deps, actor, target);
    return c.json(passkeys.map(toWire), 200);
  });

  app.openapi(rename, async (c) => {
    const { passkey } = c.req.valid("param");
    await renamePasskey(c.var.deps, atHome(userOf(c)), passkey, c.req.valid("json").name);
    return c.body(null, 204);
  });

  app.openapi(remove, async (c) => {
    const { id, passkey } = c.req.valid("param");
    const { actor, target } = actingOn(userOf(c), id);
    await removePasskey(c.var.deps, actor, target, passkey);
    return c.body(null, 204);
  });

  app.openapi(startSignIn, async (c) => c.json(await signInOptions(c.var.deps), 200, NO_STORE));

  app.openapi(signIn, async (c) => {
    const { credential, no_expiry } = c.req.valid("json");
    const token = await signInByPasskey(c.var.deps, {
      credential,
      noExpiry: no_expiry ?? false,
      network: await c.var.deps.network(),
      userAgent: c.req.header("user-agent"),
    });
    return c.body(token, 200, JWT_TYPE);
  });
}
