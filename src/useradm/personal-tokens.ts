import type { UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId } from "../platform/ids.ts";
import { byOf, tellFromDirectory } from "../platform/stream.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { subscriptionOfTenant, tenantStatement } from "../tenants/index.ts";
import { noticeIfChanged } from "./account-mails.ts";
import { tokensEnded } from "./events.ts";
import { expiryMs, issueUserToken } from "./issue.ts";
import type { TokenLimits } from "./roles/read-rights.ts";
import { checkSets } from "./roles/roles.ts";
import {
  addPersonalStatement,
  countPersonalStatement,
  personalTokensStatement,
  removeExpiredStatement,
  removeTokenStatement,
  type PersonalToken,
} from "./token-store.ts";

const MAX_PERSONAL_TOKENS = 10;

const objectOf = (id: string, name?: string) => ({
  type: "user_access_token",
  id,
  ...(name === undefined ? {} : { detail: { user_access_token: { name } } }),
});

/** Bytes of what bounds one token; it is read with every request. */
const MAX_LIMITS_BYTES = 8 * 1024;

function limitsText({ permission_sets_with_scope, addresses, tools }: TokenLimits): string | null {
  if (!permission_sets_with_scope && !addresses && !tools) return null;
  const text = JSON.stringify({ permission_sets_with_scope, addresses, tools });
  if (Buffer.byteLength(text) > MAX_LIMITS_BYTES)
    throw new Fault("bad_request", `the limits of the token are larger than ${MAX_LIMITS_BYTES} bytes`);
  return text;
}

/** Makes a token with the rights of its owner, or fewer. It is answered once and cannot be read again. */
export async function createPersonalToken(
  deps: Deps,
  actor: UserActor,
  input: { name: string; expiresInS: number; limits: TokenLimits },
): Promise<string> {
  const { tenant, user } = actor;
  await checkSets(deps, actor, input.limits.permission_sets_with_scope);
  const limits = limitsText(input.limits);
  const at = deps.now();
  const id = newId();
  const lifeS = input.expiresInS === 0 ? undefined : input.expiresInS;
  const record = {
    id,
    tenant,
    user,
    name: input.name,
    createdMs: at,
    expiresMs: expiryMs(deps, lifeS),
    limits,
  };
  const [, count, added, , , found] = await deps.directory.batch([
    removeExpiredStatement(tenant, user, at),
    countPersonalStatement(tenant, user),
    addPersonalStatement(record, MAX_PERSONAL_TOKENS),
    addAuditIfChanged(
      actor,
      { action: "create", object: objectOf(id, input.name), ...(limits !== null && { change: limits }) },
      at,
    ),
    noticeIfChanged(deps, { tenant, id: user, email: actor.email }, "token_made", input.name),
    tenantStatement(tenant),
    ...tellFromDirectory(deps, tenant, { type: "token.created", subject: id, data: byOf(actor) }, at, {
      ifChanged: true,
    }),
  ]);
  if (found?.status !== "active") throw new Fault("unauthorized", "unauthorized");
  if (added === 0 && count >= MAX_PERSONAL_TOKENS) {
    // The misspelling is the original's (protocol notes, useradm 6).
    throw new Fault("unprocessable", "maximum number of personal acess tokens reached for this user");
  }
  if (added === 0) throw new Fault("conflict", "Personal Access Token with a given name already exists");
  const subscription = subscriptionOfTenant(found, at);
  return issueUserToken(deps, { id, tenant, user, subscription, lifeS });
}

export const listPersonalTokens = (deps: Deps, actor: UserActor): Promise<PersonalToken[]> =>
  deps.directory.one(personalTokensStatement(actor.tenant, actor.user, deps.now()));

/** Ends a token of the caller, also a session; an unknown one is no fault. */
export async function deletePersonalToken(deps: Deps, actor: UserActor, id: string): Promise<void> {
  const at = deps.now();
  await deps.directory.batch([
    removeTokenStatement(actor.tenant, actor.user, id),
    addAuditIfChanged(actor, { action: "delete", object: objectOf(id) }, at),
    addEventIfChanged(tokensEnded(actor.tenant, actor.user), at),
    ...tellFromDirectory(deps, actor.tenant, { type: "token.deleted", subject: id, data: byOf(actor) }, at, {
      ifChanged: true,
    }),
  ]);
}
