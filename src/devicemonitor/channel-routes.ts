import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid } from "../platform/wire.ts";
import { readChannel, setChannel, setOwnChannel } from "./read.ts";
import { ChannelStatus, ChannelTest } from "./schema.ts";
import { testOwnChannel } from "./test-mail.ts";

const BASE = "/api/management/v1/devicemonitor";
const tags = ["devicemonitor"];
const feature = "monitoring";
const PREFIX = "malformed request body: ";
const middleware = jsonBody(PREFIX);
const refuse = refuseInvalid(PREFIX);

const channel = z.object({ name: z.string().max(64) });

/** The one channel there is. */
function requireEmail(name: string): void {
  if (name !== "email") throw new Fault("bad_request", "name: must be email.");
}

const statusBody = { required: true, content: jsonContent(ChannelStatus) };

const putChannel = userRoute("settings:manage", {
  feature,
  method: "put",
  path: `${BASE}/settings/global/channel/alerts/{name}/status`,
  tags,
  summary: "Whether anybody gets mails about alerts",
  middleware,
  request: { params: channel, body: statusBody },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 415) },
});

const getChannel = userRoute("basic", {
  feature,
  method: "get",
  path: `${BASE}/settings/global/channel/alerts/{name}/status`,
  tags,
  summary: "Whether anybody gets mails about alerts (extension)",
  request: { params: channel },
  responses: {
    200: { description: "Status", content: jsonContent(ChannelStatus) },
    ...faultResponses(400, 401, 403),
  },
});

const putOwnChannel = userRoute("basic", {
  feature,
  method: "put",
  path: `${BASE}/settings/me/channel/alerts/{name}/status`,
  tags,
  summary: "Whether the caller gets mails about alerts (extension)",
  middleware,
  request: { params: channel, body: statusBody },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 415) },
});

const getOwnChannel = userRoute("basic", {
  feature,
  method: "get",
  path: `${BASE}/settings/me/channel/alerts/{name}/status`,
  tags,
  summary: "Whether the caller gets mails about alerts (extension)",
  request: { params: channel },
  responses: {
    200: { description: "Status", content: jsonContent(ChannelStatus) },
    ...faultResponses(400, 401, 403),
  },
});

const testOwn = userRoute("basic", {
  feature,
  method: "post",
  path: `${BASE}/settings/me/channel/alerts/{name}/test`,
  tags,
  summary: "Send the caller a mail about an alert that is none (extension)",
  request: { params: channel },
  responses: {
    200: { description: "What came of it", content: jsonContent(ChannelTest) },
    ...faultResponses(400, 401, 403, 429),
  },
});

/** Whether mails about alerts are sent, and whether they arrive. */
export function mountChannels(app: App): void {
  app.openapi(
    putChannel,
    async (c) => {
      requireEmail(c.req.valid("param").name);
      await setChannel(c.var.deps, userOf(c), c.req.valid("json").enabled);
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(getChannel, async (c) => {
    requireEmail(c.req.valid("param").name);
    return c.json({ enabled: (await readChannel(c.var.deps, userOf(c))).everybody }, 200);
  });
  app.openapi(
    putOwnChannel,
    async (c) => {
      requireEmail(c.req.valid("param").name);
      await setOwnChannel(c.var.deps, userOf(c), c.req.valid("json").enabled);
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(getOwnChannel, async (c) => {
    requireEmail(c.req.valid("param").name);
    return c.json({ enabled: (await readChannel(c.var.deps, userOf(c))).own }, 200);
  });
  app.openapi(testOwn, async (c) => {
    requireEmail(c.req.valid("param").name);
    return c.json(await testOwnChannel(c.var.deps, userOf(c)), 200);
  });
}
