import { z } from "@hono/zod-openapi";
import type { App } from "../../platform/app-env.ts";
import { publicRoute, STRANGERS_BODY } from "../../platform/route.ts";
import { faultResponses, uuidText } from "../../platform/wire.ts";
import { beginOidc, finishOidc } from "./oidc.ts";
import { signOut } from "./oidc-logout.ts";
import { formField, formWith } from "./form.ts";
import { arrive, depart, told, visited } from "./visit.ts";

const BASE = "/api/management/v1/useradm/oidc/{id}";
const tags = ["useradm"];

const start = publicRoute({
  method: "get",
  path: `${BASE}/start`,
  tags,
  summary: "Send a browser to sign in at a provider of OpenID Connect",
  request: { params: z.object({ id: uuidText }) },
  responses: { 302: { description: "To the provider" }, ...faultResponses(400, 403, 404, 422, 429) },
});

const callback = publicRoute({
  method: "get",
  path: `${BASE}/login`,
  tags,
  summary: "Take the answer of a provider of OpenID Connect",
  request: { params: z.object({ id: uuidText }) },
  responses: {
    302: { description: "To the web UI, with the token in the cookie `JWT`" },
    ...faultResponses(400, 403, 404, 422, 429),
  },
});

const logout = publicRoute({
  method: "post",
  path: `${BASE}/logout`,
  tags,
  summary: "End what a provider has vouched for: its users signed out there (back-channel logout)",
  body: STRANGERS_BODY,
  request: {
    params: z.object({ id: uuidText }),
    body: formWith("logout_token"),
  },
  responses: {
    200: { description: "Ended, if there was anything" },
    ...faultResponses(400, 403, 404, 413, 415, 422, 429),
  },
});

export function mountOidc(app: App): void {
  app.openapi(start, async (c) => {
    const visit = await visited(c, c.req.valid("param").id, "oidc");
    return depart(c, visit, await beginOidc(c.var.deps, visit.provider));
  });

  app.openapi(callback, async (c) => {
    const visit = await visited(c, c.req.valid("param").id, "oidc");
    const query = new URL(c.req.url).searchParams;
    return arrive(c, visit, {
      request: query.get("state") ?? "",
      read: (pending) => finishOidc(c.var.deps, visit.provider, { query, pending }),
    });
  });

  app.openapi(logout, async (c) => {
    const visit = await visited(c, c.req.valid("param").id, "oidc");
    const token = await formField(c, "logout_token");
    await told(c, visit, signOut(c.var.deps, visit.provider, token));
    return c.body(null, 200, { "Cache-Control": "no-store" });
  });
}
