import { sql } from "drizzle-orm";
import { change, demand, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import { into, type Row } from "../../platform/columns.ts";
import type { TenantId } from "../../platform/ids.ts";
import { addonsFrom, type Subscription } from "../../platform/plans.ts";
import { tenantsTable } from "../../tenants/index.ts";
import { sourceOf } from "./rule-store.ts";
import type { Mapping } from "./schema.ts";
import { ssoAnsweredTable, ssoProvidersTable, ssoSharesTable, type ProviderKind } from "./tables.ts";

/** Our key for one provider: it encrypts for it, and we sign with it. */
export interface ServiceKey {
  /** Base64; nobody but us vouches for it, as usual with SAML. */
  certificate: string;
  /** When that ends; absent in those that were made before it was noted. */
  endsMs?: number;
  /** The private key, sealed. */
  sealed: string;
}

export interface Provider {
  tenant: TenantId;
  id: string;
  kind: ProviderKind;
  /** As it was sent, without the secret of the client. */
  document: string;
  /** Sealed. */
  clientSecret: string | null;
  /** Empty while there is nothing but our own addresses. */
  issuer: string;
  /** Of its kind. */
  details: unknown;
  validUntilMs: number | null;
  /** When it was last read from where it is published; null for what was sent as it is. */
  fetchedMs: number | null;
  mapping: Mapping;
  /** Ours for this provider, of SAML. */
  serviceKey: ServiceKey | null;
  createdMs: number;
  updatedMs: number;
}

type ProviderRow = Row<typeof ssoProvidersTable>;

const toProvider = (row: ProviderRow): Provider => ({
  tenant: row.tenant_id,
  id: row.provider_id,
  kind: row.kind,
  document: row.document,
  clientSecret: row.client_secret,
  issuer: row.issuer,
  details: JSON.parse(row.details),
  validUntilMs: row.valid_until_ms,
  fetchedMs: row.fetched_ms,
  mapping: JSON.parse(row.mapping) as Mapping, // only this store writes it
  serviceKey: row.service_key === null ? null : (JSON.parse(row.service_key) as ServiceKey), // likewise
  createdMs: row.created_ms,
  updatedMs: row.updated_ms,
});

const keyText = ({ serviceKey }: Provider): string | null => serviceKey && JSON.stringify(serviceKey);

export const providersStatement = (tenant: TenantId): Statement<Provider[]> =>
  mapped(
    rows<ProviderRow>(
      sql`SELECT * FROM ${ssoProvidersTable} WHERE tenant_id = ${sourceOf(sql`${tenant}`)} ORDER BY created_ms, provider_id`,
    ),
    (found) => found.map(toProvider),
  );

/** One of the providers that a tenant uses. */
export const providerStatement = (tenant: TenantId, id: string): Statement<Provider | undefined> =>
  mapped(
    firstRow<ProviderRow>(
      sql`SELECT * FROM ${ssoProvidersTable} WHERE tenant_id = ${sourceOf(sql`${tenant}`)} AND provider_id = ${id}`,
    ),
    (row) => row && toProvider(row),
  );

/** A provider by the address that browsers come to, with what its tenant is. */
export interface OpenProvider extends Provider {
  tenantStatus: string;
  subscription: Subscription;
}

export type SubscriptionRow = Row<typeof tenantsTable, "plan" | "addons" | "trial_ends_ms">;

export const toSubscription = (row: SubscriptionRow, nowMs: number): Subscription => ({
  plan: row.plan,
  addons: addonsFrom(JSON.parse(row.addons)),
  trial: (row.trial_ends_ms ?? 0) > nowMs,
});

export const openProviderStatement = (id: string, nowMs: number): Statement<OpenProvider | undefined> =>
  mapped(
    firstRow<ProviderRow & SubscriptionRow & { status: string }>(sql`
      SELECT p.*, t.status, t.plan, t.addons, t.trial_ends_ms
      FROM ${ssoProvidersTable} p JOIN ${tenantsTable} t ON t.tenant_id = p.tenant_id WHERE p.provider_id = ${id}`),
    (row) =>
      row && { ...toProvider(row), tenantStatus: row.status, subscription: toSubscription(row, nowMs) },
  );

export const TOO_MANY_PROVIDERS = "too-many-providers";
export const SHARED_PROVIDERS = "shared-providers";

/** Fails the batch of a tenant that uses the providers of another. */
export const demandOwnProvidersStatement = (tenant: TenantId): Statement<void> =>
  demand(sql`NOT EXISTS (SELECT 1 FROM ${ssoSharesTable} WHERE tenant_id = ${tenant})`, SHARED_PROVIDERS);

export const demandRoomForProviderStatement = (tenant: TenantId, max: number): Statement<void> =>
  demand(
    sql`(SELECT count(*) FROM ${ssoProvidersTable} WHERE tenant_id = ${tenant}) < ${max}`,
    TOO_MANY_PROVIDERS,
  );

export const addProviderStatement = (provider: Provider): Statement<number> =>
  change(sql`
    INSERT ${into(
      ssoProvidersTable,
      "tenant_id, provider_id, kind, document, client_secret, issuer, details, valid_until_ms, fetched_ms, mapping, created_ms, updated_ms",
    )}
    SELECT tenant_id, ${provider.id}, ${provider.kind}, ${provider.document}, ${provider.clientSecret}, ${provider.issuer},
      ${JSON.stringify(provider.details)}, ${provider.validUntilMs}, ${provider.fetchedMs}, ${JSON.stringify(provider.mapping)},
      ${provider.createdMs}, ${provider.updatedMs}
    FROM ${tenantsTable} WHERE tenant_id = ${provider.tenant}`);

const isProvider = ({ tenant, id }: Pick<Provider, "tenant" | "id">) =>
  sql`tenant_id = ${tenant} AND provider_id = ${id}`;

export const replaceProviderStatement = (provider: Provider): Statement<number> =>
  change(sql`
    UPDATE ${ssoProvidersTable} SET kind = ${provider.kind}, document = ${provider.document},
      client_secret = ${provider.clientSecret}, issuer = ${provider.issuer}, details = ${JSON.stringify(provider.details)},
      valid_until_ms = ${provider.validUntilMs}, fetched_ms = ${provider.fetchedMs}, updated_ms = ${provider.updatedMs}
    WHERE ${isProvider(provider)}`);

/** Writes what was read anew, unless somebody replaced the document meanwhile. */
export const refreshProviderStatement = (provider: Provider): Statement<number> =>
  change(sql`
    UPDATE ${ssoProvidersTable} SET details = ${JSON.stringify(provider.details)},
      valid_until_ms = ${provider.validUntilMs}, fetched_ms = ${provider.fetchedMs}
    WHERE ${isProvider(provider)} AND updated_ms = ${provider.updatedMs}`);

/** Of two at once the first stays. */
export const setServiceKeyStatement = (provider: Provider, before: Provider): Statement<number> =>
  change(sql`
    UPDATE ${ssoProvidersTable} SET service_key = ${keyText(provider)}
    WHERE ${isProvider(provider)} AND service_key IS ${keyText(before)}`);

export const setMappingStatement = (
  provider: Pick<Provider, "tenant" | "id">,
  mapping: Mapping,
): Statement<number> =>
  change(
    sql`UPDATE ${ssoProvidersTable} SET mapping = ${JSON.stringify(mapping)} WHERE ${isProvider(provider)}`,
  );

export const removeProviderStatement = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${ssoProvidersTable} WHERE ${isProvider({ tenant, id })}`);

/** Removes a page of requests whose answers would be too late anyway. */
export const forgetAnsweredStatement = (beforeMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${ssoAnsweredTable} WHERE (tenant_id, request_id) IN (
      SELECT tenant_id, request_id FROM ${ssoAnsweredTable} WHERE expires_ms < ${beforeMs} ORDER BY expires_ms LIMIT ${limit})`);
