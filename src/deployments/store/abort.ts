import { sql } from "drizzle-orm";
import { altering, change, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { addEventsFrom } from "../../platform/outbox.ts";
import { EVENTS } from "../events.ts";
import { SMALL } from "../limits.ts";
import { ACTIVE_STATUSES, counterColumn, STATUS_CODES } from "../status.ts";
import { seqOf } from "./membership.ts";
import {
  deploymentCountersTable,
  deviceDeploymentsTable,
  deploymentTargetsTable,
  deploymentsTable,
} from "../tables.ts";

const active = ACTIVE_STATUSES.map((status) => sql.raw(counterColumn(status)));

/** Ends an unfinished deployment for everyone in one row. Targets that never polled are counted apart. */
export const abort = (tenant: TenantId, deployment: string, atMs: number): Statement<number> =>
  altering(
    { tenant, what: { kind: "standing" } },
    change(sql`
    UPDATE ${deploymentCountersTable} SET
      aborted = aborted + ${sql.join(active, sql` + `)},
      ${sql.join(
        active.map((column) => sql`${column} = 0`),
        sql`, `,
      )},
      unseen_aborted = unseen, unseen = 0, remaining = 0, stage = 2, wide_open = 0,
      targeted = 1, targeted_to = NULL, finished_ms = ${atMs}, aborted_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND seq = ${seqOf(tenant, deployment)} AND stage < 2`),
  );

/** At most this many device rows are written for an abort at once. */
export const ABORT_PAGE = 1000;

const ACTIVE_CODES = JSON.stringify(ACTIVE_STATUSES.map((status) => STATUS_CODES[status]));

const abortedMs = sql`(SELECT c.aborted_ms FROM ${deploymentCountersTable} c
  WHERE c.tenant_id = device_deployments.tenant_id AND c.seq = device_deployments.seq)`;

/** Writes the abort into a page of device rows, which count as aborted before that already. */
export const settleAborted = (tenant: TenantId, deployment: string): Statement<number> =>
  change(sql`
    UPDATE ${deviceDeploymentsTable} SET status = ${STATUS_CODES.aborted}, active = 0, finished_ms = ${abortedMs},
      started_ms = coalesce(started_ms, ${abortedMs})
    WHERE tenant_id = ${tenant} AND (device_id, seq) IN (
      SELECT dd.device_id, dd.seq FROM ${deploymentCountersTable} c
      CROSS JOIN json_each(${ACTIVE_CODES}) code
      CROSS JOIN ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
        ON dd.tenant_id = c.tenant_id AND dd.seq = c.seq AND dd.status = code.value AND dd.status > 0
      WHERE c.tenant_id = ${tenant} AND c.seq = ${seqOf(tenant, deployment)} AND c.aborted_ms IS NOT NULL
      LIMIT ${ABORT_PAGE})`);

/** Takes an ended deployment out of the queues of the devices that never asked for it. */
export const unqueue = (tenant: TenantId, deployment: string): Statement<number> =>
  change(sql`
    DELETE FROM ${deviceDeploymentsTable}
    WHERE tenant_id = ${tenant} AND status = 0 AND (device_id, seq) IN (
      SELECT target.value, c.seq FROM ${deploymentCountersTable} c
      JOIN ${deploymentTargetsTable} t ON t.tenant_id = c.tenant_id AND t.seq = c.seq
      JOIN json_each(t.ids) target
      WHERE c.tenant_id = ${tenant} AND c.seq = ${seqOf(tenant, deployment)} AND c.aborted_ms IS NOT NULL
        AND c.max_devices <= ${SMALL})`);

/** Replaces the update control map of an unfinished deployment that has one. */
export const setControlMap = (tenant: TenantId, deployment: string, map: string): Statement<number> =>
  change(sql`
    UPDATE ${deploymentsTable} SET update_control_map = ${map}
    WHERE tenant_id = ${tenant} AND deployment_id = ${deployment} AND update_control_map IS NOT NULL
      AND seq IN (SELECT c.seq FROM ${deploymentCountersTable} c
        WHERE c.tenant_id = ${tenant} AND c.seq = ${seqOf(tenant, deployment)} AND c.stage < 2)`);

/** After `settleAborted`: if that had as much to do as it does at once, a job goes on. */
export const settleRest = (tenant: TenantId, deployment: string, atMs: number): Statement<number> =>
  addEventsFrom(
    {
      kind: EVENTS.settling,
      tenant,
      source: sql`SELECT ${deployment} AS subject, '{}' AS data WHERE changes() >= ${ABORT_PAGE}`,
    },
    atMs,
  );
