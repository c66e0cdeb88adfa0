import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { aggregateDevices } from "../../src/inventory/aggregate.ts";
import { requireRareBeginnings } from "../../src/inventory/search/beginnings.ts";
import { bestInSlices, SORTED_UP_TO } from "../../src/inventory/search/best-in-slices.ts";
import { missingOf, walkOf } from "../../src/inventory/store/search.ts";
import { finderOf } from "../../src/inventory/search/finders.ts";
import { queryOf, searchDevices } from "../../src/inventory/search/search.ts";
import { termOf } from "../../src/inventory/search/terms.ts";
import { KNOWN_UP_TO } from "../../src/inventory/search/totals.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, Server } from "../support/server.ts";

const tenant = asTenantId("default");
let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const search = (json: unknown) =>
  server.call("POST", "/api/management/v2/inventory/filters/search", { token: user.token, json });

const MANY = 15_500;

/** As many devices as no single slice looks at. */
const many = (count = MANY) =>
  env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms, attributes)
     SELECT 'default', printf('%08x-0000-4000-8000-000000000000', i), 'accepted', 1, 1, json_object('inventory-n', json_array(i)) FROM n`,
  )
    .bind(count)
    .run();

describe("the total of a search that finds many", () => {
  it("is at least what is told until it is counted, then exact, and for a while that of a moment ago [differs: search-totals]", async () => {
    await many();
    const filters = [{ scope: "inventory", attribute: "n", type: "$gt", value: 0 }];
    const total = async () => {
      const { headers } = await search({ filters, per_page: 1 });
      return [Number(headers.get("x-total-count")), headers.get("x-total-count-is")];
    };
    const [least, is] = await total();
    expect(is).toBe("at-least");
    expect(least).toBeGreaterThan(KNOWN_UP_TO);
    expect(least).toBeLessThanOrEqual(MANY);

    const counted = `of ${new Date(server.now).toISOString()}`;
    expect(await total()).toEqual([MANY, counted]);
    await env.DB.prepare("DELETE FROM inventory_devices WHERE device_id < '00000064'").run();
    server.advance(60_001);
    expect(await total()).toEqual([MANY, counted]);
    expect(await total()).toEqual([MANY - 99, `of ${new Date(server.now).toISOString()}`]);
    server.advance(600_001);
    expect((await total())[1]).toBe("at-least");
  }, 60_000);

  it("has links to the next page as long as pages are full", async () => {
    await many();
    const path = "/api/management/v2/inventory/filters";
    const terms = [{ scope: "inventory", attribute: "n", type: "$gt", value: 0 }];
    const made = await server.call("POST", path, { token: user.token, json: { name: "f", terms } });
    const page = `${path}/${made.headers.get("location")?.split("/").at(-1)}/search?per_page=500&page=`;
    const links = async (n: number) =>
      [
        ...((await server.call("GET", page + n, { token: user.token })).headers.get("link") ?? "").matchAll(
          /rel="(\w+)"/g,
        ),
      ].map(([, relation]) => relation);
    expect(await links(2)).toEqual(["first", "prev", "next"]);
    expect(await links(31)).toEqual(["first", "prev", "next", "last"]);
    expect(await links(32)).toEqual(["first", "prev", "last"]);
  }, 60_000);
});

it("finds pages of devices known by their ids beyond what is looked at first", async () => {
  await many(2600);
  const ids = Array.from(
    { length: 2600 },
    (_, i) => `${(i + 1).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
  );
  const page = async (json: object) => {
    const answer = await search({ ...json, page: 6, per_page: 500 });
    return [answer.headers.get("x-total-count"), answer.json<{ id: string }[]>().map(({ id }) => id)];
  };
  const regex = { scope: "identity", attribute: "id", type: "$regex", value: "^0000" };
  expect(await page({ device_ids: ids })).toEqual(["2600", ids.slice(2500)]);
  expect(await page({ filters: [regex] })).toEqual(["2600", ids.slice(2500)]);
});

it("tries an expression on ids only on those that begin as it does", async () => {
  await many(20_100);
  const regex = { scope: "identity", attribute: "id", type: "$regex", value: "^0000000[a-b]" };
  const narrow = { ...regex, value: "^0000000a" };
  const found = await search({ filters: [narrow] });
  expect(found.json<{ id: string }[]>().map(({ id }) => id)).toEqual([
    "0000000a-0000-4000-8000-000000000000",
  ]);
  const both = await search({ filters: [regex] });
  expect(both.headers.get("x-total-count")).toBe("2");
}, 60_000);

