import { requirePermission, type Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { limitStatement } from "../tenants/service.ts";
import { limitNameOf } from "./store.ts";
import { TIERS, type Tier } from "./states.ts";

export const UNLIMITED = -1;
/** Test devices a tenant may have unless another limit is set. */
export const DEFAULT_TEST_DEVICES = 10;
export const TEST_DEVICE_LIMIT = "max_test_devices";

export type DeviceLimits = Record<Tier | "test", number>;

/** The tier whose devices a limit's name counts. */
export const tierOfLimit = (name: string): Tier | undefined =>
  TIERS.find((tier) => limitNameOf(tier) === name);

/** How many devices of a tier the tenant may accept. */
export async function deviceLimit(deps: Deps, actor: Actor, tier: Tier): Promise<number> {
  requirePermission(actor, "devices:read");
  const limit = await deps.directory.one(limitStatement(actor.tenant, limitNameOf(tier)));
  return limit?.value ?? UNLIMITED;
}

export async function deviceLimits(deps: Deps, actor: Actor): Promise<DeviceLimits> {
  requirePermission(actor, "devices:read");
  const { tenant } = actor;
  const [standard, micro, system, test] = await deps.directory.batch([
    limitStatement(tenant, limitNameOf("standard")),
    limitStatement(tenant, limitNameOf("micro")),
    limitStatement(tenant, limitNameOf("system")),
    limitStatement(tenant, TEST_DEVICE_LIMIT),
  ]);
  return {
    standard: standard?.value ?? UNLIMITED,
    micro: micro?.value ?? UNLIMITED,
    system: system?.value ?? UNLIMITED,
    test: test?.value ?? DEFAULT_TEST_DEVICES,
  };
}
