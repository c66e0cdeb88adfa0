import type { SQL } from "drizzle-orm";
import type { Context } from "hono";
import { deploymentInReach } from "../deployments/index.ts";
import { deviceInReach } from "../devices/index.ts";
import type { UserActor } from "../platform/actor.ts";
import type { AppEnv } from "../platform/app-env.ts";
import { demand, OUT_OF_REACH, type Guard } from "../platform/database.ts";
import { forbidden } from "../platform/permissions.ts";
import type { SomeDevices } from "../platform/reach.ts";
import { devicesWithin, type UserAccess } from "../platform/route.ts";

/** The segment of a path after one of these. */
function namedBy(path: string, word: RegExp): string {
  const [, segment = ""] = word.exec(path) ?? [];
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const DEVICE = /\/devices?\/([^/]+)/;
const GROUP = /\/groups?\/([^/]+)/;
const DEPLOYMENT = /\/deployments\/deployments\/([^/]+)/;

function conditionOf({ tenant }: UserActor, path: string, access: UserAccess, reach: SomeDevices): SQL {
  const device = DEVICE.test(path) ? namedBy(path, DEVICE) : undefined;
  return access.bounds === "deployment"
    ? deploymentInReach(tenant, { deployment: namedBy(path, DEPLOYMENT), device }, reach)
    : deviceInReach(tenant, device ?? "", reach);
}

/** Has the first batch of the request ask whether what its path names is within the user's reach. */
export function keepWithin(c: Context<AppEnv>, actor: UserActor, access: UserAccess): void {
  if (access.bounds === undefined || access.bounds === "verb") return;
  const { path } = c.req;
  const reach = devicesWithin(actor, access, path);
  if (reach === "all") return;
  if (access.bounds === "group") {
    if (!reach.groups.includes(namedBy(path, GROUP))) throw forbidden();
    return;
  }
  const guard: Guard = {
    demand: demand(conditionOf(actor, path, access, reach), OUT_OF_REACH),
    fault: forbidden,
    asked: false,
  };
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
