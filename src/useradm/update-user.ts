import type { Actor, UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { UserId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
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
import { removeTokensIfChanged } from "./token-store.ts";
import { anotherAdminStatement, updateUserStatement, userStatement, type User } from "./user-store.ts";
import { checkPassword, unknownUser, userObject, writingEmail } from "./users.ts";

export interface UserUpdate {
  email?: string | undefined;
  password?: string | undefined;
  currentPassword?: string | undefined;
  roles?: string[] | undefined;
}

const sameRoles = (a: readonly string[], b: readonly string[]) => JSON.stringify(a) === JSON.stringify(b);

/** What changed, as the audit log shows it; a password is only named. */
function describeUpdate(before: User, after: User): string {
  const lines = [`Updated user ${before.email}:`];
  if (before.email !== after.email) lines.push(`-email: ${before.email}`, `+email: ${after.email}`);
  if (!sameRoles(before.roles, after.roles))
    lines.push(`-roles: ${before.roles.join(", ")}`, `+roles: ${after.roles.join(", ")}`);
  return lines.join("\n");
}

function auditOfUpdate(actor: Actor, before: User, after: User, at: number) {
  const object = userObject(after);
  const entries = [];
  const changed = before.email !== after.email || !sameRoles(before.roles, after.roles);
  const newPassword = before.passwordHash !== after.passwordHash;
  if (changed || !newPassword)
    entries.push(
      addAuditIfChanged(actor, { action: "update", object, change: describeUpdate(before, after) }, at),
    );
  if (newPassword) entries.push(addAuditIfChanged(actor, { action: "password_change", object }, at));
  return entries;
}

/** Whoever holds a session may not guess the password behind it without limit. */
async function checkCurrentPassword(deps: Deps, user: User, password: string | undefined): Promise<void> {
  const mismatch = new Fault("unprocessable", "current password mismatch");
  if (!password) throw mismatch;
  const throttled = throttledSession(user.email);
  refuseBlocked(deps, throttled, await deps.directory.one(blockedUntilStatement(subjectsOf(throttled))));
  if (await verifyPassword(deps, password, user.passwordHash)) return;
  await deps.directory.batch(countFailureStatements(throttled, deps.now()));
  throw mismatch;
}

/** Writes the update and ends every token of the user but one, all if nobody changed the user meanwhile. */
async function write(deps: Deps, actor: Actor, before: User, after: User, keepToken: string): Promise<void> {
  const at = deps.now();
  const batch = deps.directory.batch([
    updateUserStatement(before, after, at),
    anotherAdminStatement(before.tenant, before.id),
    ...auditOfUpdate(actor, before, after, at),
    addEventIfChanged({ kind: "user.updated", tenant: before.tenant, subject: before.id }, at),
    removeTokensIfChanged(before.tenant, before.id, keepToken),
    userStatement(before.tenant, before.id),
  ]);
  const [updated, anotherAdmin] = await writingEmail(batch);
  if (updated) return;
  const rolesLost = !sameRoles(before.roles, after.roles) && !anotherAdmin;
  if (rolesLost) throw new Fault("unprocessable", "the last administrator must keep all permissions");
  throw new Disturbed("the user was changed meanwhile");
}

/** Changes a user; with `current` proof needed for one's own password or email (protocol notes, useradm 4). */
export const updateUser = (deps: Deps, actor: UserActor, id: UserId, update: UserUpdate): Promise<void> =>
  untilUndisturbed(() => updateOnce(deps, actor, id, update));

async function updateOnce(deps: Deps, actor: UserActor, id: UserId, update: UserUpdate): Promise<void> {
  const own = id === actor.user;
  // Of oneself all but the roles, which would be a way to any permission.
  if (update.roles) requirePermission(actor, "users:manage");
  const before = await deps.directory.one(userStatement(actor.tenant, id));
  if (!before) throw unknownUser();
  if (update.password !== undefined && !own) throw new Fault("unprocessable", "password cannot be modified");
  const email = update.email ?? before.email;
  if (update.password !== undefined) checkPassword(update.password, [before.email, email]);
  if (own && (update.password !== undefined || update.email !== undefined))
    await checkCurrentPassword(deps, before, update.currentPassword);
  const passwordHash =
    update.password === undefined ? before.passwordHash : await hashPassword(deps, update.password);
  const after = { ...before, email, passwordHash, roles: update.roles ?? before.roles };
  await write(deps, actor, before, after, actor.token);
}

/** A new password set by the operator; ends all tokens of the user and its login pause. */
export async function resetPassword(deps: Deps, actor: Actor, before: User, password: string): Promise<void> {
  checkPassword(password, [before.email]);
  const after = { ...before, passwordHash: await hashPassword(deps, password) };
  await write(deps, actor, before, after, "");
  await deps.directory.one(forgetAccountStatement(clientsOf(before.email)));
}
