import type { RouteConfig } from "@hono/zod-openapi";
import type { UserActor } from "./actor.ts";
import type { Fault } from "./fault.ts";
import type { Feature } from "./plans.ts";
import {
  enrolFirst,
  forbidden,
  hasPermission,
  reachesAll,
  requirePermission,
  type Permission,
} from "./permissions.ts";
import { widened, type DeviceReach } from "./reach.ts";
import { rightsAt, type Address } from "./rights.ts";

/** What a user needs for a route: a permission, any of several, or one that depends on whom the path names. */
export type Needs = Permission | readonly Permission[] | ((user: UserActor, path: string) => Permission);

/**
 * How a route keeps to devices or releases when its permission is for some of them only: the path names a device, a group or
 * a deployment, which the gateway asks about; or the verb takes the reach. A route that does neither is closed to such users.
 */
export type Bounds = "device" | "group" | "deployment" | "verb";

export interface UserAccess {
  caller: "user";
  needs: Needs;
  bounds?: Bounds;
  /** What others hear, where it is not the usual. */
  refusal?: () => Fault;
}

/** Who may call a route. */
export type Access = ({ caller: "public" | "device" | "operator" } | UserAccess) & {
  /** What the plan of the caller's tenant must include. */
  feature?: Feature;
};

/** A route that says who may call it; no other is served. */
export type DeclaredRoute = RouteConfig & { access: Access; feature?: Feature };

type Described<P extends string> = Omit<RouteConfig, "path"> & {
  path: P;
  /** Served to tenants whose plan includes it. */
  feature?: Feature;
};

export const PUBLIC = { caller: "public" } as const;
export const DEVICE = { caller: "device" } as const;
const OPERATOR = { caller: "operator" } as const;

/** For everybody; what it guards, it checks itself. */
export const publicRoute = <P extends string, R extends Described<P>>(route: R) => ({
  ...route,
  access: PUBLIC,
});

export const deviceRoute = <P extends string, R extends Described<P>>(route: R) => ({
  ...route,
  access: DEVICE,
});

export const operatorRoute = <P extends string, R extends Described<P>>(route: R) => ({
  ...route,
  access: OPERATOR,
});

export const forUsers = (needs: Needs, refusal = forbidden) => ({ caller: "user", needs, refusal }) as const;

/** A need, and how the route keeps within what it is good for. */
export interface Bounded {
  needs: Permission | readonly Permission[];
  bounds: Bounds;
}

const bounded =
  (bounds: Bounds) =>
  (needs: Bounded["needs"]): Bounded => ({ needs, bounds });

export const ofDevice = bounded("device");
export const ofGroup = bounded("group");
export const ofDeployment = bounded("deployment");
export const within = bounded("verb");

const isBounded = (needs: Needs | Bounded): needs is Bounded =>
  typeof needs === "object" && "bounds" in needs;

export const userRoute = <P extends string, R extends Described<P>>(
  needs: Needs | Bounded,
  route: R,
  refusal = forbidden,
) => ({
  ...route,
  access: isBounded(needs) ? { caller: "user" as const, ...needs, refusal } : forUsers(needs, refusal),
});

const permissionsOf = (needs: Needs, user: UserActor, path: string): readonly Permission[] => {
  const needed = typeof needs === "function" ? needs(user, path) : needs;
  return typeof needed === "string" ? [needed] : needed;
};

/**
 * The user as this request may use them. Comes before anything of the request is read, so that who may not call a route
 * learns nothing of what it takes.
 */
export function admitted<U extends UserActor>(
  user: U,
  { needs, bounds, refusal = forbidden }: UserAccess,
  address: Address,
): U {
  const needed = permissionsOf(needs, user, address.path);
  const actor = { ...user, rights: rightsAt(user.rights, needed, address) };
  const isOpen = (permission: Permission) =>
    hasPermission(actor, permission) && (bounds !== undefined || reachesAll(actor, permission));
  if (needed.some(isOpen)) return actor;
  throw user.mustEnrol ? enrolFirst() : refusal();
}

/** The devices that a request may be about, by the permission of its route that reaches the furthest. */
export function devicesWithin(actor: UserActor, { needs }: UserAccess, path: string): DeviceReach {
  const reaches = permissionsOf(needs, actor, path)
    .filter((permission) => hasPermission(actor, permission))
    .map((permission) => requirePermission(actor, permission));
  return reaches.reduce(widened).devices;
}
