import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../platform/app-env.ts";
import type { Env } from "../platform/env.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Later } from "../platform/later.ts";
import { count } from "../usage/index.ts";

const CHECK = /^\/api\/devices\/v[12]\/deployments\/device\/deployments\/next$/;

/** What requests of a tenant's users and devices use is counted for it; the operator's are nobody's. */
export const countUsage: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { caller, deps } = c.var;
  if (caller?.kind !== "user" && caller?.kind !== "device-claim") return;
  const { rowsRead, rowsWritten } = deps.cost;
  const used = { requests: 1, checks: CHECK.test(c.req.path) ? 1 : 0, rowsRead, rowsWritten };
  count(c.env, caller.tenant, used, { nowMs: deps.now(), later: deps.later });
};

export const countIdleCheck = (
  env: Env,
  { tenant }: { tenant: TenantId },
  nowMs: number,
  later: Later,
): void => {
  const used = { requests: 1, checks: 1, rowsRead: 0, rowsWritten: 0 };
  count(env, tenant, used, { nowMs, later: later.now });
};
