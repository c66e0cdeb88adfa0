import { sql, type SQL } from "drizzle-orm";
import { change, firstRow, mapped, type Statement } from "../platform/database.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { columnsOf, into, type Row } from "../platform/columns.ts";
import { tenantsTable } from "../tenants/index.ts";
import { accountSecretsTable, usersTable, type SecretPurpose } from "./tables.ts";
import { toUser, type User, type UserRow } from "./user-store.ts";

/** A link that is or will be sent by mail. What opens it is never stored. */
export interface AccountSecret {
  tenant: TenantId;
  user: UserId;
  id: string;
  purpose: SecretPurpose;
  /** The address it is sent to. */
  email: string;
  createdMs: number;
  expiresMs: number;
}

const columns = columnsOf(
  accountSecretsTable,
  "tenant_id, user_id, secret_id, purpose, email, created_ms, expires_ms",
);
const intoSecrets = into(
  accountSecretsTable,
  "tenant_id, user_id, secret_id, purpose, email, created_ms, expires_ms",
);

type SecretRow = Row<
  typeof accountSecretsTable,
  "tenant_id" | "user_id" | "secret_id" | "purpose" | "email" | "created_ms" | "expires_ms"
>;

const toSecret = (row: SecretRow): AccountSecret => ({
  tenant: row.tenant_id,
  user: row.user_id,
  id: row.secret_id,
  purpose: row.purpose,
  email: row.email,
  createdMs: row.created_ms,
  expiresMs: row.expires_ms,
});

const values = (secret: AccountSecret) =>
  sql`SELECT ${secret.tenant}, ${secret.user}, ${secret.id}, ${secret.purpose}, ${secret.email}, ${secret.createdMs}, ${secret.expiresMs}`;

const isSecret = ({ tenant, user, id }: Pick<AccountSecret, "tenant" | "user" | "id">) =>
  sql`tenant_id = ${tenant} AND user_id = ${user} AND secret_id = ${id}`;

const isOpen = (nowMs: number) => sql`used_ms IS NULL AND expires_ms > ${nowMs}`;

/** Adds a link unless it is there. */
export const addSecretStatement = (secret: AccountSecret): Statement<number> =>
  change(sql`INSERT ${intoSecrets} ${values(secret)} WHERE 1 ON CONFLICT DO NOTHING`);

/** Adds a link if the statement before it in the batch changed something. */
export const addSecretIfChanged = (secret: AccountSecret): Statement<number> =>
  change(sql`INSERT ${intoSecrets} ${values(secret)} WHERE changes() > 0`);

/** The same for one that is good at once, because whoever asked for it knows what opens it. */
export const addOpenSecretIfChanged = (secret: AccountSecret, digest: string): Statement<number> =>
  change(sql`
    INSERT ${into(accountSecretsTable, "tenant_id, user_id, secret_id, purpose, email, created_ms, expires_ms, digest")}
    ${values(secret)}, ${digest} WHERE changes() > 0`);

export const DIGEST_KEY = "account_secrets.digest";

const pendingChange = (tenant: TenantId, user: UserId, nowMs: number) =>
  sql`tenant_id = ${tenant} AND user_id = ${user} AND purpose = 'email' AND ${isOpen(nowMs)}`;

const isTaken = (email: string) => sql`EXISTS (SELECT 1 FROM ${usersTable} WHERE email = ${email})`;

/** Adds a change of address unless one is pending or the address is somebody's. */
export const addEmailChangeStatement = (secret: AccountSecret): Statement<number> =>
  change(sql`
    INSERT ${intoSecrets} ${values(secret)}
    WHERE NOT ${isTaken(secret.email)} AND NOT EXISTS (
      SELECT 1 FROM ${accountSecretsTable} WHERE ${pendingChange(secret.tenant, secret.user, secret.createdMs)})`);

export const pendingChangeStatement = (
  tenant: TenantId,
  user: UserId,
  nowMs: number,
): Statement<AccountSecret | undefined> =>
  mapped(
    firstRow<SecretRow>(
      sql`SELECT ${columns} FROM ${accountSecretsTable} WHERE ${pendingChange(tenant, user, nowMs)}`,
    ),
    (row) => row && toSecret(row),
  );

export const cancelChangesStatement = (tenant: TenantId, user: UserId): Statement<number> =>
  change(
    sql`DELETE FROM ${accountSecretsTable} WHERE tenant_id = ${tenant} AND user_id = ${user} AND purpose = 'email'`,
  );

