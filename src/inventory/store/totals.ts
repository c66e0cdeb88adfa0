import { sql, type SQL } from "drizzle-orm";
import { into } from "../../platform/columns.ts";
import { change, firstRow, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { inventoryTotalsTable } from "../tables.ts";

/** A total, whether it was remembered from a moment ago, and what it cost. */
export interface Total {
  total: number;
  remembered: boolean;
  rowsRead: number;
}

const asTotal = (query: SQL): Statement<Total> => {
  const statement = firstRow<{ total: number; remembered: number }>(query);
  return {
    ...statement,
    read: (result) => {
      const row = statement.read(result);
      const rowsRead = result.meta.rows_read;
      return { total: row?.total ?? 0, remembered: row?.remembered === 1, rowsRead };
    },
  };
};

/** What the first counts, less what the second does. */
export const difference = (whole: SQL, part: SQL): SQL => sql`SELECT (${whole}) - (${part})`;

export const totalOf = (counted: SQL): Statement<Total> =>
  asTotal(sql`SELECT (${counted}) AS total, 1 AS remembered`);

/** The remembered total if it is not older than `sinceMs`; otherwise counts. */
export const rememberedTotal = (
  tenant: TenantId,
  fingerprint: string,
  sinceMs: number,
  counted: SQL,
): Statement<Total> => {
  const kept = sql`FROM ${inventoryTotalsTable}
    WHERE tenant_id = ${tenant} AND query = ${fingerprint} AND counted_ms >= ${sinceMs}`;
  return asTotal(sql`
    SELECT coalesce((SELECT total ${kept}), (${counted})) AS total, EXISTS (SELECT 1 ${kept}) AS remembered`);
};

export const rememberTotal = (
  tenant: TenantId,
  fingerprint: string,
  total: number,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(inventoryTotalsTable, "tenant_id, query, total, counted_ms")}
    VALUES (${tenant}, ${fingerprint}, ${total}, ${atMs})
    ON CONFLICT DO UPDATE SET total = excluded.total, counted_ms = excluded.counted_ms`);

export const forgetTotalsStatement = (beforeMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${inventoryTotalsTable} WHERE (tenant_id, query) IN (
      SELECT tenant_id, query FROM ${inventoryTotalsTable} WHERE counted_ms < ${beforeMs} LIMIT ${limit})`);
