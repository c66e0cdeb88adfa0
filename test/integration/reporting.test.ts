import { beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { afterStart, type Answer, OPERATOR_TOKEN, Server } from "../support/server.ts";

const BASE = "/api/management/v1/reporting";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const post = (path: string, json: unknown) =>
  server.call("POST", `${BASE}${path}`, { token: user.token, json });
const search = (json: unknown) => post("/devices/search", json);
const aggregate = (json: unknown) => post("/devices/aggregate", json);

const idsOf = (answer: Answer) => {
  expect(answer.status, answer.text).toBe(200);
  return answer.json<{ id: string }[]>().map(({ id }) => id);
};

const where = (path: string, type: string, value: unknown) => ({
  scope: path.split("/")[0],
  attribute: path.split("/")[1],
  type,
  value,
});

const found = async (...filters: unknown[]) => idsOf(await search({ filters }));

describe("device search", () => {
  it("answers with times at the top, single members flattened, without description and timestamp", async () => {
    const checkIn = server.now - 18 * 3_600_000 - 41 * 60_000;
    const [id] = await inventoryOf(server, [
      { checkInMs: checkIn, attributes: { inventory: { one: ["x"], two: ["x", "y"], none: [] } } },
      { tenant: "other" },
    ]);
    const answer = await search({});
    const at = new Date(server.now).toISOString();
    expect(answer.json()).toEqual([
      {
        id,
        created_ts: at,
        updated_ts: at,
        check_in_time: `${afterStart(-86_400_000).slice(0, 10)}T00:00:00.000Z`,
        attributes: [
          { scope: "identity", name: "status", value: "accepted" },
          { scope: "inventory", name: "one", value: "x" },
          { scope: "inventory", name: "two", value: ["x", "y"] },
          { scope: "inventory", name: "none", value: [] },
          { scope: "system", name: "created_ts", value: at },
          { scope: "system", name: "updated_ts", value: at },
          { scope: "system", name: "check_in_time", value: new Date(checkIn).toISOString() },
          { scope: "system", name: "tier", value: "standard" },
        ],
      },
    ]);
  });

  it("shows chosen attributes only", async () => {
    await inventoryOf(server, [{ attributes: { inventory: { a: "1", b: "2" } } }]);
    const answer = await search({ attributes: [{ scope: "inventory", attribute: "b" }] });
    expect(answer.json()).toMatchObject([{ attributes: [{ scope: "inventory", name: "b", value: "2" }] }]);
    expect(answer.json<{ attributes: unknown[] }[]>()[0]!.attributes).toHaveLength(1);
  });

  it("has one Link header of its own form [differs: reports-next]", async () => {
    await inventoryOf(
      server,
      Array.from({ length: 5 }, () => ({})),
    );
    const link = async (page: number) => {
      const answer = await search({ page, per_page: 2 });
      expect(answer.headers.get("x-total-count")).toBe("5");
      return answer.headers.get("link");
    };
    const of = (page: number, rel: string) => `<${BASE}/devices/search?page=${page}&per_page=2>;rel="${rel}"`;
    expect(await link(2)).toBe([of(1, "first"), of(1, "previous"), of(3, "next")].join(", "));
    expect(await link(3)).toBe([of(1, "first"), of(2, "previous")].join(", "));
    expect(await link(0)).toBe([of(1, "first"), of(2, "next")].join(", "));
    const full = await search({ per_page: 5 });
    expect(full.headers.get("link")).toBe(`<${BASE}/devices/search?page=1&per_page=5>;rel="first"`);
  });

  it("compares by type, matches expressions as a whole, and takes the id in any scope [differs: reports-empty-in]", async () => {
    const [text, number] = await inventoryOf(server, [
      { attributes: { inventory: { v: "5", name: "release-1" } } },
      { attributes: { inventory: { v: 5, name: "release-12" }, custom: { v: "x" } } },
    ]);
    const both = [String(text), String(number)].toSorted();
    expect(await found(where("inventory/v", "$eq", "5"))).toEqual([text]);
    expect(await found(where("inventory/v", "$eq", 5))).toEqual([number]);
    expect(await found(where("inventory/v", "$gte", 5))).toEqual([number]);
    expect(await found(where("inventory/v", "$in", []))).toEqual([]);
    expect(await found(where("inventory/v", "$nin", ["5"]))).toEqual([number]);
    expect(await found(where("inventory/name", "$regex", "release-1"))).toEqual([text]);
    expect(await found(where("inventory/name", "$regex", "release-.*"))).toEqual(both);
    expect(await found(where("whatever/id", "$eq", text))).toEqual([text]);
    expect(await found(where("custom/v", "$exists", true))).toEqual([number]);
    expect(await found(where("nobody/v", "$ne", "x"))).toEqual(both);
    expect(idsOf(await search({ device_ids: [number, newId()] }))).toEqual([number]);
  });

  it("finds what a device has just reported [differs: reports-at-once]", async () => {
    const { id, token } = await aDevice(server);
    const json = [{ name: "v", value: "new" }];
    await server.call("PUT", "/api/devices/v1/inventory/device/attributes", { token, json });
    expect(await found(where("inventory/v", "$eq", "new"))).toEqual([id]);
  });

  it("sorts, devices without the attribute last", async () => {
    const [b, none, a] = await inventoryOf(server, [
      { attributes: { inventory: { v: "b" } } },
      {},
      { attributes: { inventory: { v: "a" } } },
    ]);
    const by = async (order: string) =>
      idsOf(await search({ sort: [{ scope: "inventory", attribute: "v", order }] }));
    expect(await by("asc")).toEqual([a, b, none]);
    expect(await by("desc")).toEqual([b, a, none]);
  });

  it("finds places, whether coordinates are texts or numbers [differs: geo-numbers, geo-aggregates]", async () => {
    const at = (lat: unknown, lon: unknown, scope = "inventory") => ({
      attributes: { [scope]: { "geo-lat": lat as string, "geo-lon": lon as string } },
    });
    const [oslo, bergen, fiji] = await inventoryOf(server, [
      at("59.91", "10.75"),
      at(60.39, 5.32, "tags"),
      at("-17.7", "179.9"),
      at("north", "10.75"),
      at("", "0"),
      {},
    ]);
    const circle = (lat: number, lon: number, distance: string) => ({
      geo_distance_filter: { geo_distance: { distance, location: { lat, lon } } },
    });
    const box = (north: number, west: number, south: number, east: number) => ({
      geo_bounding_box_filter: {
        geo_bounding_box: {
          location: { top_left: { lat: north, lon: west }, bottom_right: { lat: south, lon: east } },
        },
      },
    });
    const near = async (body: unknown) => idsOf(await search(body)).toSorted();
    // Oslo and Bergen are about 305 km apart.
    expect(await near(circle(59.91, 10.75, "300km"))).toEqual([oslo]);
    expect(await near(circle(59.91, 10.75, "310km"))).toEqual([String(oslo), String(bergen)].toSorted());
    expect(await near(circle(59.91, 10.75, "193mi"))).toEqual([String(oslo), String(bergen)].toSorted());
    expect(await near(circle(-17.7, -179.9, "50km"))).toEqual([fiji]);
    expect(await near(circle(89.9, 0, "20000km"))).toHaveLength(3);
    expect(await near(box(61, 5, 59, 6))).toEqual([bergen]);
    expect(await near(box(0, 179, -20, -179))).toEqual([fiji]);
    expect(await near({ ...box(61, 5, 59, 6), ...circle(59.91, 10.75, "1km") })).toEqual([oslo]);
    const counted = await aggregate({
      aggregations: [{ name: "status", scope: "identity", attribute: "status" }],
      ...circle(59.91, 10.75, "310km"),
    });
    expect(counted.json()).toMatchObject([{ items: [{ key: "accepted", count: 2 }] }]);
    expect(
      await near({ ...box(90, -180, -90, 180), filters: [where("tags/geo-lat", "$exists", true)] }),
    ).toEqual([bergen]);
  });

  const term = where("inventory/a", "$eq", "x");
  const place = (lat: unknown, lon: unknown, distance: unknown = "1km") => ({
    geo_distance_filter: { geo_distance: { distance, location: { lat, lon } } },
  });
  it.each([
    [{ filters: [{ ...term, scope: "" }] }, "scope: cannot be blank (filters[0])."],
    [{ filters: [{ ...term, attribute: undefined }] }, "attribute: cannot be blank (filters[0])."],
    [
      { filters: [{ ...term, type: "$almost" }] },
      "type: must be a valid value: $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $ltne (filters[0]).",
    ],
    [{ filters: [{ ...term, value: null }] }, "value: is required (filters[0])."],
    [{ filters: [{ ...term, value: ["x"] }] }, "filter doesn't support array values (filters[0]: a $eq)."],
    [{ filters: [{ ...term, type: "$in" }] }, "filter supports only array values (filters[0]: a $in)."],
    [
      { sort: [{ scope: "inventory", attribute: "a", order: "x" }] },
      "order: must be a valid value: asc, desc (sort[0]).",
    ],
    [
      place(91, 181),
      "geo_distance_filter: (geo_distance: (location: (lat: must be no greater than 90; lon: must be no greater than 180.).).).",
    ],
    [place(undefined, 0), "geo_distance_filter: (geo_distance: (location: (lat: is required.).).)."],
    [
      place(0, 0, "far"),
      "geo_distance_filter: (geo_distance: (distance: must be a number with a unit of length.).).",
    ],
    [
      place(0, 0, "5"),
      "geo_distance_filter: (geo_distance: (distance: must be a number with a unit of length.).).",
    ],
    // A page out of reach beside a place that is none: one of the two problems has no field.
    [
      { ...place(91, 0), page: 9007199254740991, per_page: 20 },
      "geo_distance_filter: (geo_distance: (location: (lat: must be no greater than 90.).).); page * per_page must be no greater than 10000.",
    ],
    [
      { ...place(0, 0), geo_bounding_box_filter: { geo_bounding_box: {} }, page: 101, per_page: 100 },
      "Invalid input: expected object, received undefined at geo_bounding_box_filter.geo_bounding_box.location",
    ],
  ])("%#: refuses with %s", async (body, text) => {
    const answer = await search(body);
    expect([answer.status, answer.json().error]).toEqual([400, `malformed request body: ${text}`]);
  });

  it("reaches ten thousand devices and no further [differs: reports-window]", async () => {
    expect(idsOf(await search({ page: 100, per_page: 100 }))).toEqual([]);
    const beyond = await search({ page: 101, per_page: 100 });
    expect([beyond.status, beyond.json().error]).toEqual([
      400,
      "malformed request body: page * per_page must be no greater than 10000",
    ]);
  });

  it.each(["{", "[]", '{"filters":5}', '{"page":"x"}'])("%#: refuses what it cannot read", async (body) => {
    const answer = await server.call("POST", `${BASE}/devices/search`, {
      token: user.token,
      body,
      headers: { "Content-Type": "application/json" },
    });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringMatching(/^malformed request body: /),
    ]);
  });
});

