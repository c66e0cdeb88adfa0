import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../platform/app-env.ts";
import { isCheck } from "./idle-check.ts";

/** What requests of a tenant's users and devices use is counted for it; the operator's are nobody's. Idle checks are counted by the tenant's head. */
export const countUsage: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { caller, deps } = c.var;
  if (caller?.kind !== "user" && caller?.kind !== "device-claim") return;
  const { rowsRead, rowsWritten } = deps.cost;
  const used = { requests: 1, checks: isCheck(c.req.url) ? 1 : 0, rowsRead, rowsWritten };
  deps.count(caller.tenant, used);
};
