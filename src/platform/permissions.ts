import type { Actor } from "./actor.ts";
import { Fault } from "./fault.ts";
import type { Permission } from "./permission-names.ts";
import { EVERYWHERE, type DeviceReach, type Reach, type ReleaseReach } from "./reach.ts";

export { PERMISSIONS, type Permission } from "./permission-names.ts";

/** Built-in roles and what they add to `basic` (protocol notes, rbac 4). Configurations hold secrets: none but the first reads them. */
export const ROLE_PERMISSIONS: Readonly<Record<string, "all" | readonly Permission[]>> = {
  RBAC_ROLE_PERMIT_ALL: "all",
  RBAC_ROLE_OBSERVER: ["devices:read", "deployments:read", "artifacts:read", "artifacts:download"],
  RBAC_ROLE_CI: ["artifacts:read", "artifacts:download", "artifacts:manage", "artifacts:upload"],
  RBAC_ROLE_DEPLOYMENTS_MANAGER: ["devices:read", "deployments:read", "deployments:manage", "artifacts:read"],
  RBAC_ROLE_REMOTE_TERMINAL: ["devices:connect"],
};

export const BUILT_IN_ROLES: readonly string[] = Object.keys(ROLE_PERMISSIONS);

/** Of users whose tenant demands a second factor they do not have. */
export const enrolFirst = () =>
  new Fault("forbidden", "two-factor authentication is required here: set it up first");

/** The role of whoever is given none. */
export const PERMIT_ALL = "RBAC_ROLE_PERMIT_ALL";

/** By each of these one can come by any other. */
const GIVING: readonly Permission[] = [
  "users:manage",
  "tokens:manage",
  "settings:manage",
  "tenants:manage",
  "tenant:export",
];

/** How far a permission of an actor reaches; undefined without it. */
function reachOf(actor: Actor, permission: Permission): Reach | undefined {
  if (actor.kind !== "user" || permission === "basic") return EVERYWHERE;
  if (actor.isLimited && GIVING.includes(permission)) return undefined;
  return actor.rights.permits.get(permission);
}

/** Whether an actor has a permission for anything at all. */
export const hasPermission = (actor: Actor, permission: Permission): boolean =>
  reachOf(actor, permission) !== undefined;

/** With the text that the web UI knows. */
export const forbidden = () => new Fault("forbidden", "forbidden by role-based access control");

/** For what only the body of a request tells; all else is declared by the route. */
export function requirePermission(actor: Actor, permission: Permission): Reach {
  const reach = reachOf(actor, permission);
  if (!reach) throw forbidden();
  return reach;
}

/** Whether a permission is good for everything it can be about. */
export function reachesAll(actor: Actor, permission: Permission): boolean {
  const { devices, releases } = requirePermission(actor, permission);
  if (/^(devices|deployments):/.test(permission)) return devices === "all";
  if (permission.startsWith("artifacts:")) return releases === "all";
  return devices === "all" && releases === "all";
}

/** The devices that an actor has a permission for. What lists or counts devices takes it. */
export const devicesFor = (actor: Actor, permission: Permission): DeviceReach =>
  requirePermission(actor, permission).devices;

/** The releases that an actor has a permission for, by their tags. */
export const releasesFor = (actor: Actor, permission: Permission): ReleaseReach =>
  requirePermission(actor, permission).releases;

/** A group named in a request; devices named one by one give no right to the group they are in. */
export function requireGroup(actor: Actor, permission: Permission, group: string): void {
  const reach = devicesFor(actor, permission);
  if (reach !== "all" && !reach.groups.includes(group)) throw forbidden();
}
