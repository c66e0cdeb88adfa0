import { sql, type SQL } from "drizzle-orm";
import { mapped, rows, type Database, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Value } from "../platform/stored-rows.ts";
import { COPIED_TABLES } from "./archive-format.ts";
import { PAGE_BYTES, ROWS_A_PAGE } from "./limits.ts";
import type { TenantTable } from "./tenant-tables.ts";

export type { Value } from "../platform/stored-rows.ts";

export type CopiedRow = Record<string, Value>;

export interface Column {
  table: string;
  name: string;
  type: string;
  notnull: number;
  has_default: number;
}

/** The columns of these tables, without those that the database makes. */
export const columnsOfStatement = (tables: readonly TenantTable[]): Statement<Map<string, Column[]>> =>
  mapped(
    rows<Column>(sql`
    SELECT m.name AS "table", c.name AS name, upper(c.type) AS type, c."notnull" AS "notnull",
      c.dflt_value IS NOT NULL AS has_default
    FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND c.hidden = 0
      AND m.name IN (SELECT value FROM json_each(${JSON.stringify(tables.map(({ name }) => name))}))`),
    (found) => {
      const omitted = new Map(tables.map(({ name, omit = [] }) => [name, omit]));
      const kept = found.filter((column) => !omitted.get(column.table)?.includes(column.name));
      return Map.groupBy(kept, ({ table }) => table);
    },
  );

/** The columns of all tables that a copy has: of those in the directory, and those in a home if that is another database. */
export async function copiedColumns(directory: Database, home: Database): Promise<Map<string, Column[]>> {
  const statement = columnsOfStatement(COPIED_TABLES);
  return home === directory
    ? home.one(statement)
    : new Map([...(await directory.one(statement)), ...(await home.one(statement))]);
}

const names = (columns: readonly string[]): SQL =>
  sql.join(
    columns.map((column) => sql.identifier(column)),
    sql`, `,
  );

const sizeOf = (column: string): SQL => sql`coalesce(length(CAST(${sql.identifier(column)} AS BLOB)), 0)`;

/** The rows of a tenant after this key, as many as a page may have and no more bytes, but one at least. */
export function pageStatement(
  { name, key, only }: TenantTable,
  columns: readonly string[],
  tenant: TenantId,
  after: readonly Value[] | null,
): Statement<CopiedRow[]> {
  const order = key.length === 0 ? sql`tenant_id` : names(key);
  const from = after
    ? key.length === 0
      ? sql`AND 0`
      : sql`AND (${order}) > (${sql.join(
          after.map((value) => sql`${value}`),
          sql`, `,
        )})`
    : sql``;
  const kept = only ? sql`AND ${sql.identifier(only[0])} = ${only[1]}` : sql``;
  const bytes = sql.join(columns.map(sizeOf), sql` + `);
  return rows(sql`
    SELECT ${names(columns)} FROM (
      SELECT ${names(columns)}, sum(${bytes}) OVER page AS page_bytes, row_number() OVER page AS page_row
      FROM (SELECT * FROM ${sql.identifier(name)} WHERE tenant_id = ${tenant} ${from} ${kept} ORDER BY ${order} LIMIT ${ROWS_A_PAGE})
      WINDOW page AS (ORDER BY ${order} ROWS UNBOUNDED PRECEDING))
    WHERE page_row = 1 OR page_bytes <= ${PAGE_BYTES}
    ORDER BY page_row`);
}

/** Ids of a tenant's devices after this one. */
export const deviceIdsStatement = (tenant: TenantId, after: string): Statement<string[]> =>
  mapped(
    rows<{ device_id: string }>(sql`
      SELECT device_id FROM devices WHERE tenant_id = ${tenant} AND device_id > ${after}
      ORDER BY device_id LIMIT ${ROWS_A_PAGE}`),
    (found) => found.map(({ device_id }) => device_id),
  );

/** Those of the tables that have rows of the tenant. */
export const filledTablesStatement = (
  tables: readonly TenantTable[],
  tenant: TenantId,
): Statement<boolean>[] =>
  tables.map(({ name }) =>
    mapped(
      rows(sql`SELECT 1 FROM ${sql.identifier(name)} WHERE tenant_id = ${tenant} LIMIT 1`),
      (found) => found.length > 0,
    ),
  );
