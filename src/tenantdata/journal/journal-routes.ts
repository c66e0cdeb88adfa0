import { z } from "@hono/zod-openapi";
import { operatorOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { operatorRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { setJournal, showJournal } from "./journals.ts";

const PATH = "/api/operator/v1/tenants/{id}/journal";

const WantedJournal = z
  .strictObject({ state: z.enum(["on", "off"], { error: "must be on or off" }) })
  .openapi("WantedJournal");

const Journal = z
  .object({
    tenant_id: z.string(),
    state: z.enum(["on", "off", "restoring"]),
    since: z.string().optional(),
    flushed_until: z.string().optional().openapi({ description: "Until when every change is in the bucket" }),
    oldest: z.string().optional().openapi({ description: "The first minute that can be gone back to" }),
    base_at: z.string().optional().openapi({ description: "When the last whole copy was begun" }),
    base_under_way: z.boolean().optional(),
    bytes: z.number().int().openapi({ description: "Of what is in the bucket" }),
  })
  .openapi("Journal");

const params = z.object({ id: z.string() });
const operator = { tags: ["operator"], path: PATH };
const shown = { 200: { description: "The journal", content: jsonContent(Journal) } };

const get = operatorRoute({
  ...operator,
  method: "get",
  summary: "How far the journal of a tenant goes back",
  request: { params },
  responses: { ...shown, ...faultResponses(401, 404) },
});

const put = operatorRoute({
  ...operator,
  method: "put",
  summary: "Begin or end the journal of a tenant",
  description: "Without one the tenant cannot be restored to a minute.",
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(WantedJournal) } },
  responses: { ...shown, ...faultResponses(400, 401, 404, 409) },
});

export function mountJournals(app: App): void {
  app.openapi(get, async (c) =>
    c.json(await showJournal(c.var.deps, operatorOf(c, c.req.valid("param").id)), 200),
  );
  app.openapi(put, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").id);
    return c.json(await setJournal(c.var.deps, actor, c.req.valid("json").state), 200);
  });
}
