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

/** Names of the parameters in a path as a route writes it. */
type ParamsOf<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamsOf<Rest>
  : never;

/** The parameters of a path that name what the route is about. */
export interface Named<Param extends string = string> {
  device?: Param;
  group?: Param;
  deployment?: Param;
}

/**
 * How a route keeps to devices or releases when its permission is for some of them only: its path names a device, a group or
 * a deployment, which the gateway asks about; or the verb takes the reach. A route that does neither is closed to such users.
 */
export type Bounds<Param extends string = string> = Named<Param> | "verb";

export interface UserAccess {
  caller: "user";
  needs: Needs;
  bounds?: Bounds;
  /** What others hear, where it is not the usual. */
  refusal?: () => Fault;
}

/** How the body of a request is taken: whole, before the route is asked, or as a stream that the route bounds and reads. */
export type BodyRule = { maxBytes: number } | "stream";

/** The largest body where a route says nothing else. */
export const JSON_BODY_LIMIT = 1024 * 1024;

/** Of callers whom nobody knows yet. */
export const STRANGERS_BODY = { maxBytes: 64 * 1024 } as const;

interface Terms {
  /** What the plan of the caller's tenant must include. */
  feature?: Feature;
  body?: BodyRule;
}

/** Who may call a route, and on what terms. */
export type Access = ({ caller: "public" | "device" | "operator" } | UserAccess) & Terms;

/** A route that says who may call it; no other is served. */
export type DeclaredRoute = RouteConfig & { access: Access } & Terms;

type Described<P extends string> = Omit<RouteConfig, "path"> & { path: P } & Terms;

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

type PermissionOf = Permission | readonly Permission[];

/** A need, and how the route keeps within what it is good for. */
export interface Bounded<Param extends string = string> {
  needs: PermissionOf;
  bounds: Bounds<Param>;
}

/** About the device that the path names, as `{id}` if nothing else is said. */
export function ofDevice(needs: PermissionOf): Bounded<"id">;
export function ofDevice<N extends string>(needs: PermissionOf, device: N): Bounded<N>;
export function ofDevice(needs: PermissionOf, device = "id"): Bounded {
  return { needs, bounds: { device } };
}

/** About the group that the path names, as `{name}` if nothing else is said. */
export function ofGroup(needs: PermissionOf): Bounded<"name">;
export function ofGroup<N extends string>(needs: PermissionOf, group: N): Bounded<N>;
export function ofGroup(needs: PermissionOf, group = "name"): Bounded {
  return { needs, bounds: { group } };
}

/** About the deployment that the path names as `{id}`, and about a device of it if another parameter names one. */
export const ofDeployment = <N extends string = never>(
  needs: PermissionOf,
  device?: N,
): Bounded<"id" | N> => ({ needs, bounds: { deployment: "id", ...(device !== undefined && { device }) } });

/** About what the verb finds, which takes the reach. */
export const within = (needs: PermissionOf): Bounded<never> => ({ needs, bounds: "verb" });

const isBounded = (needs: Needs | Bounded): needs is Bounded =>
  typeof needs === "object" && "bounds" in needs;

export const userRoute = <P extends string, R extends Described<P>>(
  needs: Needs | Bounded<ParamsOf<R["path"]>>,
  route: R,
  refusal = forbidden,
) => ({
  ...route,
  access: isBounded(needs) ? { caller: "user" as const, ...needs, refusal } : forUsers(needs, refusal),
});

/** For the document: the permissions of which a caller has one. Of basic routes, and of those that look at the request first, none. */
export const permissionsTold = (access: Access): { "x-permissions"?: readonly Permission[] } => {
  if (access.caller !== "user" || typeof access.needs === "function") return {};
  const needed = [access.needs].flat();
  return needed.includes("basic") ? {} : { "x-permissions": needed };
};

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
  const actor = { ...user, held: user.rights, rights: rightsAt(user.rights, needed, address) };
  const isOpen = (permission: Permission) =>
    !(permission === "basic" && user.isLimited && address.method !== "GET") &&
    hasPermission(actor, permission) &&
    (bounds !== undefined || reachesAll(actor, permission));
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
