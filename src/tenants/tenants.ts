import { z } from "@hono/zod-openapi";
import type { OperatorActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { DEFAULT_TENANT, type TenantId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { addHomeStatement } from "../platform/home-store.ts";
import { placeTenant, type Placed } from "../platform/placing.ts";
import { limiting, type CallLimits } from "../platform/call-limits.ts";
import { ADDONS, DEFAULT_PLAN, planNamed, type Plans, type Subscription } from "../platform/plans.ts";
import type { Statement } from "../platform/database.ts";
import { LIMIT_NAMES, type LimitName } from "../platform/limit-names.ts";
import {
  addTenantStatement,
  type ApiLimits,
  setTenantStatusStatement,
  tenantsStatement,
  tenantStatement,
  type Tenant,
  type TenantStatus,
} from "./store.ts";
import { limitsStatement, setLimitStatement } from "./limit-store.ts";

const newTenantToken = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");

/** 24 hex digits, as clients of the original know them. */
const newTenantId = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex");

export interface NewTenant extends Partial<
  Pick<Tenant, "addons" | "trialEndsMs" | "parent" | "additionalInfo" | "binaryDelta" | "suspendAtMs">
> {
  name: string;
  plan?: string | undefined;
}

/** A tenant not yet stored; pass it to `createTenantStatements`. */
export const prepareTenant = (input: NewTenant, atMs: number, id = newTenantId()): Tenant => ({
  id: id as TenantId, // a fresh id
  name: input.name,
  token: newTenantToken(),
  status: "active",
  plan: input.plan ?? DEFAULT_PLAN,
  addons: input.addons ?? ADDONS,
  trialEndsMs: input.trialEndsMs ?? null,
  serviceProvider: false,
  parent: input.parent ?? null,
  maxChildren: null,
  additionalInfo: input.additionalInfo ?? {},
  apiLimits: null,
  binaryDelta: input.binaryDelta ?? true,
  cancelledMs: null,
  suspendAtMs: input.suspendAtMs ?? null,
  removeAtMs: null,
  createdMs: atMs,
  updatedMs: atMs,
});

/** The rows of a new tenant: itself, its audit entry, and its home where that is said. Nothing changes if the id exists. */
export const createTenantStatements = (tenant: Tenant, placed: Placed | undefined) => {
  const actor: OperatorActor = { kind: "operator", tenant: tenant.id };
  const object = { type: "tenant", id: tenant.id, detail: { tenant: { id: tenant.id, name: tenant.name } } };
  return [
    addTenantStatement(tenant),
    addAuditIfChanged(actor, { action: "create", object }, tenant.createdMs),
    ...(placed ? [addHomeStatement(tenant.id, placed.home, placed.jurisdiction)] : []),
  ] as const;
};

/** Makes the tenant that devices without a token join, unless it exists. */
export async function ensureDefaultTenant(deps: Deps): Promise<Tenant> {
  const there = deps.homes.isSpread && (await deps.directory.one(tenantStatement(DEFAULT_TENANT)));
  if (there) return there; // it needs no place
  const tenant = prepareTenant({ name: "Default" }, deps.now(), DEFAULT_TENANT);
  const made = createTenantStatements(tenant, await placeTenant(deps));
  const results: readonly unknown[] = await deps.directory.batch([...made, tenantStatement(DEFAULT_TENANT)]);
  return (results.at(-1) as Tenant | undefined) ?? tenant; // what the last statement answers
}

/** Gives a tenant the limits that go with its plan. */
export const planLimitStatements = (
  own: Plans,
  { id, plan }: Pick<Tenant, "id" | "plan">,
): Statement<number>[] =>
  LIMIT_NAMES.flatMap((name) => {
    const value = planNamed(own, plan)?.limits[name];
    return value === undefined ? [] : [setLimitStatement(id, name, value)];
  });

/** The calls that each user or each device may make, from the limits of the tenant as they are stored. */
export const callLimitsFrom = (apiLimits: string | null, whose: keyof ApiLimits): CallLimits | undefined =>
  apiLimits === null ? undefined : limiting((JSON.parse(apiLimits) as ApiLimits)[whose]); // only the store of tenants writes it

export const subscriptionOfTenant = (tenant: Tenant, nowMs: number): Subscription => ({
  plan: tenant.plan,
  addons: tenant.addons,
  trial: (tenant.trialEndsMs ?? 0) > nowMs,
});

const TENANT_ID = /^[0-9A-Za-z_-]{1,64}$/;

/** Body of the original's calls that prepare a service for a tenant. */
export const TenantToPrepare = z.object({
  tenant_id: z
    .string({ error: "cannot be blank" })
    .min(1, { error: "cannot be blank" })
    .refine((id) => id === "" || TENANT_ID.test(id), { error: "must be up to 64 letters, digits, - or _" }),
});

/** Makes the tenant of this id unless it exists; without a user yet, and named by its id. */
export async function prepareForTenant(deps: Deps, id: string): Promise<void> {
  if (id === DEFAULT_TENANT) await ensureDefaultTenant(deps);
  else {
    const tenant = prepareTenant({ name: id }, deps.now(), id);
    await deps.directory.batch([...createTenantStatements(tenant, await placeTenant(deps))]);
  }
}

const unknownTenant = () => new Fault("not_found", "tenant not found");

export async function getTenant(
  deps: Deps,
  id: TenantId,
): Promise<{ tenant: Tenant; limits: { name: string; value: number }[] }> {
  const [tenant, limits] = await deps.directory.batch([tenantStatement(id), limitsStatement(id)]);
  if (!tenant) throw unknownTenant();
  return { tenant, limits };
}

export const listTenants = (deps: Deps, after: string, limit: number): Promise<Tenant[]> =>
  deps.directory.one(tenantsStatement(after, limit));

/** Suspending ends the tokens of the tenant's users and devices at once and for good. */
export async function setTenantStatus(deps: Deps, actor: OperatorActor, status: TenantStatus): Promise<void> {
  const at = deps.now();
  const object = { type: "tenant", id: actor.tenant };
  const [found] = await deps.directory.batch([
    tenantStatement(actor.tenant),
    setTenantStatusStatement(actor.tenant, status, at),
    addAuditIfChanged(actor, { action: "update", object, change: `status: ${status}` }, at),
    addEventIfChanged(
      { kind: "tenant.status", tenant: actor.tenant, subject: actor.tenant, data: { status } },
      at,
    ),
    ...(status === "suspended" ? deps.participants.tenantSuspended.map((end) => end(actor.tenant)) : []),
  ]);
  if (!found) throw unknownTenant();
}

export async function setTenantLimit(
  deps: Deps,
  actor: OperatorActor,
  name: LimitName,
  value: number,
): Promise<void> {
  const at = deps.now();
  const object = { type: "tenant", id: actor.tenant };
  const [, , found] = await deps.directory.batch([
    setLimitStatement(actor.tenant, name, value),
    addAuditIfChanged(actor, { action: "update", object, change: `${name}: ${value}` }, at),
    tenantStatement(actor.tenant),
  ]);
  if (!found) throw unknownTenant();
}
