import { afterEach, expect, test, vi } from "vitest";
import { LONG_STATEMENT_MS, tellLong } from "../../../src/platform/long-statements.ts";

const written = vi.spyOn(console, "log").mockImplementation(() => undefined);

afterEach(() => written.mockClear());

const took = (duration: number): D1Result => ({
  success: true,
  results: [],
  meta: {
    duration,
    rows_read: 7,
    rows_written: 1,
    changes: 0,
    changed_db: false,
    last_row_id: 0,
    size_after: 0,
  },
});

test("a statement that took longer than it may is told with its text, its time and its rows", () => {
  const statements = [{ sql: "SELECT\n  1" }, { sql: "SELECT 2" }];
  tellLong(statements, [took(LONG_STATEMENT_MS + 1), took(LONG_STATEMENT_MS)]);
  expect(written.mock.calls.map(([line]) => JSON.parse(line) as unknown)).toEqual([
    {
      level: "info",
      event: "long statement",
      ms: LONG_STATEMENT_MS + 1,
      rows_read: 7,
      rows_written: 1,
      sql: "SELECT 1",
    },
  ]);
});

test("nothing is told of an answer without numbers, and no more of a text than finds it", () => {
  tellLong([{ sql: "SELECT 1" }], []);
  expect(written).not.toHaveBeenCalled();
  tellLong([{ sql: `SELECT '${"x".repeat(1000)}'` }], [took(LONG_STATEMENT_MS * 2)]);
  const { sql } = JSON.parse(written.mock.calls[0]?.[0]) as { sql: string };
  expect(sql).toHaveLength(300);
});
