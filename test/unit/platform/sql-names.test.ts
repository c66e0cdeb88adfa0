import { readdirSync, readFileSync } from "node:fs";
import { is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { expect, test } from "vitest";

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => `src/${file}`);

/** The declared tables of all domains by the names of their declarations. */
const declared = new Map(
  (
    await Promise.all(
      files
        .filter((file) => /[/-]tables\.ts$/.test(file))
        .map((file) => import(`../../../${file}`) as Promise<Record<string, unknown>>),
    )
  )
    .flatMap((domain) => Object.entries(domain))
    .flatMap(([name, value]) => (is(value, SQLiteTable) ? [[name, getTableConfig(value)] as const] : [])),
);

const columnsOf = (table: string): string[] => declared.get(table)?.columns.map(({ name }) => name) ?? [];

/** The text of the `sql` templates of a file; of what is put into them only the tables, as `{usersTable}`. */
function templatesOf(source: string): string[] {
  return Array.from(source.matchAll(/(?<![.\w])sql`/g), ({ index }) => {
    let [text, put, depth] = ["", "", 0];
    for (let i = index + "sql`".length; depth > 0 || source[i] !== "`"; i++) {
      const character = source[i]!;
      if (character === "{" && (depth > 0 || source[i - 1] === "$")) depth += 1;
      else if (character === "}" && depth > 0) depth -= 1;
      else if (depth === 0) text += character;
      if (depth > 0) put += character;
      else if (put !== "") {
        if (declared.has(put.slice(1))) text += `${put}}`;
        put = "";
      }
    }
    return text;
  });
}

/** Words with an underscore, as only names have them: not those in quotes, of indexes, or that the statement itself makes. */
function namesIn(text: string): string[] {
  const made = new Set(Array.from(text.matchAll(/\b(?:AS|WITH|RECURSIVE) (\w+)/g), ([, name]) => name));
  const plain = text.replace(/'[^']*'|\{\w+\}/g, "''").replace(/INDEXED BY \w+/g, "");
  return [...plain.matchAll(/\b[a-z]\w*_\w+\b(?!\()/g)]
    .map(([name]) => name)
    .filter((name) => !made.has(name));
}

const known = new Set([
  ...[...declared.values()].map(({ name }) => name),
  ...[...declared.keys()].flatMap(columnsOf),
  // No table of a domain.
  "sqlite_master",
  "dflt_value",
  "inventory_text",
  "inventory_text_idx",
  "dflt_value",
]);

/** Columns that a statement says of an alias of its own, and that its table does not have. */
function strayColumns(text: string): string[] {
  const aliases = new Map(
    Array.from(text.matchAll(/\{(\w+)\} (?:AS )?([a-z]\w*)\b/g), ([, table, alias]) => [alias, table!]),
  );
  return [...text.matchAll(/\b([a-z]\w*)\.([a-z]\w*)/g)]
    .filter(([, alias, column]) => aliases.has(alias) && !columnsOf(aliases.get(alias)!).includes(column!))
    .map(([qualified]) => qualified);
}

test("every name in a statement is that of a table or a column", () => {
  const stray = files.flatMap((file) =>
    templatesOf(readFileSync(file, "utf8"))
      .flatMap((text) => [...namesIn(text).filter((name) => !known.has(name)), ...strayColumns(text)])
      .map((name) => `${file}: ${name}`),
  );
  expect(stray).toEqual([]);
});
