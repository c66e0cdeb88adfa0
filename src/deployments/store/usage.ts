import { sql } from "drizzle-orm";
import { change, demand, firstRow, rows, type Statement } from "../../platform/database.ts";
import { ARTIFACT_IN_USE } from "../../platform/participants.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { into, type Row } from "../../platform/columns.ts";
import { deviceDeploymentsTable, deploymentCountersTable, deploymentsTable } from "../tables.ts";
import { hasRow, seqOf, targetsList } from "./membership.ts";

/** Gives the device a queued row in every open deployment that lists it and that it has not joined. */
export const queueUnseen = (tenant: TenantId, device: DeviceId): Statement<number> =>
  change(sql`
    INSERT ${into(deviceDeploymentsTable, "tenant_id, device_id, seq, status, active, opens_ms")}
    SELECT c.tenant_id, ${device}, c.seq, 0, 1, c.opens_ms FROM ${deploymentCountersTable} c
    WHERE c.tenant_id = ${tenant} AND c.wide_open = 1 AND ${targetsList(device)} AND NOT ${hasRow(device)}`);

export const unfinishedWithArtifact = (tenant: TenantId, artifactName: string): Statement<{ id: string }[]> =>
  rows(sql`
    SELECT d.deployment_id AS id FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.artifact_name = ${artifactName} AND d.kind = 'software' AND c.stage < 2
    ORDER BY d.seq`);

export const demandNoneUnfinished = (tenant: TenantId, artifactName: string): Statement<void> =>
  demand(
    sql`NOT EXISTS (
      SELECT 1 FROM ${deploymentsTable} d
      JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
      WHERE d.tenant_id = ${tenant} AND d.artifact_name = ${artifactName} AND d.kind = 'software' AND c.stage < 2)`,
    ARTIFACT_IN_USE,
  );

export const anyWithArtifact = (
  tenant: TenantId,
  artifactName: string,
): Statement<{ id: string } | undefined> =>
  firstRow(sql`
    SELECT deployment_id AS id FROM ${deploymentsTable} INDEXED BY deployments_by_artifact
    WHERE tenant_id = ${tenant} AND artifact_name = ${artifactName} AND kind = 'software' LIMIT 1`);

export const mayDownload = (
  tenant: TenantId,
  deployment: string,
  device: DeviceId,
): Statement<Row<typeof deviceDeploymentsTable, "status"> | undefined> =>
  firstRow(sql`
    SELECT dd.status FROM ${deviceDeploymentsTable} dd
    JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
    WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.seq = ${seqOf(tenant, deployment)}
      AND dd.active = 1 AND dd.status > 0 AND c.aborted_ms IS NULL`);
