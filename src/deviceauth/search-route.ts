import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { parseJson } from "../platform/json.ts";
import { pageOf } from "../platform/paging.ts";
import { faultResponses, jsonContent, mediaTypeOf } from "../platform/wire.ts";
import { answerDevices } from "./device-page.ts";
import { DeviceSchema, SearchBody, SearchQuery } from "./schema.ts";
import { isDeviceStatus } from "./states.ts";

const FORM = "application/x-www-form-urlencoded";

const route = createRoute({
  method: "post",
  path: "/api/management/v2/devauth/devices/search",
  tags: ["deviceauth"],
  summary: "Search devices by status and id",
  request: { query: SearchQuery },
  responses: {
    200: { description: "A page of devices", content: jsonContent(z.array(DeviceSchema)) },
    ...faultResponses(400, 415),
  },
});

/** For the document only: the framework would validate a form and a JSON body one after the other. */
const documentedBody = {
  required: true,
  content: { ...jsonContent(SearchBody), [FORM]: { schema: SearchBody } },
};

const malformed = (detail: string) => new Fault("bad_request", `api: malformed request body: ${detail}`);

async function readBody(c: Context<AppEnv>): Promise<unknown> {
  const text = new TextDecoder().decode(await c.req.arrayBuffer());
  if (text === "") throw malformed("EOF");
  const type = mediaTypeOf(c);
  if (type === FORM) {
    const form = new URLSearchParams(text);
    return Object.fromEntries(
      ["status", "id"].filter((name) => form.has(name)).map((name) => [name, form.getAll(name)]),
    );
  }
  if (type !== "application/json") {
    throw new Fault("unsupported_media", `Content-Type '${c.req.header("content-type")}' not supported`);
  }
  try {
    return parseJson(text);
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : "invalid JSON");
  }
}

export function mountSearch(app: App): void {
  app.openAPIRegistry.registerPath({ ...route, request: { ...route.request, body: documentedBody } });
  const undocumented = { ...route, hide: true };
  app.openapi(undocumented, async (c) => {
    const parsed = SearchBody.safeParse(await readBody(c));
    if (!parsed.success) throw malformed(parsed.error.issues[0]?.message ?? "invalid");
    const { status, id } = parsed.data;
    // A name that is no status is not refused here: it finds nothing.
    const filter = { statuses: status?.filter(isDeviceStatus), ids: id };
    return c.json(await answerDevices(c, userOf(c), filter, pageOf(c.req.valid("query"))), 200);
  });
}
