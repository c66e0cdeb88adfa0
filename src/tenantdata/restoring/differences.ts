import type { Image } from "../journal/lines.ts";
import type { Subject } from "../journal/subjects.ts";
import type { CopiedRow, Value } from "../rows-store.ts";
import { isCompared, tableOf, wayOf } from "./subjects.ts";

/** What of a table is other than it was. */
export interface TableDifference {
  table: string;
  added: CopiedRow[];
  changed: { from: CopiedRow; to: CopiedRow }[];
  /** Rows of a subject that was there without them. */
  removed: CopiedRow[];
}

/** Columns by table. */
export type Columns = ReadonlyMap<string, readonly string[]>;

const keyText = (columns: readonly string[], row: CopiedRow): string =>
  JSON.stringify(columns.map((column): Value => row[column] ?? null));

/** Of a row as it was, what the table still has. */
function known(subject: Subject, table: string, row: CopiedRow, columns: readonly string[] = []): CopiedRow {
  const isEmptied = (column: string) => wayOf(subject, table, column) === "emptied";
  const valueOf = (column: string): Value => (isEmptied(column) ? null : (row[column] ?? null));
  const there = columns.filter((column) => column in row || isEmptied(column));
  return Object.fromEntries(there.map((column) => [column, valueOf(column)]));
}

/** How the rows of some subjects differ from what they were, by table. */
export function differencesOf(
  subject: Subject,
  images: readonly Image[],
  live: ReadonlyMap<string, readonly CopiedRow[]>,
  columns: Columns,
): TableDifference[] {
  return subject.tables.map(({ name: table }) => {
    const { key } = tableOf(table);
    const there = new Map((live.get(table) ?? []).map((row) => [keyText(key, row), row]));
    const difference: TableDifference = { table, added: [], changed: [], removed: [] };
    for (const row of images.flatMap(({ rows }) => rows[table] ?? [])) {
      const to = known(subject, table, row, columns.get(table));
      const from = there.get(keyText(key, to));
      there.delete(keyText(key, to));
      const isOther = ([column, value]: [string, Value]) =>
        isCompared(subject, table, column) && (from?.[column] ?? null) !== value;
      if (!from) difference.added.push(to);
      else if (Object.entries(to).some(isOther)) difference.changed.push({ from, to });
    }
    difference.removed.push(...there.values());
    return difference;
  });
}

export const isDifferent = ({ added, changed, removed }: TableDifference): boolean =>
  added.length + changed.length + removed.length > 0;
