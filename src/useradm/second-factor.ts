import type { UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Sweep } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, asUserId, type TenantId, type UserId } from "../platform/ids.ts";
import { presentSeal, seal, unseal } from "../platform/seal.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { noticeIfChanged } from "./account-mails.ts";
import { tokensEnded } from "./events.ts";
import { passkeyStatement } from "./passkeys/store.ts";
import { verifyAssertion, type AssertionJson } from "./passkeys/webauthn.ts";
import { qrPicture } from "./qr.ts";
import {
  recoveryLeftStatement,
  resealStatement,
  sealedOtherwiseStatement,
  setRecoveryStatement,
  setUpFactorStatement,
  turnOffStatement,
  turnOnStatement,
  type Proof,
  type SealedFactor,
} from "./second-factor-store.ts";
import { blockedUntilStatement } from "./throttle-store.ts";
import { countFailureStatements, refuseBlocked, subjectsOf, throttledFactor } from "./throttle.ts";
import { tellRefusedSignIn } from "./sign-in-audit.ts";
import { newRecoveryCodes, newTotpSecret, recoveryDigest, stepOf, totpUrl } from "./totp.ts";
import { userStatement, type Account, type User } from "./user-store.ts";
import { unknownUser, userObject } from "./users.ts";

const contextOf = ({ tenant, id }: Pick<SealedFactor, "tenant" | "id">) => `second factor ${tenant} ${id}`;

const wrongState = (text: string) => new Fault("bad_request", text);

// The web UI asks for the code where the text has "2fa" in it.
const missingCode = () => new Fault("unauthorized", "2fa code required");
const missingPasskey = () => new Fault("unauthorized", "2fa passkey required");
export const wrongCode = () => new Fault("unauthorized", "2fa code is wrong or was used already");

async function userOr404(deps: Deps, actor: UserActor, id: UserId): Promise<User> {
  const user = await deps.directory.one(userStatement(actor.tenant, id));
  if (!user) throw unknownUser();
  return user;
}

async function secretOf(deps: Deps, user: User): Promise<string | undefined> {
  if (user.tfa.secret === null) return undefined;
  const secret = await unseal(deps.keys, user.tfa.secret, contextOf(user));
  if (secret === undefined)
    deps.log.error("a second factor is sealed by a key that is not here", { user: user.id });
  return secret;
}

/** The second factor of a user as it is kept in another tenant; one that cannot be read stays and is good for recovery codes only. */
export async function factorSealedFor(deps: Deps, user: User, tenant: TenantId): Promise<string | null> {
  const secret = await secretOf(deps, user);
  if (secret === undefined) return user.tfa.secret;
  return seal(deps.keys, secret, contextOf({ tenant, id: user.id }));
}

/** Begins to set up a second factor; it counts from its first code on. */
export async function setUpFactor(deps: Deps, actor: UserActor, id: UserId): Promise<void> {
  const user = await userOr404(deps, actor, id);
  if (user.verifiedMs === null) throw new Fault("forbidden", "the email address is not verified");
  const sealed = await seal(deps.keys, newTotpSecret(), contextOf(user));
  const begun = await deps.directory.one(setUpFactorStatement(user, sealed));
  if (begun === 0) throw wrongState("2fa is enabled already");
}

export async function turnOffFactor(deps: Deps, actor: UserActor, id: UserId): Promise<void> {
  const user = await userOr404(deps, actor, id);
  const { status } = user.tfa;
  if (status === "disabled") throw wrongState("2fa is not enabled");
  const entry = {
    action: "auth_method_change",
    object: userObject(user),
    change: "Disabled two-factor authentication",
  };
  const told =
    status === "enabled"
      ? [
          addAuditIfChanged(actor, entry, deps.now()),
          noticeIfChanged(deps, user, "second_factor_off"),
          // Where one is demanded, most rights are over.
          addEventIfChanged(tokensEnded(user.tenant, user.id), deps.now()),
        ]
      : [];
  const [done] = await deps.directory.batch([turnOffStatement(user, status), ...told]);
  if (done === 0) throw wrongState("2fa is not enabled");
}

/** The picture that an authenticator takes the secret from, while it is set up. */
export async function factorPicture(deps: Deps, actor: UserActor): Promise<string> {
  const user = await userOr404(deps, actor, actor.user);
  const secret = user.tfa.status === "unverified" ? await secretOf(deps, user) : undefined;
  if (secret === undefined) throw wrongState("2fa is not being set up");
  return qrPicture(totpUrl(secret, user.email)).toString("base64");
}

/** Runs the check of a code, which nobody may fail too often; of a sign-in the failures are in the audit log. */
async function guarded<T>(
  deps: Deps,
  user: User,
  check: () => Promise<T | undefined>,
  signIn?: Pick<SignIn, "network">,
): Promise<T> {
  const throttled = throttledFactor(user.email);
  refuseBlocked(deps, throttled, await deps.directory.one(blockedUntilStatement(subjectsOf(throttled))));
  const proof = await check();
  if (proof !== undefined) return proof;
  const [count = 0] = await deps.directory.batch(countFailureStatements(throttled, deps.now()));
  if (signIn)
    tellRefusedSignIn(deps, user, { network: signIn.network, count, why: "the second factor is wrong" });
  throw wrongCode();
}

