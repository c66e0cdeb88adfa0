import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { offsetOf, pageOf, pageQuery } from "../platform/paging.ts";
import {
  FEATURES,
  hasFeature,
  planNamed,
  planNames,
  type Plans as PlansOf,
  type Subscription,
  WHOLE,
} from "../platform/plans.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { demandPlan, planBinding, userLimits } from "./plan.ts";
import { PlanBinding, Plans, UserLimits } from "./plan-schema.ts";

const list = userRoute("basic", {
  method: "get",
  path: "/api/management/v1/useradm/plans",
  tags: ["useradm"],
  summary: "List plans",
  request: { query: z.object(pageQuery()) },
  responses: { 200: { description: "Plans", content: jsonContent(Plans) }, ...faultResponses(400, 401) },
});

const binding = userRoute("basic", {
  method: "get",
  path: "/api/management/v1/useradm/plan_binding",
  tags: ["useradm"],
  summary: "Get the plan in use and its limits",
  responses: { 200: { description: "The plan", content: jsonContent(PlanBinding) }, ...faultResponses(401) },
});

const limits = userRoute("users:read", {
  method: "get",
  path: "/api/management/v1/useradm/limits",
  tags: ["useradm"],
  summary: "How many users there are, and how many there may be; -1 is any number",
  responses: {
    200: { description: "The limits", content: jsonContent(UserLimits) },
    ...faultResponses(401, 403),
  },
});

const verify = userRoute("basic", {
  method: "post",
  path: "/api/management/v1/useradm/auth/plan-verify",
  tags: ["useradm"],
  summary: "Whether the tenant has at least a plan, or an add-on",
  request: {
    headers: z.object({
      "x-mender-required-minimal-plan": z.string().max(256).optional(),
      "x-mender-required-addon": z.string().max(256).optional(),
    }),
  },
  responses: { 202: { description: "It has" }, ...faultResponses(401, 403) },
});

/** A plan as it is told, with what of it the subscription has. */
export function planWire(plans: PlansOf, subscription: Subscription): z.input<typeof Plans>[number] {
  const has = Object.fromEntries(FEATURES.map((name) => [name, hasFeature(plans, subscription, name)]));
  return {
    name: subscription.plan,
    display_name: planNamed(plans, subscription.plan)?.displayName ?? subscription.plan,
    features: { ...has, file_transfer: has["terminal"] ?? false, reporting: true },
  };
}

const plansOf = (c: Context<AppEnv>) => c.var.deps.settings.PLANS;

export function mountPlans(app: App): void {
  app.openapi(list, (c) => {
    const page = pageOf(c.req.valid("query"));
    const names = planNames(plansOf(c)).slice(offsetOf(page), offsetOf(page) + page.perPage);
    const whole = names.map((plan) => planWire(plansOf(c), { ...WHOLE, plan }));
    return c.json(whole, 200);
  });
  app.openapi(verify, (c) => {
    const { "x-mender-required-minimal-plan": plan, "x-mender-required-addon": addon } =
      c.req.valid("header");
    demandPlan(plansOf(c), userOf(c).subscription, { plan, addon });
    return c.body(null, 202);
  });
  app.openapi(binding, async (c) => {
    const { subscription, limits: found } = await planBinding(c.var.deps, userOf(c));
    return c.json({ plan: planWire(plansOf(c), subscription), limits: found }, 200);
  });
  app.openapi(limits, async (c) => c.json({ users: await userLimits(c.var.deps, userOf(c)) }, 200));
}
