import { sql } from "drizzle-orm";
import { change, rows, type Statement } from "../../platform/database.ts";
import type { TenantId, UserId } from "../../platform/ids.ts";
import { membershipsTable, userTokensTable } from "../tables.ts";
import { circleOf } from "./person-store.ts";
import type { Provider } from "./provider-store.ts";
import { ssoIdentitiesTable } from "./tables.ts";

/** A session that a provider has vouched for, also one that was switched to from it. */
export interface VouchedSession {
  tenant: TenantId;
  user: UserId;
  token: string;
}

/** A user has few sessions in a tenant, and a place in few tenants. */
const MOST = 1000;

const isSubject = (provider: Provider, subject: string) => sql`EXISTS (
  SELECT 1 FROM ${ssoIdentitiesTable} i
  WHERE i.tenant_id IN ${circleOf(provider)} AND i.issuer = ${provider.issuer} AND i.subject = ${subject} AND i.user_id = k.user_id)`;

/** Those of one session at the provider, of a subject if one is named; else all of the subject. */
export const vouchedSessionsStatement = (
  provider: Provider,
  { subject, session }: { subject: string | undefined; session: string | undefined },
): Statement<VouchedSession[]> => {
  const columns = sql`SELECT k.tenant_id AS tenant, k.user_id AS user, k.token_id AS token`;
  if (session !== undefined)
    return rows(sql`
      ${columns} FROM ${userTokensTable} k
      WHERE k.provider_id = ${provider.id} AND k.provider_session = ${session}
        AND ${subject === undefined ? sql`1` : isSubject(provider, subject)} LIMIT ${MOST}`);
  return rows(sql`
    WITH account(tenant_id, user_id) AS (
      SELECT i.tenant_id, i.user_id FROM ${ssoIdentitiesTable} i
      WHERE i.tenant_id IN ${circleOf(provider)} AND i.issuer = ${provider.issuer} AND i.subject = ${subject ?? ""}),
    place(tenant_id, user_id) AS (
      SELECT tenant_id, user_id FROM account UNION ALL
      SELECT m.tenant_id, m.user_id FROM account a
      JOIN ${membershipsTable} m ON m.user_id = a.user_id AND m.home_id = a.tenant_id)
    ${columns} FROM place p CROSS JOIN ${userTokensTable} k ON k.tenant_id = p.tenant_id AND k.user_id = p.user_id
    WHERE k.provider_id = ${provider.id} LIMIT ${MOST}`);
};

export const endVouchedStatements = (sessions: readonly VouchedSession[]): Statement<number>[] =>
  sessions.map(({ tenant, user, token }) =>
    change(
      sql`DELETE FROM ${userTokensTable} WHERE tenant_id = ${tenant} AND user_id = ${user} AND token_id = ${token}`,
    ),
  );
