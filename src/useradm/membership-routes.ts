import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { asTenantId } from "../platform/ids.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { JWT_TYPE, jwtResponse } from "./login-routes.ts";
import { assignUser, switchTenant } from "./memberships.ts";
import { Assignment } from "./schema.ts";

const tags = ["useradm"];

const params = z.object({ id: z.string().openapi({ description: "User id or address" }) });
const body = { required: true, content: jsonContent(Assignment) } as const;
const assigned = { 200: { description: "The user has a place in these tenants" } };

const assign = userRoute("users:manage", {
  method: "post",
  path: "/api/management/v1/useradm/users/{id}/assign",
  tags,
  summary: "Make a user of any tenant a guest of the caller's, with one role",
  feature: "user_assign",
  middleware: jsonBody(),
  request: { params, body },
  responses: { ...assigned, ...faultResponses(400, 401, 403, 404, 415, 422) },
});

const token = userRoute("basic", {
  method: "get",
  path: "/api/management/v1/useradm/users/tenants/{id}/token",
  tags,
  summary: "Get a token for another tenant of the caller, good as long as the session of the call",
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: jwtResponse("The token"), ...faultResponses(401, 403, 404) },
});

export const wanted = ({ tenant_ids, role }: z.output<typeof Assignment>) => ({
  tenants: tenant_ids.map(asTenantId),
  role,
});

/** Users of several tenants. */
export function mountMemberships(app: App): void {
  app.openapi(assign, async (c) => {
    await assignUser(c.var.deps, userOf(c), c.req.valid("param").id, wanted(c.req.valid("json")));
    return c.body(null, 200);
  });
  app.openapi(token, async (c) => {
    const { deps } = c.var;
    const tenant = asTenantId(c.req.valid("param").id);
    return c.body(await switchTenant(deps, userOf(c), tenant, await deps.network()), 200, JWT_TYPE);
  });
}
