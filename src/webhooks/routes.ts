import { z } from "@hono/zod-openapi";
import { cloudEvent, Cursor, type Attempt } from "../events/index.ts";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid, uuidText } from "../platform/wire.ts";
import { listDeliveries, replay, sendAgain, test, type Delivered } from "./deliveries.ts";
import type { TenantId } from "../platform/ids.ts";
import {
  ChangedWebhook,
  Delivery,
  DeliveryList,
  DeliveryQuery,
  MadeWebhook,
  NewWebhook,
  Replay,
  Rotation,
  TestResult,
  WebhookWire,
} from "./schema.ts";
import { filterOf } from "./sender.ts";
import {
  addWebhook,
  changeWebhook,
  getWebhook,
  listWebhooks,
  removeWebhook,
  rotateSecret,
  type Webhook,
} from "./webhooks.ts";

const BASE = "/api/management/v1/webhooks";
const tags = ["webhooks"];
const middleware = jsonBody();
const refuse = refuseInvalid();
const params = z.object({ id: uuidText });
const body = <T extends z.ZodType>(schema: T) => ({ required: true, content: jsonContent(schema) });

const list = userRoute("settings:manage", {
  method: "get",
  path: BASE,
  tags,
  summary: "Webhooks, without their secrets (extension)",
  responses: {
    200: { description: "All of them", content: jsonContent(z.array(WebhookWire)) },
    ...faultResponses(401, 403),
  },
});

const add = userRoute("settings:manage", {
  method: "post",
  path: BASE,
  tags,
  summary: "Add a webhook (extension)",
  middleware,
  request: { body: body(NewWebhook) },
  responses: {
    201: { description: "Added", content: jsonContent(MadeWebhook) },
    ...faultResponses(400, 401, 403, 409, 415),
  },
});

