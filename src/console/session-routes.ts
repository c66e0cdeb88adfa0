import { deleteCookie, setCookie } from "hono/cookie";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { credentialsOf } from "../platform/authorization.ts";
import { CONSOLE_COOKIE } from "../platform/console-cookie.ts";
import { Fault } from "../platform/fault.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";
import { logOut } from "../useradm/index.ts";
import { BASE, tags } from "./parts.ts";

const LIFE_S = 7 * 86_400;

const COOKIE = { path: "/", secure: true, httpOnly: true, sameSite: "Strict" } as const;

const keep = userRoute("basic", {
  method: "post",
  path: `${BASE}/session`,
  tags,
  summary: "Keep the token of this call in a cookie that no script can read",
  responses: { 204: { description: "The cookie is set" }, ...faultResponses(400, 401) },
});

const end = userRoute("basic", {
  method: "delete",
  path: `${BASE}/session`,
  tags,
  summary: "End the session and forget its cookie",
  responses: { 204: { description: "The token is dead" }, ...faultResponses(401) },
});

/** However somebody signs in, the page has the token for a moment and hands it back. */
export function mountSession(app: App): void {
  app.openapi(keep, (c) => {
    const token = credentialsOf("bearer", c.req.header("authorization"));
    if (token === undefined) throw new Fault("bad_request", "the token must be in the Authorization header");
    setCookie(c, CONSOLE_COOKIE, token, { ...COOKIE, maxAge: LIFE_S });
    return c.body(null, 204);
  });

  app.openapi(end, async (c) => {
    await logOut(c.var.deps, userOf(c));
    deleteCookie(c, CONSOLE_COOKIE, COOKIE);
    return c.body(null, 204);
  });
}
