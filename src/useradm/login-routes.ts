import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { credentialsOf } from "../platform/authorization.ts";
import { forgetForConsole } from "../platform/console-cookie.ts";
import { Fault } from "../platform/fault.ts";
import { publicRoute, STRANGERS_BODY, userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, uuidText } from "../platform/wire.ts";
import { DEVICE_COOKIE, DEVICE_COOKIE_LIFE_S, makeDeviceCookie } from "./known-device.ts";
import { handOver, UI } from "./hand-over.ts";
import { logIn, logOut } from "./login.ts";
import { logInByMagic } from "./magic-link.ts";
import { destinationOf } from "./sso/destination.ts";
import { Destination, LoginOptions } from "./sign-in-schema.ts";

/** Clients compare this for equality: no character set may follow. */
export const JWT_TYPE = { "Content-Type": "application/jwt", "Cache-Control": "no-store" };

export const jwtResponse = (description: string) => ({
  description,
  content: { "application/jwt": { schema: z.string() } },
});

const login = publicRoute({
  method: "post",
  path: "/api/management/v1/useradm/auth/login",
  tags: ["useradm"],
  summary: "Log in with HTTP Basic and get a token",
  security: [{ Basic: [] }],
  middleware: jsonBody(),
  body: STRANGERS_BODY,
  // Command-line clients announce JSON and send nothing.
  request: { body: { required: false, content: jsonContent(LoginOptions) } },
  responses: {
    200: {
      description: "The token; to an empty password, which provider signs the user in",
      content: { "application/jwt": { schema: z.string() }, ...jsonContent(Destination) },
    },
    ...faultResponses(400, 401, 415, 429),
  },
});

const logout = userRoute("basic", {
  method: "post",
  path: "/api/management/v1/useradm/auth/logout",
  tags: ["useradm"],
  summary: "End the token of this call",
  responses: { 202: { description: "The token is dead" }, ...faultResponses(401) },
});

const magic = publicRoute({
  method: "get",
  path: "/api/management/v1/useradm/auth/magic/{id}",
  tags: ["useradm"],
  summary: "Log in once by the id that a user was made with",
  request: { params: z.object({ id: uuidText }) },
  responses: {
    307: { description: "To the web UI, with the token in the cookie `JWT`" },
    ...faultResponses(400, 401, 429),
  },
});

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Email and password of the Basic header. */
function accountOf(c: Context<AppEnv>): { email: string; password: string } {
  const encoded = credentialsOf("basic", c.req.header("authorization")) ?? "";
  const text = BASE64.test(encoded) ? Buffer.from(encoded, "base64").toString("utf8") : "";
  const colon = text.indexOf(":");
  if (colon < 0) throw new Fault("unauthorized", "invalid or missing auth header");
  return { email: text.slice(0, colon).toLowerCase(), password: text.slice(colon + 1) };
}

export function mountLogin(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "Basic", { type: "http", scheme: "basic" });

  app.openapi(login, async (c) => {
    const credentials = accountOf(c);
    // The web UI's first step asks with an empty password; it can match nobody, so it is not a try.
    if (credentials.password === "") return c.json(await destinationOf(c.var.deps, credentials.email), 200);
    const options = c.req.valid("json");
    const token = await logIn(c.var.deps, {
      ...credentials,
      noExpiry: options.no_expiry ?? false,
      code: options.token2fa ?? undefined,
      passkey: options.passkey ?? undefined,
      network: await c.var.deps.network(),
      userAgent: c.req.header("user-agent"),
      deviceCookie: getCookie(c, DEVICE_COOKIE),
    });
    setCookie(c, DEVICE_COOKIE, await makeDeviceCookie(c.var.deps, credentials.email), {
      path: login.path,
      httpOnly: true,
      sameSite: "Strict",
      secure: c.var.deps.origin.startsWith("https:"),
      maxAge: DEVICE_COOKIE_LIFE_S,
    });
    return c.body(token, 200, JWT_TYPE);
  });

  app.openapi(magic, async (c) => {
    const { deps } = c.var;
    const client = { network: await deps.network(), userAgent: c.req.header("user-agent") };
    handOver(c, await logInByMagic(deps, c.req.valid("param").id, client));
    return c.redirect(deps.origin + UI, 307);
  });

  app.openapi(logout, async (c) => {
    await logOut(c.var.deps, userOf(c));
    forgetForConsole(c);
    return c.body(null, 202);
  });
}
