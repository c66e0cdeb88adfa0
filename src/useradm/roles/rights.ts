import { PERMISSIONS, ROLE_PERMISSIONS, type Permission } from "../../platform/permissions.ts";
import { EVERYWHERE, narrowed, widened, type Reach, type SomeDevices } from "../../platform/reach.ts";
import { compileRegexFromStart } from "../../platform/regex/regex.ts";
import { inBoth, type PathRight, type Rights } from "../../platform/rights.ts";
import { BUILT_IN_SETS, isBuiltInSet } from "./built-in.ts";
import type { Role, RolePermissions, StoredSet } from "./schema.ts";

type SetWithScope = NonNullable<Role["permission_sets_with_scope"]>[number];
type RawPermission = RolePermissions[number];
type OnDevices = Exclude<RawPermission, { action: "any" | "http" }>;

/** What a tenant has defined of the roles and sets that a user's rights are made of. */
export interface Definitions {
  roles: ReadonlyMap<string, Role>;
  sets: ReadonlyMap<string, StoredSet>;
}

/** What a permission on devices by the older form permits; it restricts all else about devices, too. */
const ON_DEVICES: Readonly<Record<OnDevices["action"], readonly Permission[]>> = {
  VIEW_DEVICE: ["devices:read", "deployments:read"],
  MANAGE_DEVICE: ["devices:manage"],
  CREATE_DEPLOYMENT: ["deployments:manage"],
  REMOTE_TERMINAL: ["devices:connect"],
};

/** Actions of the older form, each of which confines its user. */
export const CONFINING: readonly string[] = Object.keys(ON_DEVICES);

const ABOUT_DEVICES = PERMISSIONS.filter((one) => /^(devices|deployments):/.test(one));

const NO_DEVICES: SomeDevices = { groups: [], ids: [] };

const reachOfScope = ({ scope }: SetWithScope): Reach => {
  if (!scope) return EVERYWHERE;
  return scope.type === "DeviceGroups"
    ? { devices: { groups: scope.value, ids: [] }, releases: { tags: [] } }
    : { devices: NO_DEVICES, releases: { tags: scope.value } };
};

/** Gathers rights; what is given twice is given as far as both reach. */
class Gathering {
  readonly permits = new Map<Permission, Reach>();
  readonly paths: PathRight[] = [];

  permit(permissions: "all" | readonly Permission[], reach: Reach): void {
    for (const one of permissions === "all" ? PERMISSIONS : permissions)
      this.permits.set(one, widened(this.permits.get(one), reach));
  }

  raw(permission: RawPermission, reach: Reach): void {
    if (permission.action === "any") this.permit("all", reach);
    if (permission.action !== "http") return;
    const { type, value } = permission.object;
    const compiled = compileRegexFromStart(value);
    if (compiled.ok) this.paths.push({ method: type, address: compiled.regex, pattern: value, reach });
  }

  set(granted: SetWithScope, definitions: Definitions): void {
    const reach = reachOfScope(granted);
    if (isBuiltInSet(granted.name)) return this.permit(BUILT_IN_SETS[granted.name]?.permits ?? [], reach);
    for (const permission of definitions.sets.get(granted.name)?.permissions ?? [])
      this.raw(permission, reach);
  }
}

/** Whether a permission is of the older form that confines. */
export const isOnDevices = (one: RawPermission): one is OnDevices => Object.hasOwn(ON_DEVICES, one.action);

const devicesOf = (permissions: readonly OnDevices[]): SomeDevices => ({
  groups: permissions
    .filter(({ object }) => object.type === "DEVICE_GROUP")
    .map(({ object }) => object.value),
  ids: permissions.filter(({ object }) => object.type === "DEVICE_ID").map(({ object }) => object.value),
});

/** The devices to which the older form confines a permission: by its own action, else by those a user may see. */
function confined(permission: Permission, all: readonly OnDevices[]): SomeDevices {
  const own = all.filter(({ action }) => ON_DEVICES[action].includes(permission));
  if (own.length > 0) return devicesOf(own);
  const seen = all.filter(({ action }) => action === "VIEW_DEVICE");
  return devicesOf(seen.length > 0 ? seen : all);
}

/**
 * Permission sets widen each other; a permission on devices by the older form confines whatever else its user may do
 * about devices (protocol notes, rbac 3).
 */
export function rightsOfRoles(names: readonly string[], definitions: Definitions): Rights {
  const gathering = new Gathering();
  const onDevices: OnDevices[] = [];
  for (const name of names) {
    if (Object.hasOwn(ROLE_PERMISSIONS, name)) gathering.permit(ROLE_PERMISSIONS[name] ?? [], EVERYWHERE);
    const role = definitions.roles.get(name);
    for (const set of role?.permission_sets_with_scope ?? []) gathering.set(set, definitions);
    for (const permission of role?.permissions ?? [])
      if (isOnDevices(permission)) onDevices.push(permission);
      else gathering.raw(permission, EVERYWHERE);
  }
  return withAudit(onDevices.length === 0 ? gathering : confine(gathering, onDevices));
}

/**
 * Who sees only some devices or releases reads of the audit log what is about these. Who has no right to devices at all reads
 * it as an auditor; who has one to some of them, and not that to see them, reads of none.
 */
function withAudit({ permits, paths }: Rights): Rights {
  if (!permits.has("audit:read")) return { permits, paths };
  const isBounded = ABOUT_DEVICES.some((one) => (permits.get(one)?.devices ?? "all") !== "all");
  const seen = permits.get("devices:read")?.devices;
  const releases = permits.get("artifacts:read")?.releases ?? "all";
  const devices = seen ?? (isBounded ? NO_DEVICES : "all");
  return { permits: new Map([...permits, ["audit:read", { devices, releases }]]), paths };
}

function confine({ permits, paths }: Rights, onDevices: readonly OnDevices[]): Rights {
  const gathering = new Gathering();
  for (const [permission, reach] of permits) gathering.permit([permission], reach);
  for (const one of onDevices) {
    const reach = { devices: devicesOf([one]), releases: EVERYWHERE.releases };
    gathering.permit(ON_DEVICES[one.action], reach);
  }
  const within = (permission: Permission, reach: Reach) =>
    narrowed(reach, { devices: confined(permission, onDevices), releases: "all" });
  for (const permission of ABOUT_DEVICES) {
    const reach = gathering.permits.get(permission);
    if (reach) gathering.permits.set(permission, within(permission, reach));
  }
  const everywhere = { devices: devicesOf(onDevices), releases: EVERYWHERE.releases };
  return {
    permits: gathering.permits,
    paths: paths.map((right) => ({ ...right, reach: narrowed(right.reach, everywhere) })),
  };
}

/** What a permission set of a tenant permits without a scope. */
export function rightsOfSet({ permissions }: StoredSet): Rights {
  const gathering = new Gathering();
  for (const permission of permissions) gathering.raw(permission, EVERYWHERE);
  return gathering;
}

/** A token that names sets may do what they allow, as far as its user may. */
export function rightsOfToken(
  user: Rights,
  sets: readonly SetWithScope[] | undefined,
  definitions: Definitions,
): Rights {
  if (!sets) return user;
  const gathering = new Gathering();
  for (const set of sets) gathering.set(set, definitions);
  return inBoth(user, withAudit(gathering));
}
