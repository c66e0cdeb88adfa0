import type { Actor, UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { UserId } from "../platform/ids.ts";
import { requirePermission } from "../platform/permissions.ts";
import { Disturbed, untilUndisturbed } from "../platform/undisturbed.ts";
import { hashPassword, verifyPassword } from "./passwords.ts";
import { blockedUntilStatement, forgetAccountStatement } from "./throttle-store.ts";
import {
  clientsOf,
  countFailureStatements,
  refuseBlocked,
  subjectsOf,
  throttledSession,
} from "./throttle.ts";
import { atHome } from "./at-home.ts";
import { updateGuest } from "./memberships.ts";
import { personStatement, type Person } from "./people-store.ts";
import { userStatement, type User } from "./user-store.ts";
import { checkPassword, unknownUser } from "./users.ts";
import { requireGivable } from "./roles/giving.ts";
import { sameRoles, writeUser } from "./write-user.ts";

export interface UserUpdate {
  email?: string | undefined;
  password?: string | undefined;
  currentPassword?: string | undefined;
  roles?: string[] | undefined;
}

/** Whoever holds a session may not guess the password behind it without limit. */
export async function checkCurrentPassword(
  deps: Deps,
  user: User,
  password: string | undefined,
): Promise<void> {
  const mismatch = new Fault("unprocessable", "current password mismatch");
  if (!password) throw mismatch;
  const throttled = throttledSession(user.email);
  refuseBlocked(deps, throttled, await deps.directory.one(blockedUntilStatement(subjectsOf(throttled))));
  if (await verifyPassword(deps, password, user.passwordHash)) return;
  await deps.directory.batch(countFailureStatements(throttled, deps.now()));
  throw mismatch;
}

/** Changes a user; with `current` proof needed for one's own password or email (protocol notes, useradm 4). */
export const updateUser = (deps: Deps, actor: UserActor, id: UserId, update: UserUpdate): Promise<void> =>
  untilUndisturbed(() => updateOnce(deps, actor, id, update));

async function updateOnce(deps: Deps, actor: UserActor, id: UserId, update: UserUpdate): Promise<void> {
  const own = id === actor.user;
  // Of oneself all but the roles, which would be a way to any permission.
  if (update.roles) requirePermission(actor, "users:manage");
  const [before, person] = await deps.directory.batch([
    userStatement(actor.tenant, id),
    personStatement(actor.tenant, id),
  ]);
  if (person?.isGuest) return updateAsGuest(deps, actor, person, update);
  if (!before) throw unknownUser();
  if (update.password !== undefined && !own) throw new Fault("unprocessable", "password cannot be modified");
  const email = update.email ?? before.email;
  const roles = update.roles ?? before.roles;
  if (!sameRoles(before.roles, roles)) await requireGivable(deps, actor, roles, before.roles);
  // Whoever names the address of an account can have its password set.
  if (!own && email !== before.email) await requireGivable(deps, actor, before.roles);
  if (update.password !== undefined) checkPassword(update.password, [before.email, email]);
  if (own && (update.password !== undefined || update.email !== undefined))
    await checkCurrentPassword(deps, before, update.currentPassword);
  const passwordHash =
    update.password === undefined ? before.passwordHash : await hashPassword(deps, update.password);
  const verifiedMs = email === before.email ? before.verifiedMs : null;
  const after = { ...before, email, passwordHash, verifiedMs, roles };
  const { updated, anotherAdmin } = await writeUser(deps, actor, { before, after, keepToken: actor.token });
  if (updated) return;
  const rolesLost = !sameRoles(before.roles, after.roles) && !anotherAdmin;
  if (rolesLost) throw new Fault("unprocessable", "the last administrator must keep all permissions");
  throw new Disturbed("the user was changed meanwhile");
}

/** Of a guest a tenant changes the roles; the guest changes the account, at its home. */
async function updateAsGuest(deps: Deps, actor: UserActor, guest: Person, update: UserUpdate): Promise<void> {
  const { roles, ...ofAccount } = update;
  const touchesAccount = ofAccount.email !== undefined || ofAccount.password !== undefined;
  if (touchesAccount && guest.id !== actor.user)
    throw new Fault("unprocessable", "the account of a guest cannot be modified");
  // Nothing is changed of either if the account refuses.
  if (touchesAccount || !roles) await updateOnce(deps, atHome(actor), guest.id, ofAccount);
  if (roles) await updateGuest(deps, actor, guest, roles);
}

/** A new password set by the operator; ends all tokens of the user and its login pause. */
export async function resetPassword(deps: Deps, actor: Actor, before: User, password: string): Promise<void> {
  checkPassword(password, [before.email]);
  const after = { ...before, passwordHash: await hashPassword(deps, password) };
  const { updated } = await writeUser(deps, actor, { before, after });
  if (!updated) throw new Disturbed("the user was changed meanwhile");
  await deps.directory.one(forgetAccountStatement(clientsOf(before.email)));
}
