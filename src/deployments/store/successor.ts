import { sql, type SQL } from "drizzle-orm";
import { into } from "../../platform/columns.ts";
import { devicesInReach } from "../../devices/index.ts";
import { change, demand, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { SomeDevices } from "../../platform/reach.ts";
import {
  deploymentCountersTable,
  deploymentsTable,
  deploymentTargetsTable,
  deviceDeploymentsTable,
} from "../tables.ts";
import { added } from "./create.ts";
import { seqOf } from "./membership.ts";
import { addProgress } from "./progress.ts";
import { MAX_REACHED } from "./reach.ts";
import { windowsOfGroups, type GroupWindows } from "./settings.ts";
import { inChunks } from "./targeting.ts";

/** Devices of a deployment with this status. */
const those = (tenant: TenantId, id: string, code: number): SQL => sql`
  ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
  WHERE dd.tenant_id = ${tenant} AND dd.seq = ${seqOf(tenant, id)} AND dd.status = ${code} AND dd.status > 0`;

export const NOBODY = "nobody";

export const OUT_OF_REACH = "devices-out-of-reach";

/** That all of them are within reach, and no more than a list may have whose maker has rights to some devices only. */
export const demandReached = (
  tenant: TenantId,
  { of, code }: { of: string; code: number },
  reach: SomeDevices,
): Statement<void> =>
  demand(
    sql`(SELECT count(*) FROM (SELECT 1 FROM ${those(tenant, of, code)} LIMIT ${MAX_REACHED + 1})) <= ${MAX_REACHED}
      AND NOT EXISTS (
        SELECT 1 FROM ${those(tenant, of, code)} AND NOT ${devicesInReach(tenant, sql`dd.device_id`, reach)})`,
    OUT_OF_REACH,
  );

/** Windows of the groups that they are in. */
export const windowsOfThose = (tenant: TenantId, id: string, code: number): Statement<GroupWindows[]> =>
  windowsOfGroups(tenant, sql`SELECT dd.device_id FROM ${those(tenant, id, code)}`);

export const demandSome = (tenant: TenantId, id: string, code: number): Statement<void> =>
  demand(sql`EXISTS (SELECT 1 FROM ${those(tenant, id, code)})`, NOBODY);

/** Counters and targets of a deployment to devices of another, however many they are. */
export function addSuccessor(
  d: { tenant: TenantId; id: string; opensMs: number },
  { of, code }: { of: string; code: number },
  governing: readonly Statement<number>[],
): Statement<number>[] {
  const from = those(d.tenant, of, code);
  return [
    change(sql`
      INSERT ${into(deploymentCountersTable, "tenant_id, seq, wide_open, opens_ms, max_devices, remaining, unseen, governed")}
      SELECT d.tenant_id, d.seq, 1, ${d.opensMs}, n.devices, n.devices, n.devices, ${Number(governing.length > 0)}
      FROM ${deploymentsTable} d JOIN (SELECT count(*) AS devices FROM ${from}) n WHERE changes() > 0 AND ${added(d)}`),
    ...governing,
    change(sql`
      INSERT ${into(deploymentTargetsTable, "tenant_id, seq, first_id, last_id, ids")}
      SELECT d.tenant_id, d.seq, chunk.first_id, chunk.last_id, chunk.ids
      FROM ${deploymentsTable} d JOIN (${inChunks(sql`SELECT dd.device_id FROM ${from}`)}) chunk
      WHERE changes() > 0 AND ${added(d)}`),
    addProgress(d),
  ];
}