describe("attributes", () => {
  it("are listed for search and with the limit", async () => {
    await inventoryOf(server, [
      { attributes: { inventory: { b: "1", a: "1" }, tags: { t: "x" } } },
      { attributes: { inventory: { a: "1" } }, tenant: "other" },
    ]);
    const searchable = await server.call("GET", `${BASE}/devices/search/attributes`, { token: user.token });
    expect(
      searchable.json<{ scope: string; name: string }[]>().map(({ scope, name }) => `${scope}/${name}`),
    ).toEqual([
      "identity/status",
      "inventory/a",
      "inventory/b",
      "system/created_ts",
      "system/tier",
      "system/updated_ts",
      "tags/t",
    ]);
    expect(searchable.json<{ count: number }[]>().every(({ count }) => count === 1)).toBe(true);
    const mapped = await server.call("GET", `${BASE}/devices/attributes`, { token: user.token });
    expect(mapped.json()).toEqual({
      limit: 500,
      count: 3,
      attributes: [
        { scope: "inventory", name: "a" },
        { scope: "inventory", name: "b" },
        { scope: "tags", name: "t" },
      ],
    });
  });

  it("may be searched by whatever their number, and five hundred are listed [differs: report-attributes]", async () => {
    const named = (i: number) => `a${String(i).padStart(3, "0")}`;
    const attributes = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [named(i), "x"]));
    const [id] = await inventoryOf(server, [{ attributes: { inventory: attributes } }]);
    const listed = await server.call("GET", `${BASE}/devices/search/attributes`, { token: user.token });
    expect(listed.json()).toHaveLength(500);
    const mapped = await server.call("GET", `${BASE}/devices/attributes`, { token: user.token });
    expect(mapped.json()).toMatchObject({ limit: 500 });
    expect(await found(where(`inventory/${named(500)}`, "$eq", "x"))).toEqual([id]);
  });

  it("of an unused tenant are none", async () => {
    const answer = await server.call("GET", `${BASE}/devices/attributes`, { token: user.token });
    expect(answer.json()).toEqual({ limit: 500, count: 0, attributes: [] });
  });
});

