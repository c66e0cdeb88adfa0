import type { Deps } from "../platform/deps.ts";
import { Disturbed, untilUndisturbed } from "../platform/undisturbed.ts";
import { isOpenSecret } from "./account-secret-store.ts";
import { deadLink, followed, isOver } from "./account-secrets.ts";
import { ownerOf } from "./link-owner.ts";
import { hashPassword } from "./passwords.ts";
import { clientsOf } from "./throttle.ts";
import { forgetAccountStatement } from "./throttle-store.ts";
import { checkPassword } from "./users.ts";
import { writeUser } from "./write-user.ts";

/**
 * Sets the password that whoever follows the link has chosen, and ends all sessions and tokens. The second factor stays as
 * it is. The address is proved by it.
 */
export const completeReset = (deps: Deps, opener: string, password: string): Promise<void> =>
  untilUndisturbed(() => resetOnce(deps, opener, password));

async function resetOnce(deps: Deps, opener: string, password: string): Promise<void> {
  const secret = await followed(deps, opener, ["reset", "invite"]);
  const { account: before } = secret;
  if (isOver(secret, deps.now()) || before.email !== secret.email) throw deadLink();
  checkPassword(password, [before.email]);
  const passwordHash = await hashPassword(deps, password);
  const { updated } = await writeUser(deps, ownerOf(before), {
    before,
    after: { ...before, passwordHash, verifiedMs: before.verifiedMs ?? deps.now() },
    guard: isOpenSecret(secret, deps.now()),
  });
  if (!updated) throw new Disturbed("the user was changed, or the link used, meanwhile");
  await deps.directory.one(forgetAccountStatement(clientsOf(before.email)));
}
