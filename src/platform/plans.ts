import { z } from "zod";
import { LIMIT_NAMES, type LimitName } from "./limit-names.ts";
import { Fault, type FaultKind } from "./fault.ts";

/** What a tenant may have besides its plan. */
export const ADDONS = ["configure", "troubleshoot", "monitor"] as const;
export type Addon = (typeof ADDONS)[number];

interface FeatureRule {
  /** Needed besides the plan. */
  addon?: Addon;
  /** 403 unless said otherwise. */
  refusal?: FaultKind;
}

/** What plans may leave out; a route says which one it belongs to (protocol notes, tenancy and audit 6). */
const FEATURE_RULES = {
  rbac: {},
  audit_logs: {},
  sso: {},
  user_assign: {},
  dynamic_groups: {},
  deployments_v2: {},
  manifests: { refusal: "payment_required" },
  configuration: { addon: "configure" },
  terminal: { addon: "troubleshoot" },
  session_playback: { addon: "troubleshoot" },
  monitoring: { addon: "monitor" },
} as const satisfies Record<string, FeatureRule>;

export type Feature = keyof typeof FEATURE_RULES;

export const FEATURES = Object.keys(FEATURE_RULES) as readonly Feature[]; // the keys of the object above

const ruleOf = (feature: Feature): FeatureRule => FEATURE_RULES[feature];

export interface Plan {
  displayName: string;
  features: readonly Feature[];
  /** Given to tenants as they get the plan. */
  limits: Readonly<Partial<Record<LimitName, number>>>;
}

export type Plans = Readonly<Record<string, Plan>>;

const OPEN: readonly Feature[] = ["configuration", "terminal"];

const BUILT_IN_PLANS: Plans = {
  os: { displayName: "Basic", features: OPEN, limits: {} },
  professional: { displayName: "Professional", features: [...OPEN, "monitoring"], limits: {} },
  enterprise: { displayName: "Enterprise", features: FEATURES, limits: {} },
};

export const DEFAULT_PLAN = "enterprise";

const MAX_PLANS = 50;

const PlanSetting = z.strictObject({
  display_name: z.string().max(256).optional(),
  features: z.array(z.enum(FEATURES as [Feature, ...Feature[]])), // not empty, as can be seen above
  limits: z.partialRecord(z.enum(LIMIT_NAMES), z.int().min(-1)).default({}),
});

/** Plans of a hoster's own, by name, in a JSON text; they come beside or instead of the built-in ones. */
export const PlansSetting = z
  .string()
  .default("{}")
  .transform((text, ctx): Plans => {
    const problem = (message: string) => {
      ctx.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    const parsed = z
      .record(z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/), PlanSetting)
      .safeParse(parsedJson(text));
    if (!parsed.success) return problem("must be a JSON object of plans by name, each with its features");
    const own = Object.entries(parsed.data).map(([name, plan]): [string, Plan] => [
      name,
      { displayName: plan.display_name ?? name, features: plan.features, limits: plan.limits },
    ]);
    if (own.length > MAX_PLANS) return problem(`must be at most ${MAX_PLANS} plans`);
    return Object.fromEntries(own);
  });

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a tenant has subscribed to. */
export interface Subscription {
  plan: string;
  addons: readonly Addon[];
  /** A trial has everything. */
  trial: boolean;
}

/** Of a tenant that says nothing else. */
export const WHOLE: Subscription = { plan: DEFAULT_PLAN, addons: ADDONS, trial: false };

const named = (plans: Plans, name: string) => (Object.hasOwn(plans, name) ? plans[name] : undefined);

/** A plan of the hoster's own, or a built-in one. */
export const planNamed = (own: Plans, name: string): Plan | undefined =>
  named(own, name) ?? named(BUILT_IN_PLANS, name);

export const planNames = (own: Plans): string[] => [
  ...new Set([...Object.keys(BUILT_IN_PLANS), ...Object.keys(own)]),
];

/** A plan that is not defined any more allows what the smallest does. */
export function hasFeature(own: Plans, { plan, addons, trial }: Subscription, feature: Feature): boolean {
  if (trial) return true;
  const { addon } = ruleOf(feature);
  if (addon !== undefined && !addons.includes(addon)) return false;
  return (planNamed(own, plan)?.features ?? OPEN).includes(feature);
}

export function requireFeature(own: Plans, subscription: Subscription, feature: Feature | undefined): void {
  if (feature === undefined || hasFeature(own, subscription, feature)) return;
  throw new Fault(
    ruleOf(feature).refusal ?? "forbidden",
    `the plan of the tenant does not include ${feature}`,
  );
}

const isAddon = (value: unknown): value is Addon => ADDONS.some((addon) => addon === value);

/** Add-ons from where they are kept as a list of names. */
export function addonsFrom(value: unknown): Addon[] {
  return Array.isArray(value) ? value.filter(isAddon) : [...ADDONS];
}

/** Every add-on, and whether it is had, as tokens and tenants tell it. */
export const addonsWire = (addons: readonly Addon[]) =>
  ADDONS.map((name) => ({ name, enabled: addons.includes(name) }));

/** Claims of a device's token about the subscription; what a whole one has is left out. */
export const claimsOf = ({ plan, addons, trial }: Subscription) => ({
  "mender.plan": plan,
  ...(trial && { "mender.trial": true }),
  ...(addons.length < ADDONS.length && { "mender.addons": addonsWire(addons) }),
});

/** The same of a user's token: the web UI compares all of it with the tenant, and tells of a changed plan if any is missing. */
export const userClaimsOf = ({ plan, addons, trial }: Subscription) => ({
  "mender.plan": plan,
  "mender.trial": trial,
  "mender.addons": addonsWire(addons),
});

/** What such claims tell. */
export function subscriptionOf(claims: Readonly<Record<string, unknown>>): Subscription {
  const told = claims["mender.addons"];
  return {
    plan: typeof claims["mender.plan"] === "string" ? claims["mender.plan"] : DEFAULT_PLAN,
    trial: claims["mender.trial"] === true,
    addons: Array.isArray(told) ? addonsFrom(told.filter(isEnabled).map(({ name }) => name)) : [...ADDONS],
  };
}

const isEnabled = (value: unknown): value is { name: unknown } =>
  typeof value === "object" &&
  value !== null &&
  "enabled" in value &&
  value.enabled === true &&
  "name" in value;
