import type { Actor, OperatorActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import {
  clearLimitStatement,
  limitStatement,
  setLimitStatement,
  tenantStatement,
  type LimitName,
} from "../tenants/index.ts";
import {
  DEFAULT_TEST_DEVICES,
  limitNameOf,
  limitsOfTenantsStatement,
  TEST_DEVICE_LIMIT,
  WAITING_LIMIT,
} from "./limit-store.ts";
import { TIERS, type Tier } from "./states.ts";
import { waitingInfo } from "./waiting.ts";

export const UNLIMITED = -1;

export type DeviceLimits = Record<Tier | "test", number>;

/** The names that limits of this domain go by. */
const LIMIT_NAMES: readonly LimitName[] = [...TIERS.map(limitNameOf), TEST_DEVICE_LIMIT, WAITING_LIMIT];

function requireName(name: string): LimitName {
  const known = LIMIT_NAMES.find((one) => one === name);
  if (known === undefined) throw new Fault("bad_request", `unsupported limit ${name}`);
  return known;
}

/** Limits by tier from the stored ones of a tenant. */
function byTier(stored: readonly { name: string; value: number }[]): DeviceLimits {
  const of = (name: string) => stored.find((limit) => limit.name === name)?.value;
  return {
    standard: of(limitNameOf("standard")) ?? UNLIMITED,
    micro: of(limitNameOf("micro")) ?? UNLIMITED,
    system: of(limitNameOf("system")) ?? UNLIMITED,
    test: of(TEST_DEVICE_LIMIT) ?? DEFAULT_TEST_DEVICES,
  };
}

/** How many devices the tenant may accept; -1 for any number. */
export async function deviceLimit(deps: Deps, actor: Actor, name: string): Promise<number> {
  const known = requireName(name);
  if (known === WAITING_LIMIT) return (await waitingInfo(deps, actor)).limit;
  const limit = await deps.directory.one(limitStatement(actor.tenant, known));
  return limit?.value ?? (name === TEST_DEVICE_LIMIT ? DEFAULT_TEST_DEVICES : UNLIMITED);
}

/** The limits of every tenant named. */
export async function limitsOfTenants(
  deps: Deps,
  tenants: readonly string[],
): Promise<Record<string, DeviceLimits>> {
  const stored = await deps.directory.one(limitsOfTenantsStatement(tenants));
  return Object.fromEntries(
    tenants.map((tenant) => [tenant, byTier(stored.filter((limit) => limit.tenant === tenant))]),
  );
}

export async function deviceLimits(deps: Deps, actor: Actor): Promise<DeviceLimits> {
  return byTier(await deps.directory.one(limitsOfTenantsStatement([actor.tenant])));
}

export interface NamedLimit {
  name: string;
  /** Undefined takes the limit away. */
  value?: number | undefined;
}

/** Sets or clears limits of a tenant; devices accepted already stay accepted. */
export async function setDeviceLimits(
  deps: Deps,
  actor: OperatorActor,
  limits: readonly NamedLimit[],
): Promise<void> {
  const named = limits.map(({ name, value }) => ({ name: requireName(name), value }));
  const { tenant } = actor;
  const at = deps.now();
  const [found] = await deps.directory.batch([
    tenantStatement(tenant),
    ...named.flatMap(({ name, value }) => [
      value === undefined ? clearLimitStatement(tenant, name) : setLimitStatement(tenant, name, value),
      addAuditIfChanged(
        actor,
        { action: "update", object: { type: "tenant", id: tenant }, change: `${name}: ${value ?? "none"}` },
        at,
      ),
    ]),
  ]);
  if (!found) throw new Fault("not_found", "tenant not found");
}

/** Takes every device limit from a tenant. */
export const clearDeviceLimits = (deps: Deps, actor: OperatorActor): Promise<void> =>
  setDeviceLimits(
    deps,
    actor,
    LIMIT_NAMES.map((name) => ({ name })),
  );
