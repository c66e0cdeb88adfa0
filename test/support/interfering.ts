import { Database, type Statement } from "../../src/platform/database.ts";
import type { Deps } from "../../src/platform/deps.ts";

/** Dependencies between whose first look at the database and whose next one something else happens. */
export function interrupted(deps: Deps, happens: () => Promise<unknown>): Deps {
  let isFirst = true;
  class Interrupted extends Database {
    override async batch<const S extends readonly Statement<unknown>[]>(statements: S) {
      const results = await super.batch(statements);
      if (isFirst) {
        isFirst = false;
        await happens();
      }
      return results;
    }
  }
  const places = [...deps.homes.databases].map(([name, d1]) => ({
    name,
    d1,
    db: new Interrupted(d1, deps.cost),
  }));
  return {
    ...deps,
    db: () => places.at(-1)!.db,
    directory: places[0]!.db,
    databases: () => places.slice(-1),
  };
}
