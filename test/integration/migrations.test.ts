import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
import { env, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { asOperator } from "../support/workflows.ts";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

/** Brings a database up to date that lacks one migration. */
async function migrateFrom(name: string): Promise<void> {
  await env.DB.prepare("DELETE FROM d1_migrations WHERE name = ?").bind(name).run();
  const answer = await asOperator(server, "POST", "/api/operator/v1/migrate");
  expect(answer.json()).toEqual({ applied: [name] });
}

describe("identities of before", () => {
  const IDENTITIES = [
    { mac: ["aa:bb", 'c"c', "dd<e>"], slots: [1, 2.5], mixed: ["x", 7, true, null, { a: [1] }], none: [] },
    { mac: '["aa:bb"]', "a%b": ["percent"] },
    { mac: "[no list]", serial: '["looks","like"]' },
  ];
  const asShown = [
    {
      mac: ["aa:bb", 'c"c', "dd<e>"],
      slots: [1, 2.5],
      mixed: ["x", "7", "true", "null", '{"a":[1]}'],
      none: [],
    },
    { mac: '["aa:bb"]', "a%b": ["percent"] },
    { mac: "[no list]", serial: '["looks","like"]' },
  ];

  interface Shown {
    attributes: { scope: string; name: string; value: unknown }[];
  }
  const search = (json: unknown) =>
    server.call("POST", "/api/management/v2/inventory/filters/search", { token: user.token, json });
  const shown = async () => {
    const sort = [{ scope: "system", attribute: "created_ts", order: "asc" }];
    return (await search({ sort })).json<Shown[]>().map(({ attributes }) => {
      const own = attributes.filter(({ scope, name }) => scope === "identity" && name !== "status");
      return Object.fromEntries(own.map(({ name, value }) => [name, value]));
    });
  };
  const found = async (value: unknown) =>
    (await search({ filters: [{ scope: "identity", attribute: "mac", type: "$eq", value }] })).json<
      unknown[]
    >().length;

  it("get their lists back, and a text that looks like one stays a text", async () => {
    for (const identity of IDENTITIES) {
      await new SigningDevice(identity).ask(server);
      server.advance(1000);
    }
    expect(await shown()).toEqual(asShown);
    const rows = await rowsOf(
      "SELECT i.device_id, i.attributes, d.identity FROM inventory_devices i JOIN devices d USING (tenant_id, device_id)",
    );
    for (const { device_id, attributes, identity } of rows) {
      const stored = JSON.parse(String(attributes)) as Record<string, [unknown]>;
      for (const [name, value] of Object.entries(JSON.parse(String(identity)) as object))
        if (Array.isArray(value)) stored[`identity-${name.replace("%", "%25")}`] = [JSON.stringify(value)];
      await env.DB.prepare("UPDATE inventory_devices SET attributes = ? WHERE device_id = ?")
        .bind(JSON.stringify(stored), device_id)
        .run();
    }
    expect(await found("aa:bb")).toBe(0);
    await migrateFrom("0032_identity_lists.sql");
    expect(await shown()).toEqual(asShown);
    expect([await found("aa:bb"), await found('c"c'), await found('["aa:bb"]')]).toEqual([1, 1, 1]);
  });
});
