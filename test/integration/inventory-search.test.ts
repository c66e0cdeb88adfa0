import { beforeEach, describe, expect, it } from "vitest";
import { searchDeviceIds } from "../../src/inventory/device-records.ts";
import { EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { asDeviceId, asTenantId, newId } from "../../src/platform/ids.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";

const V2 = "/api/management/v2/inventory";

interface Predicate {
  scope: string;
  attribute: string;
  type: string;
  value: unknown;
}

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const search = (json: unknown) => server.call("POST", `${V2}/filters/search`, { token: user.token, json });

const where = (name: string, type: string, value: unknown): Predicate => {
  const [scope = "", attribute = ""] = name.split("/");
  return { scope, attribute, type, value };
};

const idsOf = (answer: Answer) => {
  expect(answer.status, answer.text).toBe(200);
  return answer.json<{ id: string }[]>().map(({ id }) => id);
};

const found = async (...filters: Predicate[]) => idsOf(await search({ filters }));

describe("a search", () => {
  it("lists all devices for an empty body, with the total and without Link", async () => {
    const ids = (await inventoryOf(server, [{}, {}, { tenant: "other" }])).slice(0, 2);
    const answer = await search({});
    expect(idsOf(answer)).toEqual(ids.toSorted());
    expect([answer.headers.get("x-total-count"), answer.headers.get("link")]).toEqual(["2", null]);
  });

  it("takes pages below one and nulls for nothing said", async () => {
    const [first] = (await inventoryOf(server, [{}, {}])).toSorted();
    const nothing = {
      page: 0,
      per_page: -1,
      filters: null,
      sort: null,
      attributes: null,
      device_ids: null,
      text: null,
    };
    expect((await search(nothing)).headers.get("x-total-count")).toBe("2");
    expect(idsOf(await search({ page: 1, per_page: 1 }))).toEqual([first]);
    expect(idsOf(await search({ page: 3, per_page: 1 }))).toEqual([]);
  });

  it("shows only the attributes asked for, and always the id and updated_ts", async () => {
    const [id] = await inventoryOf(server, [
      { attributes: { inventory: { a: "1", b: "2" }, tags: { name: "Ada" } } },
    ]);
    const at = new Date(server.now).toISOString();
    const answer = await search({
      attributes: [
        { scope: "inventory", attribute: "a" },
        { scope: "tags", attribute: "name" },
        { scope: "inventory", attribute: "none" },
      ],
    });
    expect(answer.json()).toEqual([
      {
        id,
        updated_ts: at,
        attributes: [
          { scope: "inventory", name: "a", value: "1" },
          { scope: "tags", name: "name", value: "Ada" },
          { scope: "system", name: "updated_ts", value: at },
        ],
      },
    ]);
  });

  it("restricts itself to named devices", async () => {
    const [a, b] = await inventoryOf(server, [{}, {}, {}]);
    expect(idsOf(await search({ device_ids: [a, b, newId()] }))).toEqual([String(a), String(b)].toSorted());
  });

  it("finds by $ltne what is less, and by $ltne, $ne and $nin what is missing [differs: less-or-missing]", async () => {
    const [less, equal, more, missing] = await inventoryOf(server, [
      ...["a", "b", "c"].map((v) => ({ attributes: { inventory: { v } } })),
      {},
    ]);
    const all = (...ids: unknown[]) => ids.map(String).toSorted();
    expect(await found(where("inventory/v", "$ltne", "b"))).toEqual(all(less, missing));
    expect(await found(where("inventory/v", "$ne", "b"))).toEqual(all(less, more, missing));
    expect(await found(where("inventory/v", "$nin", ["a", "c"]))).toEqual(all(equal, missing));
  });

  it("sorts by the first 256 characters of a text and compares all of them [differs: sorting-texts]", async () => {
    const ids = [newId(), newId(), newId()].toSorted();
    const texts = [`${"x".repeat(256)}z`, `${"x".repeat(256)}a`, `${"x".repeat(255)}a`];
    await inventoryOf(
      server,
      ids.map((id, at) => ({ id, attributes: { inventory: { v: texts[at]! } } })),
    );
    const sort = [{ scope: "inventory", attribute: "v", order: "asc" }];
    expect(idsOf(await search({ sort }))).toEqual([ids[2], ids[0], ids[1]]);
    for (const [at, text] of texts.entries())
      expect(await found(where("inventory/v", "$eq", text))).toEqual([ids[at]]);
    expect(await found(where("inventory/v", "$gt", texts[1]))).toEqual([ids[0]]);
  });

  it("sends what the web UI asks for: offline, unassigned, issues", async () => {
    const old = server.now - 3 * 86_400_000;
    const [offline, never, online, assigned] = await inventoryOf(server, [
      { checkInMs: old },
      { checkInMs: null },
      { checkInMs: server.now, attributes: { monitor: { alerts: true } } },
      { checkInMs: server.now, group: "g", attributes: { monitor: { alerts: false } } },
    ]);
    const day = new Date(server.now - 86_400_000).toISOString();
    expect(await found(where("system/check_in_time", "$ltne", day))).toEqual(
      [String(offline), String(never)].toSorted(),
    );
    expect(await found(where("system/check_in_time", "$lt", day))).toEqual([offline]);
    expect(await found(where("system/group", "$nin", ["g", "h"]))).toEqual(
      [offline, never, online].map(String).toSorted(),
    );
    expect(await found(where("monitor/alerts", "$eq", true))).toEqual([online]);
    expect(
      await found(where("system/group", "$eq", "g"), where("identity/status", "$eq", "accepted")),
    ).toEqual([assigned]);
  });

  it("finds by words in id, group and texts of identity, inventory and tags, those with most of them first [differs: text-order]", async () => {
    const [a, b, c] = await inventoryOf(server, [
      { attributes: { identity: { mac: "00:aa:BB" }, inventory: { note: "kitchen window sensor" } } },
      { attributes: { inventory: { note: "window window window", list: ["Grün", "blau"] } }, group: "north" },
      { attributes: { tags: { name: "kitchen" }, inventory: { number: 42 } } },
      { attributes: { tags: { name: "kitchen window" } }, tenant: "other" },
    ]);
    const byText = async (text: string) => idsOf(await search({ text, sort: [] }));
    expect(await byText("WINDOW")).toEqual([a, b]);
    const both = await byText("window-kitchen");
    expect([both[0], both.slice(1).toSorted()]).toEqual([a, [String(b), String(c)].toSorted()]);
    expect(await byText("aa bb")).toEqual([a]);
    expect(await byText("north")).toEqual([b]);
    expect(await byText("grün")).toEqual([b]);
    expect(await byText(String(c))).toEqual([c]);
    expect(await byText("42")).toEqual([]);
    expect(await byText("kitch")).toEqual([]);
    expect((await byText("kitch*")).toSorted()).toEqual([String(a), String(c)].toSorted());
    expect(await byText(`"window" OR NOT * NEAR( {x} : ^`)).toEqual([a, b]);
    expect(await byText("!?")).toEqual([]);
    const filtered = await search({ text: "window", filters: [where("system/group", "$eq", "north")] });
    expect([idsOf(filtered), filtered.headers.get("x-total-count")]).toEqual([[b], "1"]);
  });

  it("finds words right after they were written, and no longer after they were replaced", async () => {
    const [id] = await inventoryOf(server, [{}]);
    const tag = (value: string) =>
      server.call("PUT", `/api/management/v1/inventory/devices/${id}/tags`, {
        token: user.token,
        json: [{ name: "name", value }],
      });
    await tag("lighthouse");
    expect(idsOf(await search({ text: "lighthouse" }))).toEqual([id]);
    await tag("windmill");
    expect(idsOf(await search({ text: "lighthouse" }))).toEqual([]);
    expect(idsOf(await search({ text: "windmill" }))).toEqual([id]);
  });

  it("finds by expressions, unanchored and case-sensitive, on texts of any attribute", async () => {
    const [a, b] = await inventoryOf(server, [
      { attributes: { inventory: { v: ["x", "rasp-4"] } } },
      { attributes: { inventory: { v: "Rasp-5", n: 5 } } },
    ]);
    expect(await found(where("inventory/v", "$regex", "asp-[45]"))).toEqual(
      [String(a), String(b)].toSorted(),
    );
    expect(await found(where("inventory/v", "$regex", "^rasp"))).toEqual([a]);
    expect(await found(where("inventory/v", "$regex", "/^rasp/i"))).toEqual(
      [String(a), String(b)].toSorted(),
    );
    expect(await found(where("inventory/v", "$regex", "(?i)^RASP-[[:digit:]]$"))).toEqual(
      [String(a), String(b)].toSorted(),
    );
    expect(await found(where("inventory/v", "$regex", "^[[:lower:]]+-[[:digit:]]+$"))).toEqual([a]);
    expect(await found(where("inventory/n", "$regex", "5"))).toEqual([]);
    expect(await found(where("identity/id", "$regex", `^${String(a).slice(0, 8)}`))).toEqual([a]);
    expect(await found(where("identity/status", "$regex", "ccep"))).toEqual(
      [String(a), String(b)].toSorted(),
    );
  });
});

describe("a search that is refused tells which condition and what is allowed [differs: named-conditions]", () => {
  const ok = where("inventory/a", "$eq", "x");
  it.each([
    [{ per_page: 501 }, "per_page: must be no greater than 500."],
    [
      { filters: [ok, { ...ok, scope: "other" }] },
      "scope: must be one of system, identity, inventory, monitor, tags (filters[1]).",
    ],
    [{ filters: [{ ...ok, attribute: "" }] }, "attribute: cannot be blank (filters[0])."],
    [
      { filters: [{ ...ok, attribute: "a".repeat(1025) }] },
      "attribute: the length must be between 1 and 1024 (filters[0]).",
    ],
    [
      { filters: [{ ...ok, type: "$near" }] },
      "type: must be a valid value: $eq, $ne, $gt, $gte, $lt, $lte, $ltne, $in, $nin, $exists, $regex (filters[0]).",
    ],
    [{ filters: [{ ...ok, value: null }] }, "value: is required (filters[0])."],
    [
      { filters: [{ ...ok, value: { $ne: 1 } }] },
      "value: must be a string, a number or a boolean (filters[0]: inventory/a $eq).",
    ],
    [
      { filters: [{ ...ok, value: ["x"] }] },
      "value: must be a string, a number or a boolean (filters[0]: inventory/a $eq).",
    ],
    [
      { filters: [{ ...ok, type: "$gt", value: true }] },
      "value: must be a string or a number (filters[0]: inventory/a $gt).",
    ],
    [
      { filters: [{ ...ok, type: "$in", value: "x" }] },
      "value: must be an array (filters[0]: inventory/a $in).",
    ],
    [
      { filters: [{ ...ok, type: "$nin", value: [["x"]] }] },
      "value: must be an array of strings, numbers or booleans (filters[0]: inventory/a $nin).",
    ],
    [
      { filters: [{ ...ok, type: "$in", value: Array.from({ length: 10_000 }, String) }] },
      "value: the array must have no more than 5000 elements (filters[0]: inventory/a $in).",
    ],
    [
      { filters: [{ ...ok, type: "$exists", value: "true" }] },
      "value: must be a boolean (filters[0]: inventory/a $exists).",
    ],
    [
      { filters: [{ ...ok, type: "$regex", value: 5 }] },
      "value: must be a string (filters[0]: inventory/a $regex).",
    ],
    [
      { filters: [{ ...ok, type: "$regex", value: "(" }] },
      "value: the regular expression has an unmatched parenthesis (filters[0]: inventory/a $regex).",
    ],
    [
      { filters: [{ ...ok, type: "$regex", value: "(?=a)" }] },
      "value: the regular expression uses look-around or an atomic group (filters[0]: inventory/a $regex).",
    ],
    [
      { filters: [{ ...ok, type: "$regex", value: "(((((){100}){100}){100}){100}){100}" }] },
      "value: the regular expression is too large (filters[0]: inventory/a $regex).",
    ],
    [
      { filters: [{ ...ok, type: "$regex", value: "[:digit:]+" }] },
      "value: the regular expression has a POSIX class outside of brackets, write [[:digit:]] (filters[0]: inventory/a $regex).",
    ],
    [{ filters: Array.from({ length: 16 }, () => ok) }, "filters: the length must be no more than 15."],
    [{ any: [[ok], []] }, expect.stringMatching(/cannot be empty/)],
    [
      { any: [[ok], [{ ...ok, type: "$gt", value: true }]] },
      expect.stringMatching(/^value: .*\(any\[1\]\[0\]: inventory\/a \$gt\)\.$/),
    ],
    [{ any: [[{ ...ok, scope: "x" }]] }, expect.stringMatching(/scope: must be one of /)],
    [
      { sort: [{ scope: "inventory", attribute: "a", order: "up" }] },
      "order: must be a valid value: asc, desc (sort[0]).",
    ],
    [{ sort: [{ scope: "inventory", attribute: "a" }] }, "order: cannot be blank (sort[0])."],
    [
      { attributes: [{ scope: "x", attribute: "a" }] },
      "scope: must be one of system, identity, inventory, monitor, tags.",
    ],
  ])("%#: says %s", async (body, text) => {
    const answer = await search(body);
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });

  it.each([
    "{",
    "[]",
    '{"filters":{}}',
    '{"filters":[1]}',
    '{"page":"1"}',
    '{"text":5}',
    '{"device_ids":[5]}',
    '{"filters":' + "[".repeat(50_000),
  ])("%#: cannot be read", async (body) => {
    const answer = await server.call("POST", `${V2}/filters/search`, {
      token: user.token,
      body,
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatch(/^failed to decode request body: /);
  });

  it("takes five thousand values, fifteen conditions, five sort keys and five thousand ids, and no more [differs: search-bounds]", async () => {
    const [id] = await inventoryOf(server, [{ attributes: { inventory: { a: "4999" } } }]);
    const values = Array.from({ length: 5000 }, (_, i) => String(i));
    const filters = Array.from({ length: 15 }, () => ({ ...ok, type: "$in", value: values }));
    const sort = Array.from({ length: 5 }, (_, i) => ({
      scope: "inventory",
      attribute: `s${i}`,
      order: "asc",
    }));
    const device_ids = [id, ...values.slice(1)];
    expect(idsOf(await search({ filters, sort, device_ids }))).toEqual([id]);
    const any = [filters.slice(0, 7), filters.slice(7, 14)];
    expect(idsOf(await search({ filters: filters.slice(14), any, sort, device_ids }))).toEqual([id]);
    for (const more of [
      { filters: [...filters, ok] },
      { filters, any: [[ok]] },
      { any: [filters.slice(0, 8), filters.slice(0, 8)] },
      { filters: [{ ...ok, type: "$in", value: [...values, "x"] }] },
      { sort: [...sort, sort[0]] },
      { device_ids: [...device_ids, "x"] },
      { text: "x".repeat(1025) },
    ]) {
      const answer = await search(more);
      expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining("no more than")]);
    }
  });

  it("spends a bounded time on hostile expressions over many values [differs: regex-bounded]", async () => {
    await inventoryOf(
      server,
      Array.from({ length: 100 }, (_, i) => ({ attributes: { inventory: { a: `${"a".repeat(250)}${i}` } } })),
    );
    const hostile = "(a?){100}(a?){100}(a?){100}(a{1,100}){3}b";
    const answer = await search({ filters: [{ ...ok, type: "$regex", value: hostile }] });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "value: the regular expression is too costly on this attribute, begin it with ^ and a text (inventory/a $regex).",
    ]);
  });
});

