import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { userClaimsOf, type Subscription } from "../platform/plans.ts";
import { signToken } from "../platform/tokens.ts";

export interface TokenOf {
  id: string;
  tenant: TenantId;
  user: UserId;
  subscription: Subscription;
  /** Undefined for a token that never expires. */
  lifeS: number | undefined;
}

/** Signs a user token (protocol notes, useradm 3). It lives as long as the record of its id. */
export function issueUserToken(deps: Deps, token: TokenOf): Promise<string> {
  const nowS = toSeconds(deps.now());
  return signToken(deps.keys, {
    jti: token.id,
    sub: token.user,
    iss: "mender.useradm",
    iat: nowS,
    ...(token.lifeS === undefined ? {} : { exp: nowS + token.lifeS }),
    scp: "mender.*",
    "mender.user": true,
    "mender.tenant": token.tenant,
    ...userClaimsOf(token.subscription),
  });
}

/** When the record of a token issued now ends; null for never. */
export const expiryMs = (deps: Deps, lifeS: number | undefined): number | null =>
  lifeS === undefined ? null : (toSeconds(deps.now()) + lifeS) * 1000;
