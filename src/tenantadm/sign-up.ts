import { z } from "@hono/zod-openapi";
import { Quotas } from "../checkin/index.ts";
import type { OperatorActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { sendOutgoing } from "../platform/send-outgoing.ts";
import { Fault } from "../platform/fault.ts";
import { placeTenant } from "../platform/placing.ts";
import { planNamed } from "../platform/plans.ts";
import { createTenantStatements, planLimitStatements, prepareTenant } from "../tenants/index.ts";
import {
  checkPassword,
  createUserStatements,
  userToldStatements,
  EmailText,
  hashPassword,
  LINK_LIFE_MS,
  PasswordText,
  prepareUser,
  verifyLinkIfChanged,
  writingEmail,
} from "../useradm/index.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MAX_ORGANIZATION = 100;
const MAX_TEXT = 256;
const MAX_TOKEN = 4096;
const ROBOT_CHECK = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
const ROBOT_CHECK_MS = 10_000;

const BLANK = "cannot be blank";
const ascii = (max: number) =>
  z
    .string({ error: BLANK })
    .min(1, { error: BLANK })
    .max(max, { error: `the length must be no more than ${max}` })
    .regex(/^[ -~]*$/, { error: "must be ASCII" });

const asFlag = (value: unknown) =>
  value === "true" || value === "on" ? true : value === "false" ? false : value;

export const SignUp = z
  .object({
    organization: ascii(MAX_ORGANIZATION),
    email: EmailText,
    password: PasswordText,
    "g-recaptcha-response": z.string({ error: BLANK }).max(MAX_TOKEN),
    name: z.string().max(MAX_TEXT).optional(),
    plan: z.string().max(MAX_TEXT).optional(),
    marketing: z.preprocess(asFlag, z.boolean().optional()),
    campaign: z.string().max(MAX_TEXT).optional(),
  })
  .openapi("TenantSignUp");

/** By configuration. Safe to lose. */
const attempts = new WeakMap<Deps["settings"], Quotas>();

function quotaOf({ settings }: Deps): Quotas {
  const known = attempts.get(settings) ?? new Quotas();
  attempts.set(settings, known);
  return known;
}

/** Opening tenants is expensive to undo: so many attempts an hour from one address. */
async function holdStrangers(deps: Deps): Promise<void> {
  const most = deps.settings.SIGN_UPS_PER_ADDRESS_PER_HOUR;
  if (most === 0) return;
  const quota = { most, spanMs: HOUR_MS };
  const waitMs = quotaOf(deps).waitOf((await deps.network()) ?? "", deps.now(), quota);
  if (waitMs > 0)
    throw new Fault("rate_limited", "too many requests", {
      headers: { "Retry-After": String(Math.ceil(waitMs / 1000)) },
    });
}

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Asks Turnstile whether a person is there, where its secret is configured. */
async function refuseRobots(deps: Deps, response: string): Promise<void> {
  const secret = deps.settings.TURNSTILE_SECRET;
  if (secret === undefined) return;
  const question = {
    uri: ROBOT_CHECK,
    method: "POST",
    headers: new Headers({ "Content-Type": "application/x-www-form-urlencoded" }),
    body: new URLSearchParams({ secret, response }).toString(),
  };
  const answer = await sendOutgoing(deps, question, { timeoutMs: ROBOT_CHECK_MS }).catch((cause: unknown) => {
    throw new Fault("unavailable", "service unavailable", { cause, headers: { "Retry-After": "5" } });
  });
  const verdict = z.object({ success: z.boolean() }).safeParse(parsedJson(answer.text));
  if (!verdict.data?.success) throw new Fault("unauthorized", "captcha verification failed");
}

function refuseWeak(input: z.output<typeof SignUp>): void {
  try {
    checkPassword(input.password, [input.email]);
  } catch (cause) {
    throw new Fault("bad_request", cause instanceof Fault ? cause.publicMessage : "malformed request");
  }
}

/**
 * Opens a tenant for a stranger: a trial that ends when the address turns out to be nobody's, by the time its link has
 * expired. It works from the answer on.
 */
export async function signUp(deps: Deps, input: z.output<typeof SignUp>): Promise<void> {
  const plan = input.plan ?? deps.settings.SIGN_UP_PLAN;
  if (!planNamed(deps.settings.PLANS, plan))
    throw new Fault("bad_request", "plan: must be a plan that exists.");
  refuseWeak(input);
  await refuseRobots(deps, input["g-recaptcha-response"]);
  const placed = await placeTenant(deps);
  const at = deps.now();
  const trialEndsMs = at + deps.settings.TRIAL_DAYS * DAY_MS;
  const tenant = prepareTenant(
    {
      name: input.organization,
      plan,
      trialEndsMs,
      suspendAtMs: Math.min(trialEndsMs, at + LINK_LIFE_MS.verify),
      additionalInfo: {
        ...(input.marketing !== undefined && { marketing: input.marketing }),
        ...(input.campaign !== undefined && { campaign: input.campaign }),
      },
    },
    at,
  );
  const user = prepareUser(deps, tenant.id, { email: input.email }, await hashPassword(deps, input.password));
  const actor: OperatorActor = { kind: "operator", tenant: tenant.id };
  try {
    await writingEmail(
      deps.directory.batch([
        ...createTenantStatements(tenant, placed),
        ...createUserStatements(actor, user),
        ...verifyLinkIfChanged(deps, user),
        ...planLimitStatements(deps.settings.PLANS, tenant),
        ...userToldStatements(deps, actor, user),
      ]),
    );
  } catch (cause) {
    if (cause instanceof Fault && cause.kind === "unprocessable")
      throw new Fault("conflict", "an account with this email exists already", { cause });
    throw cause;
  }
}

/** In the order in which a stranger may be told. */
export async function admitStranger(deps: Deps): Promise<void> {
  if (deps.settings.SIGN_UP !== "on") throw new Fault("method_not_allowed", "sign-up is not open here");
  await holdStrangers(deps);
}
