import type { FindUser } from "../platform/access.ts";
import type { LiveUser } from "../platform/actor.ts";
import { mapped, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { homesStatement } from "../platform/home-store.ts";
import { asTenantId, asUserId, type TenantId, type UserId } from "../platform/ids.ts";
import { Fault } from "../platform/fault.ts";
import { isWithinNetworks } from "../platform/network.ts";
import { hasPermission, requirePermission, type Permission } from "../platform/permissions.ts";
import { addonsFrom } from "../platform/plans.ts";
import { callLimitsFrom } from "../tenants/index.ts";
import type { Reach } from "../platform/reach.ts";
import { limitsFrom, readRights } from "./roles/read-rights.ts";
import { NO_RIGHTS, rightsAt, type Address } from "../platform/rights.ts";
import { liveToken, touchTokenStatement, type LiveToken } from "./token-store.ts";

type Claims = Parameters<FindUser>[1];

const TOUCH_EVERY_MS = 5 * 60_000;

const actorOf = (live: LiveToken, { tenant, subject, token }: Claims, nowMs: number): LiveUser => ({
  kind: "user",
  tenant: asTenantId(tenant),
  ...(live.home !== tenant && { home: live.home }),
  user: asUserId(subject),
  email: live.email,
  token,
  roles: JSON.parse(live.roles) as string[], // written by this domain as a list of role names
  rights: live.mustEnrol === 1 ? NO_RIGHTS : readRights(live),
  mustEnrol: live.mustEnrol === 1,
  isLimited: live.limits !== null,
  toolsWrite: limitsFrom(live.limits).tools === "write",
  subscription: {
    plan: live.plan,
    addons: addonsFrom(JSON.parse(live.addons)),
    trial: (live.trialEndsMs ?? 0) > nowMs,
  },
  calls: callLimitsFrom(live.apiLimits, "management"),
});

/** How far the permission reaches by which a link was asked for at an address, while the token lives and its user has it. */
export const mayStatement = (
  tenant: TenantId,
  { user, token }: { user: UserId; token: string },
  [permission, asked]: readonly [Permission, Address],
  nowMs: number,
): Statement<Reach | undefined> =>
  mapped(liveToken(tenant, user, token, nowMs), (live) => {
    if (!live) return undefined;
    const found = actorOf(live, { tenant, subject: user, token }, nowMs);
    const actor = { ...found, rights: rightsAt(found.rights, [permission], asked) };
    return hasPermission(actor, permission) ? requirePermission(actor, permission) : undefined;
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

/** A token may be for some addresses only. */
async function requireAddress(deps: Deps, limits: string | null): Promise<void> {
  const { addresses } = limitsFrom(limits);
  if (!addresses) return;
  const network = await deps.network();
  if (network === undefined || !isWithinNetworks(network, addresses))
    throw new Fault("forbidden", "the token is not for use from this address");
}

/** The live user of a token, and when the token ends if it does. */
export interface TokenHolder {
  actor: LiveUser;
  expiresMs: number | undefined;
}

/** One round trip. */
async function liveTokens(deps: Deps, claims: readonly Claims[], nowMs: number) {
  const live = claims.map(({ tenant, subject, token }) => liveToken(tenant, subject, token, nowMs));
  if (!deps.homes.isSpread) return deps.directory.batch(live);
  const tenants = [...new Set(claims.map(({ tenant }) => asTenantId(tenant)))];
  const [homes, ...found] = await deps.directory.batch([homesStatement(tenants, deps.homes.first), ...live]);
  for (const [tenant, home] of homes) if (home.isThere) deps.homes.learn(tenant, home, nowMs);
  return found;
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
  const found = await liveTokens(deps, claims, nowMs);
  return claims.map((claim, i) => {
    const live = found[i];
    if (!live) return undefined;
    stampUse(deps, live, claim);
    return { actor: actorOf(live, claim, nowMs), expiresMs: live.expiresMs ?? undefined };
  });
}

/** For a request: also looks where it comes from. */
export const findUser: FindUser = async (deps, claims) => {
  const nowMs = deps.now();
  const [live] = await liveTokens(deps, [claims], nowMs);
  if (!live) return undefined;
  await requireAddress(deps, live.limits);
  stampUse(deps, live, claims);
  return actorOf(live, claims, nowMs);
};
