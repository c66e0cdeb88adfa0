import type { Deps } from "../../platform/deps.ts";
import { openSession, refused, refuseSuspended, type Opening } from "../login.ts";
import { tellRefusedSignIn } from "../sign-in-audit.ts";
import { blockedUntilStatement } from "../throttle-store.ts";
import {
  countFailureStatements,
  refuseBlocked,
  refuseRemembered,
  subjectsOf,
  throttledPasskey,
} from "../throttle.ts";
import { accountOfStatement } from "../user-store.ts";
import { passkeyStatement } from "./store.ts";
import { verifyAssertion, type AssertionJson } from "./webauthn.ts";

/** Signs in by a passkey alone: it is held and its user was verified by it, which makes two factors. */
export async function signInByPasskey(
  deps: Deps,
  login: Opening & { credential: AssertionJson },
): Promise<string> {
  const { credential, network } = login;
  const throttled = throttledPasskey(credential.id, network);
  refuseRemembered(deps, throttled);
  const [passkey, blockedUntilMs] = await deps.directory.batch([
    passkeyStatement(credential.id),
    blockedUntilStatement(subjectsOf(throttled)),
  ]);
  refuseBlocked(deps, throttled, blockedUntilMs);
  const proof = passkey && (await verifyAssertion(deps, passkey, credential));
  const account = passkey && (await deps.directory.one(accountOfStatement(passkey.tenant, passkey.user)));
  if (!account || !proof) {
    const counts = await deps.directory.batch(countFailureStatements(throttled, deps.now()));
    tellRefusedSignIn(deps, account, { network, count: counts[0] ?? 0 });
    throw refused();
  }
  await refuseSuspended(deps, account, network);
  return openSession(deps, account, { ...login, passwordHash: account.passwordHash, proof }, throttled);
}
