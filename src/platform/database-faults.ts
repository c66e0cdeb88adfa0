import { Fault } from "./fault.ts";
import { DATABASE, isWithin } from "./limits.ts";

const isTooLarge = (value: unknown): boolean =>
  typeof value === "string" && !isWithin(value, DATABASE.valueBytes);

/** Refuses what the platform would not take; where a bound of its own says more, that comes before. */
export function requireFits({ sql: text, params }: { sql: string; params: readonly unknown[] }): void {
  if (params.some(isTooLarge)) throw new Fault("too_large", "the request is too large to be stored");
  if (params.length > DATABASE.parameters || !isWithin(text, DATABASE.statementBytes))
    throw new Fault("bad_request", "the request has too many conditions");
}

/** How the platform words that the database is busy, moving or away; our own mistakes are worded otherwise. */
const AWAY =
  /overloaded|exceeded timeout|Network connection lost|to be reset|reset because|transient issue|internal error/i;

export const isAway = (cause: unknown) => cause instanceof Error && AWAY.test(cause.message);

/** True if a batch failed on the unique key of these columns, named as `table.column, table.column`. */
export const isUniqueViolation = (cause: unknown, columns: string): boolean =>
  cause instanceof Error && cause.message.includes(`UNIQUE constraint failed: ${columns}`);
