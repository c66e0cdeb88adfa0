const PRIMARY = "first-primary";
const form = (version: number) =>
  `${version.toString(16).padStart(8, "0")}-00000000-00000000-${"0".repeat(32)}`;
const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|WITH[\s\S]*INSERT)/i;

interface Made {
  statement: D1PreparedStatement;
  text: string;
  bind: (...values: unknown[]) => Made;
}

/**
 * A database with a replica that lags behind in one table, of which it has a copy of a moment ago. The platform's own stand-in takes
 * bookmarks, and they mean nothing there.
 */
export class LaggingReplica {
  readonly #d1: D1Database;
  readonly #table: string;
  #version = 1;
  #replica = 1;
  /** What each batch was answered by. */
  readonly answeredBy: ("primary" | "replica")[] = [];
  /** Bookmarks that this database takes. */
  #isKnown = (bookmark: string) => /^[0-9a-f]{8}-0{8}-0{8}-0{32}$/.test(bookmark);

  constructor(d1: D1Database, table: string) {
    this.#d1 = d1;
    this.#table = table;
  }

  /** The replica gets all there is. */
  async catchUp(): Promise<void> {
    this.#replica = this.#version;
    const copy = `lagging_${this.#table}`;
    await this.#d1.batch([
      this.#d1.prepare(`DROP TABLE IF EXISTS ${copy}`),
      this.#d1.prepare(`CREATE TABLE ${copy} AS SELECT * FROM ${this.#table}`),
    ]);
  }

  async remove(): Promise<void> {
    await this.#d1.prepare(`DROP TABLE IF EXISTS lagging_${this.#table}`).run();
  }

  #made(text: string, values: unknown[] = []): Made {
    return {
      text,
      statement: this.#d1.prepare(text).bind(...values),
      bind: (...bound) => this.#made(text, bound),
    };
  }

  async #batch(made: Made[], atLeast: number): Promise<D1Result[]> {
    const isWriting = made.some(({ text }) => WRITES.test(text));
    const isLagging = !isWriting && this.#replica >= atLeast;
    this.answeredBy.push(isLagging ? "replica" : "primary");
    if (isLagging) {
      // The name stands in texts only; parameters are bound again.
      return this.#d1.batch(made.map((one) => this.#onReplica(one)));
    }
    const results = await this.#d1.batch(made.map(({ statement }) => statement));
    if (isWriting) this.#version += 1;
    return results;
  }

  readonly #values = new WeakMap<D1PreparedStatement, unknown[]>();

  #onReplica({ text, statement }: Made): D1PreparedStatement {
    const renamed = text.replaceAll(new RegExp(`\\b${this.#table}\\b`, "g"), `lagging_${this.#table}`);
    return this.#d1.prepare(renamed).bind(...(this.#values.get(statement) ?? []));
  }

  get binding(): D1Database {
    const prepare = (text: string): Made => {
      const make = (values: unknown[]): Made => {
        const made = this.#made(text, values);
        this.#values.set(made.statement, values);
        return { ...made, bind: (...bound) => make(bound) };
      };
      return { ...make([]), statement: this.#d1.prepare(text) };
    };
    const session = (from = "first-unconstrained") => {
      let atLeast =
        from === PRIMARY
          ? Infinity
          : from === "first-unconstrained"
            ? 0
            : Number.parseInt(from.slice(0, 8), 16);
      let seen: number | undefined;
      return {
        prepare,
        batch: async (made: Made[]) => {
          if (from !== PRIMARY && from !== "first-unconstrained" && !this.#isKnown(from))
            throw new Error("D1_ERROR: bad bookmark");
          const results = await this.#batch(made, atLeast);
          seen = this.answeredBy.at(-1) === "replica" ? this.#replica : this.#version;
          if (atLeast !== Infinity) atLeast = Math.max(atLeast, seen);
          return results;
        },
        getBookmark: () => (seen === undefined ? null : form(seen)),
      };
    };
    const binding = {
      prepare,
      batch: (made: Made[]) => this.#batch(made, Infinity),
      withSession: session,
    };
    return binding as unknown as D1Database;
  }
}