describe("nothing that is sent gets into a statement", () => {
  const corpus = [
    "'",
    "''",
    '"',
    "\\",
    "`",
    ";",
    "--",
    "/*",
    "*/",
    "' OR '1'='1",
    "'; DROP TABLE inventory_devices; --",
    '" OR ""="',
    "$[0]",
    "$.a",
    "[*]",
    "%",
    "_",
    "%00",
    "\u0000",
    "\u0001",
    "\ud800",
    "😀",
    "a.b",
    "a$b",
    "$where",
    '{"$gt":""}',
    "x') UNION SELECT * FROM users --",
    "?1",
    ":name",
    "@p",
    "${x}",
    "__proto__",
    "constructor",
    "NULL",
    "\u2028",
    "a\nb",
  ];

  it("as a name or a value of any operator, a sort key or a projection", async () => {
    const before = await inventoryOf(server, [{ attributes: { inventory: { plain: "x" } } }]);
    for (const text of corpus) {
      const name = { scope: "inventory", attribute: text };
      for (const type of ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$ltne", "$in", "$nin"]) {
        const value = type === "$in" || type === "$nin" ? [text, 1] : text;
        const answer = await search({
          filters: [{ ...name, type, value }],
          sort: [{ ...name, order: "asc" }],
          attributes: [name],
        });
        expect(answer.status, `${type} ${JSON.stringify(text)}: ${answer.text}`).toBe(200);
      }
      expect((await search({ filters: [{ ...name, type: "$regex", value: text }] })).status).toBeLessThan(
        500,
      );
      expect((await search({ text })).status).toBe(200);
      expect((await search({ device_ids: [text] })).status).toBe(200);
    }
    expect(await found(where("inventory/plain", "$exists", true))).toEqual(before);
  }, 60_000);

  it("as a stored name and value: what went in comes out and is found", async () => {
    for (const text of corpus.filter((t) => t !== "\u0000" && t !== "\ud800")) {
      const [id] = await inventoryOf(server, [{ attributes: { inventory: { [text]: text } } }]);
      const name = { scope: "inventory", attribute: text };
      const answer = await search({ filters: [{ ...name, type: "$eq", value: text }], attributes: [name] });
      expect(idsOf(answer)).toEqual([id]);
      const [device] = answer.json<{ attributes: unknown[] }[]>();
      expect(device!.attributes[0]).toEqual({ scope: "inventory", name: text, value: text });
    }
  });
});

