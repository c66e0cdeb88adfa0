import { sql, type SQL } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

type ColumnOf<T extends SQLiteTable> = keyof T["$inferSelect"] & string;

/** A list of columns in a statement, and what a row of them is. */
type ColumnList<T extends SQLiteTable, Name extends ColumnOf<T>> = SQL<Pick<T["$inferSelect"], Name>>;

/** A row of a list of columns. */
export type RowOf<List extends SQL> = List["_"]["type"];

/** Columns of a table, qualified if the statement calls the table by an alias. */
export const columnsOf = <T extends SQLiteTable, const Name extends ColumnOf<T>>(
  _table: T,
  names: readonly Name[],
  alias?: string,
): ColumnList<T, Name> =>
  sql.raw(names.map((name) => (alias === undefined ? name : `${alias}.${name}`)).join(", ")) as ColumnList<
    T,
    Name
  >; // text has no type of its own

/** The target of an `INSERT`: the table and the columns that are given values. */
export const into = <T extends SQLiteTable>(table: T, ...names: ColumnOf<T>[]): SQL =>
  sql`INTO ${table} (${sql.raw(names.join(", "))})`;
