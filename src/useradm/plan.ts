import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { planNamed, type Plans, type Subscription } from "../platform/plans.ts";
import { limitStatement, subscriptionOfTenant, tenantStatement } from "../tenants/index.ts";
import { countUsersStatement } from "./user-store.ts";

const UNLIMITED = -1;
const DAY_S = 86_400;

export interface PlanLimits {
  devices: number;
  users: number;
  audit_logs_days: number;
}

export async function planBinding(
  deps: Deps,
  { tenant }: Actor,
): Promise<{ subscription: Subscription; limits: PlanLimits }> {
  const [found, devices, users] = await deps.directory.batch([
    tenantStatement(tenant),
    limitStatement(tenant, "max_devices"),
    limitStatement(tenant, "max_users"),
  ]);
  if (!found) throw new Fault("not_found", "tenant not found");
  return {
    subscription: subscriptionOfTenant(found, deps.now()),
    limits: {
      devices: devices?.value ?? UNLIMITED,
      users: users?.value ?? UNLIMITED,
      audit_logs_days: Math.floor(deps.settings.AUDIT_LIFE_S / DAY_S),
    },
  };
}

export async function userLimits(deps: Deps, { tenant }: Actor): Promise<{ count: number; max: number }> {
  const [count, limit] = await deps.directory.batch([
    countUsersStatement(tenant),
    limitStatement(tenant, "max_users"),
  ]);
  return { count, max: limit?.value ?? UNLIMITED };
}

/** Refuses a tenant whose plan leaves out something that the wanted one has, or that has not the add-on. A trial has all. */
export function demandPlan(
  own: Plans,
  { plan, addons, trial }: Subscription,
  wanted: { plan?: string | undefined; addon?: string | undefined },
): void {
  if (trial) return;
  const has = planNamed(own, plan)?.features ?? [];
  const demanded = wanted.plan === undefined ? [] : planNamed(own, wanted.plan)?.features;
  if (!demanded?.every((feature) => has.includes(feature)))
    throw new Fault("forbidden", "the plan of the tenant is too small");
  if (wanted.addon !== undefined && !addons.some((addon) => addon === wanted.addon))
    throw new Fault("forbidden", "the tenant does not have the add-on");
}
