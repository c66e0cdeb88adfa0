import { beforeEach, describe, expect, it } from "vitest";
import { env as bindings } from "cloudflare:workers";
import { Server } from "../support/server.ts";

const { DB, DATA_2 } = bindings as unknown as Record<"DB" | "DATA_2", D1Database>;

let server: Server;

beforeEach(async () => {
  server = await Server.start();
});

const tablesOf = async (database: D1Database) => {
  const { results } = await database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all<{ name: string }>();
  return results.map(({ name }) => name);
};

describe("the databases of these tests", () => {
  it("have none of the tables that belong to the other", async () => {
    expect((await server.deps()).databases("all").map(({ name }) => name)).toEqual(["DB", "DATA_2"]);
    const [directory, home] = [await tablesOf(DB), await tablesOf(DATA_2)];
    expect(directory).toEqual(expect.arrayContaining(["users", "user_tokens", "tenant_homes", "tenants"]));
    expect(home).toEqual(expect.arrayContaining(["devices", "deployments", "inventory_text", "tenants"]));
    expect(directory.filter((name) => /^(?:devices|deployments|inventory_|event_|jobs)/.test(name))).toEqual(
      [],
    );
    expect(home.filter((name) => /^(?:users|memberships|user_tokens|sso_|tenant_homes)/.test(name))).toEqual(
      [],
    );
  });
});
