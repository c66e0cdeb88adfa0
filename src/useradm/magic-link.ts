import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { useVerificationStatement } from "./account-secret-store.ts";
import { followed, isOver } from "./account-secrets.ts";
import { opening, type Client } from "./open-session.ts";
import { refused } from "./login.ts";
import { refuseOutsideProvider } from "./sso/destination.ts";
import { blockedUntilStatement } from "./throttle-store.ts";
import { countFailureStatements, refuseBlocked, subjectsOf, throttledMagic } from "./throttle.ts";
import { accountOfStatement } from "./user-store.ts";

async function sessionBy(deps: Deps, id: string, client: Client): Promise<string> {
  const secret = await followed(deps, id.toLowerCase(), ["magic"]);
  const now = deps.now();
  const account = await deps.directory.one(accountOfStatement(secret.tenant, secret.user));
  // Who has a second factor since, or needs one, logs in with it.
  if (
    !account ||
    isOver(secret, now) ||
    account.tenantStatus !== "active" ||
    account.suspendedMs !== null ||
    account.tfa.status === "enabled" ||
    account.mustHaveFactor
  )
    throw refused();
  refuseOutsideProvider(deps, account);
  const lifeS = deps.settings.USER_TOKEN_LIFE_S;
  const { begin, end, token } = opening(deps, account, { ...client, lifeS });
  const [used] = await deps.directory.batch([useVerificationStatement(secret, now), ...begin, ...end]);
  if (used === 0) throw refused();
  return token();
}

/** A session for whoever brings the id that a user was made with: once, soon after, and instead of a password. */
export async function logInByMagic(deps: Deps, id: string, client: Client): Promise<string> {
  const throttled = throttledMagic(client.network);
  refuseBlocked(deps, throttled, await deps.directory.one(blockedUntilStatement(subjectsOf(throttled))));
  try {
    return await sessionBy(deps, id, client);
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.status >= 500) throw cause;
    await deps.directory.batch(countFailureStatements(throttled, deps.now()));
    throw refused();
  }
}
