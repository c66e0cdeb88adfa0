import type { Deps } from "../../platform/deps.ts";
import { demandChanged, type Statement } from "../../platform/database.ts";
import { asUserId, type TenantId, type UserId } from "../../platform/ids.ts";
import { BUILT_IN_ROLES } from "../../platform/permissions.ts";
import { untilUndisturbed } from "../../platform/undisturbed.ts";
import { describeChange, followUps } from "../roles/roles.ts";
import { addDefinedStatement, removeDefinedStatement, removeGroupStatement } from "../roles/store.ts";
import { userStatement } from "../user-store.ts";
import { updateStatements } from "../write-user.ts";
import { scimFault } from "./errors.ts";
import type { Filter } from "./filter.ts";
import {
  addGroupIfChanged,
  groupsStatement,
  groupStatement,
  holdersStatement,
  renameGroupStatement,
  takeFromAllStatements,
  type StoredGroup,
} from "./group-store.ts";
import type { GroupState } from "./patch.ts";
import { GROUP_SCHEMA, LIST_SCHEMA } from "./schema.ts";
import { NAME_TAKEN, notFound, providerOf, taken, written } from "./users.ts";

const MAX_SHOWN = 10_000;
const MAX_CUSTOM = 1000;
/** Users that one request gives a role, or takes it from: they are one transaction. */
const MAX_CHANGED = 50;
const MAX_ROLES = 15;

export interface Group extends StoredGroup {
  members: { id: UserId; email: string }[];
}

const builtIn = (name: string): StoredGroup => ({ name, displayName: name, externalId: null, isMade: false });

export async function scimGroup(deps: Deps, tenant: TenantId, name: string): Promise<Group> {
  const [custom, members] = await deps.directory.batch([
    groupStatement(tenant, name),
    holdersStatement(tenant, name, MAX_SHOWN),
  ]);
  const stored = BUILT_IN_ROLES.includes(name) ? builtIn(name) : custom;
  if (!stored) throw notFound();
  return { ...stored, members };
}

export const groupToWire = (
  { name, displayName, externalId, members }: Group,
  base: string,
  withMembers: boolean,
) => ({
  schemas: [GROUP_SCHEMA],
  id: name,
  displayName,
  ...(externalId !== null && { externalId }),
  ...(withMembers && {
    members: members.map(({ id, email }) => ({ value: id, display: email, $ref: `${base}/Users/${id}` })),
  }),
  meta: { resourceType: "Group", location: `${base}/Groups/${encodeURIComponent(name)}` },
});

export const GROUP_FILTERS = ["displayname", "externalid", "id"];

const isMeant = ({ attribute, value }: Filter, group: StoredGroup): boolean => {
  if (attribute === "displayname") return group.displayName === value;
  return attribute === "id" ? group.name === value : group.externalId === value;
};

export async function listScimGroups(
  deps: Deps,
  tenant: TenantId,
  {
    filter,
    page,
    base,
    withMembers,
  }: {
    filter: Filter | undefined;
    page: { start: number; count: number };
    base: string;
    withMembers: boolean;
  },
) {
  const all = [
    ...BUILT_IN_ROLES.map(builtIn),
    ...(await deps.directory.one(groupsStatement(tenant, MAX_CUSTOM))),
  ];
  const found = filter ? all.filter((group) => isMeant(filter, group)) : all;
  const shown = found.slice(page.start - 1, page.start - 1 + page.count);
  // Members are listed where few groups are asked for: each takes a look of its own.
  const groups = await Promise.all(
    shown.map(async (group): Promise<Group> => ({
      ...group,
      members: withMembers && filter ? (await scimGroup(deps, tenant, group.name)).members : [],
    })),
  );
  return {
    schemas: [LIST_SCHEMA],
    totalResults: found.length,
    startIndex: page.start,
    itemsPerPage: groups.length,
    Resources: groups.map((group) => groupToWire(group, base, withMembers && filter !== undefined)),
  };
}

