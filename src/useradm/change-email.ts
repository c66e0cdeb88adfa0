import type { UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId } from "../platform/ids.ts";
import { Disturbed, untilUndisturbed } from "../platform/undisturbed.ts";
import { sendLinkIfChanged } from "./account-mails.ts";
import {
  addEmailChangeStatement,
  cancelChangesStatement,
  isOpenSecret,
  pendingChangeStatement,
  type AccountSecret,
} from "./account-secret-store.ts";
import { deadLink, followed, isOver, newSecret } from "./account-secrets.ts";
import { ownerOf } from "./link-owner.ts";
import { checkCurrentPassword } from "./update-user.ts";
import { homeOf } from "./at-home.ts";
import { workplacesStatement, type Workplace } from "./membership-store.ts";
import { personStatement, type Person } from "./people-store.ts";
import { userStatement } from "./user-store.ts";
import { duplicateEmail, isDuplicateEmail, unknownUser } from "./users.ts";
import { writeUser } from "./write-user.ts";

/** Sends a link to a new address; the old one stays until the link is followed. */
export async function startEmailChange(
  deps: Deps,
  actor: UserActor,
  input: { email: string; currentPassword: string | undefined },
): Promise<void> {
  const user = await deps.directory.one(userStatement(actor.tenant, actor.user));
  if (!user) throw unknownUser();
  await checkCurrentPassword(deps, user, input.currentPassword);
  const now = deps.now();
  const secret = newSecret(user, { id: newId(), purpose: "email", email: input.email }, now);
  const [pending, added] = await deps.directory.batch([
    pendingChangeStatement(actor.tenant, actor.user, now),
    addEmailChangeStatement(secret),
    sendLinkIfChanged(deps, secret),
  ]);
  if (pending) throw new Fault("conflict", "a change of the email address is pending already");
  if (added === 0) throw duplicateEmail();
}

export const pendingEmailChange = (deps: Deps, actor: UserActor): Promise<AccountSecret | undefined> =>
  deps.directory.one(pendingChangeStatement(actor.tenant, actor.user, deps.now()));

export async function cancelEmailChange(deps: Deps, actor: UserActor): Promise<void> {
  await deps.directory.one(cancelChangesStatement(actor.tenant, actor.user));
}

/** Replaces the address by the one that the link was sent to, which proves it, and ends all sessions and tokens. */
export const completeEmailChange = (deps: Deps, opener: string): Promise<void> =>
  untilUndisturbed(() => changeOnce(deps, opener));

async function changeOnce(deps: Deps, opener: string): Promise<void> {
  const secret = await followed(deps, opener, ["email"]);
  const { account: before } = secret;
  const now = deps.now();
  if (isOver(secret, now)) throw deadLink();
  try {
    const { updated } = await writeUser(deps, ownerOf(before), {
      before,
      after: { ...before, email: secret.email, verifiedMs: now },
      guard: isOpenSecret(secret, now),
    });
    if (!updated) throw new Disturbed("the user was changed, or the link used, meanwhile");
  } catch (cause) {
    throw isDuplicateEmail(cause)
      ? new Fault("conflict", "user with a given email already exists", { cause })
      : cause;
  }
}

/** The own user with what waits for a link to be followed, and the tenants that it can work in. */
export async function getOwnUser(
  deps: Deps,
  actor: UserActor,
): Promise<{ user: Person; pending: AccountSecret | undefined; workplaces: Workplace[] }> {
  const home = homeOf(actor);
  const [user, pending, workplaces] = await deps.directory.batch([
    personStatement(actor.tenant, actor.user),
    pendingChangeStatement(home, actor.user, deps.now()),
    workplacesStatement(actor.user, home),
  ]);
  if (!user) throw unknownUser();
  return { user, pending, workplaces };
}
