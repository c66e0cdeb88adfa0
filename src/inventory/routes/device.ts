import type { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { deviceClaimOf } from "../../platform/app.ts";
import type { App, AppEnv } from "../../platform/app-env.ts";
import { takeJson } from "../../platform/json-route.ts";
import { DEVICE, deviceRoute } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { refuseList } from "../refuse.ts";
import { reportAttributes, type ReportMode } from "../device-attributes.ts";
import { AttributeList } from "../schema.ts";

export const REPORT_PATH = "/api/devices/v1/inventory/device/attributes";
/** Whatever comes after the prefix: the original's gateway sends all of it to the one route. */
const ANY_PATH = "/api/devices/v1/inventory/*";
const DECODE = "failed to decode request body: ";

const reportRoute = (method: "put" | "patch", summary: string) =>
  deviceRoute({
    method,
    path: REPORT_PATH,
    tags: ["inventory"],
    summary,
    middleware: jsonBody(DECODE),
    request: { body: { required: true, content: jsonContent(AttributeList) } },
    responses: { 200: { description: "Stored, or the same as before" }, ...faultResponses(400, 401) },
  });

/** Clients take exactly 200 with an empty body for success (protocol notes, client traffic 0). */
const report = async (c: Context<AppEnv>, mode: ReportMode, attributes: z.output<typeof AttributeList>) => {
  await reportAttributes(c.var.deps, deviceClaimOf(c), mode, attributes);
  return c.body(null, 200);
};

export function mountDeviceRoutes(app: App): void {
  app.openapi(
    reportRoute("put", "Replace what the device reports about itself"),
    (c) => report(c, "replace", c.req.valid("json")),
    refuseList(),
  );
  app.openapi(
    reportRoute("patch", "Add to what the device reports about itself"),
    (c) => report(c, "merge", c.req.valid("json")),
    refuseList(),
  );
  app.plain(DEVICE, ["PUT", "PATCH"], ANY_PATH, jsonBody(DECODE), async (c) => {
    const rules = { schema: AttributeList, required: true, foldCase: true };
    const attributes = await takeJson(c, rules, refuseList());
    return report(c, c.req.method === "PUT" ? "replace" : "merge", attributes);
  });
}
