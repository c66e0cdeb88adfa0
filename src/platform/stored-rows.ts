import { sql, type SQL } from "drizzle-orm";
import { change, type Statement } from "./database.ts";

/** What a column may hold; no record holds bytes. */
export type Value = string | number | null;

export const columnNames = (columns: readonly string[]): SQL =>
  sql.join(
    columns.map((column) => sql.identifier(column)),
    sql`, `,
  );

/** Writes rows as another database has them; those that are there are replaced. */
export function putRows(
  table: string,
  columns: readonly string[],
  stored: readonly Readonly<Record<string, Value>>[],
): Statement<number> {
  const values = sql.join(
    columns.map((column) => sql`r.value ->> ${`$."${column}"`}`),
    sql`, `,
  );
  return change(sql`
    INSERT OR REPLACE INTO ${sql.identifier(table)} (${columnNames(columns)})
    SELECT ${values} FROM json_each(${JSON.stringify(stored)}) r WHERE true ORDER BY r.key`);
}
