import { sql, type SQL } from "drizzle-orm";
import { change, demand, firstRow, mapped, type Statement } from "../../platform/database.ts";
import { into } from "../../platform/columns.ts";
import type { TenantId, UserId } from "../../platform/ids.ts";
import { tenantsTable } from "../../tenants/index.ts";
import { usersTable } from "../tables.ts";
import { ACCOUNT, toAccount, type Account, type AccountRow } from "../user-store.ts";
import type { Provider, SubscriptionRow } from "./provider-store.ts";
import { mustUseProvider, sourceOf } from "./rule-store.ts";
import {
  ssoAnsweredTable,
  ssoIdentitiesTable,
  ssoProvidersTable,
  ssoSharesTable,
  type ProviderKind,
} from "./tables.ts";

/** Whom a provider vouches for. */
export interface Identity {
  provider: Provider;
  subject: string;
}

/** The tenants whose users a provider may vouch for: its own, and those that share it. */
export const circleOf = ({ tenant }: Provider): SQL =>
  sql`(SELECT ${tenant} UNION ALL SELECT tenant_id FROM ${ssoSharesTable} WHERE source_tenant_id = ${tenant})`;

export const identifiedStatement = ({ provider, subject }: Identity): Statement<Account | undefined> =>
  mapped(
    firstRow<AccountRow>(sql`
      SELECT ${ACCOUNT} FROM ${ssoIdentitiesTable} i
      JOIN ${usersTable} u ON u.tenant_id = i.tenant_id AND u.user_id = i.user_id
      JOIN ${tenantsTable} t ON t.tenant_id = i.tenant_id
      WHERE i.tenant_id IN ${circleOf(provider)} AND i.issuer = ${provider.issuer} AND i.subject = ${subject}`),
    (row) => row && toAccount(row),
  );

/** The user of an address, and whether a provider may vouch for them though it never did. */
export interface Candidate extends Account {
  belongs: boolean;
  /** Somebody else at this provider is this user already. */
  isTaken: boolean;
}

export const candidateStatement = (provider: Provider, email: string): Statement<Candidate | undefined> =>
  mapped(
    firstRow<AccountRow & { belongs: number; taken: number }>(sql`
      SELECT ${ACCOUNT}, u.tenant_id IN ${circleOf(provider)} AS belongs,
        EXISTS (SELECT 1 FROM ${ssoIdentitiesTable} i
          WHERE i.tenant_id = u.tenant_id AND i.user_id = u.user_id AND i.issuer = ${provider.issuer}) AS taken
      FROM ${usersTable} u JOIN ${tenantsTable} t ON t.tenant_id = u.tenant_id WHERE u.email = ${email}`),
    (row) =>
      row && {
        ...toAccount(row),
        belongs: row.belongs === 1,
        isTaken: row.taken === 1,
      },
  );

/** Notes whom the provider means, if the user is there. */
export const linkStatement = (
  { provider, subject }: Identity,
  user: { tenant: TenantId; id: UserId },
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(ssoIdentitiesTable, "tenant_id, issuer, subject, user_id, provider_id, kind, created_ms")}
    SELECT tenant_id, ${provider.issuer}, ${subject}, user_id, ${provider.id}, ${provider.kind}, ${atMs}
    FROM ${usersTable} WHERE tenant_id = ${user.tenant} AND user_id = ${user.id}
    ON CONFLICT DO NOTHING`);

/** Removes what a provider was told to mean by a user who is gone. */
export const removeIdentitiesOfRemovedStatement = (tenant: TenantId, user: UserId): Statement<number> =>
  change(sql`
    DELETE FROM ${ssoIdentitiesTable} WHERE tenant_id = ${tenant} AND user_id = ${user}
      AND NOT EXISTS (SELECT 1 FROM ${usersTable} u WHERE u.tenant_id = ${tenant} AND u.user_id = ${user})`);

export const NO_ROOM = "no-room";

/** Fails the batch that was to make this user and could not. */
export const demandUserStatement = (user: { tenant: TenantId; id: UserId }): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${usersTable} WHERE tenant_id = ${user.tenant} AND user_id = ${user.id})`,
    NO_ROOM,
  );

export const UNKNOWN_PROVIDER = "unknown-provider";
export const IDENTITY_KEY = "sso_identities.tenant_id, sso_identities.issuer, sso_identities.subject";

