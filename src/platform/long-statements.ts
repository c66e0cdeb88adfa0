import { makeLog } from "./log.ts";
import type { Statement } from "./statement.ts";

/** What no statement takes longer than: a database does one thing after the other, so everybody waits for it. */
export const LONG_STATEMENT_MS = 50;

/** So much of its text that it is found in the sources. */
const TOLD_CHARACTERS = 300;

const isLong = (result: D1Result | undefined): result is D1Result =>
  (result?.meta.duration ?? 0) > LONG_STATEMENT_MS;

/** Writes a line of the log for each statement that held its database for too long: its text, which has no values in it. */
export function tellLong(
  statements: readonly Pick<Statement<unknown>, "sql">[],
  results: readonly D1Result[],
): void {
  statements.forEach(({ sql }, i) => {
    const result = results[i];
    if (!isLong(result)) return;
    const { duration: ms, rows_read: rowsRead, rows_written: rowsWritten } = result.meta;
    const text = sql.replace(/\s+/g, " ").trim().slice(0, TOLD_CHARACTERS);
    makeLog({}).info("long statement", { ms, rows_read: rowsRead, rows_written: rowsWritten, sql: text });
  });
}
