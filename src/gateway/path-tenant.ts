import type { Context } from "hono";
import { demandSupport } from "../consent/index.ts";
import type { AppEnv } from "../platform/app-env.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, DEFAULT_TENANT } from "../platform/ids.ts";
import { tenantStatement } from "../tenants/index.ts";

/** `…/tenant/limits` is about several tenants. */
const TENANT_PATH = /^\/api\/internal\/v\d\w*\/[\w-]+\/tenants?\/(?!limits$|config\/binary_delta$)([^/]+)/;

/** What is about a tenant as a whole, not about what is in it. */
const TENANT_ITSELF = /^\/api\/internal\/v\d\w*\/tenantadm\/(?!.*\/users(?:\/|$))/;

const isInternal = (c: Context<AppEnv>): boolean => c.req.path.startsWith("/api/internal/");

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Fault("bad_request", "malformed path");
  }
};

/**
 * Operators write only for tenants that exist: rows of any other would belong to nobody. What a tenant that is gone left
 * behind may still be removed. A tenant may demand that they do nothing of it without its consent.
 */
export async function demandPathTenant(c: Context<AppEnv>): Promise<void> {
  const { deps } = c.var;
  const segment = TENANT_PATH.exec(c.req.path)?.[1] ?? (isInternal(c) ? c.req.query("tenant_id") : undefined);
  if (segment === undefined || segment === "") return;
  const tenant = asTenantId(decoded(segment));
  const mayBeGone = c.req.method === "DELETE" || tenant === DEFAULT_TENANT || !TENANT_PATH.test(c.req.path);
  if (!mayBeGone && !(await deps.directory.one(tenantStatement(tenant))))
    throw new Fault("not_found", "tenant not found");
  if (!TENANT_ITSELF.test(c.req.path))
    await demandSupport(deps, { kind: "operator", tenant }, `${c.req.method} ${c.req.path}`);
}
