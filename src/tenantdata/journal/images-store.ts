import { sql, type SQL } from "drizzle-orm";
import { rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { columnsOfStatement, type Column, type CopiedRow, type Value } from "../rows-store.ts";
import { TENANT_TABLES } from "../tenant-tables.ts";
import type { Image } from "./lines.ts";
import { SUBJECTS, type JournaledTable, type Subject } from "./subjects.ts";

const JOURNALED = new Set(SUBJECTS.flatMap(({ tables }) => tables.map(({ name }) => name)));

/** What journaled tables have, by their names. */
export const journaledColumns: Statement<Map<string, Column[]>> = columnsOfStatement(
  TENANT_TABLES.filter(({ name }) => JOURNALED.has(name)),
);

export type Columns = ReadonlyMap<string, readonly Pick<Column, "name" | "type">[]>;

/** Where subjects are looked for, and how much of what is found is taken. */
export interface Search {
  tenant: TenantId;
  subject: Subject;
  /** Gives each `key`, and as `nth` its place among them from 1. */
  source: SQL;
  /** Bytes of values; the first is taken whatever it has. */
  bytes: number;
}

/** What a search has found. */
export interface Found {
  images: Image[];
  /** Of the last image, as the database has it. */
  lastKey: string | undefined;
  /** Whether it is all that the source gave. */
  isWhole: boolean;
}

/** Statements that find subjects, and how what they find is put together. */
export interface Reading {
  subject: Subject;
  statements: Statement<unknown>[];
  /** Of the results of the statements. */
  found: (results: readonly unknown[]) => Found;
}

const name = (text: string): SQL => sql`${sql.identifier(text)}`;

const listed = (parts: readonly SQL[], between: SQL): SQL => sql.join([...parts], between);

const rowsOf = ({ name: table, index }: JournaledTable): SQL =>
  index === undefined ? sql`${name(table)} t` : sql`${name(table)} t INDEXED BY ${name(index)}`;

/** That a row of the table `t` is the subject's of the key in `s`. */
const isOf = ({ tenant, subject }: Search): SQL =>
  listed(
    [
      sql`t.tenant_id = ${tenant}`,
      ...subject.key.map((column, i) => sql`t.${name(column)} = s.key ->> ${sql.raw(`'$[${i}]'`)}`),
    ],
    sql` AND `,
  );

const columnsOf = (columns: Columns, { name: table }: JournaledTable): string[] =>
  (columns.get(table) ?? []).map((column) => column.name);

/** Of a number, and of whatever else is not measured. */
const NUMBER_BYTES = 8;

/** Bytes of the rows of a subject in a table; an expression must not have many parts. */
function sizeOf(search: Search, columns: Columns, table: JournaledTable): SQL {
  const texts = (columns.get(table.name) ?? []).filter(({ type }) => type === "TEXT");
  const parts = texts.map((column) => sql`coalesce(octet_length(t.${name(column.name)}), 0)`);
  const fixed = sql.raw(String(columnsOf(columns, table).length * NUMBER_BYTES));
  return sql`(SELECT coalesce(sum(${listed([fixed, ...parts], sql` + `)}), 0) FROM ${rowsOf(table)} WHERE ${isOf(search)})`;
}

const taken = (search: Search, columns: Columns): SQL => sql`
  WITH source AS MATERIALIZED (${search.source}),
  taken AS MATERIALIZED (
    SELECT key, nth FROM (
      SELECT key, nth, sum(bytes) OVER (ORDER BY nth ROWS UNBOUNDED PRECEDING) AS total FROM (
        SELECT s.key, s.nth, ${listed(
          search.subject.tables.map((table) => sizeOf(search, columns, table)),
          sql` + `,
        )} AS bytes FROM source s))
    WHERE nth = 1 OR total <= ${search.bytes})`;

const KEY = "journal_key";

interface FoundKey {
  key: string;
  /** How many the source gave. */
  given: number;
}

type KeyedRow = CopiedRow & { [KEY]: string };

const rowsStatement = (search: Search, columns: Columns, table: JournaledTable): Statement<KeyedRow[]> =>
  rows(sql`${taken(search, columns)}
    SELECT s.key AS ${name(KEY)}, ${listed(
      columnsOf(columns, table).map((column) => sql`t.${name(column)}`),
      sql`, `,
    )}
    FROM taken s CROSS JOIN ${rowsOf(table)} WHERE ${isOf(search)} ORDER BY s.nth`);

/** What the subjects that a search finds are now. */
export function reading(search: Search, columns: Columns): Reading {
  const { subject } = search;
  const keys = rows<FoundKey>(
    sql`${taken(search, columns)} SELECT key, (SELECT count(*) FROM source) AS given FROM taken ORDER BY nth`,
  );
  const imageOf = (key: string, byKey: readonly Map<string, KeyedRow[]>[]): Image => ({
    subject: subject.name,
    key: JSON.parse(key) as Value[], // made by the database
    rows: Object.fromEntries(
      subject.tables.flatMap((table, i) => {
        const own = byKey[i]?.get(key) ?? [];
        return own.length === 0 ? [] : [[table.name, own.map(({ [KEY]: _key, ...row }) => row)]];
      }),
    ),
  });
  return {
    subject,
    statements: [keys, ...subject.tables.map((table) => rowsStatement(search, columns, table))],
    found: (results) => {
      const [found, ...tables] = results as [FoundKey[], ...KeyedRow[][]]; // in the order of the statements
      const byKey = tables.map((of) => Map.groupBy(of, (row) => row[KEY]));
      return {
        images: found.map(({ key }) => imageOf(key, byKey)),
        lastKey: found.at(-1)?.key,
        isWhole: found.length === (found[0]?.given ?? 0),
      };
    },
  };
}

/** What several readings have found, from the results of their statements one after the other. */
export function foundBy(readings: readonly Reading[], results: readonly unknown[]): Found[] {
  let at = 0;
  return readings.map(({ statements, found }) => found(results.slice(at, (at += statements.length))));
}
