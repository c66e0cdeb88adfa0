import { sql, type SQL } from "drizzle-orm";
import { change, mapped, rows, type Statement } from "../../platform/database.ts";
import { notPaused } from "../../platform/apart.ts";
import { FIRST_HOME } from "../../platform/homes.ts";
import type { TenantId } from "../../platform/ids.ts";
import { tenantHomesTable } from "../../platform/tables.ts";
import { journalMarksTable, journalsTable } from "../tables.ts";
import type { JournalRow } from "./journal-store.ts";

const notFailed = (duty: string, nowMs: number): SQL =>
  notPaused(duty, { tenant: sql`j.tenant_id`, key: sql`'journal'` }, nowMs);

/** The directory knows of tenants that live elsewhere, too. */
const LIVES_HERE = sql`NOT EXISTS (
  SELECT 1 FROM ${tenantHomesTable} h WHERE h.tenant_id = t.tenant_id AND h.home <> ${FIRST_HOME})`;

/** Tenants of a database without a journal, where nobody said that there is to be none. */
export const unbegunStatement = (database: string, limit: number): Statement<{ tenant_id: TenantId }[]> =>
  rows(sql`
    SELECT t.tenant_id FROM tenants t LEFT JOIN ${journalsTable} j ON j.tenant_id = t.tenant_id
    WHERE (j.tenant_id IS NULL OR (j.state = 'off' AND j.asked = 0)) AND ${database === FIRST_HOME ? LIVES_HERE : sql`true`}
    LIMIT ${limit}`);

export const begunStatement = (limit: number): Statement<{ tenant_id: TenantId }[]> =>
  rows(sql`SELECT tenant_id FROM ${journalsTable} WHERE state = 'on' LIMIT ${limit}`);

/** Journals of which something is not in the bucket, those first that wait the longest. */
export const unflushedStatement = (duty: string, nowMs: number, limit: number): Statement<JournalRow[]> =>
  rows(sql`
    SELECT j.* FROM ${journalsTable} j
    WHERE j.state = 'on' AND (j.from_device IS NOT NULL
      OR EXISTS (SELECT 1 FROM ${journalMarksTable} m WHERE m.tenant_id = j.tenant_id)
      OR EXISTS (SELECT 1 FROM inventory_values v
        WHERE v.tenant_id = j.tenant_id AND v.key = 'system-updated_ts' AND v.value > j.from_ms))
      AND ${notFailed(duty, nowMs)}
    ORDER BY j.flushed_ms LIMIT ${limit}`);

/** Journals of which a whole copy is to be made, or goes on. */
export const unbasedStatement = (duty: string, nowMs: number, limit: number): Statement<JournalRow[]> =>
  rows(sql`
    SELECT j.* FROM ${journalsTable} j WHERE j.base IS NOT NULL AND j.state = 'on' AND ${notFailed(duty, nowMs)}
    ORDER BY j.base_ms LIMIT ${limit}`);

/** Has a copy made of each that has changed since the last one. */
export const orderBasesStatement: Statement<number> = change(sql`
  UPDATE ${journalsTable} SET base = '{}' WHERE state = 'on' AND base IS NULL AND turned_ms > base_ms`);

/** Journals with something in the bucket that nobody needs any more. */
export const untrimmedStatement = (olderMs: number, limit: number): Statement<JournalRow[]> =>
  rows(sql`
    SELECT * FROM ${journalsTable}
    WHERE (state = 'on' AND oldest_ms < ${olderMs} AND base_ms > oldest_ms) OR (state = 'off' AND bytes > 0)
    ORDER BY oldest_ms LIMIT ${limit}`);

/** Since when something is marked that is not in the bucket; null if nothing is. */
export const oldestMarkStatement: Statement<number | null> = mapped(
  rows<{ at_s: number | null }>(sql`
    SELECT min((SELECT at_s FROM ${journalMarksTable} m WHERE m.tenant_id = j.tenant_id ORDER BY page LIMIT 1)) AS at_s
    FROM ${journalsTable} j WHERE j.state = 'on'`),
  ([row]) => (row?.at_s == null ? null : row.at_s * 1000),
);
