import type { Database } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";

/** A database by its binding. */
export function databaseNamed(deps: Deps, name: string): Database {
  const place = deps.databases("all").find((one) => one.name === name);
  if (!place) throw new Fault("unavailable", `the database ${name} is not bound`);
  return place.db;
}
