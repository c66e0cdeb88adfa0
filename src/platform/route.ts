import type { RouteConfig } from "@hono/zod-openapi";
import type { UserActor } from "./actor.ts";
import type { Fault } from "./fault.ts";
import type { Feature } from "./plans.ts";
import { enrolFirst, forbidden, hasPermission, type Permission } from "./permissions.ts";
import { rightsAt, type Address } from "./rights.ts";

/** What a user needs for a route: a permission, any of several, or one that depends on whom the path names. */
export type Needs = Permission | readonly Permission[] | ((user: UserActor, path: string) => Permission);

/** Who may call a route. */
export type Access = (
  | { caller: "public" | "device" | "operator" }
  | {
      caller: "user";
      needs: Needs;
      /** What others hear, where it is not the usual. */
      refusal?: () => Fault;
    }
) & {
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

export const userRoute = <P extends string, R extends Described<P>>(
  needs: Needs,
  route: R,
  refusal?: () => Fault,
) => ({
  ...route,
  access: forUsers(needs, refusal),
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
  { needs, refusal = forbidden }: Extract<Access, { caller: "user" }>,
  address: Address,
): U {
  const needed = permissionsOf(needs, user, address.path);
  const actor = { ...user, rights: rightsAt(user.rights, needed, address) };
  if (needed.some((permission) => hasPermission(actor, permission))) return actor;
  throw user.mustEnrol ? enrolFirst() : refusal();
}
