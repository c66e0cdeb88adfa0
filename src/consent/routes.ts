import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { pageOf, pageQuery, setPageHeaders } from "../platform/paging.ts";
import type { Permission } from "../platform/permissions.ts";
import { userRoute, within } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent } from "../platform/wire.ts";
import { askForGrant, decide, DECIDING, grantSupport, listGrants } from "./grants.ts";
import { Grant, NewGrant, NewSupport, Settings } from "./schema.ts";
import { readSettings, writeSettings } from "./settings.ts";
import type { ConsentSettings, GrantRow } from "./store.ts";

/** No service of the original has this name. */
const BASE = "/api/management/v1/consent";
const tags = ["consent"];

/** Whoever may have something to do with grants; the verbs look at whose they are. */
const CONCERNED: readonly Permission[] = ["devices:connect", "settings:manage"];

const settingsWire = ({ remoteAccess, supportAccess }: ConsentSettings) => ({
  remote_access: remoteAccess,
  support_access: supportAccess,
});

const toWire = (row: GrantRow, nowMs: number): z.input<typeof Grant> => ({
  id: row.grant_id,
  kind: row.kind,
  ...(row.kind === "remote" ? { user_id: row.user_id, user_email: row.user_email } : {}),
  device_ids: JSON.parse(row.device_ids) as string[], // written by this domain
  ...(row.group_name === null ? {} : { group: row.group_name }),
  until: rfc3339(row.until_ms),
  reason: row.reason,
  status: row.until_ms <= nowMs && ["asked", "approved"].includes(row.status) ? "expired" : row.status,
  asked_by: row.asked_by,
  asked_ts: rfc3339(row.asked_ms),
  ...(row.decided_by === null ? {} : { decided_by: row.decided_by }),
  ...(row.decided_ms === null ? {} : { decided_ts: rfc3339(row.decided_ms) }),
});

const getSettings = userRoute("basic", {
  method: "get",
  path: `${BASE}/settings`,
  tags,
  summary: "What takes a grant (extension)",
  responses: { 200: { description: "Settings", content: jsonContent(Settings) }, ...faultResponses(401) },
});

const putSettings = userRoute("settings:manage", {
  method: "put",
  path: `${BASE}/settings`,
  tags,
  summary: "Say what takes a grant; sessions without one end (extension)",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(Settings) } },
  responses: {
    200: { description: "Settings", content: jsonContent(Settings) },
    ...faultResponses(400, 401, 403, 415),
  },
});

const getGrants = userRoute(within(["devices:connect", "settings:manage", "audit:read"]), {
  method: "get",
  path: `${BASE}/grants`,
  tags,
  summary: "Grants, newest first: all for who decides or audits, else the own ones (extension)",
  request: { query: z.object(pageQuery()) },
  responses: {
    200: { description: "Grants", content: jsonContent(z.array(Grant)) },
    ...faultResponses(400, 401, 403),
  },
});

const postGrant = userRoute(within("devices:connect"), {
  method: "post",
  path: `${BASE}/grants`,
  tags,
  summary: "Ask for access to devices or a group until a time (extension)",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewGrant) } },
  responses: {
    201: { description: "Asked", content: jsonContent(Grant) },
    ...faultResponses(400, 401, 403, 415, 422),
  },
});

const postSupport = userRoute("settings:manage", {
  method: "post",
  path: `${BASE}/support`,
  tags,
  summary: "Let the operator of the installation look into the tenant until a time (extension)",
  middleware: jsonBody(),
  request: { body: { required: true, content: jsonContent(NewSupport) } },
  responses: {
    201: { description: "Granted", content: jsonContent(Grant) },
    ...faultResponses(400, 401, 403, 415, 422),
  },
});

const decisionRoute = (decision: (typeof DECIDING)[number]) =>
  userRoute(within(CONCERNED), {
    method: "post",
    path: `${BASE}/grants/{id}/${decision}`,
    tags,
    summary: {
      approve: "Approve a grant that somebody else asked for (extension)",
      refuse: "Refuse a grant (extension)",
      revoke: "End a grant; sessions that need it end at once (extension)",
    }[decision],
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: {
      200: { description: "The grant", content: jsonContent(Grant) },
      ...faultResponses(401, 403, 404, 409),
    },
  });

export function mountConsent(app: App): void {
  app.openapi(getSettings, async (c) => c.json(settingsWire(await readSettings(c.var.deps, userOf(c))), 200));
  app.openapi(putSettings, async (c) => {
    const { remote_access: remoteAccess, support_access: supportAccess } = c.req.valid("json");
    const settings = await writeSettings(c.var.deps, userOf(c), { remoteAccess, supportAccess });
    return c.json(settingsWire(settings), 200);
  });
  app.openapi(getGrants, async (c) => {
    const page = pageOf(c.req.valid("query"));
    const { grants, hasNext } = await listGrants(c.var.deps, userOf(c), page);
    setPageHeaders(c, page, { hasNext });
    const nowMs = c.var.deps.now();
    return c.json(
      grants.map((grant) => toWire(grant, nowMs)),
      200,
    );
  });
  app.openapi(postGrant, async (c) => {
    const {
      user_id: user,
      device_ids: deviceIds,
      group = null,
      until: untilMs,
      reason,
    } = c.req.valid("json");
    const grant = await askForGrant(c.var.deps, userOf(c), { user, deviceIds, group, untilMs, reason });
    return c.json(toWire(grant, c.var.deps.now()), 201);
  });
  app.openapi(postSupport, async (c) => {
    const { until: untilMs, reason } = c.req.valid("json");
    return c.json(
      toWire(await grantSupport(c.var.deps, userOf(c), { untilMs, reason }), c.var.deps.now()),
      201,
    );
  });
  for (const decision of DECIDING) {
    app.openapi(decisionRoute(decision), async (c) => {
      const grant = await decide(c.var.deps, userOf(c), c.req.valid("param").id, decision);
      return c.json(toWire(grant, c.var.deps.now()), 200);
    });
  }
}
