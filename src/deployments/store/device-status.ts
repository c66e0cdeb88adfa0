import { sql, type SQL } from "drizzle-orm";
import type { Beside } from "../../devices/index.ts";
import { change, firstRow, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { isHeard } from "../../platform/stream.ts";
import { deviceDeploymentsTable, deploymentCountersTable, deploymentsTable } from "../tables.ts";
import type { Row } from "../../platform/columns.ts";
import { stillWaitsToInstall } from "./joining.ts";
import { seqOf } from "./membership.ts";
import { elseFor, plainWait, type Times } from "./waits.ts";

export type ReportedRow = Row<typeof deviceDeploymentsTable, "seq" | "status" | "active"> &
  Row<typeof deploymentCountersTable, "aborted_ms" | "governed" | "stage" | "remaining"> & {
    /** 1 if somebody is to hear of what is told. */
    heard: 0 | 1;
  };

/** The same with what else there is for the device, if that was asked for. */
export type EndedRow = ReportedRow & Partial<Times & { other: number | null }>;

const reportedRow = (tenant: TenantId, device: DeviceId, deployment: string, more = sql``): SQL => sql`
    SELECT dd.seq, dd.status, dd.active, c.aborted_ms, c.governed, c.stage, c.remaining, ${isHeard(tenant)} AS heard ${more}
    FROM ${deviceDeploymentsTable} dd
    JOIN ${deploymentCountersTable} c ON c.tenant_id = dd.tenant_id AND c.seq = dd.seq
    WHERE dd.tenant_id = ${tenant} AND dd.device_id = ${device} AND dd.seq = ${seqOf(tenant, deployment)}
      AND dd.status > 0`;

/** Where the device stands in a deployment it has asked about; nothing if it never did. */
export const reportedBeside = (
  tenant: TenantId,
  device: DeviceId,
  deployment: string,
): Beside<ReportedRow> => ({ query: reportedRow(tenant, device, deployment), key: "seq" });

/** Until when there is nothing else for the device; undefined if there is, or that is not known. */
export const contentUntil = (row: EndedRow, atMs: number): number | undefined =>
  row.other === null
    ? plainWait({ queued_ms: null, retry_ms: null, wide_ms: null, ...row }, atMs).untilMs
    : undefined;

/** The same with what else there is for the device. */
export const endedBeside = (
  tenant: TenantId,
  device: DeviceId,
  deployment: string,
  atMs: number,
): Beside<EndedRow> => ({
  query: reportedRow(tenant, device, deployment, sql`, ${elseFor({ tenant, device, atMs })}`),
  key: "seq",
});

/** The same by itself. */
export const reportedState = (
  tenant: TenantId,
  device: DeviceId,
  deployment: string,
): Statement<ReportedRow | undefined> => firstRow(reportedRow(tenant, device, deployment));

/** A device that was given up and told of its success after that stays failed; who looks at it can see that it has it. */
export const noteLateSuccess = (
  tenant: TenantId,
  device: DeviceId,
  deployment: string,
  only: SQL,
): Statement<number> =>
  change(sql`
    UPDATE ${deviceDeploymentsTable} SET timed_out = 2, substate = substate || '; told of success later'
    WHERE tenant_id = ${tenant} AND device_id = ${device} AND seq = ${seqOf(tenant, deployment)} AND timed_out = 1 AND ${only}`);

/** What the update control map of a device is made of. */
export type MapRow = Row<typeof deploymentsTable, "deployment_id" | "update_control_map"> & {
  waits_to_install: number | null;
};

export const controlMapOf = (
  tenant: TenantId,
  device: DeviceId,
  deployment: string,
  atMs: number,
): Statement<MapRow | undefined> =>
  firstRow(sql`
    SELECT d.deployment_id, d.update_control_map, ${stillWaitsToInstall(device, atMs)} AS waits_to_install FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    JOIN ${deviceDeploymentsTable} dd ON dd.tenant_id = d.tenant_id AND dd.device_id = ${device} AND dd.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${deployment}
      AND dd.active = 1 AND dd.status > 0 AND c.aborted_ms IS NULL`);
