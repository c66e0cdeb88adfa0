import { isKnownMigration, LAST_MIGRATION } from "../platform/migrations.ts";
import type { Header } from "./archive-format.ts";
import { ImportFault } from "./importing/import-fault.ts";

/** The state of the database that rows are of. */
export const schemaState = (): string => LAST_MIGRATION;

/** Rows of an older state fit: what they lack has defaults. */
export function requireKnownState({ schema }: Header): void {
  if (!isKnownMigration(schema))
    throw new ImportFault(
      "the archive comes from a newer version: its last migration is not known here; upgrade first",
    );
}
