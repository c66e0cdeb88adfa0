// A Worker of its own, beside the one under test: the object that runs the statements of tests (`quick-database.ts`).
import { DurableObject } from "cloudflare:workers";

const COUNTS = "SELECT total_changes() AS changes, last_insert_rowid() AS lastRow";

const toStored = (value) => (Array.isArray(value) ? new Uint8Array(value).buffer : value);
const toTold = (value) => (value instanceof ArrayBuffer ? Array.from(new Uint8Array(value)) : value);

export class TestDatabase extends DurableObject {
  #counts() {
    return this.ctx.storage.sql.exec(COUNTS).one();
  }

  #run({ sql: text, params }, format) {
    const { sql } = this.ctx.storage;
    const [sizeBefore, before] = [sql.databaseSize, this.#counts()];
    const cursor = sql.exec(text, ...(params ?? []).map(toStored));
    const columns = cursor.columnNames;
    const rows = Array.from(cursor.raw(), (row) => row.map(toTold));
    const after = this.#counts();
    const changes = after.changes - before.changes;
    const isChanged = changes !== 0 || after.lastRow !== before.lastRow || sql.databaseSize !== sizeBefore;
    const asObjects = () => rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
    return {
      success: true,
      meta: {
        duration: 0,
        changes,
        last_row_id: after.lastRow,
        changed_db: isChanged,
        size_after: sql.databaseSize,
        rows_read: cursor.rowsRead,
        rows_written: cursor.rowsWritten,
      },
      results: format === "ROWS_AND_COLUMNS" ? { columns, rows } : asObjects(),
    };
  }

  /** All statements or none. Both ways as JSON, because the platform's database takes and gives what JSON can say. */
  send(body, format) {
    const asked = [JSON.parse(body)].flat();
    const statements = asked.filter(({ sql }) => sql.replaceAll(/^\s+--.*/gm, "").trim() !== "");
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
