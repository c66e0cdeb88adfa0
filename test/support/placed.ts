import { GLOBAL_TABLES, TENANT_TABLES } from "../../src/tenantdata/index.ts";

/** Where the tenants live in `npm run test:placed`. */
export const DATA_HOME = "DATA_2";

type Place = "directory" | "home" | "both";

const PLACES = new Map<string, Place>([
  ...TENANT_TABLES.map(({ name, place }): [string, Place] => [name, place]),
  ...Object.entries(GLOBAL_TABLES).map(([name, { place }]): [string, Place] => [name, place]),
]);

/** Parts of others come before these, as the database demands. */
const tablesAt = (place: Place): string[] =>
  [...PLACES].flatMap(([name, at]) => (at === place ? [name] : [])).toReversed();

const dropped = (tables: readonly string[]) => tables.map((name) => `DROP TABLE ${name}`);

/** Leave each database nothing but what it may be asked for. */
export const NO_HOME_TABLES = dropped(tablesAt("home"));
export const NO_DIRECTORY_TABLES = [
  ...["tenants_changed", "tenant_limits_added", "tenant_limits_changed", "tenant_limits_removed"].map(
    (name) => `DROP TRIGGER ${name}`,
  ),
  ...dropped(tablesAt("directory")),
];

const NAMED = /\b(?:FROM|JOIN|INTO|UPDATE|TABLE(?: IF EXISTS)?)\s+"?(\w+)/gi;
const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b/i;

/** Tables of which the directory's rows count, and the home has a copy. */
const COPIED = new Set(["tenants", "tenant_limits"]);

interface Way {
  first: "directory" | "home";
  /** Also in the other database. */
  copied: boolean;
}

const TRIGGER = /^\s*(CREATE|DROP) TRIGGER (\w+)(?:[\s\S]*?\bON (\w+))?/i;
const triggers = new Map<string, string>();

/** The table of a trigger that is made, or was made and is dropped. */
function tableOfTrigger(text: string): string | undefined {
  const [, verb, name = "", table] = TRIGGER.exec(text) ?? [];
  if (verb?.toUpperCase() === "CREATE" && table !== undefined) triggers.set(name, table);
  return triggers.get(name);
}

function wayOf(text: string): Way {
  const table = tableOfTrigger(text);
  if (table !== undefined)
    return { first: PLACES.get(table) === "home" ? "home" : "directory", copied: false };
  const names = [...text.matchAll(NAMED)].map(([, name = ""]) => name.toLowerCase());
  const places = names.flatMap((name) => PLACES.get(name) ?? []);
  if (places.includes("home")) return { first: "home", copied: false };
  if (places.includes("directory")) return { first: "directory", copied: false };
  const copied = names.some((name) => COPIED.has(name));
  return copied ? { first: "directory", copied: WRITES.test(text) } : { first: "home", copied: false };
}

/** Tenants that a test has made by a statement live where all others do. */
const SETTLE = `INSERT OR IGNORE INTO tenant_homes (tenant_id, home, changed, copied)
  SELECT tenant_id, '${DATA_HOME}', 1, 1 FROM tenants`;

class RoutedStatement {
  readonly #databases: Record<"directory" | "home", D1Database>;
  readonly text: string;
  readonly values: readonly unknown[];

  constructor(
    databases: Record<"directory" | "home", D1Database>,
    text: string,
    values: readonly unknown[] = [],
  ) {
    this.#databases = databases;
    this.text = text;
    this.values = values;
  }

  bind(...values: unknown[]): RoutedStatement {
    return new RoutedStatement(this.#databases, this.text, values);
  }

  /** As the database of its tables takes it. */
  at(place: "directory" | "home"): D1PreparedStatement {
    const statement = this.#databases[place].prepare(this.text);
    return this.values.length > 0 ? statement.bind(...this.values) : statement;
  }

  async #both<T>(work: (statement: D1PreparedStatement) => Promise<T>): Promise<T> {
    const { first, copied } = wayOf(this.text);
    const result = await work(this.at(first));
    if (copied) {
      await this.at("home").run();
      await this.#databases.directory.prepare(SETTLE).run();
    }
    return result;
  }

  run = () => this.#both((statement) => statement.run());
  all = () => this.#both((statement) => statement.all());
  first = (column?: string) =>
    this.#both((statement) => (column === undefined ? statement.first() : statement.first(column)));
  raw = () => this.#both((statement) => statement.raw());
}

/** For what tests look at and arrange by themselves: each statement goes to the database that has its tables. */
export function routed(directory: D1Database, home: D1Database): D1Database {
  const databases = { directory, home };
  return {
    prepare: (text: string) => new RoutedStatement(databases, text),
    exec: (text: string) => databases[wayOf(text).first].exec(text),
    batch: async (statements: RoutedStatement[]) => {
      const results: D1Result[] = [];
      for (const place of ["directory", "home"] as const) {
        const own = statements.flatMap((statement, i) => {
          const { first, copied } = wayOf(statement.text);
          return first === place || copied ? [{ i, statement, isFirst: first === place }] : [];
        });
        if (own.length === 0) continue;
        const found = await databases[place].batch(own.map(({ statement }) => statement.at(place)));
        own.forEach(({ i, isFirst }, at) => {
          if (isFirst) results[i] = found[at]!;
        });
        if (place === "directory") await directory.prepare(SETTLE).run();
      }
      return results;
    },
  } as unknown as D1Database; // of its members the tests use these two
}
