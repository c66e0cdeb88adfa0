import type { EventHandler, Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { asTenantId, type TenantId } from "../platform/ids.ts";
import {
  dueTenantsStatement,
  subscriptionOfTenant,
  tenantStatement,
  updateTenantStatement,
  type Tenant,
} from "../tenants/index.ts";
import { hasVerifiedUserStatement } from "../useradm/index.ts";
import { operatorIn, suspendForGood } from "./life.ts";
import { removeTenant } from "./remove-tenant.ts";

const A_RUN = 20;
/** With so many calls of databases no further tenant is begun: the run has other duties. */
const CALLS_A_RUN = 300;

/** The address that a trial was opened with may turn out to be somebody's until then; from there on it runs to its end. */
async function isGoodTrial(deps: Deps, tenant: Tenant): Promise<boolean> {
  const isRunning = tenant.cancelledMs === null && subscriptionOfTenant(tenant, deps.now()).trial;
  return isRunning && (await deps.directory.one(hasVerifiedUserStatement(tenant.id)));
}

export const suspendDueTenants: Sweep = async (deps) => {
  for (const tenant of await deps.directory.one(dueTenantsStatement("suspend", deps.now(), A_RUN))) {
    if (await isGoodTrial(deps, tenant))
      await deps.directory.one(
        updateTenantStatement(tenant, { suspendAtMs: tenant.trialEndsMs }, deps.now()),
      );
    else await suspendForGood(deps, tenant);
  }
};

const remove = (deps: Deps, tenant: TenantId) => removeTenant(deps, operatorIn(tenant));

export const removeDueTenants: Sweep = async (deps) => {
  const begun = deps.cost.roundTrips;
  for (const { id } of await deps.directory.one(dueTenantsStatement("remove", deps.now(), A_RUN))) {
    await remove(deps, id);
    if (deps.cost.roundTrips - begun > CALLS_A_RUN) return;
  }
};

/** What one call does not remove is left to the sweep. */
export const removeAsked: EventHandler = async (deps, { subject }) => {
  const tenant = await deps.directory.one(tenantStatement(asTenantId(subject)));
  if (tenant?.status === "suspended" && tenant.removeAtMs !== null) await remove(deps, tenant.id);
};
