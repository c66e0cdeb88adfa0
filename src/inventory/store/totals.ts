import { sql, type SQL } from "drizzle-orm";
import { into } from "../../platform/columns.ts";
import { change, firstRow, mapped, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { inventoryTotalsTable } from "../tables.ts";
import { sliceBeside, type Parts, type Slice, type Stretch } from "./slices.ts";

/** A number that is kept, or of so few rows that it is counted at once. */
export const totalOf = (counted: SQL): Statement<number> =>
  mapped(firstRow<{ total: number }>(sql`SELECT (${counted}) AS total`), (row) => row?.total ?? 0);

/** The beginning of a count: what was remembered, the first slice unless that is recent, and a number to count down from. */
export interface Begun extends Slice {
  remembered: { total: number; countedMs: number } | undefined;
  whole: number;
}

interface Beside {
  total: number | null;
  counted_ms: number | null;
  whole: number;
}

const remembered = (tenant: TenantId, query: string): SQL =>
  sql`FROM ${inventoryTotalsTable} k WHERE k.tenant_id = ${tenant} AND k.query = ${query} AND k.counted_ms > 0`;

export function beginCount(
  of: { tenant: TenantId; query: string; recentMs: number; whole: SQL | undefined },
  parts: Parts,
  stretch: Stretch,
): Statement<Begun> {
  const kept = remembered(of.tenant, of.query);
  const guard = sql`NOT EXISTS (SELECT 1 ${kept} AND k.counted_ms >= ${of.recentMs})`;
  const further = sql`, (SELECT k.total ${kept}) AS total, (SELECT k.counted_ms ${kept}) AS counted_ms, (${of.whole ?? sql`0`}) AS whole`;
  const statement = sliceBeside<Beside>(parts, { ...stretch, guard }, further);
  return mapped(statement, ({ beside, ...slice }) => ({
    ...slice,
    whole: beside?.whole ?? 0,
    remembered:
      typeof beside?.total === "number" && typeof beside.counted_ms === "number"
        ? { total: beside.total, countedMs: beside.counted_ms }
        : undefined,
  }));
}

/** A result that took long, with when it was found. */
export interface KeptResult {
  result: string;
  counted_ms: number;
}

export const keptResult = (tenant: TenantId, query: string): Statement<KeptResult | undefined> =>
  firstRow(sql`SELECT k.result, k.counted_ms ${remembered(tenant, query)} AND k.result IS NOT NULL`);

export const rememberTotal = (
  tenant: TenantId,
  query: string,
  { total, result = null }: { total: number; result?: string | null },
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(inventoryTotalsTable, "tenant_id, query, total, result, counted_ms")}
    VALUES (${tenant}, ${query}, ${total}, ${result}, ${atMs})
    ON CONFLICT DO UPDATE SET total = excluded.total, result = excluded.result, counted_ms = excluded.counted_ms, counting_ms = 0`);

/** Takes a count on, unless somebody has it already. One that is not finished by then may be taken on again. */
export const takeOnCount = (
  tenant: TenantId,
  query: string,
  nowMs: number,
  untilMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(inventoryTotalsTable, "tenant_id, query, total, counted_ms, counting_ms")}
    VALUES (${tenant}, ${query}, 0, 0, ${untilMs})
    ON CONFLICT DO UPDATE SET counting_ms = excluded.counting_ms WHERE counting_ms <= ${nowMs}`);

export const forgetTotalsStatement = (beforeMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${inventoryTotalsTable} WHERE (tenant_id, query) IN (
      SELECT tenant_id, query FROM ${inventoryTotalsTable}
      WHERE counted_ms < ${beforeMs} AND counting_ms < ${beforeMs} LIMIT ${limit})`);
