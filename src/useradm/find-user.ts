import type { FindUser } from "../platform/access.ts";
import type { LiveUser } from "../platform/actor.ts";
import { mapped, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { asTenantId, asUserId, type TenantId, type UserId } from "../platform/ids.ts";
import { hasPermission, type Permission } from "../platform/permissions.ts";
import { addonsFrom } from "../platform/plans.ts";
import { quotaFrom } from "../tenants/index.ts";
import { readRights } from "./roles/read-rights.ts";
import { NO_RIGHTS } from "../platform/rights.ts";
import { liveToken, touchTokenStatement, type LiveToken } from "./token-store.ts";

type Claims = Parameters<FindUser>[1];

const TOUCH_EVERY_MS = 5 * 60_000;

const actorOf = (live: LiveToken, { tenant, subject, token }: Claims, nowMs: number): LiveUser => ({
  kind: "user",
  tenant: asTenantId(tenant),
  user: asUserId(subject),
  email: live.email,
  token,
  roles: JSON.parse(live.roles) as string[], // written by this domain as a list of role names
  rights: live.mustEnrol === 1 ? NO_RIGHTS : readRights(live),
  mustEnrol: live.mustEnrol === 1,
  subscription: {
    plan: live.plan,
    addons: addonsFrom(JSON.parse(live.addons)),
    trial: (live.trialEndsMs ?? 0) > nowMs,
  },
  quota: quotaFrom(live.apiLimits),
});

/** A row while the token lives and its user has the permission. */
export const mayStatement = (
  tenant: TenantId,
  { user, token }: { user: UserId; token: string },
  permission: Permission,
  nowMs: number,
): Statement<object | undefined> =>
  mapped(liveToken(tenant, user, token, nowMs), (live) => {
    if (!live) return undefined;
    const actor = actorOf(live, { tenant, subject: user, token }, nowMs);
    return hasPermission(actor, permission) ? live : undefined;
  });

/** Stamps the use of a token after the answer. */
function stampUse(deps: Deps, live: LiveToken, claims: Claims): void {
  const nowMs = deps.now();
  if (live.lastUsedMs !== null && nowMs - live.lastUsedMs < TOUCH_EVERY_MS) return;
  const [tenant, user] = [asTenantId(claims.tenant), asUserId(claims.subject)];
  const touch = touchTokenStatement(tenant, user, claims.token, nowMs, TOUCH_EVERY_MS);
  deps.later(
    deps.directory
      .uncounted()
      .one(touch)
      .catch((cause: unknown) => deps.log.error("token use not stamped", { cause })),
  );
}

/** The live user of a token, and when the token ends if it does. */
export interface TokenHolder {
  actor: LiveUser;
  expiresMs: number | undefined;
}

/**
 * The users of tokens in the order of their claims; a user is live while the token's record exists and the tenant is
 * active. One round trip.
 */
export async function findTokenHolders(
  deps: Deps,
  claims: readonly Claims[],
): Promise<(TokenHolder | undefined)[]> {
  const nowMs = deps.now();
  const found = await deps.directory.batch(
    claims.map(({ tenant, subject, token }) => liveToken(tenant, subject, token, nowMs)),
  );
  return claims.map((claim, i) => {
    const live = found[i];
    if (!live) return undefined;
    stampUse(deps, live, claim);
    return { actor: actorOf(live, claim, nowMs), expiresMs: live.expiresMs ?? undefined };
  });
}

export const findUser: FindUser = async (deps, claims) => (await findTokenHolders(deps, [claims]))[0]?.actor;
