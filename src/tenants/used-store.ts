import { sql } from "drizzle-orm";
import { into } from "../platform/columns.ts";
import { change, firstRow, mapped, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { tenantLimitsTable, tenantsTable, usageDaysTable } from "./tables.ts";
import type { Day, Used } from "../platform/used.ts";

/** Adds to what a tenant that exists used on a day; what has a number that is not above the last one was added before. */
export const addUsedStatement = (tenant: TenantId, day: Day, used: Used, told: number): Statement<number> =>
  change(sql`
    INSERT ${into(usageDaysTable, "tenant_id, day, requests, checks, rows_read, rows_written, downloaded_bytes, told")}
    SELECT tenant_id, ${day}, ${used.requests}, ${used.checks}, ${used.rowsRead}, ${used.rowsWritten}, ${used.downloadedBytes}, ${told}
    FROM ${tenantsTable} WHERE tenant_id = ${tenant}
    ON CONFLICT (tenant_id, day) DO UPDATE SET requests = requests + excluded.requests, checks = checks + excluded.checks,
      rows_read = rows_read + excluded.rows_read, rows_written = rows_written + excluded.rows_written,
      downloaded_bytes = downloaded_bytes + excluded.downloaded_bytes, told = excluded.told
    WHERE told < excluded.told`);

/** True if the tenant has used more rows on the day than it may; a limit of 0 or less is none. */
export const isOverRowsStatement = (tenant: TenantId, day: Day): Statement<boolean> =>
  mapped(
    firstRow<{ over: number }>(sql`
      SELECT u.rows_read + u.rows_written > l.value AS over FROM ${usageDaysTable} u
      JOIN ${tenantLimitsTable} l ON l.tenant_id = u.tenant_id AND l.name = 'rows_a_day' AND l.value > 0
      WHERE u.tenant_id = ${tenant} AND u.day = ${day}`),
    (row) => row?.over === 1,
  );