describe("in slices of any size", () => {
  const value = fc.constantFrom("a", "b", "c", "", "x".repeat(300));
  const device = fc.record(
    {
      one: value,
      two: fc.oneof(value, fc.array(value, { maxLength: 3 })),
      three: fc.oneof(value, fc.integer()),
    },
    { requiredKeys: [] },
  );
  const by = (name: string, nested: object[] = []) => ({
    name,
    key: `inventory-${name}`,
    limit: 2,
    nested: nested as never[],
  });

  it("groupings count the same, and find the same greatest", async () => {
    const made = fc.sample(device, { numRuns: 60, seed: 11 });
    await inventoryOf(
      server,
      made.map((inventory, i) => ({
        group: i % 3 ? "g" : null,
        attributes: { inventory: inventory as never },
      })),
    );
    const deps = await server.deps();
    const actor = { kind: "system", tenant, name: "test" } as never;
    const grouped = (stretch: number, collect: number, value: string) =>
      aggregateDevices(
        deps,
        actor,
        { terms: [termOf({ scope: "inventory", attribute: "one", type: "$ne", value })], stretch, collect },
        [
          by("two", [by("one", [by("three")])]),
          by("three"),
          { ...by("two"), key: "system-group", nested: [by("two")] },
        ],
      );
    for (const [i, stretch] of [1, 2, 3, 7, 50].entries())
      expect(await grouped(stretch, 0, `nobody${i}`)).toEqual(await grouped(2000, 0, "nobody"));
  });

  it("searches for words find the same devices", async () => {
    const made = await inventoryOf(
      server,
      Array.from({ length: 40 }, (_, i) => ({
        group: i % 4 ? null : "g",
        attributes: { inventory: { note: i % 3 ? "red" : "red green" } },
      })),
    );
    const deps = await server.deps();
    const terms = [termOf({ scope: "system", attribute: "group", type: "$eq", value: "g" })];
    const both = made.filter((_, i) => i % 4 === 0 && i % 3 === 0);
    const expected = [...both, ...made.filter((id, i) => i % 4 === 0 && !both.includes(id))];
    for (const stretch of [1, 3, 2000]) {
      const found = await searchDevices(
        deps,
        tenant,
        { terms, words: ["red", "green"], stretch },
        { page: 1, perPage: 20 },
      );
      expect(found.rows.map((row) => row.device_id)).toEqual(expected);
      expect(found.total).toBe(expected.length);
    }
  });
});

describe("pages of a search with words", () => {
  it("have every device once and in one order, however few of the first satisfy the rest", async () => {
    const notes = ["blue", "red", "green red", "red green blue", "green", "red blue"];
    const made = await inventoryOf(
      server,
      Array.from({ length: 240 }, (_, i) => ({
        group: i % 2 ? "g" : null,
        attributes: { inventory: { note: notes[(i * 5) % 6] ?? "" } },
      })),
    );
    const deps = await server.deps();
    const terms = [termOf({ scope: "system", attribute: "group", type: "$eq", value: "g" })];
    const page = async (stretch: number, number: number, perPage: number) => {
      const search = { terms, words: ["red", "green", "blue"], stretch };
      const { rows } = await searchDevices(deps, tenant, search, { page: number, perPage });
      return rows.map((row) => row.device_id);
    };
    const whole = await page(2000, 1, 500);
    expect(whole.toSorted()).toEqual(made.filter((_, i) => i % 2).toSorted());
    for (const stretch of [1, 7, 60, 100, 2000]) {
      const pages: string[][] = [];
      for (let number = 1; number <= 7; number++) pages.push(await page(stretch, number, 20));
      expect(pages.flat()).toEqual(whole);
    }
  });

  it("and begin with those that have more of the words where all have a place among the first", async () => {
    await inventoryOf(
      server,
      Array.from({ length: 30 }, (_, i) => ({
        group: "g",
        attributes: { inventory: { note: i === 29 ? "red green" : "red blue" } },
      })),
    );
    const deps = await server.deps();
    const terms = [termOf({ scope: "system", attribute: "group", type: "$eq", value: "g" })];
    const search = { terms, words: ["red", "green", "black"], stretch: 5 };
    const { rows } = await searchDevices(deps, tenant, search, { page: 1, perPage: 3 });
    expect(rows[0]?.attributes).toContain("red green");
  });
});

