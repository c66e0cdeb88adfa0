import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Subscription } from "../platform/plans.ts";
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
