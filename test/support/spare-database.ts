import { env as bindings } from "cloudflare:workers";
import { Database, noCost } from "../../src/platform/database.ts";
import { migrate } from "../../src/platform/migrations.ts";
import type { Server } from "./server.ts";
import { StoredDatabase } from "./stored-database.ts";

/** A second database with all tables, for tests that bind it. */
export const { SPARE } = bindings as unknown as { SPARE: D1Database };

/** The binding under which the server has it. */
export const SPARE_HOME = "DATA_2";

const spare = new StoredDatabase(SPARE);

/** Binds it, with all tables and no rows. */
export async function bindSpare(server: Server): Promise<void> {
  if (!spare.isKnown || !(await spare.removeAll())) {
    const { results } = await SPARE.prepare(
      "SELECT name FROM sqlite_master WHERE name = 'd1_migrations'",
    ).all();
    if (results.length === 0 && spare.isKnown) await spare.make();
    else await spare.learn(await migrate(new Database(SPARE, noCost())));
  }
  server.configure({ [SPARE_HOME]: SPARE });
}
