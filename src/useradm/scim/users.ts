import type { SystemActor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { demandChanged, isUniqueViolation, refusalOf, type Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { asUserId, type TenantId } from "../../platform/ids.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { Disturbed, untilUndisturbed } from "../../platform/undisturbed.ts";
import { tokensEnded } from "../events.ts";
import { removeTokensEverywhereIfChanged } from "../token-store.ts";
import { givingRights } from "../roles/roles.ts";
import { EMAIL_KEY, userStatement, type User } from "../user-store.ts";
import { deleteUser } from "../delete-user.ts";
import { addUser, isDuplicateEmail, userObject } from "../users.ts";
import { LAST_ADMINISTRATOR, updateStatements, USER_CHANGED } from "../write-user.ts";
import { scimFault } from "./errors.ts";
import type { Filter } from "./filter.ts";
import { DISPLAY_NAME_KEY } from "./group-store.ts";
import type { UserState } from "./patch.ts";
import { LIST_SCHEMA, USER_SCHEMA } from "./schema.ts";
import { EXTERNAL_ID_KEY, scimUsersStatements, setScimStateStatement } from "./store.ts";

/** An identity provider acts for a tenant, not for one of its users. */
export const providerOf = (tenant: TenantId): SystemActor => ({ kind: "system", tenant });

export const notFound = () => scimFault("not_found", "there is no such resource");
const lastAdministrator = () =>
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

export const taken = (attribute: string) => scimFault("conflict", `the ${attribute} is taken`, "uniqueness");

export const NAME_TAKEN = "name-taken";

const UNIQUE: Readonly<Record<string, string>> = {
  [EXTERNAL_ID_KEY]: "externalId",
  [DISPLAY_NAME_KEY]: "displayName",
};

/** Runs a batch all of which happens or nothing, and says in the provider's words why it did not. */
export async function written<T>(batch: Promise<T>): Promise<T> {
  try {
    return await givingRights(batch);
  } catch (cause) {
    if (isDuplicateEmail(cause) || isUniqueViolation(cause, EMAIL_KEY)) throw taken("userName");
    for (const [key, attribute] of Object.entries(UNIQUE))
      if (isUniqueViolation(cause, key)) throw taken(attribute);
    const refusal = refusalOf(cause);
    if (refusal === NAME_TAKEN) throw taken("displayName");
    if (refusal === LAST_ADMINISTRATOR) throw lastAdministrator();
    if (refusal === USER_CHANGED) throw new Disturbed("the user was changed meanwhile");
    throw cause;
  }
}

/** A user without a password and without rights: those come with groups. */
export async function createScimUser(deps: Deps, tenant: TenantId, state: UserState): Promise<User> {
  const { email, externalId, isActive } = state;
  const input = { email, externalId, isSuspended: !isActive, roles: [] };
  return scimUser(deps, tenant, await written(addUser(deps, providerOf(tenant), input, "")));
}

/** Suspends a user, which ends sessions and tokens, or lets the user in again. */
function stateStatements(deps: Deps, user: User, after: UserState): Statement<unknown>[] {
  const before = stateOf(user);
  if (before.externalId === after.externalId && before.isActive === after.isActive) return [];
  const suspends = before.isActive && !after.isActive;
  const change = `Updated user ${after.email} by SCIM: active: ${after.isActive}`;
  const object = userObject({ id: user.id, email: after.email });
  const at = deps.now();
  return [
    setScimStateStatement(user, after, at),
    demandChanged(LAST_ADMINISTRATOR),
    addAuditIfChanged(providerOf(user.tenant), { action: "update", object, change }, at),
    ...(suspends
      ? [
          addEventIfChanged(tokensEnded(user.tenant, user.id), at),
          removeTokensEverywhereIfChanged(user.tenant, user.id, ""),
        ]
      : []),
  ];
}

/** All that the provider changes of a user happens, or nothing. */
export async function updateScimUser(
  deps: Deps,
  tenant: TenantId,
  id: string,
  change: (before: UserState) => UserState,
): Promise<User> {
  await untilUndisturbed(async () => {
    const before = await scimUser(deps, tenant, id);
    const state = change(stateOf(before));
    const after = { ...before, email: state.email, verifiedMs: null };
    const statements = [
      ...(state.email === before.email ? [] : updateStatements(deps, providerOf(tenant), { before, after })),
      ...stateStatements(deps, before, state),
    ];
    if (statements.length > 0) await written(deps.directory.batch(statements));
  });
  return scimUser(deps, tenant, id);
}

export async function removeScimUser(deps: Deps, tenant: TenantId, id: string): Promise<void> {
  const user = await scimUser(deps, tenant, id);
  await deleteUser(deps, providerOf(tenant), user.id);
}
