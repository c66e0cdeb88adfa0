import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { useVerificationStatement, verifyIfChanged } from "./account-secret-store.ts";
import { vouchStatement, type User } from "./user-store.ts";
import { userObject } from "./users.ts";
import { deadLink, followed, isOver } from "./account-secrets.ts";

/** Notes that whoever follows the link reads the mails of its address. */
export async function completeVerification(deps: Deps, opener: string): Promise<void> {
  const secret = await followed(deps, opener, ["verify"]);
  const now = deps.now();
  if (isOver(secret, now)) throw new Fault("gone", "the link was used or has expired");
  const [used] = await deps.directory.batch([
    useVerificationStatement(secret, now),
    verifyIfChanged(secret, now),
  ]);
  if (used === 0) throw deadLink();
}

/** Marks the address of a user as verified without a mail. */
export async function vouchFor(deps: Deps, actor: Actor, user: User): Promise<void> {
  const entry = { action: "update", object: userObject(user), change: `Vouched for ${user.email}` };
  await deps.directory.batch([vouchStatement(user, deps.now()), addAuditIfChanged(actor, entry, deps.now())]);
}
