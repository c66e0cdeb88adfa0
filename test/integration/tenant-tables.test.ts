import { beforeAll, describe, expect, it } from "vitest";
import { GLOBAL_TABLES, TENANT_TABLES } from "../../src/tenantdata/index.ts";
import { env, Server } from "../support/server.ts";

/** The full-text index is told by its name; what SQLite makes for it is not. */
const UNTOLD = /^(sqlite|_cf)_|^inventory_text_(data|idx|docsize|config)$/;

/** Rows by a number that the installation gives; a tenant's are told apart by these. */
const NUMBERED: Readonly<Record<string, readonly string[]>> = {
  inventory_devices: ["tenant_id", "device_id"],
};

beforeAll(async () => {
  await Server.start();
});

async function all<T>(query: string, ...values: unknown[]): Promise<T[]> {
  const { results } = await env.DB.prepare(query)
    .bind(...values)
    .all<T>();
  return results;
}

describe("the list of the tables of a tenant", () => {
  it("has every table of the migrated database, or names it as the installation's", async () => {
    const tables = await all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
    const found = tables.map(({ name }) => name).filter((name) => !UNTOLD.test(name));
    const listed = TENANT_TABLES.map(({ name }) => name);
    expect([...listed, ...Object.keys(GLOBAL_TABLES)].sort()).toEqual(found.sort());
    expect(new Set(listed).size).toBe(listed.length);
  });

  it("leaves no table with a column for the tenant to the installation", async () => {
    const owned = await all<{ name: string }>(
      "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'tenant_id'",
    );
    expect(owned.filter(({ name }) => Object.hasOwn(GLOBAL_TABLES, name))).toEqual([]);
    expect(owned).toHaveLength(TENANT_TABLES.length);
  });

  it("tells rows apart by the key of each table, and names columns that are there", async () => {
    for (const { name, key, omit = [], only, reset = {}, objects = {}, actor } of TENANT_TABLES) {
      const columns = await all<{ name: string; pk: number }>(
        "SELECT name, pk FROM pragma_table_info(?)",
        name,
      );
      const primary = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
      expect([name, ["tenant_id", ...key]]).toEqual([
        name,
        NUMBERED[name] ?? primary.map((column) => column.name),
      ]);
      const named = [...omit, ...Object.keys(reset), ...Object.keys(objects)];
      const names = columns.map((column) => column.name);
      expect(names).toEqual(
        expect.arrayContaining([...named, ...(only ? [only[0]] : []), ...(actor ? [actor] : [])]),
      );
    }
  });

  it("knows what each row is a part of, and has that before it", async () => {
    const places = new Map(TENANT_TABLES.map(({ name }, place) => [name, place]));
    for (const { name, partOf } of TENANT_TABLES) {
      const references = await all<{ table: string; to: string }>(
        'SELECT "table", "to" FROM pragma_foreign_key_list(?) ORDER BY seq',
        name,
      );
      const [parent, ...columns] = partOf ?? [];
      expect([name, references.map(({ to }) => to)]).toEqual([
        name,
        parent === undefined ? [] : ["tenant_id", ...columns],
      ]);
      if (parent === undefined) continue;
      expect(references[0]?.table).toBe(parent);
      expect(places.get(parent)).toBeLessThan(places.get(name)!);
    }
  });

  it("knows which columns hold names of objects", async () => {
    const columns = await all<{ table: string; name: string }>(
      `SELECT m.name AS "table", c.name FROM sqlite_master m, pragma_table_info(m.name) c
       WHERE m.type = 'table' AND c.name IN ('object_key', 'source_key', 'layout') AND m.name <> 'uploads'`,
    );
    for (const { table, name } of columns)
      expect(TENANT_TABLES.find((of) => of.name === table)?.objects, table).toHaveProperty(name);
  });
});
