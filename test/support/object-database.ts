import { runInDurableObject } from "cloudflare:test";
import { env } from "./server.ts";

/** A batch at which a process ends: before it takes effect, or after it, so that nobody hears of it. */
export interface Fall {
  batch: number;
  when: "before" | "after";
}

/** What a process that ended left of its work. */
export const FALLEN = "the process ended";

class ObjectStatement {
  readonly text: string;
  readonly values: readonly unknown[];

  constructor(text: string, values: readonly unknown[] = []) {
    this.text = text;
    this.values = values;
  }

  bind(...values: unknown[]): ObjectStatement {
    return new ObjectStatement(this.text, values);
  }
}

/**
 * A database in the storage of an object: the SQLite that D1 has, without the way there. For searches through very many
 * histories, whose verbs run in the object itself.
 */
export class ObjectDatabase {
  /** Where the next work falls, counted from the batch that comes next. */
  fall: Fall | undefined;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** As the code under test takes it. */
  get d1(): D1Database {
    return this as unknown as D1Database; // of its members the code uses these two
  }

  prepare(text: string): ObjectStatement {
    return new ObjectStatement(text);
  }

  async batch(statements: readonly ObjectStatement[]): Promise<D1Result[]> {
    const { fall } = this;
    const falls = fall?.batch === 1;
    if (fall) this.fall = falls ? undefined : { ...fall, batch: fall.batch - 1 };
    if (falls && fall.when === "before") throw new Error(FALLEN);
    const results = this.#storage.transactionSync(() => statements.map((one) => this.#run(one)));
    if (falls) throw new Error(FALLEN);
    return results;
  }

  run(text: string, ...values: unknown[]): Record<string, unknown>[] {
    return this.#run(new ObjectStatement(text, values)).results as Record<string, unknown>[];
  }

  #changes = (): number => Number(this.#storage.sql.exec("SELECT total_changes() AS n").one().n);

  #run({ text, values }: ObjectStatement): D1Result {
    const before = this.#changes();
    const cursor = this.#storage.sql.exec(text, ...(values as SqlStorageValue[]));
    const results = cursor.toArray();
    const changes = this.#changes() - before;
    return {
      success: true,
      results,
      meta: { changes, rows_read: cursor.rowsRead, rows_written: cursor.rowsWritten },
    } as never;
  }
}

/** Does work with an empty database that has all tables of the server's. */
export async function inObject(work: (database: ObjectDatabase) => Promise<void>): Promise<void> {
  const { results } = await env.DB.prepare(
    `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND NOT (type = 'table' AND name GLOB 'inventory_text_*')
       AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf*' ORDER BY rowid`,
  ).all<{ sql: string }>();
  await runInDurableObject(env.TENANT_HEAD.get(env.TENANT_HEAD.newUniqueId()), async (_, { storage }) => {
    for (const { sql } of results) storage.sql.exec(sql);
    await work(new ObjectDatabase(storage));
  });
}
