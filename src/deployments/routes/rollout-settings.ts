import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { ofGroup, userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../../platform/wire.ts";
import { Windows } from "../rollout/rollout-schema.ts";
import {
  readGroupWindows,
  readSettings,
  removeGroupWindows,
  RolloutSettings,
  writeGroupWindows,
  writeSettings,
} from "../rollout/settings.ts";

const SETTINGS = "/api/management/v1/deployments/rollouts/settings";
const OF_GROUP = `${SETTINGS}/groups/{name}/windows` as const;

const tags = ["rollouts"];
const params = z.object({ name: z.string().min(1).max(1024) });

const showSettings = userRoute(within("deployments:read"), {
  method: "get",
  path: SETTINGS,
  summary: "Show what rollouts of the tenant have to keep to",
  tags,
  responses: {
    200: { description: "The settings", content: jsonContent(RolloutSettings) },
    ...faultResponses(401, 403),
  },
});

const setSettings = userRoute("settings:manage", {
  method: "put",
  path: SETTINGS,
  summary: "Set what rollouts of the tenant have to keep to",
  tags,
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(RolloutSettings) } },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403) },
});

const showWindows = userRoute(ofGroup("deployments:read"), {
  method: "get",
  path: OF_GROUP,
  summary: "Show when devices may begin in deployments to a group",
  tags,
  request: { params },
  responses: {
    200: { description: "The windows", content: jsonContent(Windows) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const setWindows = userRoute("settings:manage", {
  method: "put",
  path: OF_GROUP,
  summary: "Set when devices may begin in deployments to a group that say nothing themselves",
  tags,
  middleware: jsonBody(),
  request: { params, body: { required: true, content: jsonContent(Windows) } },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 409) },
});

const removeWindows = userRoute("settings:manage", {
  method: "delete",
  path: OF_GROUP,
  summary: "Let deployments to a group keep to the windows of the tenant again",
  tags,
  request: { params },
  responses: { 204: { description: "Removed" }, ...faultResponses(400, 401, 403, 404) },
});

export function mountRolloutSettings(app: App): void {
  app.openapi(showSettings, async (c) => c.json(await readSettings(c.var.deps, userOf(c)), 200));
  app.openapi(setSettings, async (c) => {
    await writeSettings(c.var.deps, userOf(c), c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(showWindows, async (c) =>
    c.json(await readGroupWindows(c.var.deps, userOf(c), c.req.valid("param").name), 200),
  );
  app.openapi(setWindows, async (c) => {
    await writeGroupWindows(c.var.deps, userOf(c), c.req.valid("param").name, c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(removeWindows, async (c) => {
    await removeGroupWindows(c.var.deps, userOf(c), c.req.valid("param").name);
    return c.body(null, 204);
  });
}
