import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { setTotal } from "../../platform/paging.ts";
import { userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { attributeCatalogue, deviceStatistics } from "../catalogue.ts";
import { findDevices } from "../find.ts";
import { refuseList } from "../refuse.ts";
import { DeviceOut } from "../schema.ts";
import { SearchInput } from "../search/schema.ts";

const base = "/api/management/v2/inventory";

const TierCounts = z.object({
  standard: z.number().int(),
  micro: z.number().int(),
  system: z.number().int(),
});

export const StatisticsOut = z
  .object({ devices_by_status: z.object({ accepted: TierCounts, pending: TierCounts }) })
  .openapi("InventoryStatistics");

export const foundDevices = {
  description: "One page of devices; `X-Total-Count` has the number of all",
  content: jsonContent(z.array(DeviceOut)),
};

const searchRoute = userRoute(within("devices:read"), {
  method: "post",
  path: `${base}/filters/search`,
  tags: ["inventory"],
  summary: "Search devices by their attributes",
  middleware: jsonBody("failed to decode request body: "),
  request: { body: { required: true, content: jsonContent(SearchInput) } },
  responses: { 200: foundDevices, ...faultResponses(400, 401, 403) },
});

const catalogueRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/filters/attributes`,
  tags: ["inventory"],
  summary: "List the attributes that devices have, most frequent first",
  responses: {
    200: {
      description: "Attributes and how many devices have them",
      content: jsonContent(
        z.array(
          z
            .object({ name: z.string(), scope: z.string(), count: z.number().int() })
            .openapi("FilterAttribute"),
        ),
      ),
    },
    ...faultResponses(401, 403),
  },
});

const statisticsRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/statistics`,
  tags: ["inventory"],
  summary: "Count devices by status and tier",
  responses: {
    200: { description: "Numbers of devices", content: jsonContent(StatisticsOut) },
    ...faultResponses(401, 403),
  },
});

export function mountSearchRoutes(app: App): void {
  app.openapi(
    searchRoute,
    async (c) => {
      const { devices, ...total } = await findDevices(c.var.deps, userOf(c), c.req.valid("json"));
      setTotal(c, total);
      return c.json(devices, 200);
    },
    refuseList(),
  );
  app.openapi(catalogueRoute, async (c) => c.json(await attributeCatalogue(c.var.deps, userOf(c)), 200));
  app.openapi(statisticsRoute, async (c) =>
    c.json({ devices_by_status: await deviceStatistics(c.var.deps, userOf(c)) }, 200),
  );
}
