import type { Deps } from "../../platform/deps.ts";
import { asUserId, type TenantId, type UserId } from "../../platform/ids.ts";
import { BUILT_IN_ROLES } from "../../platform/permissions.ts";
import { Disturbed, untilUndisturbed } from "../../platform/undisturbed.ts";
import { definedPageStatement, definedStatement } from "../roles/store.ts";
import { userStatement } from "../user-store.ts";
import { writeUser } from "../write-user.ts";
import { scimFault } from "./errors.ts";
import type { Filter } from "./filter.ts";
import { GROUP_SCHEMA, LIST_SCHEMA } from "./schema.ts";
import { holdersStatement } from "./store.ts";
import { lastAdministrator, notFound, providerOf } from "./users.ts";

const MAX_SHOWN = 10_000;
const MAX_CUSTOM = 1000;
/** Users that one request gives a role, or takes it from: each is a transaction. */
const MAX_CHANGED = 50;
const MAX_ROLES = 15;

export interface Group {
  name: string;
  members: { id: UserId; email: string }[];
}

async function demandRole(deps: Deps, tenant: TenantId, name: string): Promise<void> {
  if (BUILT_IN_ROLES.includes(name)) return;
  if (!(await deps.directory.one(definedStatement("roles", tenant, name)))) throw notFound();
}

export async function scimGroup(deps: Deps, tenant: TenantId, name: string): Promise<Group> {
  await demandRole(deps, tenant, name);
  return { name, members: await deps.directory.one(holdersStatement(tenant, name, MAX_SHOWN)) };
}

export const groupToWire = ({ name, members }: Group, base: string, withMembers: boolean) => ({
  schemas: [GROUP_SCHEMA],
  id: name,
  displayName: name,
  ...(withMembers && {
    members: members.map(({ id, email }) => ({ value: id, display: email, $ref: `${base}/Users/${id}` })),
  }),
  meta: { resourceType: "Group", location: `${base}/Groups/${encodeURIComponent(name)}` },
});

export const GROUP_FILTERS = ["displayname", "id"];

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
  const custom = await deps.directory.one(
    definedPageStatement("roles", tenant, { offset: 0, limit: MAX_CUSTOM }),
  );
  const names = [...BUILT_IN_ROLES, ...custom.map(({ name }) => name)];
  const found = filter ? names.filter((name) => name === filter.value) : names;
  const shown = found.slice(page.start - 1, page.start - 1 + page.count);
  // Members are listed where few groups are asked for: each takes a look of its own.
  const groups = await Promise.all(
    shown.map(async (name): Promise<Group> => ({
      name,
      members: withMembers && filter ? (await scimGroup(deps, tenant, name)).members : [],
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

/** Gives a user the role, or takes it; that ends the user's tokens as any change of roles does. */
const setRole = (deps: Deps, tenant: TenantId, id: UserId, role: string, isHeld: boolean): Promise<void> =>
  untilUndisturbed(async () => {
    const before = await deps.directory.one(userStatement(tenant, id));
    if (!before || before.roles.includes(role) === isHeld) return;
    const roles = isHeld ? [...before.roles, role] : before.roles.filter((one) => one !== role);
    const after = { ...before, roles };
    const { updated, anotherAdmin } = await writeUser(deps, providerOf(tenant), { before, after });
    if (updated) return;
    if (!anotherAdmin && !isHeld) throw lastAdministrator();
    throw new Disturbed("the user was changed meanwhile");
  });

/** Everything is looked at before anything is written. */
async function refuseUnfit(deps: Deps, tenant: TenantId, added: readonly string[]): Promise<void> {
  const users = await deps.directory.batch(added.map((id) => userStatement(tenant, asUserId(id))));
  users.forEach((user, i) => {
    if (!user) throw scimFault("bad_request", `there is no user ${added[i]}`, "invalidValue");
    if (user.roles.length >= MAX_ROLES)
      throw scimFault("bad_request", `user ${user.id} has ${MAX_ROLES} roles already`, "invalidValue");
  });
}

export async function updateScimGroup(
  deps: Deps,
  tenant: TenantId,
  name: string,
  change: (members: readonly string[]) => ReadonlySet<string>,
): Promise<Group> {
  const { members } = await scimGroup(deps, tenant, name);
  const before = new Set<string>(members.map(({ id }) => id));
  const after = change([...before]);
  const [added, removed] = [
    [...after].filter((id) => !before.has(id)),
    [...before].filter((id) => !after.has(id)),
  ];
  if (added.length + removed.length > MAX_CHANGED)
    throw scimFault("bad_request", `at most ${MAX_CHANGED} members change at once`, "tooMany");
  if (added.length > 0) await refuseUnfit(deps, tenant, added);
  for (const id of added) await setRole(deps, tenant, asUserId(id), name, true);
  for (const id of removed) await setRole(deps, tenant, asUserId(id), name, false);
  return scimGroup(deps, tenant, name);
}
