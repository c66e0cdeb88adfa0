import { sql, type SQL } from "drizzle-orm";
import { columnsOf, into, type RowOf } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { iotDevicesTable, iotIntegrationsTable } from "./tables.ts";
import type { Provider } from "./words.ts";

const columns = columnsOf(
  iotIntegrationsTable,
  "integration_id, provider, description, scopes, shown, credentials, created_ms",
);

export type IntegrationRow = RowOf<typeof columns>;

/** Each costs a request for every event. */
export const MAX_INTEGRATIONS = 20;

export const integrationsStatement = (tenant: TenantId): Statement<IntegrationRow[]> =>
  rows<IntegrationRow>(sql`
    SELECT ${columns} FROM ${iotIntegrationsTable} WHERE tenant_id = ${tenant} ORDER BY provider, integration_id`);

export const integrationStatement = (tenant: TenantId, id: string): Statement<IntegrationRow | undefined> =>
  firstRow<IntegrationRow>(sql`
    SELECT ${columns} FROM ${iotIntegrationsTable} WHERE tenant_id = ${tenant} AND integration_id = ${id}`);

export interface NewIntegration {
  id: string;
  provider: Provider;
  target: string;
  description: string | null;
  scopes: string | null;
  credentials: string;
  shown: string;
}

/** Nothing if the tenant has as many as it may; fails on a second one for the same target. */
export const addIntegrationStatement = (
  tenant: TenantId,
  { id, provider, target, description, scopes, credentials, shown }: NewIntegration,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(iotIntegrationsTable, "tenant_id, integration_id, provider, target, description, scopes, credentials, shown, created_ms")}
    SELECT ${tenant}, ${id}, ${provider}, ${target}, ${description}, ${scopes}, ${credentials}, ${shown}, ${atMs}
    WHERE (SELECT count(*) FROM ${iotIntegrationsTable} WHERE tenant_id = ${tenant}) < ${MAX_INTEGRATIONS}`);

export const TARGET_TAKEN = "iot_integrations.tenant_id, iot_integrations.provider, iot_integrations.target";

export const setCredentialsStatement = (
  tenant: TenantId,
  { id, target, credentials, shown }: Omit<NewIntegration, "provider" | "description" | "scopes">,
): Statement<number> =>
  change(sql`
    UPDATE ${iotIntegrationsTable}
    SET target = ${target}, credentials = ${credentials}, shown = ${shown}
    WHERE tenant_id = ${tenant} AND integration_id = ${id}`);

const isInUse = (tenant: TenantId, id: string): SQL => sql`EXISTS (
  SELECT 1 FROM ${iotDevicesTable} WHERE tenant_id = ${tenant} AND integration_id = ${id})`;

/** True unless devices are linked to it. */
export const isFree = (tenant: TenantId, id: string): SQL => sql`NOT ${isInUse(tenant, id)}`;

/** Nothing while devices are linked to it. */
export const removeIntegrationStatement = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`
    DELETE FROM ${iotIntegrationsTable} WHERE tenant_id = ${tenant} AND integration_id = ${id}
      AND NOT ${isInUse(tenant, id)}`);

/** What an operator's removal of a tenant from this service takes away. */
export const removeTenantStatements = (tenant: TenantId): Statement<number>[] =>
  [iotDevicesTable, iotIntegrationsTable].map((table) =>
    change(sql`DELETE FROM ${table} WHERE tenant_id = ${tenant}`),
  );

/** The integrations that a device is linked to. */
export const linksStatement = (tenant: TenantId, device: DeviceId): Statement<string[]> =>
  mapped(
    rows<{ integration_id: string }>(sql`
      SELECT integration_id FROM ${iotDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`),
    (found) => found.map(({ integration_id }) => integration_id),
  );

export const linkStatement = (tenant: TenantId, device: DeviceId, integration: string): Statement<number> =>
  change(sql`
    INSERT ${into(iotDevicesTable, "tenant_id, device_id, integration_id")}
    SELECT ${tenant}, ${device}, ${integration}
    WHERE EXISTS (SELECT 1 FROM ${iotIntegrationsTable} WHERE tenant_id = ${tenant} AND integration_id = ${integration})
    ON CONFLICT DO NOTHING`);

export const unlinkStatement = (
  tenant: TenantId,
  device: DeviceId,
  integration: string | undefined,
): Statement<number> =>
  change(sql`
    DELETE FROM ${iotDevicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device}
      ${integration === undefined ? sql`` : sql`AND integration_id = ${integration}`}`);

export interface SealedIntegration {
  tenant_id: TenantId;
  integration_id: string;
  credentials: string;
}

/** Integrations that an earlier key has sealed, after a place. */
export const sealedOtherwiseStatement = (
  presentSeal: string,
  after: Pick<SealedIntegration, "tenant_id" | "integration_id">,
  limit: number,
): Statement<SealedIntegration[]> =>
  rows<SealedIntegration>(sql`
    SELECT tenant_id, integration_id, credentials FROM ${iotIntegrationsTable}
    WHERE (tenant_id, integration_id) > (${after.tenant_id}, ${after.integration_id})
      AND substr(credentials, 1, ${presentSeal.length}) <> ${presentSeal}
    ORDER BY tenant_id, integration_id LIMIT ${limit}`);

/** Unless it was changed meanwhile. */
export const resealStatement = (before: SealedIntegration, credentials: string): Statement<number> =>
  change(sql`
    UPDATE ${iotIntegrationsTable} SET credentials = ${credentials}
    WHERE tenant_id = ${before.tenant_id} AND integration_id = ${before.integration_id} AND credentials = ${before.credentials}`);