describe("totals", () => {
  it("of great results are counted once a minute, and of small ones each time [differs: search-totals]", async () => {
    const many = await inventoryOf(
      server,
      Array.from({ length: 520 }, () => ({ attributes: { inventory: { v: "x" } } })),
    );
    const total = async () =>
      (await search({ filters: [where("inventory/v", "$eq", "x")], per_page: 1 })).headers.get(
        "x-total-count",
      );
    expect(await total()).toBe("520");
    const gone = (ids: string[]) =>
      env.DB.prepare("DELETE FROM inventory_devices WHERE device_id IN (SELECT value FROM json_each(?))")
        .bind(JSON.stringify(ids))
        .run();
    await gone(many.slice(0, 10));
    expect(await total()).toBe("520");
    server.advance(60_001);
    expect(await total()).toBe("510");
    await gone(many.slice(10, 400));
    server.advance(60_001);
    expect(await total()).toBe("120");
    await gone(many.slice(400, 410));
    expect(await total()).toBe("110");
  });

  it("by status and group are exact at once, however great [differs: search-totals]", async () => {
    const ids = await inventoryOf(
      server,
      Array.from({ length: 510 }, () => ({})),
    );
    const total = async (...filters: Predicate[]) =>
      (await search({ filters, per_page: 1 })).headers.get("x-total-count");
    const accepted = where("identity/status", "$eq", "accepted");
    expect(await total(accepted)).toBe("510");
    await server.call("PATCH", "/api/management/v1/inventory/groups/g/devices", {
      token: user.token,
      json: ids.slice(0, 5),
    });
    expect(await total(accepted, where("system/group", "$eq", "g"))).toBe("5");
    expect(await total(accepted, where("system/group", "$nin", ["g"]))).toBe("505");
    expect(await total(accepted, where("system/group", "$exists", false))).toBe("505");
    const path = "/api/internal/v1/inventory/tenants/default/devices/status/rejected";
    const json = [{ id: ids[0], revision: 9 }];
    expect((await server.call("POST", path, { token: OPERATOR_TOKEN, json })).status).toBe(200);
    expect(await total(accepted, where("system/tier", "$eq", "standard"))).toBe("509");
  });
});

