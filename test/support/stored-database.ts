import type { Emptying } from "./quick-database.ts";

const OBJECTS = `sqlite_master WHERE sql IS NOT NULL AND NOT (type = 'table' AND name GLOB 'inventory_text_*')
  AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf*'`;
const FINGERPRINT = `SELECT (SELECT count(*) FROM d1_migrations) || ' ' || count(*) || ' ' || total(length(sql)) AS fingerprint
  FROM ${OBJECTS}`;

/** In one trip; without a condition, the pages of empty tables would be written, too. */
const emptyingOf =
  (d1: D1Database): Emptying =>
  async (tables, question) => {
    const statements = [...tables.map((table) => `DELETE FROM ${table} WHERE true`), question];
    const answer = await d1.prepare(statements.join(";\n")).first();
    return Object.values(answer ?? {})[0];
  };

/** A database of the tests, which is made once by the migrations, and then from what these made. */
export class StoredDatabase {
  readonly #d1: D1Database;
  /** Carried out once after the migrations. */
  readonly #changes: readonly string[];
  /** Makes a migrated database; read after the migrations have run once, which is far slower. */
  #schema: string | undefined;
  #fingerprint = "";
  /** In the order in which they are emptied. */
  #tables: readonly string[] = [];
  readonly #empty: Emptying;

  constructor(d1: D1Database, changes: readonly string[] = [], empty: Emptying = emptyingOf(d1)) {
    this.#d1 = d1;
    this.#changes = changes;
    this.#empty = empty;
  }

  get isKnown(): boolean {
    return this.#schema !== undefined;
  }

  async make(): Promise<void> {
    await this.#d1.prepare(this.#schema ?? "").run();
  }

  /** Tells whether the database then is as it was made. */
  async removeAll(): Promise<boolean> {
    const fingerprint = await this.#empty(this.#tables, FINGERPRINT).catch(() => null);
    return fingerprint === this.#fingerprint;
  }

  async learn(applied: readonly string[]): Promise<void> {
    if (applied.length === 0) throw new Error("the database already exists");
    if (this.#changes.length > 0) await this.#d1.batch(this.#changes.map((text) => this.#d1.prepare(text)));
    const { results } = await this.#d1.prepare(`SELECT name, type, sql FROM ${OBJECTS} ORDER BY rowid`).all<{
      name: string;
      type: string;
      sql: string;
    }>();
    const names = applied.map((name) => `('${name}')`).join(", ");
    const statements = results.map(({ sql }) => sql);
    this.#schema = [...statements, `INSERT INTO d1_migrations (name) VALUES ${names}`].join(";\n");
    const { fingerprint } = (await this.#d1.prepare(FINGERPRINT).first<{ fingerprint: string }>())!;
    this.#fingerprint = fingerprint;
    const tables = results.filter(({ type }) => type === "table").map(({ name }) => name);
    // What triggers write at a removal is removed afterwards.
    const triggers = results.filter(({ type }) => type === "trigger").map(({ sql }) => sql);
    const isTriggering = (table: string) =>
      triggers.some((trigger) => new RegExp(`DELETE ON ${table}\\b`).test(trigger));
    this.#tables = [
      ...tables.filter(isTriggering),
      ...tables.filter((table) => !isTriggering(table) && table !== "d1_migrations"),
    ];
  }
}
