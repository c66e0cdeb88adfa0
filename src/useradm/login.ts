import type { UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { tokensEnded } from "./events.ts";
import { knownDeviceOf } from "./known-device.ts";
import { inLine } from "./login-concurrency.ts";
import { opening } from "./open-session.ts";
import { refuseOutsideProvider } from "./sso/destination.ts";
import { hashPassword, needsRehash, verifyPassword } from "./passwords.ts";
import { demandFactor, wrongCode, type Factor } from "./second-factor.ts";
import { useProofIfChanged, type Proof } from "./second-factor-store.ts";
import {
  countFailureStatements,
  refuseBlocked,
  refuseRemembered,
  subjectsOf,
  throttledFactor,
  throttledLogin,
  throttledSuspended,
  type Throttled,
} from "./throttle.ts";
import { tellRefusedSignIn } from "./sign-in-audit.ts";
import { blockedUntilStatement, forgetFailuresIfChanged, noneBlocked } from "./throttle-store.ts";
import { removeTokenStatement } from "./token-store.ts";
import { accountStatement, stampLoginStatement, type Account } from "./user-store.ts";

/** What a session is opened with, however it was proved whose it is. */
export interface Opening {
  /** "Stay signed in": a session without end. */
  noExpiry: boolean;
  network: string | undefined;
  userAgent?: string | undefined;
}

export interface Login extends Opening, Factor {
  email: string;
  password: string;
  /** Cookie of an earlier login with the same browser. */
  deviceCookie: string | undefined;
}

export const refused = () => new Fault("unauthorized", "unauthorized");

/** Checks the password and answers a session's token. Unknown users and wrong passwords look and cost the same. */
export async function logIn(deps: Deps, login: Login): Promise<string> {
  const knownDevice = await knownDeviceOf(deps, login.email, login.deviceCookie);
  const throttled = throttledLogin({ ...login, knownDevice });
  refuseRemembered(deps, throttled);
  return inLine(deps, login.network, () => checkPassword(deps, login, throttled));
}

async function checkPassword(deps: Deps, login: Login, throttled: Throttled): Promise<string> {
  const now = deps.now();
  const [account, blockedUntilMs] = await deps.directory.batch([
    accountStatement(login.email),
    blockedUntilStatement(subjectsOf(throttled)),
  ]);
  refuseBlocked(deps, throttled, blockedUntilMs);
  const matches = await verifyPassword(deps, login.password, account?.passwordHash);
  if (!account || !matches) {
    const counts = await deps.directory.batch(countFailureStatements(throttled, now));
    tellRefusedSignIn(deps, account, { network: login.network, count: counts[1] ?? counts[0] ?? 0 });
    throw refused();
  }
  await refuseSuspended(deps, account, login.network);
  const proof = await demandFactor(deps, account, login);
  const passwordHash = needsRehash(deps, account.passwordHash)
    ? await hashPassword(deps, login.password)
    : account.passwordHash;
  return openSession(deps, account, { ...login, passwordHash, proof }, throttled);
}

export async function refuseSuspended(
  deps: Deps,
  account: Account,
  network: string | undefined,
): Promise<void> {
  if (account.tenantStatus === "active") return;
  const counting = countFailureStatements(throttledSuspended(account.email), deps.now());
  const [count = 0] = await deps.directory.batch(counting);
  tellRefusedSignIn(deps, account, { network, count, why: "the tenant is suspended" });
  throw new Fault("unauthorized", "tenant account suspended");
}

/** Opens a session for a user who has proved everything that it takes. */
export async function openSession(
  deps: Deps,
  account: Account,
  login: Opening & { passwordHash: string; proof: Proof },
  throttled: Throttled,
): Promise<string> {
  refuseOutsideProvider(deps, account);
  const now = deps.now();
  const lifeS = login.noExpiry ? undefined : deps.settings.USER_TOKEN_LIFE_S;
  const { begin, end, token } = opening(deps, account, { ...login, lifeS });
  // Many guesses sent at once all pass the first look at the counters; the guard lets none in once they count.
  const factor = login.proof ? subjectsOf(throttledFactor(account.email)) : [];
  const open = noneBlocked([...subjectsOf(throttled), ...factor], now);
  const [stamped] = await deps.directory.batch([
    stampLoginStatement(account, { passwordHash: login.passwordHash, proof: login.proof, open }, now),
    ...useProofIfChanged(account, login.proof, now),
    ...begin,
    forgetFailuresIfChanged([throttled[0].subject, ...factor]),
    ...end,
  ]);
  if (stamped === 0) throw login.proof ? wrongCode() : refused();
  return token();
}

/** Ends the token of the call, whatever kind it is. */
export async function logOut(deps: Deps, actor: UserActor): Promise<void> {
  await deps.directory.batch([
    removeTokenStatement(actor.tenant, actor.user, actor.token),
    addEventIfChanged(tokensEnded(actor.tenant, actor.user), deps.now()),
  ]);
}