describe("the ids of a search for other domains", () => {
  it("come in their order, after a given one", async () => {
    const tenant = asTenantId("default");
    const ids = (
      await inventoryOf(server, [
        { group: "g" },
        { group: "g" },
        { group: "g" },
        {},
        { group: "g", status: "pending" },
      ])
    )
      .slice(0, 3)
      .toSorted();
    const accepted = { scope: "identity", attribute: "status", type: "$eq", value: "accepted" } as const;
    const filters = [accepted, { ...accepted, scope: "system", attribute: "group", value: "g" }];
    const deps = await server.deps();
    expect(await searchDeviceIds(deps, tenant, filters, { limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await searchDeviceIds(deps, tenant, filters, { limit: 2, after: asDeviceId(ids[1]!) })).toEqual(
      ids.slice(2),
    );
    expect(
      await searchDeviceIds(deps, tenant, [{ ...accepted, type: "$in", value: ["accepted"] }], {
        limit: 9,
      }),
    ).toHaveLength(4);
  });
});

it("forgets totals that no search may use any more, each night", async () => {
  const remember =
    "INSERT INTO inventory_totals (tenant_id, query, total, counted_ms) VALUES ('default', ?, 1, ?)";
  const ages = [0, 599_000, 601_000, 3_600_000];
  await env.DB.batch(ages.map((age) => env.DB.prepare(remember).bind(`${age} ms ago`, server.now - age)));
  await runSweeps(await server.deps(), EVERY_NIGHT);
  const { results } = await env.DB.prepare(
    "SELECT query FROM inventory_totals ORDER BY counted_ms DESC",
  ).all();
  expect(results).toEqual([{ query: "0 ms ago" }, { query: "599000 ms ago" }]);
});