/** Makes a link good, if it was not used meanwhile and is not too old; sending it again changes nothing. */
export const armSecretStatement = (
  secret: Pick<AccountSecret, "tenant" | "user" | "id">,
  digest: string,
  nowMs: number,
): Statement<number> =>
  change(
    sql`UPDATE ${accountSecretsTable} SET digest = ${digest} WHERE ${isSecret(secret)} AND ${isOpen(nowMs)}`,
  );

export const secretStatement = (
  secret: Pick<AccountSecret, "tenant" | "user" | "id">,
): Statement<AccountSecret | undefined> =>
  mapped(
    firstRow<SecretRow>(sql`SELECT ${columns} FROM ${accountSecretsTable} WHERE ${isSecret(secret)}`),
    (row) => row && toSecret(row),
  );

/** A link that somebody follows, with its user. */
export interface FollowedSecret extends AccountSecret {
  account: User;
  isUsed: boolean;
  tenantStatus: string;
}

/** The link that this digest opens, used and expired ones too. */
export const followedStatement = (digest: string): Statement<FollowedSecret | undefined> =>
  mapped(
    firstRow<UserRow & Record<`s_${string}`, string | number | null> & { status: string }>(sql`
      SELECT u.*, t.status AS status, s.secret_id AS s_id, s.purpose AS s_purpose, s.email AS s_email,
        s.created_ms AS s_created_ms, s.expires_ms AS s_expires_ms, s.used_ms AS s_used_ms
      FROM ${accountSecretsTable} s
      JOIN ${usersTable} u ON u.tenant_id = s.tenant_id AND u.user_id = s.user_id
      JOIN ${tenantsTable} t ON t.tenant_id = s.tenant_id
      WHERE s.digest = ${digest}`),
    (row) =>
      row && {
        tenant: row.tenant_id,
        user: row.user_id,
        id: String(row.s_id),
        purpose: row.s_purpose as SecretPurpose, // only this store writes it
        email: String(row.s_email),
        createdMs: Number(row.s_created_ms),
        expiresMs: Number(row.s_expires_ms),
        isUsed: row.s_used_ms !== null,
        account: toUser(row),
        tenantStatus: row.status,
      },
  );

/** True in SQL while a link can be followed. */
export const isOpenSecret = (secret: AccountSecret, nowMs: number): SQL =>
  sql`EXISTS (SELECT 1 FROM ${accountSecretsTable} s
    WHERE ${isSecret(secret)} AND s.digest IS NOT NULL AND ${isOpen(nowMs)})`;

/** Uses a link that proves an address which is still the user's. */
export const useVerificationStatement = (secret: AccountSecret, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${accountSecretsTable} SET used_ms = ${nowMs} WHERE ${isSecret(secret)} AND ${isOpen(nowMs)}
      AND EXISTS (SELECT 1 FROM ${usersTable} u
        WHERE u.tenant_id = ${secret.tenant} AND u.user_id = ${secret.user} AND u.email = ${secret.email})`);

/** Notes that the address is the user's, if the statement before it in the batch changed something. */
export const verifyIfChanged = (secret: AccountSecret, nowMs: number): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET verified_ms = coalesce(verified_ms, ${nowMs})
    WHERE tenant_id = ${secret.tenant} AND user_id = ${secret.user} AND changes() > 0`);

/** Voids all links of a user who was just given this password and this address. */
export const removeSecretsOfChangedStatement = (user: User): Statement<number> =>
  change(sql`
    DELETE FROM ${accountSecretsTable} WHERE tenant_id = ${user.tenant} AND user_id = ${user.id} AND EXISTS (
      SELECT 1 FROM ${usersTable} u WHERE u.tenant_id = ${user.tenant} AND u.user_id = ${user.id}
        AND u.revision = ${user.revision + 1} AND u.password_hash = ${user.passwordHash} AND u.email = ${user.email})`);

export const removeSecretsOfRemovedStatement = (tenant: TenantId, user: UserId): Statement<number> =>
  change(sql`
    DELETE FROM ${accountSecretsTable} WHERE tenant_id = ${tenant} AND user_id = ${user}
      AND NOT EXISTS (SELECT 1 FROM ${usersTable} u WHERE u.tenant_id = ${tenant} AND u.user_id = ${user})`);

/** Removes a page of links that ended before. */
export const forgetOldSecretsStatement = (beforeMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${accountSecretsTable} WHERE (tenant_id, user_id, secret_id) IN (
      SELECT tenant_id, user_id, secret_id FROM ${accountSecretsTable}
      WHERE expires_ms < ${beforeMs} ORDER BY expires_ms LIMIT ${limit})`);