/** What gives some users a role and takes it from others; that ends their tokens as any change of roles does. */
async function memberStatements(
  deps: Deps,
  tenant: TenantId,
  role: string,
  { before, after }: { before: ReadonlySet<string>; after: ReadonlySet<string> },
): Promise<Statement<unknown>[]> {
  const added = [...after].filter((id) => !before.has(id));
  const ids = [...added, ...[...before].filter((id) => !after.has(id))];
  if (ids.length > MAX_CHANGED)
    throw scimFault("bad_request", `at most ${MAX_CHANGED} members change at once`, "tooMany");
  const users = await deps.directory.batch(ids.map((id) => userStatement(tenant, asUserId(id))));
  return users.flatMap((user, i) => {
    const isAdded = i < added.length;
    if (!user && isAdded) throw scimFault("bad_request", `there is no user ${ids[i]}`, "invalidValue");
    if (!user || user.roles.includes(role) === isAdded) return [];
    if (isAdded && user.roles.length >= MAX_ROLES)
      throw scimFault("bad_request", `user ${user.id} has ${MAX_ROLES} roles already`, "invalidValue");
    const roles = isAdded ? [...user.roles, role] : user.roles.filter((one) => one !== role);
    return updateStatements(deps, providerOf(tenant), { before: user, after: { ...user, roles } });
  });
}

const NOBODY: ReadonlySet<string> = new Set();

/** Makes a role without rights: what it permits is said where roles are written. */
export async function createScimGroup(deps: Deps, tenant: TenantId, state: GroupState): Promise<Group> {
  const { displayName: name, externalId, members } = state;
  if (BUILT_IN_ROLES.includes(name)) throw taken("displayName");
  const role = { name, description: "Made by the identity provider", permission_sets_with_scope: [] };
  const definition = JSON.stringify(role);
  const entry = { action: "create", change: describeChange(undefined, definition) };
  await untilUndisturbed(async () => {
    await written(
      deps.directory.batch([
        addDefinedStatement("roles", tenant, { name, definition }),
        demandChanged(NAME_TAKEN),
        addGroupIfChanged(tenant, { name, displayName: name, externalId, isMade: true }),
        ...followUps(providerOf(tenant), ["roles", name], entry, deps.now()),
        ...(await memberStatements(deps, tenant, name, { before: NOBODY, after: members })),
      ]),
    );
  });
  return scimGroup(deps, tenant, name);
}

const keptHere = () =>
  scimFault("bad_request", "the role was not made by the provider, and keeps its name", "mutability");

/** Changes what the provider calls a group, and who is in it: all of that or nothing. */
export async function updateScimGroup(
  deps: Deps,
  tenant: TenantId,
  name: string,
  change: (before: GroupState) => GroupState,
): Promise<Group> {
  await untilUndisturbed(async () => {
    const group = await scimGroup(deps, tenant, name);
    const before = { ...group, members: new Set<string>(group.members.map(({ id }) => id)) };
    const { displayName, externalId, members } = change(before);
    const renames = displayName !== group.displayName || externalId !== group.externalId;
    if (displayName !== group.displayName && !group.isMade) throw keptHere();
    if (displayName !== name && BUILT_IN_ROLES.includes(displayName)) throw taken("displayName");
    const changed = await memberStatements(deps, tenant, name, { before: before.members, after: members });
    const renaming = renames && group.isMade;
    const statements = [
      ...(renaming
        ? [renameGroupStatement(tenant, { ...group, displayName, externalId }), demandChanged(NAME_TAKEN)]
        : []),
      ...changed,
    ];
    if (statements.length === 0) return;
    await written(deps.directory.batch(statements));
  });
  return scimGroup(deps, tenant, name);
}

/** Removes a role that a provider made, and takes it from all who have it. */
export async function removeScimGroup(deps: Deps, tenant: TenantId, name: string): Promise<void> {
  const group = await scimGroup(deps, tenant, name);
  if (!group.isMade) throw keptHere();
  const entry = { action: "delete", change: `Removed role ${name} by SCIM` };
  await deps.directory.batch([
    removeGroupStatement(tenant, name),
    removeDefinedStatement("roles", tenant, name),
    ...followUps(providerOf(tenant), ["roles", name], entry, deps.now()),
    ...takeFromAllStatements(tenant, name),
  ]);
}
