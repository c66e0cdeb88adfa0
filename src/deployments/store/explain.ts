import { sql } from "drizzle-orm";
import { firstRow, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { columnsOf, type RowOf, type Row } from "../../platform/columns.ts";
import { obstacles, placeOpens } from "./joining.ts";
import { targetsList } from "./membership.ts";
import { currentSeq, openSeq, suitsType, unmetDepends, type DeviceState } from "./assignment.ts";
import {
  deploymentsTable,
  deploymentCountersTable,
  deviceDeploymentsTable,
  deploymentArtifactsTable,
} from "../tables.ts";

const ofDeployment = columnsOf(
  deploymentCountersTable,
  "seq, opens_ms, stage, aborted_ms, targeted, paused_ms, paused_by, governed, weight, dynamic, joined, max_devices",
  "c",
);
const ofDevice = columnsOf(
  deviceDeploymentsTable,
  "status, joined_ms, finished_ms, deleted_ms, device_type, artifact_name, provides, awaits_retry, retry_ms, timed_out",
  "dd",
);

export type ExplainedRow = RowOf<typeof ofDeployment> & {
  listed: number;
  /** JSON of the filter of a dynamic deployment. */
  filter: string | null;
  /** When the first phase with a place for the device opens; null if that waits for something else than time. */
  next_opens_ms: number | null;
  window_closed: number | null;
  window_opens_ms: number | null;
  at_once_full: number | null;
  pace_spent: number | null;
  budget_full: number | null;
  budget_value: string | null;
  /** Null, as what follows, if the device has no part in it. */
  status: number | null;
} & Omit<RowOf<typeof ofDevice>, "status">;

/** Everything about one device in one deployment; nothing if there is no such deployment. */
export const explained = (
  tenant: TenantId,
  deployment: string,
  device: DeviceId,
  atMs: number,
): Statement<ExplainedRow | undefined> =>
  firstRow(sql`
    SELECT ${ofDeployment}, ${targetsList(device)} AS listed, d.filter, ${ofDevice},
      ${placeOpens(device)} AS next_opens_ms, ${obstacles(device, atMs)}
    FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    LEFT JOIN ${deviceDeploymentsTable} dd ON dd.tenant_id = d.tenant_id AND dd.device_id = ${device} AND dd.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.deployment_id = ${deployment}`);

export type FirstInLine = Row<typeof deploymentsTable, "seq" | "deployment_id"> &
  Row<typeof deploymentCountersTable, "weight">;

/** What the device is at, or would be given if it asked now; `matched` are the dynamic deployments that it may join. */
export const firstInLine = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
  matched: readonly number[] = [],
): Statement<FirstInLine | undefined> =>
  firstRow(sql`
    SELECT d.seq, d.deployment_id, c.weight FROM ${deploymentsTable} d
    JOIN ${deploymentCountersTable} c ON c.tenant_id = d.tenant_id AND c.seq = d.seq
    WHERE d.tenant_id = ${tenant} AND d.seq = coalesce((${currentSeq(tenant, device)}), (${openSeq(tenant, device, atMs, matched)}))`);

export type FitRow = Row<typeof deploymentArtifactsTable, "artifact_id"> & {
  type_fits: number;
  /** JSON array of the names of depends that are not satisfied. */
  unmet: string;
};

/** How each artifact of the deployment fits what the device told. */
export const fits = (tenant: TenantId, seq: number, state: DeviceState): Statement<FitRow[]> =>
  rows(sql`
    SELECT a.artifact_id, ${suitsType(state)} AS type_fits,
      (SELECT json_group_array(unmet.key) FROM (${unmetDepends(state)}) unmet) AS unmet
    FROM ${deploymentArtifactsTable} a WHERE a.tenant_id = ${tenant} AND a.seq = ${seq} ORDER BY a.artifact_id`);
