import fc from "fast-check";
import { expect, it } from "vitest";
import { ROLE_PERMISSIONS, PERMISSIONS, type Permission } from "../../../src/platform/permissions.ts";
import { rightsAt } from "../../../src/platform/rights.ts";
import { rightsOfRoles, rightsOfToken } from "../../../src/useradm/roles/rights.ts";
import { BUILT_IN_SETS } from "../../../src/useradm/roles/built-in.ts";
import type { Role } from "../../../src/useradm/roles/schema.ts";

type Granted = NonNullable<Role["permission_sets_with_scope"]>[number];

const GROUPS = ["a", "b", "c"];
const TAGS = ["x", "y"];
/** A set of the tenant's own, which opens addresses. */
const WEB = "web";
const SETS = new Map([
  [
    WEB,
    {
      name: WEB,
      action: undefined,
      object: undefined,
      description: undefined,
      permissions: [{ action: "http" as const, object: { type: "GET" as const, value: "^/web/" } }],
      supported_scope_types: undefined,
    },
  ],
]);

/** The older form, and what it permits about the groups that it names. */
const ACTIONS = {
  VIEW_DEVICE: ["devices:read", "deployments:read"],
  MANAGE_DEVICE: ["devices:manage"],
  CREATE_DEPLOYMENT: ["deployments:manage"],
  REMOTE_TERMINAL: ["devices:connect"],
} as const;
type Action = keyof typeof ACTIONS;
interface OnGroup {
  action: Action;
  group: string;
}
const older: fc.Arbitrary<OnGroup[]> = fc.array(
  fc.record({
    action: fc.constantFrom(...(Object.keys(ACTIONS) as Action[])),
    group: fc.constantFrom(...GROUPS),
  }),
  { maxLength: 3 },
);

const scopes: fc.Arbitrary<Granted["scope"]> = fc.oneof(
  fc.constant(undefined),
  fc.subarray(GROUPS).map((value) => ({ type: "DeviceGroups" as const, value })),
  fc.subarray(TAGS).map((value) => ({ type: "ReleaseTags" as const, value })),
);
const web: fc.Arbitrary<Granted> = scopes.map((scope) => ({ name: WEB, scope }));
const builtInSet: fc.Arbitrary<Granted> = fc
  .constantFrom(...Object.keys(BUILT_IN_SETS).filter((name) => name !== "SuperUser"))
  .chain((name) => {
    const [type] = BUILT_IN_SETS[name]!.scopes ?? [];
    if (!type) return fc.constant({ name, scope: undefined });
    const value = fc.subarray(type === "DeviceGroups" ? GROUPS : TAGS);
    return fc.option(value, { freq: 3 }).map((names) => ({
      name,
      scope: names === null ? undefined : { type, value: names },
    }));
  });
const granted = fc.oneof({ arbitrary: builtInSet, weight: 6 }, { arbitrary: web, weight: 1 });
const roles = fc.array(fc.array(granted, { maxLength: 5 }), { maxLength: 4 });
const builtIn = fc.subarray(Object.keys(ROLE_PERMISSIONS).filter((name) => ROLE_PERMISSIONS[name] !== "all"));

const isOfDevices = (permission: Permission) => /^(devices|deployments):/.test(permission);

/** Whether one grant alone lets somebody do it with this device group or release tag. */
function alone({ name, scope }: Granted, permission: Permission, object: string): boolean {
  if (name === WEB) return false;
  const { permits } = BUILT_IN_SETS[name]!;
  if (permits === "all" || !permits.includes(permission)) return false;
  if (!scope) return true;
  return (scope.type === "DeviceGroups") === isOfDevices(permission) && scope.value.includes(object);
}

/** The same at an address that the grant opens. */
function opened({ name, scope }: Granted, permission: Permission, object: string): boolean {
  if (name !== WEB) return false;
  if (!scope || objectsOf(permission).includes("anything")) return true;
  return (scope.type === "DeviceGroups") === isOfDevices(permission) && scope.value.includes(object);
}

/** Whether the older form leaves a group to a permission: its own groups, else those seen, else all that are named. */
function isLeft(all: readonly OnGroup[], permission: Permission, object: string): boolean {
  if (all.length === 0 || !isOfDevices(permission)) return true;
  const own = all.filter(({ action }) => (ACTIONS[action] as readonly Permission[]).includes(permission));
  const seen = all.filter(({ action }) => action === "VIEW_DEVICE");
  const counted = [own, seen, all].find((some) => some.length > 0)!;
  return counted.some(({ group }) => group === object);
}

const objectsOf = (permission: Permission) =>
  isOfDevices(permission) ? GROUPS : permission.startsWith("artifacts:") ? TAGS : ["anything"];

/** The same by the rights that were made of all grants together. */
function together(rights: ReturnType<typeof rightsOfRoles>, permission: Permission, object: string): boolean {
  const reach = rights.permits.get(permission);
  if (!reach) return false;
  if (isOfDevices(permission)) return reach.devices === "all" || reach.devices.groups.includes(object);
  if (permission.startsWith("artifacts:"))
    return reach.releases === "all" || reach.releases.tags.includes(object);
  return true;
}

const named = (sets: readonly Granted[][], onGroups: readonly OnGroup[]): Map<string, Role> => {
  const raw = onGroups.map(({ action, group }) => ({
    action,
    object: { type: "DEVICE_GROUP" as const, value: group },
  }));
  const all: Role[] = sets.map((permission_sets_with_scope, i) => ({
    name: `role ${i}`,
    description: undefined,
    permissions: undefined,
    permission_sets_with_scope,
  }));
  const old = {
    name: "old",
    description: undefined,
    permissions: raw,
    permission_sets_with_scope: undefined,
  };
  return new Map([...all, old].map((role) => [role.name, role]));
};

it("each right reaches the objects it was given for and no others, whatever else its user holds", () => {
  const limiting = fc.option(fc.array(granted, { maxLength: 4 }));
  const addresses = fc.constantFrom("/web/x", "/other");
  fc.assert(
    fc.property(roles, builtIn, older, limiting, addresses, (sets, ids, onGroups, limits, path) => {
      const defined = { sets: SETS, roles: named(sets, onGroups) };
      const user = rightsOfRoles([...defined.roles.keys(), ...ids], defined);
      const rights = rightsOfToken(user, limits ?? undefined, defined);
      const isWeb = path === "/web/x";
      const wrong: string[] = [];
      for (const permission of PERMISSIONS)
        for (const object of objectsOf(permission)) {
          const grants = sets.flat();
          const given =
            ids.some((id) => ROLE_PERMISSIONS[id]!.includes(permission as never)) ||
            grants.some((one) => alone(one, permission, object)) ||
            onGroups.some(
              (one) =>
                (ACTIONS[one.action] as readonly Permission[]).includes(permission) && one.group === object,
            );
          const isNamed =
            onGroups.length === 0 ||
            !isOfDevices(permission) ||
            onGroups.some(({ group }) => group === object);
          const mayUser =
            (given && isLeft(onGroups, permission, object)) ||
            (isWeb && isNamed && grants.some((one) => opened(one, permission, object)));
          const mayToken =
            limits?.some(
              (one) => alone(one, permission, object) || (isWeb && opened(one, permission, object)),
            ) ?? true;
          const here = rightsAt(rights, [permission], { method: "GET", path, query: "" });
          if (together(here, permission, object) !== (mayUser && mayToken))
            wrong.push(`${permission} ${object}`);
        }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
