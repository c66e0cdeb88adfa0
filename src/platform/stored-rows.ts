import { sql, type SQL } from "drizzle-orm";
import { change, type Statement } from "./database.ts";
import { DATABASE, isWithin } from "./limits.ts";

/** What a column may hold; no record holds bytes. */
export type Value = string | number | null;

const columnNames = (columns: readonly string[]): SQL =>
  sql.join(
    columns.map((column) => sql.identifier(column)),
    sql`, `,
  );

type Rows = readonly Readonly<Record<string, Value>>[];

const selected = (columns: readonly string[], stored: Rows): SQL => sql`
  SELECT ${sql.join(
    columns.map((column) => sql`r.value ->> ${`$."${column}"`}`),
    sql`, `,
  )} FROM json_each(${JSON.stringify(stored)}) r WHERE true ORDER BY r.key`;

/** What becomes of rows that are there: one word, or what is set. */
type Otherwise = "REPLACE" | "IGNORE" | SQL;

const beginning = (otherwise: Otherwise): SQL =>
  typeof otherwise === "string" ? sql`INSERT OR ${sql.raw(otherwise)}` : sql`INSERT`;
const ending = (otherwise: Otherwise): SQL => (typeof otherwise === "string" ? sql`` : otherwise);

/** Writes rows as another database has them; those that are there are replaced, or stay. */
export const putRows = (
  table: string,
  columns: readonly string[],
  stored: Rows,
  otherwise: Otherwise = "REPLACE",
): Statement<number> =>
  change(sql`
    ${beginning(otherwise)} INTO ${sql.identifier(table)} (${columnNames(columns)})
    ${selected(columns, stored)} ${ending(otherwise)}`);

/** The same for a table whose key is the tenant, but one column of those that are there stays as it is. */
export const upsertRows = (
  table: string,
  columns: readonly string[],
  stored: Rows,
  kept: string,
): Statement<number> => {
  const set = sql.join(
    columns
      .filter((column) => column !== kept && column !== "tenant_id")
      .map((column) => sql`${sql.identifier(column)} = excluded.${sql.identifier(column)}`),
    sql`, `,
  );
  return change(sql`
    INSERT INTO ${sql.identifier(table)} (${columnNames(columns)}) ${selected(columns, stored)}
    ON CONFLICT (tenant_id) DO UPDATE SET ${set}`);
};

/** Whether rows do not go in as JSON: the whole may be too large, and a text of JSON ends at a NUL. */
function isApart(stored: Rows): boolean {
  const text = JSON.stringify(stored);
  return !isWithin(text, DATABASE.valueBytes) || text.includes("\\u0000");
}

/** One row by its values. */
const putRow = (
  table: string,
  columns: readonly string[],
  row: Readonly<Record<string, Value>>,
  otherwise: Otherwise,
): Statement<number> =>
  change(sql`
    ${beginning(otherwise)} INTO ${sql.identifier(table)} (${columnNames(columns)})
    VALUES (${sql.join(
      columns.map((column) => sql`${row[column] ?? null}`),
      sql`, `,
    )}) ${ending(otherwise)}`);

/** As many statements as it takes. */
export function putAllRows(
  table: string,
  columns: readonly string[],
  stored: Rows,
  otherwise: Otherwise,
): Statement<number>[] {
  const [first] = stored;
  if (!first) return [];
  if (!isApart(stored)) return [putRows(table, columns, stored, otherwise)];
  if (stored.length === 1) return [putRow(table, columns, first, otherwise)];
  const half = Math.ceil(stored.length / 2);
  return [stored.slice(0, half), stored.slice(half)].flatMap((part) =>
    putAllRows(table, columns, part, otherwise),
  );
}
