import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { pageOf } from "../platform/paging.ts";
import { userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { answerDevices } from "./device-page.ts";
import { DeviceSchema, SearchBody, SearchQuery } from "./schema.ts";
import { isDeviceStatus } from "./states.ts";

const MALFORMED = "api: malformed request body: ";

const route = userRoute(within("devices:read"), {
  method: "post",
  path: "/api/management/v2/devauth/devices/search",
  tags: ["deviceauth"],
  summary: "Search devices by status and id",
  middleware: jsonBody(MALFORMED),
  request: { query: SearchQuery, body: { required: true, content: jsonContent(SearchBody) } },
  responses: {
    200: { description: "A page of devices", content: jsonContent(z.array(DeviceSchema)) },
    ...faultResponses(400, 415),
  },
});

export function mountSearch(app: App): void {
  app.openapi(
    route,
    async (c) => {
      const { status, id } = c.req.valid("json");
      // A name that is no status is not refused here: it finds nothing.
      const filter = { statuses: status?.filter(isDeviceStatus), ids: id };
      return c.json(await answerDevices(c, userOf(c), filter, pageOf(c.req.valid("query"))), 200);
    },
    (result) => {
      if (result.success) return;
      const { message } = result.error.issues[0] ?? {};
      throw new Fault("bad_request", result.target === "json" ? `${MALFORMED}${message}` : `${message}`);
    },
  );
}
