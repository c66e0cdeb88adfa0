import type { z } from "@hono/zod-openapi";
import type { OperatorActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { planNamed } from "../platform/plans.ts";
import {
  countTenantsStatement,
  planLimitStatements,
  tenantsByFilterStatement,
  updateTenantStatement,
  type Tenant,
  type TenantChange,
  type TenantFilter,
} from "../tenants/index.ts";
import { auditObject, changeTenant, startRemoval, tenantOf } from "./life.ts";
import type { TenantUpdate } from "./schema.ts";
import { childrenOf, unknownTenant } from "./views.ts";

export async function findTenants(
  deps: Deps,
  filter: TenantFilter,
  page: Page,
): Promise<{ tenants: Tenant[]; total: number }> {
  const at = deps.now();
  const window = { offset: offsetOf(page), limit: page.perPage };
  const [tenants, total] = await deps.directory.batch([
    tenantsByFilterStatement(filter, at, window),
    countTenantsStatement(filter, at),
  ]);
  return { tenants, total };
}

type Update = z.output<typeof TenantUpdate>;

const DAY_MS = 86_400_000;

/** When the trial ends after an update: whoever starts one without an end gets the usual one. */
function trialEnd(deps: Deps, before: Tenant, update: Update): number | null {
  if (update.trial === false) return null;
  const told = update.trial_expiration ?? before.trialEndsMs;
  if (update.trial === true && (told === null || told <= deps.now()))
    return deps.now() + deps.settings.TRIAL_DAYS * DAY_MS;
  return told;
}

/** Members that are not sent stay as they are. The end of a trial ends the tenant, unless the update says otherwise. */
function changeOf(deps: Deps, before: Tenant, update: Update): TenantChange {
  const trialEndsMs = trialEnd(deps, before, update);
  const isOtherEnd = trialEndsMs !== before.trialEndsMs;
  const suspendAtMs = update.suspend_at === undefined && isOtherEnd ? trialEndsMs : update.suspend_at;
  const enabled = update.addons?.filter((addon) => addon.enabled).map(({ name }) => name);
  return {
    ...(update.name !== undefined && { name: update.name }),
    ...(update.plan !== undefined && { plan: update.plan }),
    ...(enabled && { addons: [...new Set(enabled)] }),
    ...(update.api_limits && { apiLimits: update.api_limits }),
    ...(update.service_provider !== undefined && { serviceProvider: update.service_provider }),
    ...(update.max_child_tenants !== undefined && { maxChildren: update.max_child_tenants }),
    ...(suspendAtMs !== undefined && { suspendAtMs }),
    trialEndsMs,
  };
}

export async function updateTenant(deps: Deps, actor: OperatorActor, update: Update): Promise<void> {
  const before = await tenantOf(deps, actor.tenant);
  if (update.plan !== undefined && !planNamed(deps.settings.PLANS, update.plan))
    throw new Fault("bad_request", "plan: must be a plan that exists.");
  const at = deps.now();
  const changed = changeOf(deps, before, update);
  const isNewPlan = update.plan !== undefined && update.plan !== before.plan;
  const [updated] = await deps.directory.batch([
    updateTenantStatement(before, changed, at),
    addAuditIfChanged(
      actor,
      { action: "update", object: auditObject(before), change: JSON.stringify(update) },
      at,
    ),
    ...(isNewPlan
      ? planLimitStatements(deps.settings.PLANS, { id: before.id, plan: update.plan ?? before.plan })
      : []),
  ]);
  if (updated === 0) throw new Fault("conflict", "the tenant has just been changed by somebody else");
}

async function provider(deps: Deps, id: TenantId): Promise<Tenant> {
  const tenant = await tenantOf(deps, id);
  if (!tenant.serviceProvider) throw new Fault("conflict", "the tenant is not a service provider");
  return tenant;
}

/** A service provider is below nobody, so that there are two levels only. */
export async function adoptChildren(
  deps: Deps,
  actor: OperatorActor,
  ids: readonly TenantId[],
): Promise<void> {
  const parent = await provider(deps, actor.tenant);
  const { tenants } = await findTenants(deps, { ids }, { page: 1, perPage: ids.length });
  if (tenants.length < new Set(ids).size) throw unknownTenant();
  if (tenants.some(({ id, serviceProvider }) => serviceProvider || id === parent.id))
    throw new Fault("conflict", "a service provider cannot be a child");
  if (tenants.some((child) => child.parent !== null && child.parent !== parent.id))
    throw new Fault("conflict", "a tenant is the child of another service provider");
  const at = deps.now();
  await deps.directory.batch(
    tenants.flatMap((child) => [
      updateTenantStatement(child, { parent: parent.id }, at),
      addAuditIfChanged(
        actor,
        { action: "update", object: auditObject({ ...child, parent: parent.id }), change: "Made a child" },
        at,
      ),
    ]),
  );
}

export async function releaseChildren(deps: Deps, actor: OperatorActor): Promise<void> {
  const parent = await provider(deps, actor.tenant);
  for (const child of await childrenOf(deps, parent.id)) await startRemoval(deps, actor, child);
}

export async function releaseChild(deps: Deps, actor: OperatorActor, id: TenantId): Promise<void> {
  const child = await tenantOf(deps, id);
  if (child.parent !== actor.tenant) throw unknownTenant();
  await changeTenant(deps, actor, child, { parent: null }, "Released from its parent");
}
