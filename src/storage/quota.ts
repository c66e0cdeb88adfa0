import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { limitStatement } from "../tenants/index.ts";
import { usageOf } from "./store.ts";

export interface Quota {
  /** Bytes the tenant may store; null without a limit. */
  limit: number | null;
  usage: number;
}

export async function storageQuota(deps: Deps, tenant: TenantId): Promise<Quota> {
  const [limit, usage] = await Promise.all([
    deps.directory.one(limitStatement(tenant, "storage")),
    deps.db(tenant).one(usageOf(tenant)),
  ]);
  return { limit: limit && limit.value >= 0 ? limit.value : null, usage: usage?.bytes ?? 0 };
}

/** Bytes that may still be added. */
export const roomIn = ({ limit, usage }: Quota): number =>
  limit === null ? Number.MAX_SAFE_INTEGER : Math.max(0, limit - usage);

export const overQuota = (quota: Quota): Fault =>
  new Fault("too_large", `storage limit exceeded: ${quota.usage} of ${quota.limit} bytes are in use`);
