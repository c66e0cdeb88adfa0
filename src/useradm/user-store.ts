import { sql, type SQL } from "drizzle-orm";
import { change, demand, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { into, type Row } from "../platform/columns.ts";
import { addonsFrom, type Addon } from "../platform/plans.ts";
import { tenantLimitsTable, tenantsTable } from "../tenants/index.ts";
import { hasPasskey } from "./passkeys/store.ts";
import { areUnrestricted, definitionsOf, isUnrestricted } from "./roles/store.ts";
import { isGood, mustHaveFactor, usedUp, type Proof } from "./second-factor-store.ts";
import { mustUseProvider } from "./sso/rule-store.ts";
import { ssoIdentitiesTable } from "./sso/tables.ts";
import { membershipsTable, usersTable, type TfaStatus } from "./tables.ts";

export interface User {
  tenant: TenantId;
  id: UserId;
  email: string;
  passwordHash: string;
  roles: string[];
  revision: number;
  createdMs: number;
  updatedMs: number;
  loginMs: number | null;
  /** What an identity provider calls the user. */
  externalId: string | null;
  /** Null for one who may sign in. */
  suspendedMs: number | null;
  /** Null while nobody has proved to read the mails of the address. */
  verifiedMs: number | null;
  tfa: {
    status: TfaStatus;
    /** Sealed. */
    secret: string | null;
    step: number;
    /** Digests of the recovery codes that are left. */
    recovery: string[];
  };
  /** Whom providers mean by the user; read with users alone. */
  sso?: { id: string; kind: string; subject: string }[];
}

/** `sso` is there where the statement asked for it. */
export type UserRow = Row<typeof usersTable> & { sso?: string };

export const toUser = (row: UserRow): User => ({
  tenant: row.tenant_id,
  id: row.user_id,
  email: row.email,
  passwordHash: row.password_hash,
  roles: JSON.parse(row.roles) as string[], // only this store writes them
  revision: row.revision,
  createdMs: row.created_ms,
  updatedMs: row.updated_ms,
  loginMs: row.login_ms,
  externalId: row.external_id,
  suspendedMs: row.suspended_ms,
  verifiedMs: row.verified_ms,
  tfa: {
    status: row.tfa_status,
    secret: row.tfa_secret,
    step: row.tfa_step,
    recovery: JSON.parse(row.tfa_recovery) as string[], // only this domain writes them
  },
  ...(row.sso !== undefined && { sso: JSON.parse(row.sso) as NonNullable<User["sso"]> }), // as made below
});

/** Whom providers mean by the user of a row. */
export const identitiesOf = (alias: SQL): SQL => sql`(
  SELECT json_group_array(json_object('id', i.provider_id, 'kind', 'sso/' || i.kind, 'subject', i.subject))
  FROM ${ssoIdentitiesTable} i WHERE i.tenant_id = ${alias}.tenant_id AND i.user_id = ${alias}.user_id) AS sso`;

/** Guests count as well, while their home lets them sign in. */
export const anotherAdminExists = (tenant: TenantId, id: UserId) => sql`(EXISTS (
    SELECT 1 FROM ${usersTable} o WHERE o.tenant_id = ${tenant} AND o.user_id <> ${id} AND o.suspended_ms IS NULL AND ${isUnrestricted(sql`o`)})
  OR EXISTS (
    SELECT 1 FROM ${membershipsTable} g JOIN ${usersTable} h ON h.tenant_id = g.home_id AND h.user_id = g.user_id
    WHERE g.tenant_id = ${tenant} AND g.user_id <> ${id} AND h.suspended_ms IS NULL AND ${isUnrestricted(sql`g`)}))`;

export const userStatement = (tenant: TenantId, id: UserId): Statement<User | undefined> =>
  mapped(
    firstRow<UserRow>(sql`SELECT * FROM ${usersTable} WHERE tenant_id = ${tenant} AND user_id = ${id}`),
    (row) => row && toUser(row),
  );

/** Users of a tenant that are looked through when all who may do something are asked for. */
const MAX_HOLDERS = 1000;

/** The users of a tenant, those of other tenants who are its members among them, with what their roles are made of. */
export const holdersStatement = (
  tenant: TenantId,
): Statement<{ user_id: UserId; email: string; roles: string; definitions: string }[]> =>
  rows(sql`
    SELECT h.user_id, h.email, h.roles, ${definitionsOf(sql`${tenant}`, sql`h.roles`, sql`NULL`)} AS definitions FROM (
      SELECT user_id, email, roles FROM ${usersTable} WHERE tenant_id = ${tenant}
      UNION ALL
      SELECT u.user_id, u.email, m.roles FROM ${membershipsTable} m
      JOIN ${usersTable} u ON u.tenant_id = m.home_id AND u.user_id = m.user_id WHERE m.tenant_id = ${tenant}
      LIMIT ${MAX_HOLDERS}) h`);

export interface Account extends User {
  tenantStatus: string;
  plan: string;
  addons: readonly Addon[];
  hasPasskey: boolean;
  /** The tenant demands a second factor of this user. */
  mustHaveFactor: boolean;
  trialEndsMs: number | null;
  /** The password is not taken; a provider has to vouch for the user, as long as the plan has single sign-on. */
  mustUseProvider: boolean;
}

/** Of a user `u` and the tenant `t`. */
export const ACCOUNT = sql`u.*, t.status, t.plan, t.addons, t.trial_ends_ms, ${hasPasskey(sql`u`)} AS has_passkey,
  ${mustHaveFactor(sql`u`, sql`t`)} AS must_have_factor, ${mustUseProvider(sql`u`)} AS must_use_provider`;

export type AccountRow = UserRow &
  Row<typeof tenantsTable, "status" | "plan" | "addons" | "trial_ends_ms"> & {
    has_passkey: number;
    must_have_factor: number;
    must_use_provider: number;
  };

export const toAccount = (row: AccountRow): Account => ({
  ...toUser(row),
  tenantStatus: row.status,
  plan: row.plan,
  addons: addonsFrom(JSON.parse(row.addons)),
  trialEndsMs: row.trial_ends_ms,
  hasPasskey: row.has_passkey === 1,
  mustHaveFactor: row.must_have_factor === 1,
  mustUseProvider: row.must_use_provider === 1,
});

/** The account of a login with what its token must say about the tenant. */
export const accountStatement = (email: string): Statement<Account | undefined> =>
  accountWhere(sql`u.email = ${email}`);

export const accountOfStatement = (tenant: TenantId, id: UserId): Statement<Account | undefined> =>
  accountWhere(sql`u.tenant_id = ${tenant} AND u.user_id = ${id}`);

const accountWhere = (condition: SQL): Statement<Account | undefined> =>
  mapped(
    firstRow<AccountRow>(sql`
      SELECT ${ACCOUNT} FROM ${usersTable} u JOIN ${tenantsTable} t ON t.tenant_id = u.tenant_id
      WHERE ${condition}`),
    (row) => row && toAccount(row),
  );

/** Users of a tenant after this id, in order of id. */
export const usersAfterStatement = (tenant: TenantId, after: string, limit: number): Statement<User[]> =>
  mapped(
    rows<UserRow>(sql`
      SELECT * FROM ${usersTable} WHERE tenant_id = ${tenant} AND user_id > ${after} ORDER BY user_id LIMIT ${limit}`),
    (found) => found.map(toUser),
  );

export const hasVerifiedUserStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(
    firstRow<{ found: number }>(
      sql`SELECT 1 AS found FROM ${usersTable} WHERE tenant_id = ${tenant} AND verified_ms IS NOT NULL LIMIT 1`,
    ),
    Boolean,
  );

export const hasUsersStatement = (tenant: TenantId): Statement<boolean> =>
  mapped(
    firstRow<{ found: number }>(
      sql`SELECT 1 AS found FROM ${usersTable} WHERE tenant_id = ${tenant} LIMIT 1`,
    ),
    Boolean,
  );

/** Guests among them. */
const usersOf = (tenant: SQL) => sql`((SELECT COUNT(*) FROM ${usersTable} c WHERE c.tenant_id = ${tenant})
  + (SELECT COUNT(*) FROM ${membershipsTable} g WHERE g.tenant_id = ${tenant}))`;

export const countUsersStatement = (tenant: TenantId): Statement<number> =>
  mapped(firstRow<{ n: number }>(sql`SELECT ${usersOf(sql`${tenant}`)} AS n`), (row) => row?.n ?? 0);

/** Whether the tenant may have another user; -1 and none are no limit. */
export const hasRoomForUser = (tenant: SQL) => sql`COALESCE(
    (SELECT CASE WHEN l.value < 0 THEN 1 ELSE ${usersOf(tenant)} < l.value END
     FROM ${tenantLimitsTable} l WHERE l.tenant_id = ${tenant} AND l.name = 'max_users'), 1)`;

/** Adds a user to a tenant that exists and has room for it. */
export const addUserStatement = (user: User): Statement<number> =>
  change(sql`
    INSERT ${into(usersTable, "tenant_id, user_id, email, password_hash, roles, created_ms, updated_ms, verified_ms, external_id, suspended_ms")}
    SELECT t.tenant_id, ${user.id}, ${user.email}, ${user.passwordHash}, ${JSON.stringify(user.roles)},
      ${user.createdMs}, ${user.updatedMs}, ${user.verifiedMs}, ${user.externalId}, ${user.suspendedMs}
    FROM ${tenantsTable} t WHERE t.tenant_id = ${user.tenant} AND ${hasRoomForUser(sql`t.tenant_id`)}
      AND NOT EXISTS (SELECT 1 FROM ${membershipsTable} m WHERE m.tenant_id = t.tenant_id AND m.user_id = ${user.id})`);

/** The columns of `addUserStatement` and of an update that may break on another user. */
export const EMAIL_KEY = "users.email";
export const ID_KEY = "users.tenant_id, users.user_id";

/** A second factor goes with the address it was set up for. */
const keptFactor = (email: string): SQL =>
  sql.join(
    [
      sql`tfa_status = CASE WHEN email = ${email} THEN tfa_status ELSE 'disabled' END`,
      sql`tfa_secret = CASE WHEN email = ${email} THEN tfa_secret END`,
      sql`tfa_step = CASE WHEN email = ${email} THEN tfa_step ELSE 0 END`,
      sql`tfa_recovery = CASE WHEN email = ${email} THEN tfa_recovery ELSE '[]' END`,
    ],
    sql`, `,
  );

/**
 * Replaces a user's data if nobody else changed it since `before` was read. Never takes the rights of the last
 * unrestricted user of a tenant.
 */
export const updateUserStatement = (
  before: User,
  after: User,
  atMs: number,
  guard: SQL = sql`1`,
): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET email = ${after.email}, password_hash = ${after.passwordHash},
      verified_ms = CASE WHEN email = ${after.email} THEN coalesce(verified_ms, ${after.verifiedMs}) ELSE ${after.verifiedMs} END,
      ${keptFactor(after.email)},
      roles = ${JSON.stringify(after.roles)}, revision = revision + 1, updated_ms = ${atMs}
    WHERE tenant_id = ${before.tenant} AND user_id = ${before.id} AND revision = ${before.revision} AND ${guard}
      AND (roles = ${JSON.stringify(after.roles)} OR ${areUnrestricted(sql`${before.tenant}`, sql`${JSON.stringify(after.roles)}`)}
        OR ${anotherAdminExists(before.tenant, before.id)})`);

/** Fails the batch if somebody changed the user, or removed them, since they were read. */
export const demandUnchangedStatement = ({ tenant, id, revision }: User, refusal: string): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${usersTable} WHERE tenant_id = ${tenant} AND user_id = ${id} AND revision = ${revision})`,
    refusal,
  );

