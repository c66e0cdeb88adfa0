import { z } from "@hono/zod-openapi";
import type { Actor } from "../../platform/actor.ts";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import type { Deps } from "../../platform/deps.ts";
import { userRoute, within } from "../../platform/route.ts";
import { sendWhileRead } from "../../platform/sent-while-read.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { exportDevices, type ExportFormat } from "../export.ts";
import { showFilter } from "../filters.ts";
import { refuseList } from "../refuse.ts";
import { ExportInput, type ExportRequest } from "../search/schema.ts";

const base = "/api/management/v2/inventory/filters";

const TYPES: Record<ExportFormat, string> = {
  csv: "text/csv; charset=utf-8",
  jsonl: "application/x-ndjson",
};

const query = z.object({
  format: z
    .enum(["csv", "jsonl"], { error: "must be one of csv, jsonl" })
    .default("csv")
    .openapi({ description: "A table, or one device in JSON per line" }),
});

const exported = {
  description: "All devices the search finds, sent while they are read",
  content: { "text/csv": { schema: z.string() }, "application/x-ndjson": { schema: z.string() } },
};

const exportRoute = userRoute(within("devices:read"), {
  method: "post",
  path: `${base}/search/export`,
  tags: ["inventory"],
  summary: "Export all devices of a search",
  middleware: jsonBody("failed to decode request body: "),
  request: { query, body: { required: true, content: jsonContent(ExportInput) } },
  responses: { 200: exported, ...faultResponses(400, 401, 403) },
});

const exportFilterRoute = userRoute(within("devices:read"), {
  feature: "dynamic_groups",
  method: "get",
  path: `${base}/{id}/export`,
  tags: ["inventory"],
  summary: "Export all devices of a saved filter",
  request: { params: z.object({ id: z.string().max(256) }), query },
  responses: { 200: exported, ...faultResponses(400, 401, 403, 404) },
});

async function sendFile(deps: Deps, user: Actor, request: ExportRequest, format: ExportFormat) {
  const body = await sendWhileRead(deps, user.tenant, () => exportDevices(deps, user, request, format));
  return new Response(body, {
    headers: {
      "Content-Type": TYPES[format],
      "Content-Disposition": `attachment; filename="devices.${format}"`,
    },
  });
}

export function mountExportRoutes(app: App): void {
  app.openapi(
    exportRoute,
    async (c) => {
      const { format } = c.req.valid("query");
      return sendFile(c.var.deps, userOf(c), c.req.valid("json"), format);
    },
    refuseList(),
  );
  app.openapi(
    exportFilterRoute,
    async (c) => {
      const { format } = c.req.valid("query");
      const { terms } = await showFilter(c.var.deps, userOf(c), c.req.valid("param").id);
      const request = ExportInput.parse({ filters: terms });
      return sendFile(c.var.deps, userOf(c), request, format);
    },
    refuseList(),
  );
}