describe("aggregation", () => {
  const by = (attribute: string, more: object = {}) => ({
    name: attribute,
    scope: "inventory",
    attribute,
    ...more,
  });

  beforeEach(async () => {
    const fleet = [
      ["r1", "rpi", "north"],
      ["r1", "rpi", "south"],
      ["r1", "qemu", "north"],
      ["r2", "rpi", "north"],
      ["r3", "rpi", undefined],
    ] as const;
    await inventoryOf(server, [
      ...fleet.map(([release, type, group]) => ({
        group: group ?? null,
        attributes: { inventory: { release, type, list: ["x", type], number: 5 } },
      })),
      { attributes: { inventory: { type: "bare" } } },
      { tenant: "other", attributes: { inventory: { release: "r1" } } },
    ]);
  });

  it("counts devices by value, the greatest first, and what is beyond the limit", async () => {
    const answer = await aggregate({ aggregations: [{ ...by("release", { limit: 2 }), name: "*" }] });
    expect(answer.json()).toEqual([
      {
        name: "*",
        items: [
          { key: "r1", count: 3 },
          { key: "r2", count: 1 },
        ],
        other_count: 1,
      },
    ]);
  });

  it("has one element per term, also with nothing in it, and ten buckets unless told otherwise", async () => {
    await inventoryOf(
      server,
      Array.from({ length: 12 }, (_, i) => ({ attributes: { tags: { many: `v${i}` } } })),
    );
    const answer = await aggregate({
      aggregations: [
        by("nobody"),
        by("number"),
        { name: "m", scope: "tags", attribute: "many", size: 500 },
        by("list"),
      ],
    });
    const [nobody, number, many, list] =
      answer.json<{ items: { key: string; count: number }[]; other_count: number }[]>();
    expect([nobody, number]).toMatchObject([
      { items: [], other_count: 0 },
      { items: [], other_count: 0 },
    ]);
    expect([many!.items.length, many!.other_count]).toEqual([10, 2]);
    expect(list!.items).toEqual([
      { key: "x", count: 5 },
      { key: "rpi", count: 4 },
      { key: "qemu", count: 1 },
    ]);
  });

  it("nests, with counts of each bucket's own", async () => {
    const nested = by("release", {
      aggregations: [by("type", { limit: 1 }), { name: "g", scope: "system", attribute: "group" }],
    });
    const answer = await aggregate({ aggregations: [nested] });
    expect(answer.json()).toEqual([
      {
        name: "release",
        other_count: 0,
        items: [
          {
            key: "r1",
            count: 3,
            aggregations: [
              { name: "type", items: [{ key: "rpi", count: 2 }], other_count: 1 },
              {
                name: "g",
                items: [
                  { key: "north", count: 2 },
                  { key: "south", count: 1 },
                ],
                other_count: 0,
              },
            ],
          },
          {
            key: "r2",
            count: 1,
            aggregations: [
              { name: "type", items: [{ key: "rpi", count: 1 }], other_count: 0 },
              { name: "g", items: [{ key: "north", count: 1 }], other_count: 0 },
            ],
          },
          {
            key: "r3",
            count: 1,
            aggregations: [
              { name: "type", items: [{ key: "rpi", count: 1 }], other_count: 0 },
              { name: "g", items: [], other_count: 0 },
            ],
          },
        ],
      },
    ]);
  });

  it("counts only what the filters let through", async () => {
    const request = (filters: unknown[]) => aggregate({ aggregations: [by("release")], filters });
    const counts = async (...filters: unknown[]) =>
      (await request(filters))
        .json<{ items: { key: string; count: number }[] }[]>()[0]!
        .items.map(({ key, count }) => `${key}:${count}`);
    expect(await counts(where("system/group", "$eq", "north"))).toEqual(["r1:2", "r2:1"]);
    expect(await counts(where("inventory/type", "$ne", "rpi"))).toEqual(["r1:1"]);
    expect(await counts(where("inventory/type", "$regex", "q.*"))).toEqual(["r1:1"]);
    expect(await counts(where("inventory/number", "$lt", 5))).toEqual([]);
    expect(await counts(where("inventory/number", "$in", []))).toEqual([]);
  });

  const deep = (levels: number): object => by("a", levels === 0 ? {} : { aggregations: [deep(levels - 1)] });
  it("nests five deep and no deeper", async () => {
    expect((await aggregate({ aggregations: [deep(5)] })).status).toBe(200);
    const answer = await aggregate({ aggregations: [deep(6)] });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringContaining("too many nested aggregations, limit is 5"),
    ]);
    expect((await aggregate({ aggregations: [deep(2000)] })).status).toBe(400);
  });

  it.each([
    [{}, "aggregations: cannot be blank."],
    [{ aggregations: [] }, "aggregations: cannot be blank."],
    [{ aggregations: [{ ...by("a"), name: "" }] }, "aggregations: (0: (name: cannot be blank.).)."],
    [
      { aggregations: [by("a"), { name: "x" }] },
      "aggregations: (1: (attribute: cannot be blank; scope: cannot be blank.).).",
    ],
    [{ aggregations: [by("a", { limit: -1 })] }, "aggregations: (0: (limit: must be no less than 0.).)."],
    [
      { aggregations: Array.from({ length: 101 }, () => by("a")) },
      "aggregations: the length must be between 1 and 100.",
    ],
    [
      { aggregations: Array.from({ length: 60 }, () => by("a", { aggregations: [by("b")] })) },
      "aggregations: must be no more than 100 with all that are nested.",
    ],
  ])("%#: refuses with %s", async (body, text) => {
    const answer = await aggregate(body);
    expect([answer.status, answer.json().error]).toEqual([400, `malformed request body: ${text}`]);
  });
});

