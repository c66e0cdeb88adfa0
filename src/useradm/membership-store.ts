import { sql, type SQL } from "drizzle-orm";
import { into } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { tenantsTable } from "../tenants/index.ts";
import { areUnrestricted } from "./roles/store.ts";
import { lacksProvider } from "./sso/rule-store.ts";
import { membershipsTable, userTokensTable, usersTable } from "./tables.ts";
import { anotherAdminExists, hasRoomForUser, toUser, type User, type UserRow } from "./user-store.ts";

export interface Membership {
  tenant: TenantId;
  user: UserId;
  home: TenantId;
  roles: readonly string[];
}

/** A tenant that somebody can work in. */
export interface Workplace {
  id: TenantId;
  name: string;
}

const isMember = (tenant: TenantId, user: UserId) => sql`tenant_id = ${tenant} AND user_id = ${user}`;

/** The tenant's name if a user has a place in it: as home or as a guest. */
const placesOf = (user: UserId, home: TenantId): SQL => sql`
  SELECT ${home} AS tenant_id, 0 AS joined_ms
  UNION ALL
  SELECT m.tenant_id, m.created_ms FROM ${membershipsTable} m WHERE m.user_id = ${user} AND m.home_id = ${home}`;

/** Active tenants of a user, home first and then in the order in which they were joined. */
export const workplacesStatement = (user: UserId, home: TenantId): Statement<Workplace[]> =>
  rows(sql`
    SELECT t.tenant_id AS id, t.name AS name FROM (${placesOf(user, home)}) p
    JOIN ${tenantsTable} t ON t.tenant_id = p.tenant_id AND t.status = 'active'
    ORDER BY p.joined_ms, t.tenant_id`);

/** Accounts of this id or address. Ids that came from other installations need not be unique. */
export const accountsStatement = (idOrEmail: string): Statement<User[]> =>
  mapped(
    rows<UserRow>(sql`
      SELECT * FROM ${usersTable} WHERE user_id = ${idOrEmail}
      UNION SELECT * FROM ${usersTable} WHERE email = ${idOrEmail.toLowerCase()} LIMIT 2`),
    (found) => found.map(toUser),
  );

/** Makes a user a guest of a tenant that has room, unless the user has a place there. */
export const addMembershipStatement = (membership: Membership, atMs: number): Statement<number> =>
  change(sql`
    INSERT ${into(membershipsTable, "tenant_id, user_id, home_id, roles, created_ms")}
    SELECT t.tenant_id, u.user_id, u.tenant_id, ${JSON.stringify(membership.roles)}, ${atMs}
    FROM ${usersTable} u CROSS JOIN ${tenantsTable} t
    WHERE u.tenant_id = ${membership.home} AND u.user_id = ${membership.user} AND t.tenant_id = ${membership.tenant}
      AND NOT EXISTS (SELECT 1 FROM ${usersTable} o WHERE o.tenant_id = t.tenant_id AND o.user_id = u.user_id)
      AND ${hasRoomForUser(sql`t.tenant_id`)}
    ON CONFLICT DO NOTHING`);

/** Gives a guest other roles if nobody did meanwhile; never takes those of the last unrestricted user. */
export const setGuestRolesStatement = (
  tenant: TenantId,
  { id: user, roles: before }: { id: UserId; roles: readonly string[] },
  roles: readonly string[],
): Statement<number> =>
  change(sql`
    UPDATE ${membershipsTable} SET roles = ${JSON.stringify(roles)}
    WHERE ${isMember(tenant, user)} AND roles = ${JSON.stringify(before)}
      AND (${areUnrestricted(sql`${tenant}`, sql`${JSON.stringify(roles)}`)} OR roles = ${JSON.stringify(roles)} OR ${anotherAdminExists(tenant, user)})`);

export const removeMembershipStatement = (
  tenant: TenantId,
  user: UserId,
  keepLastAdmin: boolean,
): Statement<number> =>
  change(sql`
    DELETE FROM ${membershipsTable}
    WHERE ${isMember(tenant, user)} AND ${keepLastAdmin ? anotherAdminExists(tenant, user) : sql`1`}`);

type MembershipRow = { tenant_id: TenantId; user_id: UserId; home_id: TenantId; roles: string };

const toMembership = (row: MembershipRow): Membership => ({
  tenant: row.tenant_id,
  user: row.user_id,
  home: row.home_id,
  roles: JSON.parse(row.roles) as string[], // only this store writes them
});

/** Where an account goes that loses its home: to the active tenant that the user joined first, or else to any. */
export const nextHomeStatement = (user: UserId, home: TenantId): Statement<Membership | undefined> =>
  mapped(
    firstRow<MembershipRow>(sql`
      SELECT m.tenant_id, m.user_id, m.home_id, m.roles FROM ${membershipsTable} m
      JOIN ${tenantsTable} t ON t.tenant_id = m.tenant_id
      WHERE m.user_id = ${user} AND m.home_id = ${home}
      ORDER BY t.status <> 'active', m.created_ms, m.tenant_id LIMIT 1`),
    (row) => row && toMembership(row),
  );

/** Users of a tenant who have a place elsewhere. */
export const usersWithOtherPlacesStatement = (home: TenantId, limit: number): Statement<User[]> =>
  mapped(
    rows<UserRow>(sql`
      SELECT u.* FROM ${usersTable} u WHERE u.tenant_id = ${home} AND EXISTS (
        SELECT 1 FROM ${membershipsTable} m WHERE m.user_id = u.user_id AND m.home_id = ${home}) LIMIT ${limit}`),
    (found) => found.map(toUser),
  );

