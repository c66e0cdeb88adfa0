import { z } from "@hono/zod-openapi";
import { userOf } from "../../platform/app.ts";
import type { App } from "../../platform/app-env.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { Fault } from "../../platform/fault.ts";
import { userRoute, within } from "../../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid, uuidText } from "../../platform/wire.ts";
import { cursorOf, parseCursor } from "./alert-id.ts";
import {
  acknowledge,
  deviceOf,
  listOpenAlerts,
  subjectOfAlert,
  type Acknowledgement as Word,
  type ListedAlert,
} from "./list.ts";
import { RULE_KINDS, RULES, type RuleKind } from "../rules.ts";
import type { MuteRow } from "./rule-store.ts";
import { addMute, listMutes, listRules, removeMute, removeRule, setRule } from "./rules-and-mutes.ts";
import {
  Acknowledgement,
  AlertQuery,
  AlertRule,
  Mute,
  NewMute,
  NewRule,
  OpenAlerts,
  RuleKindParam,
  RuleKindText,
  RuleQuery,
  type OpenAlert,
} from "./schema.ts";

const BASE = "/api/management/v1/devicemonitor";
const tags = ["devicemonitor"];
const feature = "monitoring";
const PREFIX = "malformed request body: ";
const middleware = jsonBody(PREFIX);
const refuse = refuseInvalid(PREFIX);
const body = <T extends z.ZodType>(schema: T) => ({ required: true, content: jsonContent(schema) });

const list = userRoute(within("devices:read"), {
  feature,
  method: "get",
  path: `${BASE}/alerts`,
  tags,
  summary:
    "Open alerts of devices and of the server itself, the newest first; a page may be short while there is more (extension)",
  request: { query: AlertQuery },
  responses: {
    200: { description: "A page", content: jsonContent(OpenAlerts) },
    ...faultResponses(400, 401, 403),
  },
});

const put = userRoute(within("devices:manage"), {
  feature,
  method: "post",
  path: `${BASE}/alerts/acknowledge`,
  tags,
  summary: "Say of open alerts that they were seen, until their level changes, or take it back (extension)",
  middleware,
  request: { body: body(Acknowledgement) },
  responses: { 204: { description: "Said" }, ...faultResponses(400, 401, 403, 404, 415) },
});

const mutes = userRoute(within("devices:read"), {
  feature,
  method: "get",
  path: `${BASE}/mutes`,
  tags,
  summary: "What no mails are sent about for a while (extension)",
  responses: {
    200: { description: "All that are not over", content: jsonContent(z.array(Mute)) },
    ...faultResponses(401, 403),
  },
});

const mute = userRoute(within("devices:manage"), {
  feature,
  method: "post",
  path: `${BASE}/mutes`,
  tags,
  summary: "Send no mails about alerts of a device, of a group, or about a subject (extension)",
  middleware,
  request: { body: body(NewMute) },
  responses: {
    201: { description: "Muted", content: jsonContent(Mute) },
    ...faultResponses(400, 401, 403, 409, 415),
  },
});

const unmute = userRoute(within("devices:manage"), {
  feature,
  method: "delete",
  path: `${BASE}/mutes/{id}`,
  tags,
  summary: "Send mails again (extension)",
  request: { params: z.object({ id: uuidText }) },
  responses: { 204: { description: "Gone" }, ...faultResponses(400, 401, 403, 404) },
});

const rules = userRoute("devices:read", {
  feature,
  method: "get",
  path: `${BASE}/rules`,
  tags,
  summary: "When alerts are raised and mailed (extension)",
  responses: {
    200: { description: "Of each kind, and of groups", content: jsonContent(z.array(AlertRule)) },
    ...faultResponses(401, 403),
  },
});

const putRule = userRoute("settings:manage", {
  feature,
  method: "put",
  path: `${BASE}/rules/{kind}`,
  tags,
  summary:
    "Say when alerts of a kind are raised and mailed, for all or for the devices of a group (extension)",
  middleware,
  request: { params: RuleKindParam, query: RuleQuery, body: body(NewRule) },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403, 409, 415) },
});

