import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../platform/app-env.ts";

const CHECK = /^\/api\/devices\/v[12]\/deployments\/device\/deployments\/next$/;

/** What requests of a tenant's users and devices use is counted for it; the operator's are nobody's. Idle checks are counted by the tenant's head. */
export const countUsage: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { caller, deps } = c.var;
  if (caller?.kind !== "user" && caller?.kind !== "device-claim") return;
  const { rowsRead, rowsWritten } = deps.cost;
  const used = { requests: 1, checks: CHECK.test(c.req.path) ? 1 : 0, rowsRead, rowsWritten };
  deps.count(caller.tenant, used);
};
