import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { headOf } from "../checkin/index.ts";
import { userOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import { EVENT_TYPES } from "../platform/event-types.ts";
import { Fault } from "../platform/fault.ts";
import { userRoute, within } from "../platform/route.ts";
import { requireOrigin, requireUpgrade } from "../platform/upgrade.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { ADMISSION_HEADER, PROTOCOL, type Admission } from "./live-socket.ts";
import { listBackward, listForward } from "./list.ts";
import { EventList, EventQuery, LiveQuery } from "./schema.ts";
import { cloudEvent } from "./stream-event.ts";
import { READS } from "./visible.ts";
import { EVENTS_PATH, LIVE_PATH } from "./words.ts";

const tags = ["events"];

const list = userRoute(within(READS), {
  method: "get",
  path: EVENTS_PATH,
  tags,
  summary: "What has happened in the last thirty days",
  description:
    "An extension. In the order of the changes, or the newest first; of what the user may know. A page may be short or empty: there is more while `more` says so.",
  request: { query: EventQuery },
  responses: {
    200: { description: "Events", content: jsonContent(EventList) },
    410: { description: "What the cursor stands before is not kept any more" },
    ...faultResponses(400, 401, 403),
  },
});

const types = userRoute("basic", {
  method: "get",
  path: `${EVENTS_PATH}/types`,
  tags,
  summary: "The types of events, with a sample of the data of each",
  description: "An extension.",
  responses: {
    200: {
      description: "All of them",
      content: jsonContent(z.array(z.object({ type: z.string(), when: z.string(), sample: z.unknown() }))),
    },
    ...faultResponses(401),
  },
});

const live = userRoute(within(READS), {
  method: "get",
  path: LIVE_PATH,
  tags,
  summary: "Follow what happens",
  description:
    "An extension. Begins behind the cursor, or with what happens next. Each event is a text message. A reader acknowledges what it has, and may ask for the cursor.",
  request: { query: LiveQuery },
  responses: {
    101: { description: "Switching to a WebSocket of CloudEvents" },
    410: { description: "What the cursor stands before is not kept any more" },
    ...faultResponses(400, 401, 403, 422),
  },
});

/** Hands an upgrade that was admitted to the tenant's object; what a client sent in the header is overwritten. */
async function follow(c: Context<AppEnv>, query: z.output<typeof LiveQuery>): Promise<Response> {
  const { tenant, user, token } = userOf(c);
  const offered = c.req.header("sec-websocket-protocol")?.split(/\s*,\s*/) ?? [];
  const admission: Admission = {
    tenant,
    user,
    token,
    types: query.type,
    device: query.device,
    deployment: query.deployment,
    cursor: query.cursor,
    ...(offered.includes(PROTOCOL) && { protocol: PROTOCOL }),
  };
  const headers = new Headers(c.req.raw.headers);
  headers.set(ADMISSION_HEADER, JSON.stringify(admission));
  const response = await headOf(c.var.deps.heads, tenant).fetch("https://tenant-head/", { headers });
  if (response.status === 101) return response;
  const why = await response.text();
  if (why === "limit") throw new Fault("unprocessable", "too many readers follow the events of the tenant");
  if (why === "gone")
    throw new Fault("gone", "events after this cursor are not kept any more: begin without it");
  if (why === "bad_request") throw new Fault("bad_request", "there is no such cursor");
  throw new Error(`upgrade answered ${response.status}`);
}

/** The stream of events: paged, and followed live. */
export function mountEvents(app: App): void {
  app.openapi(list, async (c) => {
    const { order, type, cursor, limit, since, until, ...about } = c.req.valid("query");
    const wanted = { ...about, types: type, sinceMs: since, untilMs: until };
    const read = order === "asc" ? listForward : listBackward;
    const user = userOf(c);
    const { events, cursor: next, more } = await read(c.var.deps, user, wanted, { cursor, limit });
    const shown = events.map((event) => cloudEvent(user.tenant, event));
    return c.json({ events: shown, cursor: String(next), more }, 200);
  });
  app.openapi(types, (c) =>
    c.json(
      Object.entries(EVENT_TYPES).map(([type, { when, sample }]) => ({ type, when, sample })),
      200,
    ),
  );
  app.openapi(live, async (c) => {
    requireOrigin(c);
    requireUpgrade(c);
    return follow(c, c.req.valid("query"));
  });
}
