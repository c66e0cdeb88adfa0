import type { components } from "../../api/schema.d.ts";

export type Role = components["schemas"]["RoleObject"];
export type PermissionSet = components["schemas"]["PermissionSetObject"];
type Permission = PermissionSet["permissions"][number];

const ALL = "SuperUser";
export const EVERYTHING = "everything";

const WORDS: Readonly<Record<string, string>> = { DeviceGroups: "group", ReleaseTags: "tag" };

/** Where a set of a role holds, one text for each place. */
function placesOf(scope: { type: string; value: string[] } | undefined): string[] {
  if (!scope) return [EVERYTHING];
  return scope.value.map((value) => `${WORDS[scope.type] ?? scope.type} ${value}`);
}

const textOf = ({ action, object }: Permission): string =>
  JSON.stringify([action, object.type, object.value]);

/** Whether the first allows all that the second does. */
function allows(one: PermissionSet, other: PermissionSet): boolean {
  if (one.name === ALL || one.name === other.name) return true;
  const those = new Set(one.permissions.map(textOf));
  return (
    other.permissions.length > 0 && other.permissions.every((permission) => those.has(textOf(permission)))
  );
}

/** Where what a set allows may be done by whom has these roles: nowhere, at some places, or for everything. */
export function placesFor(
  set: PermissionSet,
  roles: readonly Role[],
  sets: readonly PermissionSet[],
): string[] {
  const found = roles.flatMap(({ permission_sets_with_scope: held = [] }) =>
    held.flatMap(({ name, scope }) => {
      const one = sets.find((known) => known.name === name);
      return one && allows(one, set) ? placesOf(scope) : [];
    }),
  );
  return found.includes(EVERYTHING) ? [EVERYTHING] : [...new Set(found)].toSorted();
}

/** Roles of this name; whoever has one that is gone has nothing by it. */
export const rolesNamed = (names: readonly string[], roles: readonly Role[]): Role[] =>
  roles.filter(({ name }) => names.includes(name));

/** Rights of the first version are no permission sets: what they come to cannot be told from these. */
export const isOfFirstVersion = ({
  permissions = [],
  permission_sets_with_scope: sets = [],
}: Role): boolean => permissions.length > 0 && sets.length === 0;
