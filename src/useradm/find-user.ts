import { sql } from "drizzle-orm";
import type { FindUser } from "../platform/access.ts";
import { hasPermission } from "../platform/actor.ts";
import { firstRow, mapped, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { asTenantId, asUserId, type TenantId, type UserId } from "../platform/ids.ts";
import { touchTokenStatement } from "./token-store.ts";

interface LiveToken {
  email: string;
  roles: string;
  name: string | null;
  lastUsedMs: number | null;
}

const TOUCH_EVERY_MS = 5 * 60_000;

const liveToken = (tenant: string, subject: string, token: string, nowMs: number) =>
  firstRow<LiveToken>(sql`
    SELECT u.email AS email, u.roles AS roles, k.name AS name, k.last_used_ms AS lastUsedMs
    FROM user_tokens k
    JOIN users u ON u.tenant_id = k.tenant_id AND u.user_id = k.user_id
    JOIN tenants t ON t.tenant_id = k.tenant_id
    WHERE k.tenant_id = ${tenant} AND k.user_id = ${subject} AND k.token_id = ${token}
      AND (k.expires_ms IS NULL OR k.expires_ms > ${nowMs}) AND t.status = 'active'`);

/** A row while the token lives and its user may read artifacts. */
export const mayReadArtifactsStatement = (
  tenant: TenantId,
  { user, token }: { user: UserId; token: string },
  nowMs: number,
): Statement<object | undefined> =>
  mapped(liveToken(tenant, user, token, nowMs), (live) => {
    if (!live) return undefined;
    const roles = JSON.parse(live.roles) as string[]; // written by this domain as a list of role names
    const actor = { kind: "user" as const, tenant, user, token, email: live.email, roles };
    return hasPermission(actor, "artifacts:read") ? live : undefined;
  });

/** Stamps the use of a personal token after the answer; sessions have no stamp to show. */
function stampUse(deps: Deps, live: LiveToken, claims: Parameters<FindUser>[1]): void {
  const nowMs = deps.now();
  if (live.name === null || (live.lastUsedMs !== null && nowMs - live.lastUsedMs < TOUCH_EVERY_MS)) return;
  const [tenant, user] = [asTenantId(claims.tenant), asUserId(claims.subject)];
  const touch = touchTokenStatement(tenant, user, claims.token, nowMs, TOUCH_EVERY_MS);
  deps.later(
    deps.directory
      .uncounted()
      .one(touch)
      .catch((cause: unknown) => deps.log.error("token use not stamped", { cause })),
  );
}

/** A user is live while the token's record exists and the tenant is active. One round trip. */
export const findUser: FindUser = async (deps, claims) => {
  const { tenant, subject, token } = claims;
  const live = await deps.directory.one(liveToken(tenant, subject, token, deps.now()));
  if (!live) return undefined;
  stampUse(deps, live, claims);
  return {
    kind: "user",
    tenant: asTenantId(tenant),
    user: asUserId(subject),
    email: live.email,
    token,
    roles: JSON.parse(live.roles) as string[], // written by this domain as a list of role names
  };
};