/** Has a provider that the tenant uses vouch for a user by a subject, before it ever did; fails the batch without one. */
export const loginStatements = (
  user: { tenant: TenantId; id: UserId },
  [provider, subject]: readonly [string, string],
): Statement<unknown>[] => {
  const theirs = sql`p.tenant_id = ${sourceOf(sql`${user.tenant}`)} AND p.provider_id = ${provider} AND p.issuer <> ''`;
  return [
    demand(sql`EXISTS (SELECT 1 FROM ${ssoProvidersTable} p WHERE ${theirs})`, UNKNOWN_PROVIDER),
    change(sql`
      INSERT ${into(ssoIdentitiesTable, "tenant_id, issuer, subject, user_id, provider_id, kind, created_ms")}
      SELECT u.tenant_id, p.issuer, ${subject}, u.user_id, p.provider_id, p.kind, u.created_ms
      FROM ${usersTable} u CROSS JOIN ${ssoProvidersTable} p
      WHERE u.tenant_id = ${user.tenant} AND u.user_id = ${user.id} AND ${theirs}`),
  ];
};

export const ANSWERED = "answered";

/** Takes an answer to a request, or fails the batch if one was taken before. */
export const takeAnswerStatements = (
  { tenant }: Provider,
  request: { id: string; untilMs: number },
): [Statement<void>, Statement<number>] => [
  demand(
    sql`NOT EXISTS (SELECT 1 FROM ${ssoAnsweredTable} WHERE tenant_id = ${tenant} AND request_id = ${request.id})`,
    ANSWERED,
  ),
  change(sql`
    INSERT ${into(ssoAnsweredTable, "tenant_id, request_id, expires_ms")} VALUES (${tenant}, ${request.id}, ${request.untilMs})`),
];

/**
 * Stamps the sign-in of a user whom the provider means by this subject, while the provider is there and the tenant is
 * active. `isProved`: the provider has proved the address.
 */
export const stampSsoStatement = (
  user: Account,
  { provider, subject }: Identity,
  isProved: boolean,
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET login_ms = ${atMs}, verified_ms = coalesce(verified_ms, ${isProved ? atMs : null})
    WHERE tenant_id = ${user.tenant} AND user_id = ${user.id} AND suspended_ms IS NULL
      AND EXISTS (SELECT 1 FROM ${ssoIdentitiesTable} i
        WHERE i.tenant_id = ${user.tenant} AND i.issuer = ${provider.issuer} AND i.subject = ${subject} AND i.user_id = ${user.id})
      AND EXISTS (SELECT 1 FROM ${ssoProvidersTable} p
        WHERE p.tenant_id = ${provider.tenant} AND p.provider_id = ${provider.id} AND p.issuer = ${provider.issuer})
      AND EXISTS (SELECT 1 FROM ${tenantsTable} t WHERE t.tenant_id = ${user.tenant} AND t.status = 'active')`);

/** Where the login form sends a user who has no password, or must not use it. */
export interface Destination {
  id: string;
  kind: ProviderKind;
  subscription: SubscriptionRow;
}

export const destinationStatement = (email: string): Statement<Destination | undefined> =>
  mapped(
    firstRow<SubscriptionRow & { id: string; kind: ProviderKind }>(sql`
      SELECT p.provider_id AS id, p.kind, t.plan, t.addons, t.trial_ends_ms FROM ${usersTable} u
      JOIN ${tenantsTable} t ON t.tenant_id = u.tenant_id
      JOIN ${ssoProvidersTable} p ON p.tenant_id = ${sourceOf(sql`u.tenant_id`)}
      WHERE u.email = ${email} AND t.status = 'active' AND p.issuer <> '' AND (u.password_hash = '' OR ${mustUseProvider(sql`u`)})
      ORDER BY EXISTS (SELECT 1 FROM ${ssoIdentitiesTable} i
          WHERE i.tenant_id = u.tenant_id AND i.user_id = u.user_id AND i.issuer = p.issuer) DESC,
        p.created_ms, p.provider_id LIMIT 1`),
    (row) => row && { id: row.id, kind: row.kind, subscription: row },
  );

export const hasProviderStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(
    firstRow<{ found: number }>(
      sql`SELECT 1 AS found FROM ${ssoProvidersTable} WHERE tenant_id = ${sourceOf(sql`${tenant}`)} LIMIT 1`,
    ),
    Boolean,
  );
