import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent, verbatim } from "../platform/wire.ts";
import { exportEntries, listEntries } from "./entries.ts";
import { csv, jsonLines } from "./export-format.ts";
import { mountAuditOperator } from "./operator-routes.ts";
import type { AuditFilter } from "./store.ts";

const BASE = "/api/management/v1/auditlogs/logs";

const number = (name: string) =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined) return undefined;
      if (/^\d{1,12}$/.test(text)) return Number(text);
      ctx.addIssue(verbatim(`invalid ${name} query: ${JSON.stringify(text)}`));
      return z.NEVER;
    })
    .openapi({ type: "integer" });

const filters = {
  created_after: number("created_after"),
  created_before: number("created_before"),
  actor_id: z.string().optional(),
  actor_type: z.string().optional(),
  actor_email: z.string().optional(),
  object_id: z.string().optional(),
  object_type: z.string().optional(),
  object_deployment_name: z.string().optional(),
  extended: z
    .enum(["true", "false"])
    .default("false")
    .openapi({ description: "An extension: entries that the original does not write, too" }),
  sort: z.enum(["asc", "desc"], { error: "must be asc or desc" }).default("desc"),
};

const Entry = z
  .object({
    time: z.string(),
    action: z.string(),
    actor: z.object({ id: z.string(), type: z.string(), email: z.string().optional() }),
    object: z.looseObject({ id: z.string(), type: z.string() }),
    change: z.string().optional(),
    meta: z.record(z.string(), z.array(z.string())).optional(),
  })
  .openapi("AuditLog");

const list = userRoute("audit:read", {
  feature: "audit_logs",
  method: "get",
  path: BASE,
  tags: ["audit"],
  summary: "List the audit log",
  request: { query: z.object({ ...pageQuery(10), ...filters }) },
  responses: {
    200: {
      description: "Entries; `X-Total-Count` counts up to 10,000",
      content: jsonContent(z.array(Entry)),
    },
    ...faultResponses(400, 401, 403),
  },
});

const JSON_LINES = "application/x-ndjson";

const exportLog = userRoute("audit:read", {
  feature: "audit_logs",
  method: "get",
  path: `${BASE}/export`,
  tags: ["audit"],
  summary: "The audit log as CSV or, by an extension, as JSON lines",
  description: "All entries that match, unless `limit` is given. A download that breaks off is not complete.",
  request: {
    query: z.object({
      ...filters,
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

const Filters = z.object(filters);

const PLAIN_OBJECTS = ["tenant", "user", "deployment", "artifact", "device"];
const PLAIN_ACTORS = ["user", "device"];

const isBeyondPlain = ({ object_type: object, actor_type: actor }: z.output<typeof Filters>): boolean =>
  (object !== undefined && !PLAIN_OBJECTS.includes(object)) ||
  (actor !== undefined && !PLAIN_ACTORS.includes(actor));

/** Times are whole seconds and include all of the last one. */
const toFilter = (query: z.output<typeof Filters>): AuditFilter => ({
  fromMs: query.created_after === undefined ? undefined : query.created_after * 1000,
  toMs: query.created_before === undefined ? undefined : query.created_before * 1000 + 999,
  actorId: query.actor_id,
  actorType: query.actor_type,
  actorEmail: query.actor_email?.toLowerCase(),
  objectId: query.object_id,
  objectType: query.object_type,
  deploymentName: query.object_deployment_name,
  order: query.sort,
  // Who asks for what the plain list never holds wants just that.
  extended: query.extended === "true" || isBeyondPlain(query),
});

export function mountAudit(app: App): void {
  mountAuditOperator(app);
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const page = pageOf(query);
    const { entries, total } = await listEntries(c.var.deps, userOf(c), toFilter(query), page);
    setPageHeaders(c, page, { total });
    return c.json(entries, 200);
  });

  app.openapi(exportLog, (c) => {
    const query = c.req.valid("query");
    const isCsv = query.format === "csv";
    const format = isCsv ? csv({ separator: query.format_separator, ignore: query.ignore }) : jsonLines;
    const lines = exportEntries(c.var.deps, userOf(c), toFilter(query), { ...format, limit: query.limit });
    return c.body(lines, 200, {
      "Content-Type": isCsv ? "text/csv; charset=utf-8" : JSON_LINES,
      "Content-Disposition": `attachment; filename="auditlog.${query.format}"`,
    });
  });
}
