import { z } from "@hono/zod-openapi";
import { JurisdictionName } from "../platform/placing.ts";
import { fitToken, MAX_LIMITS_IN_TOKEN } from "../platform/call-limits.ts";
import { ADDONS } from "../platform/plans.ts";
import { EmailText, PasswordText } from "../useradm/index.ts";

const BLANK = "cannot be blank";
const MAX_NAME = 256;
const MAX_TEXT = 4096;
const MAX_BURSTS = 100;
const MAX_IDS = 1000;
const MAX_GUESTS = 100;

const text = (max: number, least = 1) =>
  z
    .string({ error: BLANK })
    .min(least, { error: least === 1 ? BLANK : `the length must be no less than ${least}` })
    .max(max, { error: `the length must be no more than ${max}` });

const whole = z.int({ error: "must be a whole number" }).min(0, { error: "must be no less than 0" });

const Quota = z.object({ max_calls: whole, interval_sec: whole });

const Burst = z.object({ action: text(16), uri: text(1024), min_interval_sec: whole });

const NO_QUOTA = { max_calls: 0, interval_sec: 0 };

const CallLimits = z.object({
  bursts: z
    .array(Burst)
    .max(MAX_BURSTS)
    .nullish()
    .transform((bursts) => bursts ?? []),
  quota: Quota.default(NO_QUOTA),
});

const NO_LIMITS = { bursts: [], quota: NO_QUOTA };

const ApiLimits = z
  .object({
    management: CallLimits.default(NO_LIMITS),
    devices: CallLimits.default(NO_LIMITS).refine(fitToken, {
      error: `must take no more than ${MAX_LIMITS_IN_TOKEN} bytes of a token`,
    }),
  })
  .openapi("TenantApiLimits");

const Addon = z
  .object({
    name: z.enum(ADDONS, { error: `must be one of ${ADDONS.join(", ")}` }),
    enabled: z.boolean({ error: "must be a boolean" }),
  })
  .openapi("TenantAddon");

const Status = z.enum(["active", "suspended"], { error: "must be active or suspended" });

const DeviceLimit = z
  .object({ name: z.string(), tenant_id: z.string(), current_value: z.int(), value: z.int() })
  .openapi("TenantDeviceLimit");

export const Tenant = z
  .object({
    id: z.string(),
    name: z.string(),
    tenant_token: z.string().optional(),
    status: Status,
    plan: z.string(),
    trial: z.boolean(),
    trial_expiration: z.string().optional(),
    addons: z.array(Addon),
    service_provider: z.boolean(),
    parent_tenant_id: z.string().optional(),
    max_child_tenants: z.int().optional(),
    children_tenants: z.array(z.object({ id: z.string(), name: z.string() })).optional(),
    additional_info: z.record(z.string(), z.unknown()),
    api_limits: z.unknown(),
    device_count: z.int(),
    device_limit: z.int(),
    device_limits: z
      .object({ max_devices: DeviceLimit, max_micro_devices: DeviceLimit, max_system_devices: DeviceLimit })
      .optional(),
    binary_delta: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
    cancelled_at: z.string().optional(),
    suspend_at: z.string().optional(),
  })
  .openapi("Tenant");

export const TenantToken = z.object({ tenant_token: z.string() }).openapi("TenantToken");

/** `true` as programs of several languages write it; anything else is no. */
export const flag = z
  .string()
  .optional()
  .transform((value) => /^(true|1|t)$/i.test(value ?? ""))
  .openapi({ type: "boolean", default: false });

export const TiersQuery = z.object({ tiers: flag });

export const IdParam = z.object({ id: z.string() });

export const CancelRequest = z.object({ reason: text(MAX_TEXT) }).openapi("TenantCancelRequest");

export const PlanChangeRequest = z
  .object({
    current_plan: text(MAX_NAME, 0).optional(),
    requested_plan: text(MAX_NAME, 0).optional(),
    current_addons: text(MAX_NAME, 0).optional(),
    requested_addons: text(MAX_NAME, 0).optional(),
    user_message: text(MAX_TEXT, 0).optional(),
  })
  .openapi("TenantPlanChangeRequest");

