import type { OperatorActor, UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { DEFAULT_TENANT, type TenantId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import {
  setTenantStatus,
  subscriptionOfTenant,
  tenantStatement,
  updateTenantStatement,
  type Tenant,
  type TenantChange,
} from "../tenants/index.ts";
import { REMOVAL } from "./events.ts";
import { unknownTenant } from "./views.ts";

export const operatorIn = (tenant: TenantId): OperatorActor => ({ kind: "operator", tenant });

const graceMs = ({ settings }: Deps): number => settings.TENANT_GRACE_S * 1000;

export async function tenantOf(deps: Deps, id: TenantId): Promise<Tenant> {
  const tenant = await deps.directory.one(tenantStatement(id));
  if (!tenant) throw unknownTenant();
  return tenant;
}

export const auditObject = (tenant: Pick<Tenant, "id" | "name" | "parent">) => ({
  type: "tenant",
  id: tenant.id,
  detail: {
    tenant: { id: tenant.id, name: tenant.name, ...(tenant.parent !== null && { parent: tenant.parent }) },
  },
});

/** Changes a tenant and records it in the log of whoever did; 409 if somebody else changed it meanwhile. */
export async function changeTenant(
  deps: Deps,
  actor: UserActor | OperatorActor,
  before: Tenant,
  changed: TenantChange,
  told: string,
): Promise<void> {
  const at = deps.now();
  const [updated] = await deps.directory.batch([
    updateTenantStatement(before, changed, at),
    addAuditIfChanged(actor, { action: "update", object: auditObject(before), change: told }, at),
  ]);
  if (updated === 0) throw new Fault("conflict", "the tenant has just been changed by somebody else");
}

const notYours = () => new Fault("forbidden", "the tenant is neither yours nor a child of it");

/** A tenant that the user may deal with: the own one, or a child of it. Others look like none that is the user's. */
export async function ownOrChild(deps: Deps, actor: UserActor, id: TenantId): Promise<Tenant> {
  const tenant = await deps.directory.one(tenantStatement(id));
  if (!tenant || (tenant.id !== actor.tenant && tenant.parent !== actor.tenant)) throw notYours();
  return tenant;
}

export function requireActive(tenant: Tenant): void {
  if (tenant.status !== "active") throw new Fault("conflict", "the tenant is not active");
}

/** The end of a tenant at its own wish: a trial at once, others after the time of grace, in which it can be taken back. */
export async function cancelTenant(
  deps: Deps,
  actor: UserActor,
  id: TenantId,
  reason: string,
): Promise<void> {
  const tenant = await ownOrChild(deps, actor, id);
  requireActive(tenant);
  if (tenant.id === DEFAULT_TENANT) throw new Fault("conflict", "the default tenant cannot be cancelled");
  const at = deps.now();
  const isTrial = subscriptionOfTenant(tenant, at).trial;
  const ends = { cancelledMs: at, suspendAtMs: isTrial ? at : at + graceMs(deps) };
  await changeTenant(deps, actor, tenant, ends, `Cancelled: ${reason}`);
  if (isTrial) await suspendForGood(deps, { ...tenant, ...ends });
}

/** Suspends a tenant whose time has come. One that was cancelled or tried out is removed after the time of grace. */
export async function suspendForGood(deps: Deps, { id }: Pick<Tenant, "id">): Promise<void> {
  await setTenantStatus(deps, operatorIn(id), "suspended");
  const tenant = await tenantOf(deps, id);
  const isOver = tenant.cancelledMs !== null || tenant.trialEndsMs !== null;
  const at = deps.now();
  const removeAtMs = isOver ? at + graceMs(deps) : null;
  await deps.directory.one(updateTenantStatement(tenant, { suspendAtMs: null, removeAtMs }, at));
}

/** Whoever takes a tenant up again takes back what was to end it. */
export async function activateTenant(deps: Deps, id: TenantId): Promise<void> {
  const tenant = await tenantOf(deps, id);
  const takenBack = { suspendAtMs: null, removeAtMs: null, cancelledMs: null };
  await deps.directory.one(updateTenantStatement(tenant, takenBack, deps.now()));
  await setTenantStatus(deps, operatorIn(id), "active");
}

/** Ends a tenant now: suspended at once, removed as soon as somebody has time for it. */
export async function startRemoval(
  deps: Deps,
  actor: UserActor | OperatorActor,
  tenant: Tenant,
): Promise<void> {
  if (tenant.id === DEFAULT_TENANT) throw new Fault("unprocessable", "the default tenant cannot be removed");
  const at = deps.now();
  const [updated] = await deps.directory.batch([
    updateTenantStatement(tenant, { removeAtMs: at }, at),
    addAuditIfChanged(actor, { action: "delete", object: auditObject(tenant) }, at),
    addEventIfChanged({ kind: REMOVAL, tenant: tenant.id, subject: tenant.id }, at),
  ]);
  if (updated === 0) throw new Fault("conflict", "the tenant has just been changed by somebody else");
  await setTenantStatus(deps, operatorIn(tenant.id), "suspended");
}
