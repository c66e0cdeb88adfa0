import type { Context } from "hono";
import type { AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, DEFAULT_TENANT } from "../platform/ids.ts";
import { tenantStatement } from "../tenants/index.ts";

/** `…/tenant/limits` is about several tenants. */
const TENANT_PATH = /^\/api\/internal\/v\d\w*\/\w+\/tenants?\/(?!limits$)([^/]+)/;

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Fault("bad_request", "malformed path");
  }
};

/**
 * Operators write only for tenants that exist: rows of any other would belong to nobody. What a tenant that is gone left
 * behind may still be removed.
 */
export async function demandPathTenant(c: Context<AppEnv>): Promise<void> {
  const segment = TENANT_PATH.exec(c.req.path)?.[1];
  if (segment === undefined || c.req.method === "DELETE") return;
  const tenant = asTenantId(decoded(segment));
  if (tenant === DEFAULT_TENANT) return;
  if (!(await c.var.deps.directory.one(tenantStatement(tenant))))
    throw new Fault("not_found", "tenant not found");
}
