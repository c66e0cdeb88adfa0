import type { SQL } from "drizzle-orm";
import type { Context } from "hono";
import { deploymentInReach } from "../deployments/index.ts";
import { deviceInReach } from "../devices/index.ts";
import type { UserActor } from "../platform/actor.ts";
import type { AppEnv } from "../platform/app-env.ts";
import { paramsOf } from "../platform/app.ts";
import { demand, OUT_OF_REACH, type Guard } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { forbidden } from "../platform/permissions.ts";
import type { SomeDevices } from "../platform/reach.ts";
import { devicesWithin, type Named, type UserAccess } from "../platform/route.ts";

/** What the path of a request names, by the parameters that its route declared. */
function namedIn(params: Record<string, string>, names: Named): Named {
  const named: Named = {};
  for (const [what, param] of Object.entries(names) as [keyof Named, string][]) {
    const value = params[param];
    if (value === undefined) throw new Error(`the path names no ${what} by {${param}}`);
    named[what] = value;
  }
  return named;
}

function conditionOf({ tenant }: UserActor, { device, deployment }: Named, reach: SomeDevices): SQL {
  return deployment === undefined
    ? deviceInReach(tenant, device ?? "", reach)
    : deploymentInReach(tenant, { deployment, device }, reach);
}

/** What the database has to say about what a path names; nothing where that is known without asking. */
function guardOf(
  actor: UserActor,
  access: UserAccess,
  { path, params }: { path: string; params: () => Record<string, string> },
): Guard | undefined {
  if (access.bounds === undefined || access.bounds === "verb") return undefined;
  const reach = devicesWithin(actor, access, path);
  if (reach === "all") return undefined;
  const named = namedIn(params(), access.bounds);
  if (named.group !== undefined) {
    if (!reach.groups.includes(named.group)) throw forbidden();
    return undefined;
  }
  return {
    demand: demand(conditionOf(actor, named, reach), OUT_OF_REACH),
    fault: forbidden,
    asked: false,
  };
}

/** Asks at once, for a request that is answered elsewhere. */
export async function requireWithin(
  deps: Deps,
  actor: UserActor,
  access: UserAccess,
  target: Parameters<typeof guardOf>[2],
): Promise<void> {
  const guard = guardOf(actor, access, target);
  if (guard) await deps.db(actor.tenant).demanding(guard).one(guard.demand);
}

/** Has the first batch of the request ask whether what its path names is within the user's reach. */
export function keepWithin(c: Context<AppEnv>, actor: UserActor, access: UserAccess): void {
  const guard = guardOf(actor, access, { path: c.req.path, params: () => paramsOf(c) });
  if (!guard) return;
  c.set("reach", guard);
  const { deps } = c.var;
  const { db } = deps;
  deps.db = (tenant) => db(tenant).demanding(guard);
}

/** A request that got an answer without having asked got one that it must not have. */
export function requireAsked(c: Context<AppEnv>): void {
  if (c.var.reach?.asked === false && c.res.status < 400)
    throw new Error(`${c.req.path} was answered without asking whether it is within reach`);
}
