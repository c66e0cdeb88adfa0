import { beforeEach, describe, expect, it } from "vitest";
import inventorySchema from "../../migrations/0004_inventory.sql";
import { migrate } from "../../src/platform/migrations.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, Server, tenantsIn } from "../support/server.ts";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const notes = (...texts: string[]) =>
  inventoryOf(
    server,
    texts.map((note) => ({ attributes: { inventory: { note } } })),
  );

async function byText(text: string, more: object = {}): Promise<{ ids: string[]; total: string | null }> {
  const json = { text, ...more };
  const path = "/api/management/v2/inventory/filters/search";
  const answer = await server.call("POST", path, { token: user.token, json });
  expect(answer.status, answer.text).toBe(200);
  const ids = answer.json<{ id: string }[]>().map(({ id }) => id);
  return { ids, total: answer.headers.get("x-total-count") };
}

const ids = async (text: string) => (await byText(text)).ids;
const sorted = (...some: (string | undefined)[]) => some.map(String).toSorted();

describe("free text", () => {
  it("finds words by their English stems, in any case and without accents", async () => {
    const [a, b] = await notes("original parts", "Änderungen");
    for (const text of ["origin", "Original", "originals", "PART"]) expect(await ids(text)).toEqual([a]);
    for (const text of ["änderungen", "ANDERUNGEN"]) expect(await ids(text)).toEqual([b]);
    expect(await ids("orig")).toEqual([]);
  });

  it("finds any of the words, in the order of how many a device has [differs: text-order]", async () => {
    const [one, three, two] = await notes("red red red red", "red green blue", "a green and red one");
    await notes("something else");
    await inventoryOf(server, [{ tenant: "other", attributes: { inventory: { note: "red green blue" } } }]);
    expect(await byText("green red blue")).toEqual({ ids: [three, two, one], total: "3" });
    expect(await byText("green red blue", { page: 2, per_page: 1 })).toEqual({ ids: [two], total: "3" });
    expect(await byText("Red rED red")).toEqual({ ids: expect.arrayContaining([one]), total: "3" });
  });

  it("finds beginnings, also those that are longer than the stem [differs: text-order]", async () => {
    const [a, b] = await notes("relational organization", "happiness");
    for (const text of ["rel*", "relatio*", "organiz*", "organization*"])
      expect(await ids(text)).toEqual([a]);
    for (const text of ["hap*", "happ*", "happine*", "happiness*"]) expect(await ids(text)).toEqual([b]);
    expect(await ids("xrel*")).toEqual([]);
  });

  it("looks for its first sixteen words [differs: search-bounds]", async () => {
    const words = Array.from({ length: 16 }, (_, i) => `word${i}`);
    const [sixteenth] = await notes("word15", "word16");
    expect(await ids([...words, "word16"].join(" "))).toEqual([sixteenth]);
  });

  it("pages over all that it finds, each once, beyond those in order of score too [differs: text-order]", async () => {
    const made = await notes(...Array.from({ length: 230 }, (_, i) => (i % 3 === 0 ? "red green" : "red")));
    const pages = [];
    for (let page = 1; page <= 5; page++) pages.push(await byText("red green", { page, per_page: 50 }));
    const all = pages.flatMap((page) => page.ids);
    expect(all.toSorted()).toEqual(sorted(...made));
    const [both, one] = [0, 1].map((words) => made.filter((_, i) => Math.sign(i % 3) === words));
    expect(all.slice(0, both!.length).toSorted()).toEqual(sorted(...both!));
    expect(all.slice(200)).toEqual(one!.slice(-30));
    expect(pages.map(({ total }) => total)).toEqual(pages.map(() => "230"));
  });

  it("keeps tenants apart whose names differ in what stems leave out", async () => {
    await inventoryOf(
      server,
      ["n", "nn", "an"].map((tenant) => ({ tenant, attributes: { inventory: { note: "red" } } })),
    );
    const [own] = await notes("red");
    expect(await byText("red")).toEqual({ ids: [own], total: "1" });
  });
});

/** The index as it was before words had stems. */
async function formerIndex(): Promise<void> {
  const statement = (start: string, end: string) => {
    const from = inventorySchema.indexOf(start);
    return inventorySchema.slice(from, inventorySchema.indexOf(end, from) + end.length);
  };
  const triggers = ["inventory_device_added", "inventory_text_changed"];
  await env.DB.batch(
    [
      ...triggers.map((name) => `DROP TRIGGER ${name}`),
      "DROP TABLE inventory_text",
      statement("CREATE VIRTUAL TABLE inventory_text", "contentless_delete=1)"),
      ...triggers.map((name) => statement(`CREATE TRIGGER ${name}`, "\n END")),
      "DELETE FROM d1_migrations WHERE name = '0018_text_stems.sql'",
    ].map((text) => env.DB.prepare(text)),
  );
}

describe("a database from before words had stems", () => {
  it("finds all its devices by stems after the migration, and none that go", async () => {
    await formerIndex();
    const [first, last] = await notes("original", "originals");
    // Numbers of devices reach beyond any slice in which the index is made again.
    await env.DB.prepare("UPDATE inventory_devices SET device_no = 2000000 WHERE device_id = ?")
      .bind(last)
      .run();
    expect(await migrate(tenantsIn(await server.deps()))).toEqual(["0018_text_stems.sql"]);
    const [later] = await notes("origin");
    expect((await ids("origin")).toSorted()).toEqual(sorted(first, last, later));
    await env.DB.prepare("DELETE FROM inventory_devices WHERE device_id = ?").bind(first).run();
    expect((await ids("origin")).toSorted()).toEqual(sorted(last, later));
  });
});
