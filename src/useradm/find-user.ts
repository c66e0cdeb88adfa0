import { sql } from "drizzle-orm";
import type { FindUser } from "../gateway/access.ts";
import { firstRow } from "../platform/database.ts";
import { asTenantId, asUserId } from "../platform/ids.ts";

/** A user is live while the token's record exists and the tenant is active. One round trip. */
export const findUser: FindUser = async (deps, { tenant, subject, token }) => {
  const row = await deps.directory.one(
    firstRow<{ email: string; roles: string }>(sql`
      SELECT u.email AS email, u.roles AS roles
      FROM user_tokens k
      JOIN users u ON u.tenant_id = k.tenant_id AND u.user_id = k.user_id
      JOIN tenants t ON t.tenant_id = k.tenant_id
      WHERE k.tenant_id = ${tenant} AND k.user_id = ${subject} AND k.token_id = ${token}
        AND (k.expires_ms IS NULL OR k.expires_ms > ${deps.now()}) AND t.status = 'active'`),
  );
  if (!row) return undefined;
  return {
    kind: "user",
    tenant: asTenantId(tenant),
    user: asUserId(subject),
    email: row.email,
    token,
    roles: JSON.parse(row.roles) as string[], // written by this domain as a list of role names
  };
};
