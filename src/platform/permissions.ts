import type { Actor } from "./actor.ts";
import { Fault } from "./fault.ts";

export type Permission =
  /** What every user may do: own profile, own settings, own tokens, and what each page of the web UI reads. */
  | "basic"
  | "devices:read"
  | "devices:manage"
  | "devices:configure"
  | "devices:connect"
  | "deployments:read"
  | "deployments:manage"
  | "artifacts:read"
  | "artifacts:download"
  | "artifacts:manage"
  | "artifacts:upload"
  | "users:read"
  | "users:manage"
  /** To make tokens that outlive a session. */
  | "tokens:manage"
  /** What the tenant's users share: its settings, the keys it trusts. */
  | "settings:manage"
  | "audit:read";

/** Built-in roles and what they add to `basic` (protocol notes, rbac 4). Configurations hold secrets: none but the first reads them. */
export const ROLE_PERMISSIONS: Readonly<Record<string, "all" | readonly Permission[]>> = {
  RBAC_ROLE_PERMIT_ALL: "all",
  RBAC_ROLE_OBSERVER: ["devices:read", "deployments:read", "artifacts:read", "artifacts:download"],
  RBAC_ROLE_CI: ["artifacts:read", "artifacts:download", "artifacts:manage", "artifacts:upload"],
  RBAC_ROLE_DEPLOYMENTS_MANAGER: ["devices:read", "deployments:read", "deployments:manage", "artifacts:read"],
  RBAC_ROLE_REMOTE_TERMINAL: ["devices:connect"],
};

export const BUILT_IN_ROLES: readonly string[] = Object.keys(ROLE_PERMISSIONS);

/** A user without any role is unrestricted, as in the open server; one whose roles are all unknown may do the basics. */
export function hasPermission(actor: Actor, permission: Permission): boolean {
  if (actor.kind !== "user" || actor.roles.length === 0 || permission === "basic") return true;
  return actor.roles.some((role) => {
    const allowed = Object.hasOwn(ROLE_PERMISSIONS, role) ? ROLE_PERMISSIONS[role] : undefined;
    return allowed === "all" || (allowed?.includes(permission) ?? false);
  });
}

/** With the text that the web UI knows. */
export const forbidden = () => new Fault("forbidden", "forbidden by role-based access control");

/** For what only the body of a request tells; all else is declared by the route. */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (!hasPermission(actor, permission)) throw forbidden();
}
