import { sql } from "drizzle-orm";
import { notPaused } from "../../platform/apart.ts";
import { columnsOf, type RowOf } from "../../platform/columns.ts";
import { change, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId } from "../../platform/ids.ts";
import { deploymentRulesTable } from "../rollout-tables.ts";
import type { Status } from "../status.ts";
import { deploymentCountersTable, deploymentsTable, deviceDeploymentsTable } from "../tables.ts";
import { afterPlace, amongActive, LAST_ACTIVE } from "./devices.ts";
import { moveStatements, TIMED } from "./status-transitions.ts";

export const STUCK = "end-stuck";

const ofRules = columnsOf(deploymentRulesTable, "tenant_id, seq, timeout_ms, stuck_after", "r");
const ofCounters = columnsOf(
  deploymentCountersTable,
  "stage, pending_ms, pending_left, downloading_ms, downloading_left, installing_ms, installing_left, rebooting_ms, rebooting_left",
  "c",
);

export type DueStuck = RowOf<typeof ofRules> & RowOf<typeof ofCounters> & { deployment_id: string };

/** Rollouts of all tenants in which it is time to look for devices that stay too long in a state. */
export const dueStuck = (nowMs: number, limit: number): Statement<DueStuck[]> =>
  rows(sql`
    SELECT ${ofRules}, ${ofCounters}, d.deployment_id FROM ${deploymentRulesTable} r INDEXED BY deployment_rules_stuck
    JOIN ${deploymentCountersTable} c ON c.tenant_id = r.tenant_id AND c.seq = r.seq
    JOIN ${deploymentsTable} d ON d.tenant_id = r.tenant_id AND d.seq = r.seq
    WHERE r.stuck_ms <= ${nowMs} AND ${notPaused(STUCK, { tenant: sql`r.tenant_id`, key: sql`r.seq` }, nowMs)}
    ORDER BY r.stuck_ms LIMIT ${limit}`);

/** Where one look ended and the next begins. */
export interface At {
  status: number;
  device: string;
}

export interface AtIt {
  device_id: DeviceId;
  status: number;
  since_ms: number | null;
  awaits_retry: number;
  retry_ms: number;
}

/** Devices that are at it, in the order of their states. */
export const atIt = ({ tenant_id: tenant, seq }: DueStuck, after: At, limit: number): Statement<AtIt[]> =>
  rows(sql`
    SELECT dd.device_id, dd.status, coalesce(dd.since_ms, dd.joined_ms) AS since_ms, dd.awaits_retry, dd.retry_ms
    FROM ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
    WHERE tenant_id = ${tenant} AND seq = ${seq} AND ${afterPlace(amongActive(after))} AND status <= ${LAST_ACTIVE}
    ORDER BY dd.status, dd.device_id LIMIT ${limit}`);

/** Gives a device up, unless it has gone on meanwhile. */
export const timeOut = (
  { tenant_id: tenant, deployment_id: deployment }: DueStuck,
  { device_id: device, status, since_ms: sinceMs }: AtIt,
  substate: string,
  atMs: number,
): Statement<unknown>[] =>
  moveStatements({
    tenant,
    device,
    deployment,
    to: "failure",
    atMs,
    only: sql`dd.status = ${status} AND coalesce(dd.since_ms, dd.joined_ms) = ${sinceMs}`,
    also: { substate },
    timedOut: true,
  });

/** When and from where to look next; never again with no time. */
export const setStuck = (
  { tenant_id: tenant, seq }: DueStuck,
  next: { dueMs: number | null; after: At | undefined },
): Statement<number> =>
  change(sql`
    UPDATE ${deploymentRulesTable} SET stuck_ms = ${next.dueMs}, stuck_after = ${next.after ? JSON.stringify(next.after) : null}
    WHERE tenant_id = ${tenant} AND seq = ${seq}`);

export const isTimed = (status: Status): status is (typeof TIMED)[number] =>
  TIMED.some((timed) => timed === status);
