import { z } from "@hono/zod-openapi";
import { operatorOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { PROBLEMS, verifyLog } from "./verify.ts";

const Verified = z
  .object({
    entries: z.number(),
    findings: z.array(
      z.object({
        problem: z.enum(PROBLEMS),
        position: z.number().optional(),
        to: z.number().optional(),
        id: z.string().optional(),
        time: z.string().optional(),
      }),
    ),
    next: z.number().optional().openapi({ description: "Where to go on; absent at the end" }),
    sealed: z.number().optional().openapi({ description: "At the end: the last sealed place" }),
    unsealed: z.number().optional().openapi({ description: "At the end: entries that wait to be sealed" }),
  })
  .openapi("OperatorAuditVerified");

const verification = operatorRoute({
  method: "get",
  path: "/api/operator/v1/tenants/{id}/audit/verification",
  tags: ["operator"],
  summary: "Compare a part of the audit log of a tenant with its seals and checkpoints",
  request: {
    params: z.object({ id: z.string() }),
    query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
  },
  responses: {
    200: { description: "What was found, and where to go on", content: jsonContent(Verified) },
    ...faultResponses(400, 401, 404),
  },
});

export function mountAuditOperator(app: App): void {
  app.openapi(verification, async (c) => {
    const { tenant } = operatorOf(c, c.req.valid("param").id);
    return c.json(await verifyLog(c.var.deps, tenant, c.req.valid("query").after), 200);
  });
}
