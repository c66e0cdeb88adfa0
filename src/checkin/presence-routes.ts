import { z } from "@hono/zod-openapi";
import { fleetNow, lastContacts, MAX_IDS } from "./presence-queries.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";

const base = "/api/management/v1/inventory";

const Contact = z
  .object({ id: z.string(), last_seen: z.iso.datetime() })
  .openapi("Presence", { description: "When a device asked for an update last, to the second" });

const presenceRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/presence`,
  tags: ["inventory"],
  summary: "When devices were last heard of",
  description: "An extension. Devices that were never heard of are left out.",
  request: {
    query: z.object({
      id: z
        .preprocess(
          (value) => (typeof value === "string" ? [value] : value),
          z.array(z.string()).min(1).max(MAX_IDS),
        )
        .openapi({ type: "array", items: { type: "string" }, description: "May be repeated" }),
    }),
  },
  responses: {
    200: { description: "In the order asked", content: jsonContent(z.array(Contact)) },
    ...faultResponses(400, 401, 403),
  },
});

const liveRoute = userRoute(within("devices:read"), {
  method: "get",
  path: `${base}/live`,
  tags: ["inventory"],
  summary: "What the fleet does now",
  description: "An extension. Counts are of the last ten seconds.",
  responses: {
    200: {
      description: "Numbers of the devices that the user may see",
      content: jsonContent(
        z
          .object({
            checks_per_second: z.number(),
            mode: z.enum(["strict", "relaxed"]),
            generation: z.number().int(),
          })
          .openapi("LiveCounters"),
      ),
    },
    ...faultResponses(401, 403),
  },
});

export function mountPresenceRoutes(app: App): void {
  app.openapi(presenceRoute, async (c) =>
    c.json(await lastContacts(c.var.deps, userOf(c), c.req.valid("query").id), 200),
  );
  app.openapi(liveRoute, async (c) => c.json(await fleetNow(c.var.deps, userOf(c)), 200));
}
