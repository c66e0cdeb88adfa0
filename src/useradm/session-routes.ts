import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonContent } from "../platform/wire.ts";
import { ownOr, targetOf } from "./own-or-others.ts";
import { Session } from "./sign-in-schema.ts";
import type { Session as StoredSession } from "./session-store.ts";
import { endSession, endSessions, listSessions } from "./sessions.ts";

const BASE = "/api/management/v1/useradm/users/{id}/sessions";
const tags = ["useradm extensions"];
const params = z.object({ id: z.string().openapi({ description: "User id or `me`" }) });

const list = userRoute(ownOr("users:read"), {
  method: "get",
  path: BASE,
  tags,
  summary: "List the open sessions of a user, the newest first",
  request: { params },
  responses: {
    200: { description: "Sessions; personal tokens are none", content: jsonContent(z.array(Session)) },
    ...faultResponses(401, 403, 404),
  },
});

const endOne = userRoute(ownOr("users:manage"), {
  method: "delete",
  path: `${BASE}/{session}`,
  tags,
  summary: "End a session",
  request: { params: params.extend({ session: z.string() }) },
  responses: { 204: { description: "Ended, or never there" }, ...faultResponses(401, 403) },
});

const endAll = userRoute(ownOr("users:manage"), {
  method: "delete",
  path: BASE,
  tags,
  summary: "End all sessions of a user; personal tokens stay",
  request: {
    params,
    query: z.object({
      keep_current: z
        .enum(["true", "false"], { error: "must be true or false" })
        .optional()
        .openapi({ description: "All but the session of the call" }),
    }),
  },
  responses: { 204: { description: "Ended" }, ...faultResponses(400, 401, 403) },
});

const toWire = (session: StoredSession, current: string): z.input<typeof Session> => ({
  id: session.id,
  created_ts: rfc3339(session.createdMs),
  ...(session.lastUsedMs === null ? {} : { last_used: rfc3339(session.lastUsedMs) }),
  ...(session.expiresMs === null ? {} : { expiration_date: rfc3339(session.expiresMs) }),
  ...(session.userAgent === null ? {} : { device: session.userAgent }),
  ...(session.network === null ? {} : { place: session.network }),
  current: session.id === current,
});

export function mountSessions(app: App): void {
  app.openapi(list, async (c) => {
    const actor = userOf(c);
    const sessions = await listSessions(c.var.deps, actor, targetOf(actor, c.req.valid("param").id));
    return c.json(
      sessions.map((session) => toWire(session, actor.token)),
      200,
    );
  });

  app.openapi(endOne, async (c) => {
    const actor = userOf(c);
    const { id, session } = c.req.valid("param");
    await endSession(c.var.deps, actor, targetOf(actor, id), session);
    return c.body(null, 204);
  });

  app.openapi(endAll, async (c) => {
    const actor = userOf(c);
    const keepCurrent = c.req.valid("query").keep_current === "true";
    await endSessions(c.var.deps, actor, targetOf(actor, c.req.valid("param").id), { keepCurrent });
    return c.body(null, 204);
  });
}