describe("who may use reporting", () => {
  const routes: [string, string, unknown?][] = [
    ["POST", "/devices/search", {}],
    ["POST", "/devices/aggregate", { aggregations: [{ name: "a", scope: "inventory", attribute: "a" }] }],
    ["GET", "/devices/attributes"],
    ["GET", "/devices/search/attributes"],
  ];

  it.each(routes)("%s %s is for users who may read devices", async (method, path, json) => {
    const device = await aDevice(server);
    const uploader = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const as = async (token: string | undefined) =>
      (await server.call(method, BASE + path, { token, json })).status;
    expect([
      await as(undefined),
      await as(device.token),
      await as(uploader.token),
      await as(observer.token),
    ]).toEqual([401, 401, 403, 200]);
  });

  it("lets the operator search a tenant", async () => {
    const [id] = await inventoryOf(server, [{ tenant: "t1" }, { tenant: "t2" }]);
    const internal = "/api/internal/v1/reporting";
    const answer = await server.call("POST", `${internal}/tenants/t1/devices/search`, {
      token: OPERATOR_TOKEN,
      json: {},
    });
    expect(idsOf(answer)).toEqual([id]);
    expect(
      (await server.call("POST", `${internal}/tenants/t1/devices/search`, { token: user.token, json: {} }))
        .status,
    ).toBe(401);
    expect((await server.call("GET", `${internal}/health`, { token: OPERATOR_TOKEN })).status).toBe(204);
  });
});