/** Whether somebody else in the tenant is unrestricted. */
export const anotherAdminStatement = (tenant: TenantId, id: UserId): Statement<boolean> =>
  mapped(firstRow<{ found: number }>(sql`SELECT ${anotherAdminExists(tenant, id)} AS found`), (row) =>
    Boolean(row?.found),
  );

/**
 * Stamps a login with the password that was just verified and uses up what else was proved; none happens if either is not
 * good any more or the tenant was suspended meanwhile.
 */
export const stampLoginStatement = (
  user: User,
  login: { passwordHash: string; proof: Proof; open: SQL },
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET login_ms = ${atMs}, password_hash = ${login.passwordHash}, ${usedUp(login.proof)}
    WHERE tenant_id = ${user.tenant} AND user_id = ${user.id} AND password_hash = ${user.passwordHash}
      AND suspended_ms IS NULL AND ${isGood(login.proof)} AND ${login.open}
      AND EXISTS (SELECT 1 FROM ${tenantsTable} t WHERE t.tenant_id = ${user.tenant} AND t.status = 'active')`);

export const vouchStatement = (user: User, atMs: number): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET verified_ms = ${atMs}
    WHERE tenant_id = ${user.tenant} AND user_id = ${user.id} AND email = ${user.email} AND verified_ms IS NULL`);

export const removeUserStatement = (tenant: TenantId, id: UserId): Statement<number> =>
  change(sql`DELETE FROM ${usersTable} WHERE tenant_id = ${tenant} AND user_id = ${id}`);

/** Removes a user unless no unrestricted user would be left. */
export const removeUserButLastStatement = (tenant: TenantId, id: UserId): Statement<number> =>
  change(sql`
    DELETE FROM ${usersTable}
    WHERE tenant_id = ${tenant} AND user_id = ${id} AND ${anotherAdminExists(tenant, id)}`);

/** True if the tenant has this user. */
export const isUser = (tenant: TenantId, id: UserId): SQL =>
  sql`EXISTS (SELECT 1 FROM ${usersTable} WHERE tenant_id = ${tenant} AND user_id = ${id})`;
