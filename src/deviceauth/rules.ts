import { timingSafeEqual } from "node:crypto";
import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId } from "../platform/ids.ts";
import { StepBudget, STEPS } from "../platform/step-budget.ts";
import { tenantStatement } from "../tenants/index.ts";
import { SECRET_SEPARATOR } from "./auth-request.ts";
import { identityMembers, sha256, type Identity } from "./identity.ts";
import { matchesPattern } from "./glob.ts";
import {
  addRuleStatement,
  admissionSettingsStatement,
  removeRuleStatement,
  rulesStatement,
  setAdmissionStatement,
  type Rule,
} from "./rule-store.ts";

const MAX_RULES = 20;

const DAY_MS = 86_400_000;

const sameHash = (a: string, b: string) =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

class TooCostly extends Error {}

function matchesIdentity(
  rule: Pick<Rule, "identity">,
  members: Record<string, unknown>,
  budget: StepBudget,
): boolean {
  return Object.entries(rule.identity).every(([name, pattern]) => {
    const values = Object.hasOwn(members, name) ? [members[name]].flat() : [];
    return values.some(
      (value) =>
        (typeof value === "string" || typeof value === "number") &&
        matchesPattern(pattern, String(value), budget),
    );
  });
}

/** The first rule that lets this device in; none for an identity that it takes too long to compare with them. */
export function ruleFor<R extends Pick<Rule, "identity" | "secretHash">>(
  rules: readonly R[],
  identity: Identity,
  secret: string,
): R | undefined {
  if (rules.length === 0) return undefined;
  const members = identityMembers(identity.text);
  const secretHash = sha256(secret);
  const budget = new StepBudget(STEPS.device, () => new TooCostly());
  try {
    return rules.find(
      (rule) =>
        (rule.secretHash === null || sameHash(rule.secretHash, secretHash)) &&
        matchesIdentity(rule, members, budget),
    );
  } catch (cause) {
    if (cause instanceof TooCostly) return undefined;
    throw cause;
  }
}

export async function listRules(deps: Deps, actor: Actor): Promise<Rule[]> {
  return deps.db(actor.tenant).one(rulesStatement(actor.tenant));
}

export interface NewRule {
  name: string;
  identity: Record<string, string>;
  needsSecret: boolean;
  expiresMs: number | null;
}

/** Adds a rule. If devices must send a secret, the tenant token that holds it is told this once. */
export async function addRule(
  deps: Deps,
  actor: Actor,
  input: NewRule,
): Promise<{ rule: Rule; tenantToken?: string }> {
  const { tenant } = actor;
  const at = deps.now();
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url");
  const rule: Rule = {
    id: newId(),
    name: input.name,
    identity: input.identity,
    secretHash: input.needsSecret ? sha256(secret) : null,
    expiresMs: input.expiresMs,
    createdMs: at,
  };
  const object = { type: "auto_accept_rule", id: rule.id, detail: { name: rule.name } };
  const [added, , owner] = await deps
    .db(tenant)
    .batch([
      addRuleStatement(tenant, rule, MAX_RULES),
      addAuditIfChanged(actor, { action: "create", object, change: JSON.stringify(input.identity) }, at),
      tenantStatement(tenant),
    ]);
  if (added === 0) throw new Fault("unprocessable", `maximum number of rules reached (${MAX_RULES})`);
  return {
    rule,
    ...(input.needsSecret && { tenantToken: `${owner?.token ?? ""}${SECRET_SEPARATOR}${secret}` }),
  };
}

export async function removeRule(deps: Deps, actor: Actor, id: string): Promise<void> {
  const [removed] = await deps
    .db(actor.tenant)
    .batch([
      removeRuleStatement(actor.tenant, id),
      addAuditIfChanged(actor, { action: "delete", object: { type: "auto_accept_rule", id } }, deps.now()),
    ]);
  if (removed === 0) throw new Fault("not_found", "rule not found");
}

export interface Admittance {
  /** Days a set may wait for a decision; null if for ever. */
  pendingDays: number | null;
  /** Undefined leaves it as it is. */
  refuseWeakKeys?: boolean | undefined;
}

export async function admissionSettings(deps: Deps, actor: Actor): Promise<Required<Admittance>> {
  const { pendingLifeMs, refuseWeakKeys } = await deps
    .db(actor.tenant)
    .one(admissionSettingsStatement(actor.tenant));
  return { pendingDays: pendingLifeMs === null ? null : pendingLifeMs / DAY_MS, refuseWeakKeys };
}

export async function setAdmissionSettings(
  deps: Deps,
  actor: Actor,
  { pendingDays, refuseWeakKeys }: Admittance,
): Promise<void> {
  const { tenant } = actor;
  const object = { type: "tenant", id: tenant };
  const weak = refuseWeakKeys === undefined ? "" : `, refuse_weak_keys: ${refuseWeakKeys}`;
  const change = `pending_days: ${pendingDays ?? "none"}${weak}`;
  const lifeMs = pendingDays === null ? null : pendingDays * DAY_MS;
  await deps
    .db(tenant)
    .batch([
      setAdmissionStatement(tenant, lifeMs, refuseWeakKeys),
      addAuditIfChanged(actor, { action: "update", object, change }, deps.now()),
    ]);
}
