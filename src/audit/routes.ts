import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { userRoute, within } from "../platform/route.ts";
import { sendWhileRead } from "../platform/sent-while-read.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { exportEntries, listEntries } from "./entries.ts";
import { csv, jsonLines } from "./export-format.ts";
import { mountAuditInternal } from "./internal-routes.ts";
import { mountAuditOperator } from "./operator-routes.ts";
import { Entry, FILTERS, number, toFilter } from "./schema.ts";

const BASE = "/api/management/v1/auditlogs/logs";

const list = userRoute(within("audit:read"), {
  feature: "audit_logs",
  method: "get",
  path: BASE,
  tags: ["audit"],
  summary: "List the audit log",
  request: { query: z.object({ ...pageQuery(10), ...FILTERS }) },
  responses: {
    200: {
      description: "Entries; `X-Total-Count` counts up to 10,000",
      content: jsonContent(z.array(Entry)),
    },
    ...faultResponses(400, 401, 403),
  },
});

const JSON_LINES = "application/x-ndjson";

const exportLog = userRoute(within("audit:read"), {
  feature: "audit_logs",
  method: "get",
  path: `${BASE}/export`,
  tags: ["audit"],
  summary: "The audit log as CSV or, by an extension, as JSON lines",
  description: "All entries that match, unless `limit` is given. A download that breaks off is not complete.",
  request: {
    query: z.object({
      ...FILTERS,
      limit: number("limit"),
      format_separator: z.string().max(4, { error: "the length must be no more than 4" }).default("."),
      ignore: z.string().optional(),
      format: z
        .enum(["csv", "jsonl"], { error: "must be csv or jsonl" })
        .default("csv")
        .openapi({ description: "An extension" }),
    }),
  },
  responses: {
    200: {
      description: "One line an entry",
      content: { "text/csv": { schema: z.string() }, [JSON_LINES]: { schema: z.string() } },
    },
    ...faultResponses(400, 401, 403),
  },
});

export function mountAudit(app: App): void {
  mountAuditOperator(app);
  mountAuditInternal(app);
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const { entries, total } = await listEntries(c.var.deps, userOf(c), toFilter(query), page);
    setPageHeaders(c, page, { total });
    return c.json(entries, 200);
  });

  app.openapi(exportLog, async (c) => {
    const query = c.req.valid("query");
    const isCsv = query.format === "csv";
    const format = isCsv ? csv({ separator: query.format_separator, ignore: query.ignore }) : jsonLines;
    const { deps } = c.var;
    const user = userOf(c);
    const lines = await sendWhileRead(deps, user.tenant, () =>
      exportEntries(deps, user, toFilter(query), { ...format, limit: query.limit }),
    );
    return c.body(lines, 200, {
      "Content-Type": isCsv ? "text/csv; charset=utf-8" : JSON_LINES,
      "Content-Disposition": `attachment; filename="auditlog.${query.format}"`,
    });
  });
}
