import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId, UserId } from "../platform/ids.ts";

/** What a link that was sent by mail is for. */
export type SecretPurpose = "verify" | "reset" | "invite" | "email" | "magic";

/** `unverified` while it is set up: it counts from its first code on. */
export type TfaStatus = "disabled" | "unverified" | "enabled";

export const usersTable = sqliteTable(
  "users",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    user_id: text().$type<UserId>().notNull(),
    email: text().notNull(),
    password_hash: text().notNull(),
    roles: text().notNull().default("[]"),
    revision: integer().notNull().default(1),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
    login_ms: integer(),
    verified_ms: integer(),
    tfa_status: text().$type<TfaStatus>().notNull().default("disabled"),
    tfa_secret: text(),
    tfa_step: integer().notNull().default(0),
    tfa_recovery: text().notNull().default("[]"),
    external_id: text(),
    suspended_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.user_id] })],
);

/** Users of a tenant whose home is another. */
export const membershipsTable = sqliteTable(
  "memberships",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    user_id: text().$type<UserId>().notNull(),
    home_id: text().$type<TenantId>().notNull(),
    roles: text().notNull(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.user_id] })],
);

export const userTokensTable = sqliteTable(
  "user_tokens",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    user_id: text().$type<UserId>().notNull(),
    token_id: text().notNull(),
    name: text(),
    created_ms: integer().notNull(),
    expires_ms: integer(),
    last_used_ms: integer(),
    user_agent: text(),
    network: text(),
    limits: text(),
    provider_id: text(),
    provider_session: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.user_id, row.token_id] })],
);

export const accountSecretsTable = sqliteTable(
  "account_secrets",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    user_id: text().$type<UserId>().notNull(),
    secret_id: text().notNull(),
    purpose: text().$type<SecretPurpose>().notNull(),
    email: text().notNull(),
    digest: text(),
    created_ms: integer().notNull(),
    expires_ms: integer().notNull(),
    used_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.user_id, row.secret_id] })],
);

export const passkeysTable = sqliteTable(
  "passkeys",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    user_id: text().$type<UserId>().notNull(),
    passkey_id: text().notNull(),
    name: text().notNull(),
    public_key: text().notNull(),
    counter: integer().notNull(),
    transports: text().notNull(),
    created_ms: integer().notNull(),
    last_used_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.user_id, row.passkey_id] })],
);

export const scimTokensTable = sqliteTable(
  "scim_tokens",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    token_id: text().notNull(),
    name: text().notNull(),
    digest: text().notNull(),
    created_ms: integer().notNull(),
    last_used_ms: integer(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.token_id] })],
);

export const scimGroupsTable = sqliteTable(
  "scim_groups",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    role: text().notNull(),
    display_name: text().notNull(),
    external_id: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.role] })],
);

export const spentChallengesTable = sqliteTable("spent_challenges", {
  digest: text().primaryKey(),
  expires_ms: integer().notNull(),
});

const named = (table: string) =>
  sqliteTable(
    table,
    {
      tenant_id: text().$type<TenantId>().notNull(),
      name: text().notNull(),
      definition: text().notNull(),
    },
    (row) => [primaryKey({ columns: [row.tenant_id, row.name] })],
  );

export const rolesTable = named("roles");
export const permissionSetsTable = named("permission_sets");

export const settingsTable = sqliteTable(
  "settings",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    owner: text().notNull(),
    etag: text().notNull(),
    document: text().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.owner] })],
);

export const loginFailuresTable = sqliteTable("login_failures", {
  subject: text().primaryKey(),
  failures: integer().notNull(),
  last_ms: integer().notNull(),
  blocked_until_ms: integer().notNull(),
});
