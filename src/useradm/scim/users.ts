import type { SystemActor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { isUniqueViolation } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { asUserId, type TenantId } from "../../platform/ids.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { Disturbed, untilUndisturbed } from "../../platform/undisturbed.ts";
import { tokensEnded } from "../events.ts";
import { removeTokensEverywhereIfChanged } from "../token-store.ts";
import { userStatement, type User } from "../user-store.ts";
import { deleteUser } from "../delete-user.ts";
import { addUser, isDuplicateEmail, userObject } from "../users.ts";
import { writeUser } from "../write-user.ts";
import { scimFault } from "./errors.ts";
import type { Filter } from "./filter.ts";
import type { UserState } from "./patch.ts";
import { LIST_SCHEMA, USER_SCHEMA } from "./schema.ts";
import { EXTERNAL_ID_KEY, scimUsersStatements, setScimStateStatement } from "./store.ts";

/** An identity provider acts for a tenant, not for one of its users. */
export const providerOf = (tenant: TenantId): SystemActor => ({ kind: "system", tenant });

export const notFound = () => scimFault("not_found", "there is no such resource");
export const lastAdministrator = () =>
  scimFault("conflict", "the last administrator must stay, with all permissions", "mutability");

const stateOf = (user: User): UserState => ({
  email: user.email,
  externalId: user.externalId,
  isActive: user.suspendedMs === null,
});

export const toWire = (user: User, base: string) => ({
  schemas: [USER_SCHEMA],
  id: user.id,
  ...(user.externalId !== null && { externalId: user.externalId }),
  userName: user.email,
  emails: [{ value: user.email, type: "work", primary: true }],
  active: user.suspendedMs === null,
  groups: user.roles.map((role) => ({ value: role, display: role })),
  meta: {
    resourceType: "User",
    created: rfc3339(user.createdMs),
    lastModified: rfc3339(user.updatedMs),
    location: `${base}/Users/${user.id}`,
  },
});

export async function listScimUsers(
  deps: Deps,
  tenant: TenantId,
  {
    filter,
    page,
    base,
  }: { filter: Filter | undefined; page: { start: number; count: number }; base: string },
) {
  const [totalResults, users] = await deps.directory.batch(scimUsersStatements(tenant, filter, page));
  return {
    schemas: [LIST_SCHEMA],
    totalResults,
    startIndex: page.start,
    itemsPerPage: users.length,
    Resources: users.map((user) => toWire(user, base)),
  };
}

export async function scimUser(deps: Deps, tenant: TenantId, id: string): Promise<User> {
  const user = await deps.directory.one(userStatement(tenant, asUserId(id)));
  if (!user) throw notFound();
  return user;
}

/** Runs a write that may break on what another user has. */
async function uniquely<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (cause) {
    if (isDuplicateEmail(cause)) throw scimFault("conflict", "the userName is taken", "uniqueness");
    if (isUniqueViolation(cause, EXTERNAL_ID_KEY))
      throw scimFault("conflict", "the externalId is taken", "uniqueness");
    throw cause;
  }
}

/** A user without a password and without rights: those come with groups. */
export async function createScimUser(deps: Deps, tenant: TenantId, state: UserState): Promise<User> {
  const { email, externalId, isActive } = state;
  const input = { email, externalId, isSuspended: !isActive, roles: [] };
  return scimUser(deps, tenant, await uniquely(addUser(deps, providerOf(tenant), input, "")));
}

/** Suspends a user, which ends sessions and tokens, or lets the user in again. */
async function writeState(deps: Deps, user: User, after: UserState): Promise<void> {
  const before = stateOf(user);
  if (before.externalId === after.externalId && before.isActive === after.isActive) return;
  const suspends = before.isActive && !after.isActive;
  const change = `Updated user ${user.email} by SCIM: active: ${after.isActive}`;
  const at = deps.now();
  const ends = suspends
    ? [
        addEventIfChanged(tokensEnded(user.tenant, user.id), at),
        removeTokensEverywhereIfChanged(user.tenant, user.id, ""),
      ]
    : [];
  const batch = deps.directory.batch([
    setScimStateStatement(user, after, at),
    addAuditIfChanged(providerOf(user.tenant), { action: "update", object: userObject(user), change }, at),
    ...ends,
  ]);
  const [written] = await uniquely(batch);
  if (written === 0) throw lastAdministrator();
}

export async function updateScimUser(
  deps: Deps,
  tenant: TenantId,
  id: string,
  change: (before: UserState) => UserState,
): Promise<User> {
  await untilUndisturbed(async () => {
    const before = await scimUser(deps, tenant, id);
    const state = change(stateOf(before));
    if (state.email !== before.email) {
      const after = { ...before, email: state.email, verifiedMs: null };
      const { updated } = await uniquely(writeUser(deps, providerOf(tenant), { before, after }));
      if (!updated) throw new Disturbed("the user was changed meanwhile");
    }
    await writeState(deps, { ...before, email: state.email }, state);
  });
  return scimUser(deps, tenant, id);
}

export async function removeScimUser(deps: Deps, tenant: TenantId, id: string): Promise<void> {
  const user = await scimUser(deps, tenant, id);
  await deleteUser(deps, providerOf(tenant), user.id);
}
