import { sql } from "drizzle-orm";
import { change, demand, firstRow, inJson, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { Predicate } from "../search/terms.ts";
import { into, columnsOf, type RowOf } from "../../platform/columns.ts";
import { inventoryFiltersTable } from "../tables.ts";

/** A search with a name. Its devices are a dynamic group: those that satisfy it at the moment of asking. */
export interface SavedFilter {
  id: string;
  name: string;
  terms: Predicate[];
}

const columns = columnsOf(inventoryFiltersTable, "filter_id, name, terms");

type FilterRow = RowOf<typeof columns>;

const toFilter = (row: FilterRow): SavedFilter => ({
  id: row.filter_id,
  name: row.name,
  terms: JSON.parse(row.terms) as Predicate[], // stored after validation only
});

export const listFilters = (tenant: TenantId, limit: number, offset: number): Statement<SavedFilter[]> =>
  mapped(
    rows<FilterRow>(sql`
      SELECT ${columns} FROM ${inventoryFiltersTable}
      WHERE tenant_id = ${tenant} ORDER BY name LIMIT ${limit} OFFSET ${offset}`),
    (found) => found.map(toFilter),
  );

export const countFilters = (tenant: TenantId): Statement<number> =>
  mapped(
    firstRow<{ n: number }>(
      sql`SELECT count(*) AS n FROM ${inventoryFiltersTable} WHERE tenant_id = ${tenant}`,
    ),
    (row) => row?.n ?? 0,
  );

export const filterById = (tenant: TenantId, id: string): Statement<SavedFilter | undefined> =>
  mapped(
    firstRow<FilterRow>(sql`
      SELECT ${columns} FROM ${inventoryFiltersTable} WHERE tenant_id = ${tenant} AND filter_id = ${id}`),
    (row) => row && toFilter(row),
  );

export const filtersByIds = (tenant: TenantId, ids: readonly string[]): Statement<SavedFilter[]> =>
  mapped(
    rows<FilterRow>(sql`
      SELECT ${columns} FROM ${inventoryFiltersTable}
      WHERE tenant_id = ${tenant} AND ${inJson(sql`filter_id`, ids)}`),
    (found) => found.map(toFilter),
  );

export const demandFilter = (tenant: TenantId, id: string, refusal: string): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${inventoryFiltersTable} WHERE tenant_id = ${tenant} AND filter_id = ${id})`,
    refusal,
  );

export const addFilter = (tenant: TenantId, filter: SavedFilter, atMs: number): Statement<number> =>
  change(sql`
    INSERT ${into(inventoryFiltersTable, "tenant_id, filter_id, name, terms, created_ms")}
    VALUES (${tenant}, ${filter.id}, ${filter.name}, ${JSON.stringify(filter.terms)}, ${atMs})`);

export const replaceFilter = (tenant: TenantId, filter: SavedFilter): Statement<number> =>
  change(sql`
    UPDATE ${inventoryFiltersTable} SET name = ${filter.name}, terms = ${JSON.stringify(filter.terms)}
    WHERE tenant_id = ${tenant} AND filter_id = ${filter.id}`);

export const removeFilter = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${inventoryFiltersTable} WHERE tenant_id = ${tenant} AND filter_id = ${id}`);

export const FILTER_NAME_KEY = "inventory_filters.tenant_id, inventory_filters.name";
