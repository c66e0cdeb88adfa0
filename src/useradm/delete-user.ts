import type { Actor, OperatorActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { UserId } from "../platform/ids.ts";
import { byOf } from "../platform/stream.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { Disturbed, untilUndisturbed } from "../platform/undisturbed.ts";
import { removeSecretsOfRemovedStatement } from "./account-secret-store.ts";
import {
  followMovedStatements,
  moveAccountStatement,
  nextHomeStatement,
  removeMembershipStatement,
  usersWithOtherPlacesStatement,
  type Membership,
} from "./membership-store.ts";
import { personStatement, type Person } from "./people-store.ts";
import { factorSealedFor } from "./second-factor.ts";
import { removeSettingsOfRemovedStatement } from "./settings-store.ts";
import { followPasskeysStatement, removePasskeysOfChangedStatement } from "./passkeys/store.ts";
import { removeIdentitiesOfRemovedStatement } from "./sso/person-store.ts";
import { removeTokensOfRemovedStatement } from "./token-store.ts";
import {
  anotherAdminStatement,
  removeUserButLastStatement,
  removeUserStatement,
  userStatement,
  type User,
} from "./user-store.ts";
import { lastAdmin, userObject } from "./users.ts";

/** What is left of somebody who has no place in the tenant any more goes too. */
const followUps = (actor: Actor, person: Pick<User, "id" | "email">, at: number) =>
  [
    addAuditIfChanged(actor, { action: "delete", object: userObject(person) }, at),
    addEventIfChanged(
      { kind: "user.deleted", tenant: actor.tenant, subject: person.id, data: byOf(actor) },
      at,
    ),
  ] as const;

const leftovers = ({ tenant }: Actor, id: UserId) =>
  [
    removeTokensOfRemovedStatement(tenant, id),
    removeSettingsOfRemovedStatement(tenant, id),
    removeSecretsOfRemovedStatement(tenant, id),
  ] as const;

/** Only the operator takes the last one who may do everything. */
const keepsLastAdmin = (actor: Actor) => actor.kind !== "operator";

async function deleteAccount(deps: Deps, actor: Actor, user: User): Promise<void> {
  const { tenant } = actor;
  const remove = keepsLastAdmin(actor) ? removeUserButLastStatement : removeUserStatement;
  const [, , , , , , left] = await deps.directory.batch([
    remove(tenant, user.id),
    ...followUps(actor, user, deps.now()),
    ...leftovers(actor, user.id),
    userStatement(tenant, user.id),
    removePasskeysOfChangedStatement({ tenant, user: user.id }, user.email),
    removeIdentitiesOfRemovedStatement(tenant, user.id),
  ] as const);
  if (left) throw lastAdmin();
}

/** The account goes on where its user has another place. */
async function moveAway(deps: Deps, actor: Actor, user: User, next: Membership): Promise<void> {
  const at = deps.now();
  const sealedFactor = await factorSealedFor(deps, user, next.tenant);
  const move = { sealedFactor, keepLastAdmin: keepsLastAdmin(actor), atMs: at };
  const [moved, anotherAdmin] = await deps.directory.batch([
    moveAccountStatement(user, next, move),
    anotherAdminStatement(actor.tenant, user.id),
    ...followUps(actor, user, at),
    ...followMovedStatements(user, next.tenant),
    followPasskeysStatement({ tenant: user.tenant, user: user.id }, next.tenant, user.email),
    ...leftovers(actor, user.id),
    removeIdentitiesOfRemovedStatement(user.tenant, user.id),
  ]);
  if (moved > 0) return;
  if (keepsLastAdmin(actor) && !anotherAdmin) throw lastAdmin();
  throw new Disturbed("the user was changed meanwhile");
}

async function removeGuest(deps: Deps, actor: Actor, guest: Person): Promise<void> {
  const [, anotherAdmin, , , , , , left] = await deps.directory.batch([
    removeMembershipStatement(actor.tenant, guest.id, keepsLastAdmin(actor)),
    anotherAdminStatement(actor.tenant, guest.id),
    ...followUps(actor, guest, deps.now()),
    ...leftovers(actor, guest.id),
    personStatement(actor.tenant, guest.id),
  ] as const);
  if (left && !anotherAdmin) throw lastAdmin();
}

/**
 * Takes a user's place in the tenant; the account goes with the last place. Removing an unknown user succeeds. No user
 * removes themselves or the last one who may do everything; only the operator can.
 */
export const deleteUser = (deps: Deps, actor: Actor, id: UserId): Promise<void> =>
  untilUndisturbed(() => deleteOnce(deps, actor, id));

async function deleteOnce(deps: Deps, actor: Actor, id: UserId): Promise<void> {
  if (actor.kind === "user" && id === actor.user)
    throw new Fault("unprocessable", "users cannot delete themselves");
  const [user, person, next] = await deps.directory.batch([
    userStatement(actor.tenant, id),
    personStatement(actor.tenant, id),
    nextHomeStatement(id, actor.tenant),
  ]);
  if (user) return next ? moveAway(deps, actor, user, next) : deleteAccount(deps, actor, user);
  if (person) return removeGuest(deps, actor, person);
}

const A_PAGE = 100;

/** Before a tenant is removed: accounts of users who have a place elsewhere go there. */
export async function moveAccountsAway(deps: Deps, actor: OperatorActor): Promise<void> {
  for (let full = true; full;) {
    const page = await deps.directory.one(usersWithOtherPlacesStatement(actor.tenant, A_PAGE));
    full = page.length === A_PAGE;
    for (const { id } of page) await deleteUser(deps, actor, id);
  }
}
