import { z } from "@hono/zod-openapi";
import { operatorOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { setTotal } from "../../platform/paging.ts";
import { operatorRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { prepareForTenant, TenantToPrepare } from "../../tenants/index.ts";
import { deviceStatistics } from "../catalogue.ts";
import { showFilter } from "../filters.ts";
import { findDevices } from "../find.ts";
import { refuseList } from "../refuse.ts";
import { SearchInput } from "../search/schema.ts";
import { FilterOut } from "./filters.ts";
import { foundDevices, StatisticsOut } from "./search.ts";

const v1 = "/api/internal/v1/inventory";
const v2 = "/api/internal/v2/inventory/tenants/{tenant}";

const tenant = z.object({ tenant: z.string() });

const tenantRoute = operatorRoute({
  method: "post",
  path: `${v1}/tenants`,
  tags: ["inventory internal"],
  summary: "Make a tenant unless it exists",
  middleware: jsonBody("failed to decode request body: "),
  request: { body: { required: true, content: jsonContent(TenantToPrepare) } },
  responses: { 201: { description: "Prepared" }, ...faultResponses(400, 401) },
});

const searchRoute = operatorRoute({
  method: "post",
  path: `${v2}/filters/search`,
  tags: ["inventory internal"],
  summary: "Search devices of a tenant by their attributes",
  middleware: jsonBody("failed to decode request body: "),
  request: { params: tenant, body: { required: true, content: jsonContent(SearchInput) } },
  responses: { 200: foundDevices, ...faultResponses(400, 401) },
});

const statisticsRoute = operatorRoute({
  method: "get",
  path: `${v2}/statistics`,
  tags: ["inventory internal"],
  summary: "Count devices of a tenant by status and tier",
  request: { params: tenant },
  responses: {
    200: { description: "Numbers of devices", content: jsonContent(StatisticsOut) },
    ...faultResponses(401),
  },
});

const filterRoute = operatorRoute({
  method: "get",
  path: `${v2}/filters/{id}`,
  tags: ["inventory internal"],
  summary: "Show a saved filter of a tenant",
  request: { params: tenant.extend({ id: z.string().max(256) }) },
  responses: {
    200: { description: "The filter", content: jsonContent(FilterOut) },
    ...faultResponses(401, 404),
  },
});

export function mountInternalSearchRoutes(app: App): void {
  app.openapi(
    tenantRoute,
    async (c) => {
      await prepareForTenant(c.var.deps, c.req.valid("json").tenant_id);
      return c.body(null, 201);
    },
    refuseList(),
  );
  app.openapi(
    searchRoute,
    async (c) => {
      const actor = operatorOf(c, c.req.valid("param").tenant);
      const { devices, ...total } = await findDevices(c.var.deps, actor, c.req.valid("json"));
      setTotal(c, total);
      return c.json(devices, 200);
    },
    refuseList(),
  );
  app.openapi(statisticsRoute, async (c) => {
    const actor = operatorOf(c, c.req.valid("param").tenant);
    return c.json({ devices_by_status: await deviceStatistics(c.var.deps, actor) }, 200);
  });
  app.openapi(filterRoute, async (c) => {
    const param = c.req.valid("param");
    return c.json(await showFilter(c.var.deps, operatorOf(c, param.tenant), param.id), 200);
  });
}
