import { z } from "@hono/zod-openapi";
import { operatorOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { JurisdictionName } from "../../platform/placing.ts";
import { operatorRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { beginMove, cancelMove, showMove } from "./moves.ts";

const PATH = "/api/operator/v1/tenants/{id}/move";

const NewMove = z
  .object({
    database: z
      .string()
      .max(64, { error: "the length must be no more than 64" })
      .optional()
      .openapi({ description: "The binding of the database; without it the one that has most room" }),
    jurisdiction: JurisdictionName.optional().openapi({ description: "Where the database is to be" }),
  })
  .openapi("NewTenantMove");

const time = z.string();

const Move = z
  .object({
    tenant_id: z.string(),
    state: z.enum(["running", "done", "failed", "cancelled"]),
    step: z.string(),
    source: z.string(),
    target: z.string(),
    begun_at: time,
    updated_at: time,
    paused_at: time.optional().openapi({ description: "Since when nothing of the tenant was written" }),
    resumed_at: time.optional().openapi({ description: "Until when" }),
    progress: z.object({
      table: z.string().optional().openapi({ description: "What is being copied" }),
      tables_done: z.number().int(),
      tables: z.number().int(),
      rows: z.number().int().openapi({ description: "Rows copied so far" }),
      checked: z.number().int().openapi({ description: "Rows of the copy that were read again" }),
    }),
    error: z.string().optional(),
  })
  .openapi("TenantMove");

const params = z.object({ id: z.string() });
const shown = (description: string) => ({ description, content: jsonContent(Move) });
const operator = { tags: ["operator"], path: PATH, request: { params } };

const post = operatorRoute({
  ...operator,
  method: "post",
  summary: "Bring a tenant to another database",
  description: "Until it is there, the tenant is read and not written: devices are told to come again.",
  middleware: jsonBody(),
  request: { params, body: { required: false, content: jsonContent(NewMove) } },
  responses: { 202: shown("It is on its way"), ...faultResponses(400, 401, 404, 409) },
});

const get = operatorRoute({
  ...operator,
  method: "get",
  summary: "How far a tenant is on its way to another database",
  responses: { 200: shown("The last move"), ...faultResponses(401, 404) },
});

const remove = operatorRoute({
  ...operator,
  method: "delete",
  summary: "Leave a tenant where it is, while it has not changed its home yet",
  responses: { 200: shown("The move has ended"), ...faultResponses(401, 404, 409) },
});

export function mountMoves(app: App): void {
  app.openapi(post, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").id);
    return c.json(await beginMove(c.var.deps, actor, c.req.valid("json")), 202);
  });
  app.openapi(get, async (c) =>
    c.json(await showMove(c.var.deps, operatorOf(c, c.req.valid("param").id)), 200),
  );
  app.openapi(remove, async (c) =>
    c.json(await cancelMove(c.var.deps, operatorOf(c, c.req.valid("param").id)), 200),
  );
}
