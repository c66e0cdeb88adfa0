import { sql, type SQL } from "drizzle-orm";
import { firstRow, mapped, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { Term } from "../search/terms.ts";
import { inventoryValuesTable } from "../tables.ts";
import { ALWAYS, onValues } from "./conditions.ts";

/** The number, unless more than `most` values satisfy this condition: then it is not counted. */
export const countedIfFew = (
  tenant: TenantId,
  term: Term | undefined,
  most: number,
  counted: SQL,
): Statement<number | undefined> => {
  const few = term
    ? sql`(SELECT count(*) FROM (
        SELECT 1 FROM ${inventoryValuesTable} v
        WHERE v.tenant_id = ${tenant} AND ${onValues(term) ?? ALWAYS} LIMIT ${most + 1})) <= ${most}`
    : sql`1`;
  return mapped(
    firstRow<{ n: number | null }>(sql`SELECT CASE WHEN ${few} THEN (${counted}) END AS n`),
    (row) => row?.n ?? undefined,
  );
};
