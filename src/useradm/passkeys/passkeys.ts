import type { UserActor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import type { Sweep } from "../../platform/background.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { inSlices } from "../../platform/apart.ts";
import type { UserId } from "../../platform/ids.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { noticeIfChanged } from "../account-mails.ts";
import { tokensEnded } from "../events.ts";
import { checkCurrentPassword } from "../update-user.ts";
import { userStatement, type User } from "../user-store.ts";
import { unknownUser, userObject } from "../users.ts";
import { CHALLENGE_LIFE_MS, newChallenge } from "./challenges.ts";
import {
  addPasskeyStatement,
  forgetSpentStatement,
  passkeysStatement,
  removePasskeyStatement,
  renamePasskeyStatement,
  spendIfChanged,
  type StoredPasskey,
} from "./store.ts";
import { creationOptions, requestOptions, verifyRegistration, type RegistrationJson } from "./webauthn.ts";

const MAX_PASSKEYS = 10;

const tooMany = () => new Fault("unprocessable", "maximum number of passkeys reached for this user");
const unknownPasskey = () => new Fault("not_found", "passkey not found");

async function withPasskeys(deps: Deps, actor: UserActor, id: UserId): Promise<[User, StoredPasskey[]]> {
  const [user, passkeys] = await deps.directory.batch([
    userStatement(actor.tenant, id),
    passkeysStatement({ tenant: actor.tenant, user: id }),
  ]);
  if (!user) throw unknownUser();
  return [user, passkeys];
}

export const listPasskeys = async (deps: Deps, actor: UserActor, id: UserId): Promise<StoredPasskey[]> =>
  (await withPasskeys(deps, actor, id))[1];

/** The password is asked for again: whoever found an open session, or a token, is not to stay for ever. */
export async function passkeyOptions(deps: Deps, actor: UserActor, currentPassword: string | undefined) {
  const [user, known] = await withPasskeys(deps, actor, actor.user);
  if (user.verifiedMs === null) throw new Fault("forbidden", "the email address is not verified");
  await checkCurrentPassword(deps, user, currentPassword);
  if (known.length >= MAX_PASSKEYS) throw tooMany();
  const text = await newChallenge(deps, `add to ${user.id}`);
  return creationOptions(deps, user, { text, lifeMs: CHALLENGE_LIFE_MS }, known);
}

export const signInOptions = async (deps: Deps) =>
  requestOptions(deps, { text: await newChallenge(deps, "sign in"), lifeMs: CHALLENGE_LIFE_MS });

const entryOf = (user: User, change: string) => ({
  action: "auth_method_change",
  object: userObject(user),
  change,
});

export async function addPasskey(
  deps: Deps,
  actor: UserActor,
  { name, credential }: { name: string; credential: RegistrationJson },
): Promise<StoredPasskey> {
  const [user, known] = await withPasskeys(deps, actor, actor.user);
  if (known.length >= MAX_PASSKEYS) throw tooMany();
  const registered = await verifyRegistration(deps, user.id, credential);
  if (!registered) throw new Fault("bad_request", "the passkey does not answer what was asked");
  const at = deps.now();
  const passkey: StoredPasskey = {
    ...registered.passkey,
    tenant: user.tenant,
    user: user.id,
    name,
    createdMs: at,
    lastUsedMs: null,
  };
  const { spent } = registered;
  const [added] = await deps.directory.batch([
    addPasskeyStatement(passkey, { email: user.email, spent, most: MAX_PASSKEYS }),
    spendIfChanged(spent),
    addAuditIfChanged(actor, entryOf(user, `Added passkey ${name}`), at),
    noticeIfChanged(deps, user, "passkey_added", name),
  ]);
  if (added === 0) throw new Fault("conflict", "the passkey is known already, or its challenge was answered");
  return passkey;
}

export async function renamePasskey(deps: Deps, actor: UserActor, id: string, name: string): Promise<void> {
  const renamed = await deps.directory.one(renamePasskeyStatement(actor, id, name));
  if (renamed === 0) throw unknownPasskey();
}

export async function removePasskey(deps: Deps, actor: UserActor, owner: UserId, id: string): Promise<void> {
  const [user, passkeys] = await withPasskeys(deps, actor, owner);
  const passkey = passkeys.find((one) => one.id === id);
  if (!passkey) throw unknownPasskey();
  await deps.directory.batch([
    removePasskeyStatement(passkey, id),
    addAuditIfChanged(actor, entryOf(user, `Removed passkey ${passkey.name}`), deps.now()),
    noticeIfChanged(deps, user, "passkey_removed", passkey.name),
    // It may have been the second factor that is demanded of this user.
    addEventIfChanged(tokensEnded(user.tenant, user.id), deps.now()),
  ]);
}

const PAGE = 500;

export const forgetSpentChallenges: Sweep = async (deps) => {
  await inSlices(PAGE, (limit) => deps.directory.one(forgetSpentStatement(deps.now(), limit)));
};