const get = userRoute("settings:manage", {
  method: "get",
  path: `${BASE}/{id}`,
  tags,
  summary: "One webhook, without its secrets (extension)",
  request: { params },
  responses: {
    200: { description: "It", content: jsonContent(WebhookWire) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const change = userRoute("settings:manage", {
  method: "put",
  path: `${BASE}/{id}`,
  tags,
  summary: "Change a webhook; its secrets stay (extension)",
  middleware,
  request: { params, body: body(ChangedWebhook) },
  responses: { 204: { description: "Changed" }, ...faultResponses(400, 401, 403, 404, 409, 415, 422) },
});

const remove = userRoute("settings:manage", {
  method: "delete",
  path: `${BASE}/{id}`,
  tags,
  summary: "Remove a webhook with what waits for it (extension)",
  request: { params },
  responses: { 204: { description: "Removed" }, ...faultResponses(400, 401, 403, 404) },
});

const rotate = userRoute("settings:manage", {
  method: "post",
  path: `${BASE}/{id}/secret`,
  tags,
  summary: "Sign with another secret, and for a while with the one before (extension)",
  middleware,
  request: { params, body: body(Rotation) },
  responses: {
    200: {
      description: "The secret, shown this once",
      content: jsonContent(z.object({ secret: z.string() })),
    },
    ...faultResponses(400, 401, 403, 404, 409, 415, 422),
  },
});

const tryOut = userRoute("settings:manage", {
  method: "post",
  path: `${BASE}/{id}/test`,
  tags,
  summary: "Send a webhook an event that did not happen (extension)",
  request: { params },
  responses: {
    200: { description: "What came of it", content: jsonContent(TestResult) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const again = userRoute("settings:manage", {
  method: "post",
  path: `${BASE}/{id}/replay`,
  tags,
  summary: "Send again what happened in a time (extension)",
  middleware,
  request: { params, body: body(Replay) },
  responses: {
    202: {
      description: "It will be",
      content: jsonContent(
        z.object({ events: z.number().openapi({ description: "That are looked through" }) }),
      ),
    },
    ...faultResponses(400, 401, 403, 404, 415),
  },
});

const deliveries = userRoute("settings:manage", {
  method: "get",
  path: `${BASE}/{id}/deliveries`,
  tags,
  summary: "How a webhook was told of events, the newest first (extension)",
  request: { params, query: DeliveryQuery },
  responses: {
    200: { description: "The last attempt of each", content: jsonContent(DeliveryList) },
    ...faultResponses(400, 401, 403, 404),
  },
});

const sendOne = userRoute("settings:manage", {
  method: "post",
  path: `${BASE}/{id}/deliveries/{sequence}/again`,
  tags,
  summary: "Send one event again (extension)",
  request: { params: params.extend({ sequence: Cursor }) },
  responses: { 202: { description: "It will be" }, ...faultResponses(400, 401, 403, 404) },
});

const toWire = (row: Webhook): z.input<typeof WebhookWire> => ({
  id: row.webhook_id,
  name: row.name,
  shape: row.shape,
  target: row.shown,
  types: JSON.parse(row.types) as string[], // written by this domain
  filter: filterOf(row) as z.input<typeof WebhookWire>["filter"], // validated when it was stored
  batch: row.batch,
  enabled: row.enabled === 1,
  ...(row.old_until_ms !== null && { old_secret_until: rfc3339(row.old_until_ms) }),
  created_ts: rfc3339(row.created_ms),
  updated_ts: rfc3339(row.updated_ms),
  state: {
    failures: row.standing?.failures ?? 0,
    ...((row.standing?.paused_ms ?? 0) > 0 && { paused_until: rfc3339(row.standing?.paused_ms ?? 0) }),
    behind: row.standing?.behind ?? 0,
    held: row.standing?.held ?? 0,
  },
});

const attemptToWire = ({ success, statusCode, error, answer }: Attempt): z.input<typeof TestResult> => ({
  success,
  ...(statusCode !== undefined && { status_code: statusCode }),
  ...(error !== undefined && { error }),
  ...(answer !== undefined && { answer }),
});

const deliveryToWire = (tenant: TenantId, { event, outcome }: Delivered): z.input<typeof Delivery> => ({
  event: cloudEvent(tenant, event),
  success: outcome.success,
  ...(outcome.statusCode !== null && { status_code: outcome.statusCode }),
  time: rfc3339(outcome.atMs),
  attempts: outcome.attempts,
  ...(outcome.error !== null && { error: outcome.error }),
  ...(outcome.answer !== null && { answer: outcome.answer }),
});

/** Webhooks of our own, beside the integrations of the original. */
export function mountWebhooks(app: App): void {
  app.openapi(list, async (c) => c.json((await listWebhooks(c.var.deps, userOf(c))).map(toWire), 200));
  app.openapi(
    add,
    async (c) => {
      const { id, secret } = await addWebhook(c.var.deps, userOf(c), c.req.valid("json"));
      c.header("Location", `${BASE}/${id}`);
      return c.json({ ...toWire(await getWebhook(c.var.deps, userOf(c), id)), secret }, 201);
    },
    refuse,
  );
  app.openapi(get, async (c) =>
    c.json(toWire(await getWebhook(c.var.deps, userOf(c), c.req.valid("param").id)), 200),
  );
  app.openapi(
    change,
    async (c) => {
      await changeWebhook(c.var.deps, userOf(c), c.req.valid("param").id, c.req.valid("json"));
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(remove, async (c) => {
    await removeWebhook(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(
    rotate,
    async (c) => {
      const { secret, overlap_hours: overlapHours } = c.req.valid("json");
      const given = { secret, overlapHours };
      const next = await rotateSecret(c.var.deps, userOf(c), c.req.valid("param").id, given);
      return c.json({ secret: next }, 200);
    },
    refuse,
  );
  app.openapi(tryOut, async (c) =>
    c.json(attemptToWire(await test(c.var.deps, userOf(c), c.req.valid("param").id)), 200),
  );
  app.openapi(
    again,
    async (c) => {
      const { since, until } = c.req.valid("json");
      const time = { sinceMs: Date.parse(since), untilMs: Date.parse(until) };
      const events = await replay(c.var.deps, userOf(c), c.req.valid("param").id, time);
      return c.json({ events }, 202);
    },
    refuse,
  );
  app.openapi(deliveries, async (c) => {
    const { cursor, failed } = c.req.valid("query");
    const user = userOf(c);
    const asked = { cursor, onlyFailed: failed === "true" };
    const found = await listDeliveries(c.var.deps, user, c.req.valid("param").id, asked);
    const shown = found.deliveries.map((one) => deliveryToWire(user.tenant, one));
    return c.json({ deliveries: shown, cursor: String(found.cursor), more: found.more }, 200);
  });
  app.openapi(sendOne, async (c) => {
    const { id, sequence } = c.req.valid("param");
    await sendAgain(c.var.deps, userOf(c), id, sequence);
    return c.body(null, 202);
  });
}
