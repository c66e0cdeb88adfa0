import { inEachDatabase } from "./apart.ts";
import { sql } from "drizzle-orm";
import { change } from "./database.ts";
import type { Deps } from "./deps.ts";
import { drainOutbox } from "./send-events.ts";
import { freeReceiversStatements } from "./stream.ts";
import { outboxTable } from "./tables.ts";

/**
 * Sends again what was sent and not handled: a queue that ended with its process has lost it. What is only due later
 * was not sent yet and stays. Runs that told receivers of events ended as well, and are begun anew.
 */
export async function resendEvents(deps: Deps): Promise<void> {
  const now = deps.now();
  await inEachDatabase(deps, async ({ db }) => {
    await db.batch([
      change(sql`UPDATE ${outboxTable} SET due_ms = ${now} WHERE attempts > 0 AND due_ms > ${now}`),
      ...freeReceiversStatements(now),
    ]);
    await drainOutbox(deps, db);
  });
}
