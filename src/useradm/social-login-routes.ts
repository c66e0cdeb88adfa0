import { z } from "@hono/zod-openapi";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { publicRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";

const BASE = "/api/management/v1/useradm/oauth2";
const summary = "Not available: log in with the password or by the identity provider of the tenant";

const start = publicRoute({
  method: "get",
  path: `${BASE}/{provider}`,
  tags: ["useradm"],
  summary,
  request: { params: z.object({ provider: z.string() }) },
  responses: faultResponses(404),
});

const link = publicRoute({
  method: "post",
  path: `${BASE}/link`,
  tags: ["useradm"],
  summary,
  responses: faultResponses(404),
});

const notHere = () => new Fault("not_found", "no social login is configured");

/** Logins with accounts of other sites are the vendor's own service's. */
export function mountSocialLogin(app: App): void {
  app.openapi(start, () => {
    throw notHere();
  });
  app.openapi(link, () => {
    throw notHere();
  });
}
