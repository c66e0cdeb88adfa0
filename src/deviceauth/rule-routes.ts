import { z } from "@hono/zod-openapi";
import { userOf } from "../platform/app.ts";
import type { App } from "../platform/app-env.ts";
import { rfc3339 } from "../platform/clock.ts";
import { userRoute } from "../platform/route.ts";
import { faultResponses, jsonBody, jsonContent, refuseInvalid, requiredText } from "../platform/wire.ts";
import type { Rule } from "./rule-store.ts";
import { addRule, admissionSettings, listRules, removeRule, setAdmissionSettings } from "./rules.ts";
import { waitingInfo } from "./waiting.ts";

const base = "/api/management/v2/devauth/admission";
const tags = ["deviceauth extensions"];
const INVALID = "failed to decode rule: ";
const INVALID_SETTINGS = "failed to decode settings: ";
const MAX_PATTERNS = 8;

const RuleSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    identity: z.record(z.string(), z.string()),
    enrolment_token: z.boolean(),
    expires_ts: z.string().nullable(),
    created_ts: z.string(),
  })
  .openapi("AutoAcceptRule");

const toWire = (rule: Rule): z.input<typeof RuleSchema> => ({
  id: rule.id,
  name: rule.name,
  identity: rule.identity,
  enrolment_token: rule.secretHash !== null,
  expires_ts: rule.expiresMs === null ? null : rfc3339(rule.expiresMs),
  created_ts: rfc3339(rule.createdMs),
});

const MadeRule = RuleSchema.extend({
  tenant_token: z.string().optional().openapi({
    description: "What the devices send as their tenant token to be let in. Told this once",
  }),
}).openapi("MadeAutoAcceptRule");

/** Strict, as a rule that lacks its secret or its end lets in whom it was not meant to. */
const RuleBody = z
  .strictObject({
    name: requiredText(1, 256),
    identity: z
      .record(z.string().min(1).max(1024), requiredText(1, 256), { error: "must be an object of patterns" })
      .refine((patterns) => Object.keys(patterns).length <= MAX_PATTERNS, {
        error: `must have no more than ${MAX_PATTERNS} members`,
      })
      .default({})
      .openapi({
        description: "Pattern by identity attribute; all must match. `*` is any text, `?` any character",
        example: { mac: "de:ad:be:*" },
      }),
    enrolment_token: z
      .boolean({ error: "must be a boolean" })
      .default(false)
      .openapi({ description: "Whether devices must send a secret that this request makes" }),
    expires_ts: z.iso
      .datetime({ offset: true, error: "must be a time" })
      .nullish()
      .transform((time) => (time ? Date.parse(time) : null))
      .openapi({ type: "string", format: "date-time" }),
  })
  .refine((rule) => rule.enrolment_token || Object.keys(rule.identity).length > 0, {
    error: "cannot be blank",
    path: ["identity"],
  })
  .openapi("NewAutoAcceptRule");

const Settings = z
  .object({
    pending_days: z
      .int({ error: "must be an integer or null" })
      .min(1, { error: "must be no less than 1" })
      .max(3650, { error: "must be no greater than 3650" })
      .nullable()
      .openapi({
        description: "Days after which an undecided authentication set is dismissed; null for never",
      }),
    refuse_weak_keys: z
      .boolean({ error: "must be a boolean" })
      .optional()
      .openapi({ description: "Lets nobody in with RSA of fewer than 2048 bits or P-224" }),
  })
  .openapi("AdmissionSettings");

const WaitingSchema = z
  .object({
    waiting: z.int(),
    limit: z.int().openapi({ description: "-1 means any number" }),
    removed: z
      .object({ devices: z.int(), since_ts: z.string() })
      .nullable()
      .openapi({ description: "Devices that had to go in the last hour in which there were too many" }),
  })
  .openapi("WaitingDevices");