export const SupportRequest = z
  .object({ subject: text(MAX_NAME), body: text(MAX_TEXT * 4) })
  .openapi("SupportRequest");

export const ActiveStatus = z
  .object({ status: z.literal("active", { error: "must be active" }) })
  .openapi("TenantActivation");

export const NewStatus = z.object({ status: Status }).openapi("TenantStatus");

const moment = z.iso
  .datetime({ offset: true, error: "must be a time like 2026-01-31T00:00:00Z" })
  .transform((value) => Date.parse(value))
  .openapi({ type: "string", format: "date-time" });

/** An empty text takes the time away. */
const momentOrNone = z.union([z.literal("").transform(() => null), moment]).openapi({ type: "string" });

export const TenantUpdate = z
  .object({
    name: text(MAX_NAME).optional(),
    plan: text(64).optional(),
    trial: z.boolean({ error: "must be a boolean" }).optional(),
    trial_expiration: moment.nullish(),
    addons: z.array(Addon).max(ADDONS.length).optional(),
    api_limits: ApiLimits.optional(),
    service_provider: z.boolean({ error: "must be a boolean" }).optional(),
    max_child_tenants: z.coerce.number().int().min(0).optional(),
    suspend_at: momentOrNone.optional(),
  })
  .openapi("TenantUpdate");

export const TenantIds = z.object({ tenant_ids: z.array(text(64)).min(1).max(MAX_IDS) }).openapi("TenantIds");

const share = z.int({ error: "must be a whole number" }).min(-1, { error: "must be no less than -1" });

/** Requests spell the name of a limit in two ways; its member says it all. */
const Share = z.object({ value: share }).optional();
const Shares = z.object({ max_devices: Share, max_micro_devices: Share, max_system_devices: Share });

const ChildName = text(MAX_NAME, 3);

export const ChildUpdate = z
  .object({ name: ChildName.optional(), device_limit: share.optional(), device_limits: Shares.optional() })
  .openapi("ChildTenantUpdate");

export const NewChild = z
  .object({
    name: ChildName,
    admin: z
      .object({
        email: EmailText,
        password: PasswordText.optional(),
        send_reset_password: z.boolean().optional(),
      })
      .optional(),
    users: z
      .array(z.object({ email: EmailText, role: text(MAX_NAME) }))
      .max(MAX_GUESTS)
      .optional()
      .openapi({ description: "Users of other tenants who become guests of this one" }),
    device_limit: share.optional(),
    device_limits: Shares.optional(),
    binary_delta: z.boolean().optional(),
    sso: z.boolean().optional(),
    jurisdiction: JurisdictionName.optional().openapi({ description: "An extension" }),
  })
  .refine(({ admin, users }) => admin !== undefined || (users?.length ?? 0) > 0, {
    error: BLANK,
    path: ["admin"],
    when: ({ value }) => typeof value === "object" && value !== null,
  })
  .openapi("NewChildTenant");

export const NewUserLimits = z
  .object({
    users: z.object({ count: z.int().optional(), max: share }, { error: BLANK }),
  })
  .openapi("NewUserLimits");

export const NewPlanBinding = z
  .object({
    plan_name: text(64),
    limits: z
      .object({
        devices: share.optional(),
        users: share.optional(),
        audit_logs_days: z.int().min(0).optional(),
      })
      .optional(),
  })
  .openapi("NewPlanBinding");

const MAX_SCORE = 5;
const MAX_MESSAGE = 2000;

export const ProductFeedback = z
  .object({
    score: z.coerce.number().int().min(1).max(MAX_SCORE).nullish(),
    message: text(MAX_MESSAGE, 0).nullish(),
  })
  .openapi("ProductFeedback");

const asFlag = (value: unknown) => (value === "true" ? true : value === "false" ? false : value);

export const FeatureFeedback = z
  .object({
    useful: z.preprocess(asFlag, z.boolean({ error: "must be a boolean" })),
    deployment_id: text(MAX_NAME),
    device_id: text(MAX_NAME),
  })
  .openapi("FeatureFeedback");
