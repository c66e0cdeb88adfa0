import type { OperatorActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import type { UserId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { tokensEnded } from "./events.ts";
import { removeTokensStatement } from "./token-store.ts";
import { addUser, createUser } from "./users.ts";

/** Adds a user with a password, with a hash of it from another installation, or with an invitation to set one. */
export function importUser(
  deps: Deps,
  actor: OperatorActor,
  user: {
    email: string;
    password?: string | undefined;
    passwordHash?: string | undefined;
    isInvited: boolean;
    magicId?: string | undefined;
    logins?: Readonly<Record<string, string>> | undefined;
  },
): Promise<UserId> {
  const { passwordHash, ...input } = user;
  return passwordHash === undefined
    ? createUser(deps, actor, input)
    : addUser(deps, actor, input, passwordHash);
}

/** Ends all tokens of the actor's tenant or of one user of it. */
export async function revokeTokens(
  deps: Deps,
  actor: OperatorActor,
  user: UserId | undefined,
): Promise<void> {
  const object = user === undefined ? { type: "tenant", id: actor.tenant } : { type: "user", id: user };
  const at = deps.now();
  await deps.directory.batch([
    removeTokensStatement(actor.tenant, user),
    addAuditIfChanged(actor, { action: "update", object, change: "Revoked all user tokens" }, at),
    addEventIfChanged(tokensEnded(actor.tenant, user), at),
  ]);
}
