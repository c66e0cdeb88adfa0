import { z } from "@hono/zod-openapi";
import { operatorOf, userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { Fault } from "../../platform/fault.ts";
import { asTenantId } from "../../platform/ids.ts";
import { operatorRoute, userRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { force, forcedBut, share } from "./rules.ts";
import { ForcedSignIn, SourceTenant } from "./schema.ts";

const PATH = "/api/management/v1/useradm/sso/rules";
const tags = ["useradm extensions"];

const read = userRoute("settings:manage", {
  method: "get",
  path: PATH,
  tags,
  feature: "sso",
  summary: "Get whether users get in through a provider only",
  responses: {
    200: { description: "The rule", content: jsonContent(ForcedSignIn) },
    ...faultResponses(401, 403),
  },
});

const write = userRoute("settings:manage", {
  method: "put",
  path: PATH,
  tags,
  feature: "sso",
  summary: "Set whether users get in through a provider only; open sessions stay",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(ForcedSignIn) } },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 415, 422) },
});

const assign = operatorRoute({
  method: "put",
  path: "/api/internal/v1/useradm/tenants/{tenant_id}/sso/assign",
  tags: ["useradm internal"],
  summary: "Have a tenant use the identity providers of another",
  middleware: jsonBody(),
  request: {
    params: z.object({ tenant_id: z.string() }),
    body: { required: true, content: jsonContent(SourceTenant) },
  },
  responses: {
    200: {
      description: "They took the place of others",
      content: jsonContent(z.object({ message: z.string() })),
    },
    201: { description: "Assigned" },
    ...faultResponses(400, 401, 404, 415),
  },
});

export function mountSsoRules(app: App): void {
  app.openapi(read, async (c) => {
    const user = await forcedBut(c.var.deps, userOf(c));
    return c.json(user === undefined ? { forced: false } : { forced: true, break_glass_user: user }, 200);
  });

  app.openapi(write, async (c) => {
    const { forced, break_glass_user } = c.req.valid("json");
    if (forced && !break_glass_user) throw new Fault("bad_request", "break_glass_user: cannot be blank.");
    await force(c.var.deps, userOf(c), forced ? break_glass_user : undefined);
    return c.body(null, 204);
  });

  app.openapi(assign, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").tenant_id);
    const source = asTenantId(c.req.valid("json").source_tenant_id);
    const { hasReplaced } = await share(c.var.deps, actor, source);
    if (hasReplaced) return c.json({ message: "the identity providers of the tenant were replaced" }, 200);
    return c.body(null, 201);
  });
}
