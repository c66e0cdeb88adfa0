import { z } from "@hono/zod-openapi";
import type { App } from "../platform/app-env.ts";
import { offsetOf, pageOf, pageQuery } from "../platform/paging.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { PlanBinding, Plans } from "./schema.ts";

/** What the open server says of itself; the web UI does not ask, scripts may (protocol notes, useradm 7). */
const PLAN = {
  name: "Mender_Open_Source",
  display_name: "Mender",
  features: {
    rbac: false,
    audit_logs: false,
    dynamic_groups: false,
    terminal: false,
    file_transfer: false,
    configuration: true,
    monitoring: false,
    reporting: false,
  },
};

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
  summary: "Get the plan in use",
  responses: { 200: { description: "The plan", content: jsonContent(PlanBinding) }, ...faultResponses(401) },
});

export function mountPlans(app: App): void {
  app.openapi(list, (c) => {
    const page = pageOf(c.req.valid("query"));
    return c.json([PLAN].slice(offsetOf(page), offsetOf(page) + page.perPage), 200);
  });
  app.openapi(binding, (c) => c.json({ plan: PLAN }, 200));
}
