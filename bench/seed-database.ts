import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

/** The tenant that devices without a tenant token join. */
export const TENANT = "default";

/** The database of a server that is not running. */
export async function openDatabase(data: string) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions("wrangler.toml");
  const { d1Databases } = workerOptions as { d1Databases?: Record<string, unknown> }; // its own type is loose
  const state = join(data, "state");
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        { name: "seed", modules: true, script: "export default {}", d1Databases: d1Databases as never },
      ],
      resourcePersistencePath: state,
      isolatedResourcePersistencePath: state,
      telemetry: { enabled: false },
    }),
  );
  const db = await miniflare.getD1Database("DB");
  return { db, close: () => miniflare.dispose() };
}

export type SeedDatabase = Awaited<ReturnType<typeof openDatabase>>["db"];

/** Does the work with the table's triggers set aside: whoever loads a fleet at once keeps for himself what they keep. */
export async function withoutTriggers<T>(
  db: SeedDatabase,
  table: string,
  work: () => Promise<T>,
): Promise<T> {
  const { results: triggers } = await db
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?")
    .bind(table)
    .all<{ name: string; sql: string }>();
  await db.batch(triggers.map(({ name }) => db.prepare(`DROP TRIGGER ${name}`)));
  const done = await work();
  await db.batch(triggers.map((trigger) => db.prepare(trigger.sql)));
  return done;
}