describe("a great tie of the first sort key", () => {
  /** Values of several types and lists, ties of both keys, and devices without either. */
  const fleet = async (count: number) =>
    inventoryOf(
      server,
      Array.from({ length: count }, (_, i) => ({
        group: i % 5 ? "g" : null,
        attributes: {
          inventory: {
            ...(i % 17 && { kind: [["a", "b"], "a", "b", true, 7][i % 7] ?? "a" }),
            ...(i % 4 && { place: `p${(i * 7) % 19}` }),
            ...(i % 6 && { size: (i * 5) % 11 }),
          } as never,
        },
      })),
    );
  const key = (name: string, descending: boolean) => ({ key: `inventory-${name}`, descending });
  const orders = [false, true].flatMap((one) =>
    [false, true].flatMap((two) => [
      [key("kind", one), key("place", two)],
      [key("kind", one), key("place", two), key("size", one)],
      [{ key: "system-group", descending: one }, key("kind", two), key("size", !one)],
    ]),
  );

  it("is looked for along the next key, and what is found is the same", async () => {
    await fleet(120);
    const deps = await server.deps();
    const terms = [[], [termOf({ scope: "inventory", attribute: "size", type: "$gt", value: 3 })]];
    for (const sort of orders)
      for (const some of terms) {
        const query = await queryOf(deps, tenant, { terms: some, sort, stretch: 7 });
        const ways = [walkOf(query, undefined), missingOf(query)];
        for (const window of [
          { limit: 5, offset: 0 },
          { limit: 20, offset: 15 },
          { limit: 200, offset: 0 },
        ]) {
          const expected = await bestInSlices(deps, query, ways, window, 1_000_000);
          for (const greatTie of [1, 15, 40])
            expect(await bestInSlices(deps, query, ways, window, greatTie)).toEqual(expected);
        }
      }
  });

  it("costs the same in a fleet four times as large", async () => {
    const costOf = async () => {
      const deps = await server.deps();
      const sort = [key("kind", false), key("place", true)];
      const query = await queryOf(deps, tenant, { terms: [], sort, stretch: 25 });
      const before = { ...deps.cost };
      await bestInSlices(
        deps,
        query,
        [walkOf(query, undefined), missingOf(query)],
        { limit: 5, offset: 0 },
        50,
      );
      return { trips: deps.cost.roundTrips - before.roundTrips, most: deps.cost.mostRowsRead };
    };
    await fleet(250);
    const small = await costOf();
    await fleet(750);
    const great = await costOf();
    expect(great.trips).toBeLessThanOrEqual(small.trips + 1);
    expect(great.most).toBeLessThanOrEqual(small.most * 1.2);
  });
});

it("reads pages of several sort keys up to their limit [limit: sorted devices] [differs: search-sorts]", async () => {
  const [id] = await inventoryOf(server, [{}]);
  const deps = await server.deps();
  const sort = ["a", "b"].map((name) => ({ key: `inventory-${name}`, descending: false }));
  const finder = finderOf(await queryOf(deps, tenant, { terms: [], sort }), {
    kind: "walk",
    bounds: undefined,
  });
  const page = (limit: number, offset: number) => finder.further(deps, { limit, offset });
  expect((await page(1, 0)).map((row) => row.device_id)).toEqual([id]);
  expect(await page(500, SORTED_UP_TO - 500)).toEqual([]);
  await expect(page(500, SORTED_UP_TO - 499)).rejects.toThrow("pages reach up to the 20000th device");
});

it("refuses beginnings that fill too much of the index of words [limit: beginnings] [differs: search-beginnings]", async () => {
  const word = (i: number) => i.toString(36).padStart(4, "0");
  const notes = Array.from({ length: 200 }, (_, i) =>
    Array.from({ length: 40 }, (__, j) => `q${word(i * 40 + j)}`).join(" "),
  );
  await inventoryOf(
    server,
    notes.map((note) => ({ attributes: { inventory: { note } } })),
  );
  const deps = await server.deps();
  const needs = (words: string[], pages: number) => requireRareBeginnings(deps, tenant, words, pages);
  await expect(needs(["q*"], 8)).rejects.toThrow("too many devices have words that begin with q");
  await needs(["q*"], 1000);
  await needs(["q0000*", "zzz*"], 8);
  await needs(["q"], 0);
});
