// A Worker of its own, beside the one under test: the object that runs the statements of tests (`quick-database.ts`).
import { DurableObject } from "cloudflare:workers";

const COUNTS = "SELECT total_changes() AS changes, last_insert_rowid() AS lastRow";
const COLUMNS = 90; // a row has at most 100
const ROUNDS = 9;

const toStored = (value) => (Array.isArray(value) ? new Uint8Array(value).buffer : value);

/** Bytes as the platform's database tells them. */
function tellBytes(row) {
  row.forEach((value, i) => {
    if (typeof value === "object" && value !== null) row[i] = Array.from(new Uint8Array(value));
  });
  return row;
}

const startsWithWord = (sql) => /^\s*[a-z]/i.test(sql);
const hasStatement = ({ sql }) => startsWithWord(sql) || sql.replaceAll(/^\s+--.*/gm, "").trim() !== "";
/** One statement that can change nothing. */
const isReading = (sql) => /^\s*SELECT\b/i.test(sql) && !sql.includes(";");

export class TestDatabase extends DurableObject {
  /** Of this batch, as its last statement left it: one that reads leaves it so. The text index is written where a batch ends. */
  #state;

  #readState() {
    const { sql } = this.ctx.storage;
    return { ...sql.exec(COUNTS).one(), size: sql.databaseSize };
  }

  #run({ sql: text, params }, format) {
    const { sql } = this.ctx.storage;
    const before = (this.#state ??= this.#readState());
    const cursor = sql.exec(text, ...(params ?? []).map(toStored));
    const columns = cursor.columnNames;
    const rows = cursor.raw().toArray().map(tellBytes);
    if (!isReading(text)) this.#state = this.#readState();
    const after = this.#state;
    const changes = after.changes - before.changes;
    const isChanged = changes !== 0 || after.lastRow !== before.lastRow || after.size !== before.size;
    const asObjects = () => rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
    return {
      success: true,
      meta: {
        duration: 0,
        changes,
        last_row_id: after.lastRow,
        changed_db: isChanged,
        size_after: after.size,
        rows_read: cursor.rowsRead,
        rows_written: cursor.rowsWritten,
      },
      results: format === "ROWS_AND_COLUMNS" ? { columns, rows } : asObjects(),
    };
  }

  /** Which of the tables have rows. */
  #filled(tables) {
    const filled = [];
    for (let at = 0; at < tables.length; at += COLUMNS) {
      const some = tables.slice(at, at + COLUMNS);
      const asked = some.map((table, i) => `EXISTS (SELECT 1 FROM ${table}) AS t${i}`).join(", ");
      const [found] = this.ctx.storage.sql.exec(`SELECT ${asked}`).raw().toArray();
      filled.push(...some.filter((_, i) => found[i] === 1));
    }
    return filled;
  }

  /** Takes everything out of the tables, in this order, and what triggers write meanwhile; answers a question about the rest. */
  empty(tables, question) {
    const { sql } = this.ctx.storage;
    return this.ctx.storage.transactionSync(() => {
      for (let round = 1; ; round++) {
        const filled = this.#filled(tables);
        if (filled.length === 0) return sql.exec(question).raw().toArray()[0][0];
        if (round === ROUNDS) throw new Error(`${filled.join()} do not stay empty`);
        for (const table of filled) sql.exec(`DELETE FROM ${table} WHERE true`);
      }
    });
  }

  /** All statements or none. Both ways as JSON, because the platform's database takes and gives what JSON can say. */
  send(body, format) {
    this.#state = undefined;
    const asked = [JSON.parse(body)].flat();
    const statements = asked.filter(hasStatement);
    if (statements.length === 0)
      return JSON.stringify({ success: false, error: "No SQL statements detected." });
    try {
      const results = this.ctx.storage.transactionSync(() =>
        statements.map((statement) => this.#run(statement, format)),
      );
      return JSON.stringify(results);
    } catch (error) {
      return JSON.stringify({ success: false, error: String(error?.message ?? error) });
    }
  }
}

export default {};
