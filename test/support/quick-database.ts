import { env as bindings } from "cloudflare:workers";

/** The part of the platform's own client of its databases that sends statements and takes the answer. */
export interface Session {
  _send: (path: string, sql: string | string[], params: unknown[], format: string) => Promise<unknown>;
}

interface Answerer extends Rpc.DurableObjectBranded {
  send: (body: string, format: string) => Promise<string>;
  empty: (tables: readonly string[], question: string) => Promise<unknown>;
}

export interface Bindings {
  DB: D1Database;
  DATA_2?: D1Database;
  SPARE?: D1Database;
  FURTHER?: D1Database;
  TEST_DATABASE: DurableObjectNamespace<Answerer>;
}

/** What all clients of databases have in common. */
export const sessionOf = (database: D1Database): Session => {
  const { alwaysPrimarySession } = database as unknown as { alwaysPrimarySession: object };
  return Object.getPrototypeOf(Object.getPrototypeOf(alwaysPrimarySession)) as Session;
};

const { DB: platforms } = bindings as unknown as Bindings;
/** The simulation of the platform's database. */
export const LONG_WAY = sessionOf(platforms)._send;

/**
 * The simulation of the platform's database takes seven times as long for a statement as the statement takes, and tests send some
 * hundred thousand. From here on the platform's client hands them straight to an object that runs them on the same SQLite.
 * `database-way.test.ts` compares both ways; the long form goes the long one.
 */
export function shortenWay({ DB, DATA_2, SPARE, FURTHER, TEST_DATABASE }: Bindings): void {
  sessionOf(DB)._send = shortWay(TEST_DATABASE, "database");
  Object.entries({ DATA_2, SPARE, FURTHER }).forEach(([name, database]) => {
    if (!database) return;
    const { alwaysPrimarySession } = database as unknown as { alwaysPrimarySession: Session };
    alwaysPrimarySession._send = shortWay(TEST_DATABASE, name);
  });
}

/** Takes everything out of the tables; answers what one statement asks about the rest. */
export type Emptying = (tables: readonly string[], question: string) => Promise<unknown>;

/** The same for a database that has the short way. */
export function shortEmptying({ TEST_DATABASE: objects }: Bindings, name: "database" | "DATA_2"): Emptying {
  const id = objects.idFromName(name);
  return (tables, question) => objects.get(id).empty(tables, question);
}

/** Sends statements to the object of this name. */
export function shortWay(objects: Bindings["TEST_DATABASE"], name: string): Session["_send"] {
  const id = objects.idFromName(name);
  return async (_, sql, params, format) => {
    const asked = Array.isArray(sql)
      ? sql.map((text, i) => ({ sql: text, params: params[i] }))
      : { sql, params };
    return JSON.parse(await objects.get(id).send(JSON.stringify(asked), format)) as unknown;
  };
}
