import { sql, type SQL } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

type ColumnOf<T extends SQLiteTable> = keyof T["$inferSelect"] & string;

type NamesIn<List extends string> = List extends `${infer First}, ${infer Rest}`
  ? First | NamesIn<Rest>
  : List;

/** Fits any list of the table's columns; otherwise it tells what is wrong with the list. */
type Known<T extends SQLiteTable, List extends string> = [NamesIn<List>] extends [ColumnOf<T>]
  ? unknown
  : { noSuchColumn: Exclude<NamesIn<List>, ColumnOf<T>> };

/** Columns of a statement, and what a row of them is. */
type Columns<T extends SQLiteTable, List extends string> = SQL<
  Pick<T["$inferSelect"], NamesIn<List> & ColumnOf<T>>
>;

/** Some columns of a row of a table. */
export type Row<T extends SQLiteTable, Name extends ColumnOf<T> = ColumnOf<T>> = Pick<
  T["$inferSelect"],
  Name
>;

/** A row of such columns. */
export type RowOf<C extends SQL> = C["_"]["type"];

/** Columns of a table as they stand in a statement, after the alias if the table has one there. */
export const columnsOf = <T extends SQLiteTable, const List extends string>(
  _table: T,
  names: List & Known<T, List>,
  alias?: string,
): Columns<T, List> => {
  const text = alias === undefined ? names : names.replaceAll(/\w+/g, (name) => `${alias}.${name}`);
  return sql.raw(text) as Columns<T, List>; // text has no type of its own
};

/** The target of an `INSERT`: the table, and its columns that are given values. */
export const into = <T extends SQLiteTable, const List extends string>(
  table: T,
  names: List & Known<T, List>,
): SQL => sql`INTO ${table} (${sql.raw(names)})`;
