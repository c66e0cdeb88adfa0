import { Fault } from "./fault.ts";
import type { DeviceId, TenantId, UserId } from "./ids.ts";

export interface UserActor {
  kind: "user";
  tenant: TenantId;
  user: UserId;
  email: string;
  /** `jti` of the token in use. */
  token: string;
  roles: readonly string[];
}

/** The operator of the installation, acting inside one tenant. */
export interface OperatorActor {
  kind: "operator";
  tenant: TenantId;
}

/** A queue or cron job acting for a tenant. */
export interface SystemActor {
  kind: "system";
  tenant: TenantId;
}

/** Whoever may call a management verb of a domain. */
export type Actor = UserActor | OperatorActor | SystemActor;

/** A device token whose signature holds. Not yet known to be live: only `asLiveDevice` turns it into a `DeviceActor`. */
export interface DeviceClaim {
  kind: "device-claim";
  tenant: TenantId;
  device: DeviceId;
  authSet: string;
  issuedS: number;
  /** Absent for a token without end. */
  expiresS?: number | undefined;
}

/** A device whose token was found live in the database within this request. */
export interface DeviceActor {
  kind: "device";
  tenant: TenantId;
  device: DeviceId;
}

export type Permission =
  | "devices:read"
  | "devices:manage"
  | "devices:configure"
  | "devices:connect"
  | "deployments:read"
  | "deployments:manage"
  | "artifacts:read"
  | "artifacts:manage"
  | "artifacts:upload"
  | "users:read"
  | "users:manage"
  | "audit:read"
  | "integrations:manage";

const READ_ALL: Permission[] = ["devices:read", "deployments:read", "artifacts:read"];

/**
 * Built-in roles (protocol notes, useradm 11). Configurations hold secrets: none of these but the first reads them.
 * A user without any role is unrestricted, as in the open server.
 */
const ROLE_PERMISSIONS: Record<string, "all" | readonly Permission[]> = {
  RBAC_ROLE_PERMIT_ALL: "all",
  RBAC_ROLE_OBSERVER: READ_ALL,
  RBAC_ROLE_CI: ["artifacts:read", "artifacts:manage", "artifacts:upload"],
  RBAC_ROLE_DEPLOYMENTS_MANAGER: ["devices:read", "deployments:read", "deployments:manage"],
  RBAC_ROLE_REMOTE_TERMINAL: ["devices:read", "devices:connect"],
};

export const BUILT_IN_ROLES: readonly string[] = Object.keys(ROLE_PERMISSIONS);

export function hasPermission(actor: Actor, permission: Permission): boolean {
  if (actor.kind !== "user" || actor.roles.length === 0) return true;
  return actor.roles.some((role) => {
    const allowed = Object.hasOwn(ROLE_PERMISSIONS, role) ? ROLE_PERMISSIONS[role] : undefined;
    return allowed === "all" || (allowed?.includes(permission) ?? false);
  });
}

/** First line of every management verb; 403 with the text the web UI knows. */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (!hasPermission(actor, permission))
    throw new Fault("forbidden", "forbidden by role-based access control");
}
