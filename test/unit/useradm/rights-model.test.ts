import fc from "fast-check";
import { expect, it } from "vitest";
import { ROLE_PERMISSIONS, PERMISSIONS, type Permission } from "../../../src/platform/permissions.ts";
import { rightsOfRoles, rightsOfToken } from "../../../src/useradm/roles/rights.ts";
import { BUILT_IN_SETS } from "../../../src/useradm/roles/built-in.ts";
import type { Role } from "../../../src/useradm/roles/schema.ts";

type Granted = NonNullable<Role["permission_sets_with_scope"]>[number];

const GROUPS = ["a", "b", "c"];
const TAGS = ["x", "y"];
const NONE = { sets: new Map() };

const granted: fc.Arbitrary<Granted> = fc
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
const roles = fc.array(fc.array(granted, { maxLength: 5 }), { maxLength: 4 });
const builtIn = fc.subarray(Object.keys(ROLE_PERMISSIONS).filter((name) => ROLE_PERMISSIONS[name] !== "all"));

const isOfDevices = (permission: Permission) => /^(devices|deployments):/.test(permission);

/** Whether one grant alone lets somebody do it with this device group or release tag. */
function alone({ name, scope }: Granted, permission: Permission, object: string): boolean {
  const { permits } = BUILT_IN_SETS[name]!;
  if (permits === "all" || !permits.includes(permission)) return false;
  if (!scope) return true;
  return (scope.type === "DeviceGroups") === isOfDevices(permission) && scope.value.includes(object);
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

const named = (sets: readonly Granted[][]): Map<string, Role> =>
  new Map(
    sets.map((permission_sets_with_scope, i) => [
      `role ${i}`,
      { name: `role ${i}`, description: undefined, permissions: undefined, permission_sets_with_scope },
    ]),
  );

it("each right reaches the objects it was given for and no others, whatever else its user holds", () => {
  fc.assert(
    fc.property(roles, builtIn, fc.option(fc.array(granted, { maxLength: 4 })), (sets, ids, limits) => {
      const defined = { ...NONE, roles: named(sets) };
      const user = rightsOfRoles([...defined.roles.keys(), ...ids], defined);
      const rights = rightsOfToken(user, limits ?? undefined, defined);
      const wrong: string[] = [];
      for (const permission of PERMISSIONS)
        for (const object of objectsOf(permission)) {
          const byRole = ids.some((id) => ROLE_PERMISSIONS[id]!.includes(permission as never));
          const mayUser = byRole || sets.flat().some((one) => alone(one, permission, object));
          const may = mayUser && (limits?.some((one) => alone(one, permission, object)) ?? true);
          if (together(rights, permission, object) !== may) wrong.push(`${permission} ${object}`);
        }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
