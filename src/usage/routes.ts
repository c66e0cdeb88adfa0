import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { operatorOf, userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { asTenantId } from "../platform/ids.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import { operatorRoute, userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { dayOf } from "../platform/used.ts";
import { isDay } from "./day.ts";
import type { UsageFilter } from "./store.ts";
import { exportUsage, listUsage } from "./usage.ts";

const OWN = "/api/management/v1/usage/days";
const ALL = "/api/operator/v1/usage/days";

const UsageDay = z
  .object({
    tenant_id: z.string(),
    tenant_name: z.string(),
    day: z.string(),
    devices: z.int().openapi({ description: "Accepted, at the end of the day" }),
    requests: z.int(),
    checks: z.int().openapi({ description: "Of the requests those that asked for a deployment" }),
    rows_read: z.int(),
    rows_written: z.int(),
    stored_bytes: z.int().openapi({ description: "At the end of the day" }),
    downloaded_bytes: z
      .int()
      .openapi({ description: "Of artifacts and configurations, as far as they were answered" }),
    session_seconds: z.int().openapi({ description: "Of terminals, files and ports of devices" }),
    usd: z.number().openapi({ description: "By the prices of the platform, with nothing included" }),
  })
  .openapi("UsageDay");

const Day = z
  .string()
  .refine(isDay, { error: "must be a day like 2026-01-31" })
  .optional()
  .openapi({ format: "date" });

const days = { from: Day, to: Day };
const ofTenant = { tenant: z.string().max(64).optional() };

const listed = { 200: { description: "Days in order", content: jsonContent(z.array(UsageDay)) } };
const exported = {
  200: { description: "One line a day and tenant", content: { "text/csv": { schema: z.string() } } },
};

const own = userRoute("settings:manage", {
  method: "get",
  path: OWN,
  tags: ["usage"],
  summary: "What the tenant used, by day (extension)",
  request: { query: z.object({ ...pageQuery(), ...days }) },
  responses: { ...listed, ...faultResponses(400, 401, 403) },
});

const ownExport = userRoute("settings:manage", {
  method: "get",
  path: `${OWN}/export`,
  tags: ["usage"],
  summary: "The same as CSV (extension)",
  request: { query: z.object(days) },
  responses: { ...exported, ...faultResponses(400, 401, 403) },
});

const all = operatorRoute({
  method: "get",
  path: ALL,
  tags: ["operator"],
  summary: "What tenants used, by day",
  request: { query: z.object({ ...pageQuery(), ...days, ...ofTenant }) },
  responses: { ...listed, ...faultResponses(400, 401) },
});

const allExport = operatorRoute({
  method: "get",
  path: `${ALL}/export`,
  tags: ["operator"],
  summary: "The same as CSV, for invoices",
  request: { query: z.object({ ...days, ...ofTenant }) },
  responses: { ...exported, ...faultResponses(400, 401) },
});

const MONTH_MS = 30 * 86_400_000;

interface Asked {
  from?: string | undefined;
  to?: string | undefined;
  tenant?: string | undefined;
}

/** Unless said otherwise the last 30 days. */
function filterOf({ from, to, tenant }: Asked, nowMs: number): UsageFilter {
  const until = to ?? dayOf(nowMs);
  return {
    from: from ?? dayOf(Date.parse(until) - MONTH_MS),
    to: until,
    tenant: tenant === undefined ? undefined : asTenantId(tenant),
  };
}

const asCsv = (c: Context<AppEnv>, filter: UsageFilter) =>
  c.body(exportUsage(c.var.deps, filter), 200, {
    "Content-Type": "text/csv; charset=utf-8",
    "Content-Disposition": 'attachment; filename="usage.csv"',
  });

export function mountUsage(app: App): void {
  app.openapi(own, async (c) => {
    const { deps } = c.var;
    const query = c.req.valid("query");
    const page = pageOf(query);
    const filter = filterOf({ ...query, tenant: userOf(c).tenant }, deps.now());
    const { days: found, hasNext } = await listUsage(deps, filter, page);
    setPageHeaders(c, page, { hasNext });
    return c.json(found, 200);
  });
  app.openapi(ownExport, (c) =>
    asCsv(c, filterOf({ ...c.req.valid("query"), tenant: userOf(c).tenant }, c.var.deps.now())),
  );
  app.openapi(all, async (c) => {
    const { deps } = c.var;
    operatorOf(c);
    const query = c.req.valid("query");
    const page = pageOf(query);
    const { days: found, hasNext } = await listUsage(deps, filterOf(query, deps.now()), page);
    setPageHeaders(c, page, { hasNext });
    return c.json(found, 200);
  });
  app.openapi(allExport, (c) => {
    operatorOf(c);
    return asCsv(c, filterOf(c.req.valid("query"), c.var.deps.now()));
  });
}