async function codeStep(deps: Deps, user: User, code: string): Promise<number | undefined> {
  const secret = await secretOf(deps, user);
  return secret === undefined ? undefined : stepOf(secret, code, deps.now());
}

/** Turns the factor on by its first code, which logs in once more: the web UI wants it again at once. */
export async function turnOnFactor(deps: Deps, actor: UserActor, code: string): Promise<void> {
  const user = await userOr404(deps, actor, actor.user);
  if (user.tfa.status !== "unverified") throw wrongState("2fa is not being set up");
  await guarded(deps, user, () => codeStep(deps, user, code));
  const entry = {
    action: "auth_method_change",
    object: userObject(user),
    change: "Enabled two-factor authentication",
  };
  const [done] = await deps.directory.batch([
    turnOnStatement(user),
    addAuditIfChanged(actor, entry, deps.now()),
    noticeIfChanged(deps, user, "second_factor_on"),
  ]);
  if (done === 0) throw wrongState("2fa is not being set up");
}

/** New recovery codes in place of those from before, answered this once. */
export async function makeRecoveryCodes(deps: Deps, actor: UserActor, code: string): Promise<string[]> {
  const user = await userOr404(deps, actor, actor.user);
  if (user.tfa.status !== "enabled") throw wrongState("2fa is not enabled");
  await guarded(deps, user, () => codeStep(deps, user, code));
  const codes = newRecoveryCodes();
  const entry = { action: "auth_method_change", object: userObject(user), change: "Made new recovery codes" };
  const [done] = await deps.directory.batch([
    setRecoveryStatement(
      user,
      codes.flatMap((one) => recoveryDigest(one) ?? []),
    ),
    addAuditIfChanged(actor, entry, deps.now()),
    noticeIfChanged(deps, user, "recovery_codes_made"),
  ]);
  if (done === 0) throw wrongState("2fa is not enabled");
  return codes;
}

export const recoveryCodesLeft = (deps: Deps, actor: UserActor): Promise<number> =>
  deps.directory.one(recoveryLeftStatement({ tenant: actor.tenant, id: actor.user }));

/** What is given besides a password. */
export interface Factor {
  code?: string | undefined;
  passkey?: AssertionJson | undefined;
}

type SignIn = Factor & { network: string | undefined };

async function passkeyProof(deps: Deps, user: User, credential: AssertionJson): Promise<Proof> {
  const passkey = await deps.directory.one(passkeyStatement(credential.id));
  const isOwn = passkey?.tenant === user.tenant && passkey.user === user.id;
  return isOwn ? verifyAssertion(deps, passkey, credential) : undefined;
}

async function proofOf(deps: Deps, user: User, code: string): Promise<Proof> {
  if (user.tfa.status !== "enabled") return undefined;
  const recovery = recoveryDigest(code);
  if (recovery !== undefined) return user.tfa.recovery.includes(recovery) ? { recovery } : undefined;
  const step = await codeStep(deps, user, code);
  return step === undefined || step <= user.tfa.step ? undefined : { step };
}

/**
 * What a login has to prove besides the password. One that is not given yet is no failure. Passkeys are for whoever likes
 * them, so that they are demanded only of those who must have a second factor and have no other.
 */
export async function demandFactor(deps: Deps, user: Account, signIn: SignIn): Promise<Proof> {
  const { code, passkey } = signIn;
  const hasCodes = user.tfa.status === "enabled";
  if (!hasCodes && !(user.mustHaveFactor && user.hasPasskey)) return undefined;
  if (passkey) return guarded(deps, user, () => passkeyProof(deps, user, passkey), signIn);
  if (code === undefined || code === "") throw hasCodes ? missingCode() : missingPasskey();
  return guarded(deps, user, () => proofOf(deps, user, code), signIn);
}

const PAGE = 100;

/** Seals what an older key has sealed by the present one, so that the older can be given up. */
export const resealFactors: Sweep = async (deps) => {
  if (deps.keys.seals.length < 2) return;
  let after: Pick<SealedFactor, "tenant" | "id"> = { tenant: asTenantId(""), id: asUserId("") };
  for (;;) {
    const page = await deps.directory.one(sealedOtherwiseStatement(presentSeal(deps.keys), after, PAGE));
    const resealed = [];
    for (const factor of page) {
      const secret = await unseal(deps.keys, factor.secret, contextOf(factor));
      if (secret !== undefined)
        resealed.push(resealStatement(factor, await seal(deps.keys, secret, contextOf(factor))));
    }
    await deps.directory.batch(resealed);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last;
  }
};
