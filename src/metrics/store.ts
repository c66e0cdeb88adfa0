import { sql, type SQL } from "drizzle-orm";
import { deviceCountsTable } from "../deviceauth/index.ts";
import { deviceConnectionsTable, deviceSessionsTable } from "../deviceconnect/index.ts";
import { firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import { eventReceiversTable, jobsTable, outboxTable } from "../platform/tables.ts";
import { tenantsTable } from "../tenants/index.ts";

/** Nothing is counted further, so that looking costs the same however much there is. */
export const MAX_COUNTED = 10_000;

const some = (of: SQL): SQL => sql`(SELECT COUNT(*) FROM (SELECT 1 FROM ${of} LIMIT ${MAX_COUNTED}))`;
const jobs = (status: string): SQL => sql`${jobsTable} INDEXED BY jobs_by_status WHERE status = ${status}`;

export interface Backlog {
  tenants: number;
  connected: number;
  sessions: number;
  events: number;
  /** When the oldest of them was due. */
  event_ms: number | null;
  pending: number;
  processing: number;
  failed: number;
  /** When the oldest that is pending was made. */
  job_ms: number | null;
  receivers: number;
}

/** What is there and what waits, of all tenants. */
export const backlogStatement = (nowMs: number): Statement<Backlog> =>
  mapped(
    firstRow<Backlog>(sql`
    SELECT due.events, due.event_ms,
      (SELECT COUNT(*) FROM ${tenantsTable}) AS tenants,
      ${some(sql`${deviceConnectionsTable} INDEXED BY device_connections_open WHERE connected = 1`)} AS connected,
      ${some(sql`${deviceSessionsTable} INDEXED BY device_sessions_open WHERE ended_ms IS NULL`)} AS sessions,
      ${some(jobs("pending"))} AS pending,
      ${some(jobs("processing"))} AS processing,
      ${some(jobs("failed"))} AS failed,
      (SELECT created_ms FROM ${jobs("pending")} ORDER BY job_id LIMIT 1) AS job_ms,
      ${some(sql`${eventReceiversTable} WHERE failures > 0`)} AS receivers
    FROM (SELECT COUNT(*) AS events, MIN(due_ms) AS event_ms FROM (
      SELECT due_ms FROM ${outboxTable} WHERE due_ms <= ${nowMs} LIMIT ${MAX_COUNTED})) due`),
    (row) => row as Backlog, // counts always make a row
  );

export const devicesStatement: Statement<{ status: string; devices: number }[]> = rows(
  sql`SELECT status, SUM(devices) AS devices FROM ${deviceCountsTable} GROUP BY status ORDER BY status`,
);
