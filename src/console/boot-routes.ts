import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { hasPermission, PERMISSIONS } from "../platform/permissions.ts";
import { FEATURES, hasFeature } from "../platform/plans.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { tenantStatement } from "../tenants/index.ts";
import { BASE, tags } from "./parts.ts";

const Boot = z
  .object({
    user: z.object({
      id: z.string(),
      email: z.string(),
      tenant: z.string(),
      home: z
        .string()
        .optional()
        .openapi({ description: "Where the account is kept, if that is another tenant" }),
      roles: z.array(z.string()),
      must_enrol: z.boolean().openapi({ description: "Good for nothing but setting up a second factor" }),
    }),
    permissions: z.array(z.string()).openapi({ description: "For some objects at least" }),
    features: z.array(z.string()).openapi({ description: "What the plan of the tenant includes" }),
    plan: z.string(),
    tenant: z.object({
      name: z.string(),
      service_provider: z.boolean().openapi({ description: "May have tenants below its own" }),
    }),
  })
  .openapi("ConsoleBoot");

const boot = userRoute("basic", {
  method: "get",
  path: `${BASE}/boot`,
  tags,
  summary: "Who is signed in, and what of the console is for them",
  responses: {
    200: { description: "What every page needs", content: jsonContent(Boot) },
    ...faultResponses(401),
  },
});

export function mountBoot(app: App): void {
  app.openapi(boot, async (c) => {
    const user = userOf(c);
    const { deps } = c.var;
    const { PLANS } = deps.settings;
    const tenant = await deps.directory.one(tenantStatement(user.tenant));
    const answer = {
      user: {
        id: user.user,
        email: user.email,
        tenant: user.tenant,
        ...(user.home !== undefined && user.home !== user.tenant && { home: user.home }),
        roles: [...user.roles],
        must_enrol: user.mustEnrol === true,
      },
      permissions: PERMISSIONS.filter((permission) => hasPermission(user, permission)),
      features: FEATURES.filter((feature) => hasFeature(PLANS, user.subscription, feature)),
      plan: user.subscription.plan,
      tenant: { name: tenant?.name ?? "", service_provider: tenant?.serviceProvider ?? false },
    };
    return c.json(answer, 200, { "Cache-Control": "no-store" });
  });
}
