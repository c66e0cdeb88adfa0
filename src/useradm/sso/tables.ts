import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId, UserId } from "../../platform/ids.ts";

export type ProviderKind = "oidc" | "saml";

export const ssoProvidersTable = sqliteTable(
  "sso_providers",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    provider_id: text().notNull(),
    kind: text().$type<ProviderKind>().notNull(),
    document: text().notNull(),
    client_secret: text(),
    issuer: text().notNull(),
    details: text().notNull(),
    valid_until_ms: integer(),
    fetched_ms: integer(),
    mapping: text().notNull().default("{}"),
    created_ms: integer().notNull(),
    updated_ms: integer().notNull(),
    service_key: text(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.provider_id] })],
);

export const ssoIdentitiesTable = sqliteTable(
  "sso_identities",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    issuer: text().notNull(),
    subject: text().notNull(),
    user_id: text().$type<UserId>().notNull(),
    provider_id: text().notNull(),
    kind: text().$type<ProviderKind>().notNull(),
    created_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.issuer, row.subject] })],
);

export const ssoAnsweredTable = sqliteTable(
  "sso_answered",
  {
    tenant_id: text().$type<TenantId>().notNull(),
    request_id: text().notNull(),
    expires_ms: integer().notNull(),
  },
  (row) => [primaryKey({ columns: [row.tenant_id, row.request_id] })],
);

export const ssoRulesTable = sqliteTable("sso_rules", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  break_glass: text().$type<UserId>().notNull(),
});

export const ssoSharesTable = sqliteTable("sso_shares", {
  tenant_id: text().$type<TenantId>().primaryKey(),
  source_tenant_id: text().$type<TenantId>().notNull(),
});
