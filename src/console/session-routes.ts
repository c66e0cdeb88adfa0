import type { App } from "../platform/app-env.ts";
import { credentialsOf } from "../platform/authorization.ts";
import { keepForConsole } from "../platform/console-cookie.ts";
import { Fault } from "../platform/fault.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";
import { BASE, tags } from "./parts.ts";

const keep = userRoute("basic", {
  method: "post",
  path: `${BASE}/session`,
  tags,
  summary: "Keep the token of this call in a cookie that no script can read",
  responses: { 204: { description: "The cookie is set" }, ...faultResponses(400, 401) },
});

/** However somebody signs in, the page has the token for a moment and hands it back. */
export function mountSession(app: App): void {
  app.openapi(keep, (c) => {
    const token = credentialsOf("bearer", c.req.header("authorization"));
    if (token === undefined) throw new Fault("bad_request", "the token must be in the Authorization header");
    keepForConsole(c, token);
    return c.body(null, 204);
  });
}
