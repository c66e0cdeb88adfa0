import { sql, type SQL } from "drizzle-orm";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, into } from "../../../src/platform/columns.ts";
import { change } from "../../../src/platform/database.ts";
import { outboxTable } from "../../../src/platform/tables.ts";

const dialect = new SQLiteAsyncDialect();

/** Whatever a template can hold, nested. */
const { query } = fc.letrec<{ query: SQL }>((tie) => ({
  query: fc.oneof(
    { depthSize: "small" },
    fc.string().map((text) => sql.raw(text)),
    fc.oneof(fc.string(), fc.integer(), fc.constant(null)).map((value) => sql`a = ${value}`),
    fc.string().map((name) => sql`${sql.identifier(name)}`),
    fc.constant(sql`b ${undefined}`),
    fc.constant(sql``),
    fc.array(tie("query"), { maxLength: 4 }).map((parts) => sql.join(parts, sql` AND `)),
    fc.tuple(tie("query"), tie("query")).map(([left, right]) => sql`(${left} OR ${right})`),
  ),
}));

test("statements have the text and the parameters that drizzle would give them", () => {
  fc.assert(
    fc.property(query, (template) => {
      const { sql: text, params } = dialect.sqlToQuery(template);
      const made = change(template);
      // Drizzle does not double quotes in names.
      const plain = (written: string) => written.replaceAll('"', "");
      expect([plain(made.sql), made.params]).toEqual([plain(text), params]);
    }),
  );
});

test("a quote in a name does not end it", () => {
  expect(change(sql`DROP TABLE ${sql.identifier('a"; b')}`).sql).toBe('DROP TABLE "a""; b"');
});

test("tables and columns stand in a statement by their names", () => {
  const columns = columnsOf(outboxTable, "id, kind", "o");
  expect(change(sql`SELECT ${columns} FROM ${outboxTable} o WHERE o.id = ${"x"}`)).toMatchObject({
    sql: "SELECT o.id, o.kind FROM outbox o WHERE o.id = ?",
    params: ["x"],
  });
  expect(change(sql`INSERT ${into(outboxTable, "id, kind")} VALUES (${1}, ${2})`).sql).toBe(
    "INSERT INTO outbox (id, kind) VALUES (?, ?)",
  );
  // @ts-expect-error -- a column that the table does not have
  columnsOf(outboxTable, "id, kinds");
});