/** Moves an account to where its user is a guest, if nobody changed either meanwhile. */
export const moveAccountStatement = (
  before: User,
  { tenant, roles }: Membership,
  {
    sealedFactor,
    keepLastAdmin,
    atMs,
  }: { sealedFactor: string | null; keepLastAdmin: boolean; atMs: number },
): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET tenant_id = ${tenant}, roles = ${JSON.stringify(roles)}, tfa_secret = ${sealedFactor},
      external_id = NULL, suspended_ms = NULL, revision = revision + 1, updated_ms = ${atMs}
    WHERE tenant_id = ${before.tenant} AND user_id = ${before.id} AND revision = ${before.revision}
      AND tfa_secret IS ${before.tfa.secret}
      AND EXISTS (SELECT 1 FROM ${membershipsTable} m WHERE m.tenant_id = ${tenant} AND m.user_id = ${before.id}
        AND m.home_id = ${before.tenant} AND m.roles = ${JSON.stringify(roles)})
      AND ${keepLastAdmin ? anotherAdminExists(before.tenant, before.id) : sql`1`}`);

/** The other memberships of an account that has just been moved follow it; that of its new home is none any more. */
export const followMovedStatements = (before: User, to: TenantId): Statement<number>[] => {
  const isMoved = sql`EXISTS (SELECT 1 FROM ${usersTable} u WHERE u.tenant_id = ${to} AND u.user_id = ${before.id}
    AND u.revision = ${before.revision + 1} AND u.email = ${before.email})`;
  return [
    change(sql`
      DELETE FROM ${membershipsTable} WHERE ${isMember(to, before.id)} AND home_id = ${before.tenant} AND ${isMoved}`),
    change(sql`
      UPDATE ${membershipsTable} SET home_id = ${to}
      WHERE user_id = ${before.id} AND home_id = ${before.tenant} AND ${isMoved}`),
  ];
};

/** True for tokens of an account in any of its tenants. */
export const ofAccount = (home: TenantId, user: UserId): SQL => sql`
  user_id = ${user} AND tenant_id IN (SELECT tenant_id FROM (${placesOf(user, home)}))`;

/**
 * Opens a session in another tenant of its user by one that is open, and no longer than that. A personal token opens none:
 * it may be good for less than its user, and outlive a session.
 */
export const addSwitchedSessionStatement = (
  from: { tenant: TenantId; user: UserId; token: string; home: TenantId },
  to: { tenant: TenantId; id: string; asksForProvider: boolean },
  nowMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(userTokensTable, "tenant_id, user_id, token_id, created_ms, expires_ms, user_agent, network, provider_id, provider_session")}
    SELECT t.tenant_id, k.user_id, ${to.id}, ${nowMs}, k.expires_ms, k.user_agent, k.network, k.provider_id, k.provider_session
    FROM ${userTokensTable} k CROSS JOIN ${tenantsTable} t
    WHERE k.tenant_id = ${from.tenant} AND k.user_id = ${from.user} AND k.token_id = ${from.token}
      AND k.name IS NULL AND k.limits IS NULL
      AND t.tenant_id = ${to.tenant} AND t.status = 'active'
      AND NOT (${to.asksForProvider ? 1 : 0} AND ${lacksProvider(sql`k`, sql`t.tenant_id`)})
      AND t.tenant_id IN (SELECT tenant_id FROM (${placesOf(from.user, from.home)}))`);

/** When a token ends, whether it is a session's, and whether it lacks the provider that a tenant to switch to demands. */
export const tokenStatement = (
  { tenant, user, token }: { tenant: TenantId; user: UserId; token: string },
  to: TenantId,
): Statement<{ expiresMs: number | null; isSession: boolean; lacksProvider: boolean } | undefined> =>
  mapped(
    firstRow<{ expires_ms: number | null; session: number; lacks: number }>(sql`
      SELECT k.expires_ms, k.name IS NULL AND k.limits IS NULL AS session, ${lacksProvider(sql`k`, sql`${to}`)} AS lacks
      FROM ${userTokensTable} k
      WHERE k.tenant_id = ${tenant} AND k.user_id = ${user} AND k.token_id = ${token}`),
    (row) =>
      row && { expiresMs: row.expires_ms, isSession: row.session === 1, lacksProvider: row.lacks === 1 },
  );

/** True while a user has a place in a tenant. */
export const hasPlace = (tenant: TenantId, user: UserId): SQL => sql`(
  EXISTS (SELECT 1 FROM ${usersTable} u WHERE u.tenant_id = ${tenant} AND u.user_id = ${user})
  OR EXISTS (SELECT 1 FROM ${membershipsTable} m WHERE m.tenant_id = ${tenant} AND m.user_id = ${user}))`;

/** Tenants of these accounts, home first. */
export const workplacesOfStatement = (
  accounts: readonly { id: UserId; home: TenantId }[],
): Statement<(Workplace & { user: UserId; home: TenantId })[]> => {
  const list = JSON.stringify(accounts.map(({ id, home }) => [id, home]));
  const account = sql`SELECT value ->> 0 AS user_id, value ->> 1 AS home_id FROM json_each(${list})`;
  return rows(sql`
    SELECT p.user_id AS user, p.home_id AS home, t.tenant_id AS id, t.name AS name FROM (
      SELECT user_id, home_id, home_id AS tenant_id, 0 AS joined_ms FROM (${account})
      UNION ALL
      SELECT a.user_id, a.home_id, m.tenant_id, m.created_ms FROM (${account}) a
        CROSS JOIN ${membershipsTable} m ON m.user_id = a.user_id AND m.home_id = a.home_id) p
    JOIN ${tenantsTable} t ON t.tenant_id = p.tenant_id ORDER BY p.joined_ms, t.tenant_id`);
};
