import { sql, type SQL } from "drizzle-orm";
import type { Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { tell, type Told } from "../../platform/stream.ts";
import { STATUS_CODES, type Status } from "../status.ts";
import { deploymentCountersTable, deviceDeploymentsTable } from "../tables.ts";
import { seqOf } from "./membership.ts";

/** The deployment is over since this moment. */
const isOverSince = (tenant: TenantId, deployment: string, atMs: number): SQL => sql`EXISTS (
  SELECT 1 FROM ${deploymentCountersTable} WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, deployment)}
    AND stage = 2 AND finished_ms = ${atMs})`;

/** What the world is told if the statement before ended the device's part, and others are not through. */
export const partEnded = (device: DeviceId, deployment: string, status: Status): Told => ({
  type: "device.updated",
  device,
  deployment,
  data: { status },
});

/** What the world is told of the end of a device's part, if it ended in this batch; and of the deployment's, if that was the last. */
export const endToldStatements = (
  { tenant, device }: { tenant: TenantId; device: DeviceId },
  deployment: string,
  status: Status,
  atMs: number,
): Statement<unknown>[] => {
  const hasEnded = sql`EXISTS (
    SELECT 1 FROM ${deviceDeploymentsTable} WHERE tenant_id = ${tenant} AND device_id = ${device}
      AND seq = ${seqOf(tenant, deployment)} AND active = 0 AND status = ${STATUS_CODES[status]} AND finished_ms = ${atMs})`;
  const events: Told[] = [
    partEnded(device, deployment, status),
    { type: "deployment.finished", deployment, data: {} },
  ];
  return tell(tenant, events, atMs, { each: [hasEnded, isOverSince(tenant, deployment, atMs)] });
};

/** That it was aborted in this batch. */
export const abortToldStatements = (
  tenant: TenantId,
  deployment: string,
  atMs: number,
): Statement<unknown>[] =>
  tell(tenant, [{ type: "deployment.aborted", deployment, data: {} }], atMs, {
    when: isOverSince(tenant, deployment, atMs),
  });
