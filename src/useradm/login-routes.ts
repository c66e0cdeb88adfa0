import { createRoute, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { describeIssues, faultResponses, jsonBody } from "../platform/wire.ts";
import { DEVICE_COOKIE, DEVICE_COOKIE_LIFE_S, makeDeviceCookie } from "./known-device.ts";
import { logIn, logOut } from "./login.ts";
import { LoginOptions } from "./schema.ts";

/** Clients compare this for equality: no character set may follow. */
export const JWT_TYPE = { "Content-Type": "application/jwt", "Cache-Control": "no-store" };

export const jwtResponse = (description: string) => ({
  description,
  content: { "application/jwt": { schema: z.string() } },
});

/** Command-line clients announce JSON and send nothing. */
const optionalJsonBody: MiddlewareHandler<AppEnv> = async (c, next) =>
  (await c.req.text()) === "" ? next() : jsonBody()(c, next);

const login = createRoute({
  method: "post",
  path: "/api/management/v1/useradm/auth/login",
  tags: ["useradm"],
  summary: "Log in with HTTP Basic and get a token",
  security: [{ Basic: [] }],
  middleware: optionalJsonBody,
  request: {
    body: {
      required: false,
      // A plain schema: the framework would refuse the empty body.
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: { no_expiry: { type: "boolean" }, token2fa: { type: "string" } },
          },
        },
      },
    },
  },
  responses: { 200: jwtResponse("The token"), ...faultResponses(400, 401, 415, 429) },
});

const logout = createRoute({
  method: "post",
  path: "/api/management/v1/useradm/auth/logout",
  tags: ["useradm"],
  summary: "End the token of this call",
  responses: { 202: { description: "The token is dead" }, ...faultResponses(401) },
});

const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i;

/** Email and password of the Basic header. */
function credentialsOf(c: Context<AppEnv>): { email: string; password: string } {
  const [, encoded] = BASIC.exec(c.req.header("authorization") ?? "") ?? [];
  const text = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) throw new Fault("unauthorized", "invalid or missing auth header");
  return { email: text.slice(0, colon).toLowerCase(), password: text.slice(colon + 1) };
}

async function optionsOf(c: Context<AppEnv>): Promise<z.output<typeof LoginOptions>> {
  const text = await c.req.text();
  const parsed = LoginOptions.safeParse(text === "" ? {} : JSON.parse(text));
  if (!parsed.success) throw new Fault("bad_request", describeIssues(parsed.error.issues));
  return parsed.data;
}

export function mountLogin(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "Basic", { type: "http", scheme: "basic" });

  app.openapi(login, async (c) => {
    const credentials = credentialsOf(c);
    const options = await optionsOf(c);
    const token = await logIn(c.var.deps, {
      ...credentials,
      noExpiry: options.no_expiry ?? false,
      network: await c.var.deps.network(),
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

  app.openapi(logout, async (c) => {
    await logOut(c.var.deps, userOf(c));
    return c.body(null, 202);
  });
}