const listRoute = userRoute("devices:read", {
  method: "get",
  path: `${base}/rules`,
  tags,
  summary: "List the rules that let devices in without asking",
  responses: {
    200: { description: "All rules", content: jsonContent(z.array(RuleSchema)) },
    ...faultResponses(401, 403),
  },
});

const addRoute = userRoute("devices:manage", {
  method: "post",
  path: `${base}/rules`,
  tags,
  summary: "Let unknown devices of a kind in without asking",
  description:
    "Applies to devices seen for the first time. The device limit holds: what exceeds it waits for a user.",
  middleware: jsonBody(INVALID),
  request: { body: { required: true, content: jsonContent(RuleBody) } },
  responses: {
    201: { description: "The rule", content: jsonContent(MadeRule) },
    ...faultResponses(400, 401, 403, 422),
  },
});

const removeRoute = userRoute("devices:manage", {
  method: "delete",
  path: `${base}/rules/{id}`,
  tags,
  summary: "Remove a rule; devices it let in stay",
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: "Gone" }, ...faultResponses(401, 403, 404) },
});

const getSettingsRoute = userRoute("devices:read", {
  method: "get",
  path: `${base}/settings`,
  tags,
  summary: "Show how long undecided devices wait",
  responses: {
    200: { description: "The settings", content: jsonContent(Settings) },
    ...faultResponses(401, 403),
  },
});

const putSettingsRoute = userRoute("settings:manage", {
  method: "put",
  path: `${base}/settings`,
  tags,
  summary: "Set how long undecided devices wait",
  middleware: jsonBody(INVALID_SETTINGS),
  request: { body: { required: true, content: jsonContent(Settings) } },
  responses: { 204: { description: "Set" }, ...faultResponses(400, 401, 403) },
});

const getWaitingRoute = userRoute("devices:read", {
  method: "get",
  path: `${base}/waiting`,
  tags,
  summary: "Show how many devices wait for a decision, and how many may",
  responses: {
    200: { description: "The numbers", content: jsonContent(WaitingSchema) },
    ...faultResponses(401, 403),
  },
});

/** Who is let in without asking and how long others wait: extensions of the wire. */
export function mountRules(app: App): void {
  app.openapi(listRoute, async (c) => c.json((await listRules(c.var.deps, userOf(c))).map(toWire), 200));
  app.openapi(
    addRoute,
    async (c) => {
      const { name, identity, enrolment_token: needsSecret, expires_ts: expiresMs } = c.req.valid("json");
      const made = await addRule(c.var.deps, userOf(c), { name, identity, needsSecret, expiresMs });
      const token = made.tenantToken === undefined ? {} : { tenant_token: made.tenantToken };
      return c.json({ ...toWire(made.rule), ...token }, 201);
    },
    refuseInvalid(INVALID),
  );
  app.openapi(removeRoute, async (c) => {
    await removeRule(c.var.deps, userOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(getWaitingRoute, async (c) => {
    const { removed, ...numbers } = await waitingInfo(c.var.deps, userOf(c));
    const told = removed && { devices: removed.devices, since_ts: rfc3339(removed.sinceMs) };
    return c.json({ ...numbers, removed: told }, 200);
  });
  mountSettings(app);
}

function mountSettings(app: App): void {
  app.openapi(getSettingsRoute, async (c) => {
    const { pendingDays, refuseWeakKeys } = await admissionSettings(c.var.deps, userOf(c));
    return c.json({ pending_days: pendingDays, refuse_weak_keys: refuseWeakKeys }, 200);
  });
  app.openapi(
    putSettingsRoute,
    async (c) => {
      const { pending_days: pendingDays, refuse_weak_keys: refuseWeakKeys } = c.req.valid("json");
      await setAdmissionSettings(c.var.deps, userOf(c), { pendingDays, refuseWeakKeys });
      return c.body(null, 204);
    },
    refuseInvalid(INVALID_SETTINGS),
  );
}
