import type { Actor, OperatorActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { limitStatement, setTenantLimit } from "../tenants/index.ts";
import { storageQuota } from "./quota.ts";

/** The wire's word for "no limit". */
const UNLIMITED = -1;

const MICRO_TIER_DEFAULT_BYTES = 5 * 1024 * 1024;

export const LIMIT_NAMES = ["storage", "max_artifact_size_micro_device_tier"] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** What the tenant stores and may store, in bytes; the usage is that of the objects, equal payloads counted once. */
export async function showStorage(deps: Deps, actor: Actor): Promise<{ limit: number; usage: number }> {
  const { limit, usage } = await storageQuota(deps, actor.tenant);
  return { limit: limit ?? UNLIMITED, usage };
}

export async function showLimit(
  deps: Deps,
  actor: OperatorActor,
  name: LimitName,
): Promise<{ limit: number; usage: number }> {
  if (name === "storage") return showStorage(deps, actor);
  const stored = await deps.directory.one(limitStatement(actor.tenant, name));
  return { limit: stored?.value ?? MICRO_TIER_DEFAULT_BYTES, usage: 0 };
}

export const changeLimit = (
  deps: Deps,
  actor: OperatorActor,
  name: LimitName,
  limit: number,
): Promise<void> => setTenantLimit(deps, actor, name, limit);