const deleteRule = userRoute("settings:manage", {
  feature,
  method: "delete",
  path: `${BASE}/rules/{kind}`,
  tags,
  summary: "Back to what holds where nothing is said (extension)",
  request: { params: RuleKindParam, query: RuleQuery },
  responses: { 204: { description: "Gone" }, ...faultResponses(400, 401, 403, 404) },
});

function wordToWire(text: string) {
  const { at, email, note } = JSON.parse(text) as Word; // written by this domain
  return { time: rfc3339(at), by: email, ...(note !== undefined && { note }) };
}

function toWire(alert: ListedAlert): z.input<typeof OpenAlert> {
  const device = deviceOf(alert);
  return {
    id: alert.id,
    source: alert.source,
    subject: subjectOfAlert(alert),
    ...(alert.source === "server" && { object: alert.object }),
    level: alert.level,
    text: alert.text,
    ...(device !== null && { device_id: device }),
    ...(alert.group !== null && { group: alert.group }),
    time: rfc3339(alert.at_ms),
    ...(alert.acknowledged !== null && { acknowledged: wordToWire(alert.acknowledged) }),
    muted: alert.muted,
  };
}

const muteToWire = (row: MuteRow): z.input<typeof Mute> => ({
  id: row.mute_id,
  ...(row.device_id !== null && { device_id: row.device_id }),
  ...(row.group_name !== null && { group: row.group_name }),
  ...(row.subject !== null && { subject: row.subject }),
  ...(row.until_ms !== null && { until: rfc3339(row.until_ms) }),
  reason: row.reason,
  created_by: row.created_by,
  created_ts: rfc3339(row.created_ms),
});

function kindOf({ kind }: { kind: string }): RuleKind {
  const known = RuleKindText.safeParse(kind).data;
  if (!known) throw new Fault("bad_request", `kind: must be one of ${RULE_KINDS.join(", ")}.`);
  return known;
}

/** Alerts of the fleet, and who wants to hear of them. */
export function mountServerAlerts(app: App): void {
  app.openapi(list, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid("query");
    const { deps } = c.var;
    const user = userOf(c);
    const after = cursor === undefined ? undefined : await parseCursor(deps.keys, user.tenant, cursor);
    if (cursor !== undefined && !after)
      throw new Fault("bad_request", "cursor: must be one that was answered.");
    const { alerts, next } = await listOpenAlerts(deps, user, filter, { after, limit });
    const further = next && (await cursorOf(deps.keys, user.tenant, next));
    return c.json({ alerts: alerts.map(toWire), ...(further && { cursor: further }) }, 200);
  });
  app.openapi(
    put,
    async (c) => {
      const { ids, acknowledged: isOn, note } = c.req.valid("json");
      await acknowledge(c.var.deps, userOf(c), ids, { isOn, note });
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(mutes, async (c) => c.json((await listMutes(c.var.deps, userOf(c))).map(muteToWire), 200));
  app.openapi(
    mute,
    async (c) => {
      const {
        device_id: device = null,
        group = null,
        subject = null,
        until = null,
        reason,
      } = c.req.valid("json");
      const added = await addMute(c.var.deps, userOf(c), { device, group, subject, untilMs: until, reason });
      c.header("Location", `${BASE}/mutes/${added.mute_id}`);
      return c.json(muteToWire(added), 201);
    },
    refuse,
  );
  app.openapi(unmute, async (c) => {
    await removeMute(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(rules, async (c) => {
    const found = await listRules(c.var.deps, userOf(c));
    return c.json(
      found.map(({ group, isDefault, ...rule }) => ({
        ...rule,
        ...(group !== "" && { group }),
        default: isDefault,
      })),
      200,
    );
  });
  app.openapi(
    putRule,
    async (c) => {
      const kind = kindOf(c.req.valid("param"));
      const { group } = c.req.valid("query");
      const usual = RULES[kind];
      const { enabled, mail, level = usual.level, threshold = usual.threshold } = c.req.valid("json");
      await setRule(c.var.deps, userOf(c), { kind, group, enabled, mail, level, threshold });
      return c.body(null, 204);
    },
    refuse,
  );
  app.openapi(deleteRule, async (c) => {
    await removeRule(c.var.deps, userOf(c), kindOf(c.req.valid("param")), c.req.valid("query").group);
    return c.body(null, 204);
  });
}
