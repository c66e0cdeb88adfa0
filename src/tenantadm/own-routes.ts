import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { Tenant, TenantToken, TiersQuery } from "./schema.ts";
import { tenantWire } from "./tenant-wire.ts";
import { viewTenant } from "./views.ts";

const tags = ["tenantadm"];
const BASE = "/api/management/v2/tenantadm/tenants";

const own = {
  method: "get",
  tags,
  request: { query: TiersQuery },
  responses: {
    200: { description: "The tenant", content: jsonContent(Tenant) },
    ...faultResponses(400, 401, 404),
  },
} as const;

const ownV1 = userRoute("basic", {
  ...own,
  path: "/api/management/v1/tenantadm/user/tenant",
  summary: "Get the tenant of the user, with its token",
});

const ownV2 = userRoute("basic", {
  ...own,
  path: `${BASE}/me`,
  summary: "Get the tenant of the user, without its token",
});

const token = userRoute("basic", {
  method: "get",
  path: `${BASE}/me/token`,
  tags,
  summary: "Get the token by which devices join the tenant",
  responses: {
    200: { description: "The token", content: jsonContent(TenantToken) },
    ...faultResponses(401, 404),
  },
});

/** What the web UI asks to know where it is (protocol notes, tenancy and audit 1). */
export function mountOwnTenant(app: App): void {
  for (const [route, isV1] of [
    [ownV1, true],
    [ownV2, false],
  ] as const) {
    app.openapi(route, async (c) => {
      const { deps } = c.var;
      const view = await viewTenant(deps, userOf(c).tenant);
      const { tiers } = c.req.valid("query");
      return c.json(tenantWire(view, deps.now(), { token: isV1, tiers }), 200);
    });
  }
  app.openapi(token, async (c) => {
    const { tenant } = await viewTenant(c.var.deps, userOf(c).tenant);
    return c.json({ tenant_token: tenant.token }, 200);
  });
}
