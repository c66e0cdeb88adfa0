import { sql } from "drizzle-orm";
import { change } from "./database.ts";
import type { Deps } from "./deps.ts";
import { drainOutbox } from "./send-events.ts";
import { outboxTable } from "./tables.ts";

/**
 * Sends again what was sent and not handled: a queue that ended with its process has lost it. What is only due later
 * was not sent yet and stays.
 */
export async function resendEvents(deps: Deps): Promise<void> {
  const now = deps.now();
  await deps.directory.one(
    change(sql`UPDATE ${outboxTable} SET due_ms = ${now} WHERE attempts > 0 AND due_ms > ${now}`),
  );
  await drainOutbox(deps, deps.directory);
}
