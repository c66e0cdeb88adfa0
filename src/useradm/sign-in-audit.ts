import { addAudit, addAuditIfChanged } from "../platform/audit.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId, UserId } from "../platform/ids.ts";

interface Known {
  id: UserId;
  tenant: TenantId;
  email: string;
}

const entryOf = (action: string, { id, email }: Known, network: string | undefined, more = "") => ({
  action,
  object: { type: "user", id, detail: { user: { email } } },
  change: `From ${network ?? "an unknown address"}${more}`,
});

/** A user has signed in, if the statement before it in the batch made the session. */
export const addSignInIfChanged = (user: Known, network: string | undefined, at: number): Statement<number> =>
  addAuditIfChanged(
    { kind: "user", tenant: user.tenant, user: user.id, email: user.email },
    entryOf("sign_in", user, network),
    at,
  );

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;

/**
 * A sign-in was refused, for the so many-th time within the hour. The first, second, fourth, eighth and so on are told, so
 * that no flood of guesses fills the log; after the answer, so that it does not tell whether there is such a user.
 */
export function tellRefusedSignIn(
  deps: Deps,
  user: Known | undefined,
  { network, count, why }: { network: string | undefined; count: number; why?: string },
): void {
  if (!user || !isPowerOfTwo(count)) return;
  const times = count === 1 ? "" : `; ${count} within the hour`;
  const entry = entryOf("sign_in_refused", user, network, (why ? `: ${why}` : "") + times);
  const told = deps
    .db(user.tenant)
    .uncounted()
    .one(addAudit({ kind: "system", tenant: user.tenant }, entry, deps.now()));
  deps.later(told.catch((cause: unknown) => deps.log.error("refused sign-in not recorded", { cause })));
}
