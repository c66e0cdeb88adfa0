import { env as bindings } from "cloudflare:workers";
import { Database, noCost } from "../../src/platform/database.ts";
import { migrate } from "../../src/platform/migrations.ts";
import type { Server } from "./server.ts";
import { StoredDatabase } from "./stored-database.ts";

/** Further databases with all tables, for tests that bind them. */
export const { SPARE, FURTHER } = bindings as unknown as { SPARE: D1Database; FURTHER: D1Database };

/** The bindings under which the server has them. */
export const SPARE_HOME = "DATA_2";
export const FURTHER_HOME = "DATA_3";

async function bind(server: Server, name: string, d1: D1Database, stored: StoredDatabase): Promise<void> {
  if (!stored.isKnown || !(await stored.removeAll())) {
    const { results } = await d1.prepare("SELECT name FROM sqlite_master WHERE name = 'd1_migrations'").all();
    if (results.length === 0 && stored.isKnown) await stored.make();
    else await stored.learn(await migrate(new Database(d1, noCost())));
  }
  server.configure({ [name]: d1 });
}

const spare = new StoredDatabase(SPARE);
const further = new StoredDatabase(FURTHER);

/** Binds one, with all tables and no rows. */
export const bindSpare = (server: Server): Promise<void> => bind(server, SPARE_HOME, SPARE, spare);

/** Binds the other. */
export const bindFurther = (server: Server): Promise<void> => bind(server, FURTHER_HOME, FURTHER, further);
