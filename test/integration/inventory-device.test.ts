import { beforeEach, describe, expect, it } from "vitest";
import { deviceStatusStatements } from "../../src/inventory/device-records.ts";
import { asDeviceId } from "../../src/platform/ids.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { Server } from "../support/server.ts";

const PATH = "/api/devices/v1/inventory/device/attributes";
const DAY_MS = 86_400_000;

interface WireAttribute {
  name: string;
  value: unknown;
  scope: string;
  description?: string;
}
interface WireDevice {
  id: string;
  attributes: WireAttribute[];
  updated_ts: string;
}

let server: Server;
let user: TestUser;
let device: TestDevice;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const put = (json: unknown, path = PATH) => server.call("PUT", path, { token: device.token, json });
const patch = (json: unknown) => server.call("PATCH", PATH, { token: device.token, json });

async function shown(): Promise<WireDevice> {
  const answer = await server.call("GET", `/api/management/v1/inventory/devices/${device.id}`, {
    token: user.token,
  });
  return answer.json<WireDevice>();
}

const reported = async () =>
  (await shown()).attributes
    .filter(({ scope }) => scope === "inventory")
    .map(({ name, value }) => [name, value]);

const many = (count: number, prefix = "a") =>
  Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}`, value: `v${i}` }));

describe("a device's report", () => {
  it("is answered 200 with an empty body, which clients insist on", async () => {
    const answer = await put([{ name: "artifact_name", value: "release-1" }]);
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  it("makes a device that inventory does not know yet", async () => {
    await put([{ name: "a", value: "1" }]);
    expect(await shown()).toMatchObject({ id: device.id, updated_ts: new Date(server.now).toISOString() });
  });

  it("replaces what was reported when put, in the old order with new names at the end", async () => {
    await put([
      { name: "b", value: "1" },
      { name: "a", value: ["x", "y"] },
      { name: "gone", value: "z" },
    ]);
    await put([
      { name: "c", value: 2.5 },
      { name: "a", value: [] },
      { name: "b", value: "1", description: "second" },
    ]);
    expect(await reported()).toEqual([
      ["b", "1"],
      ["a", []],
      ["c", 2.5],
    ]);
    expect((await shown()).attributes.find(({ name }) => name === "b")?.description).toBe("second");
  });

  it("adds to what was reported when patched", async () => {
    await put([
      { name: "a", value: "1" },
      { name: "b", value: "2" },
    ]);
    await patch([
      { name: "b", value: "3" },
      { name: "c", value: "4" },
    ]);
    expect(await reported()).toEqual([
      ["a", "1"],
      ["b", "3"],
      ["c", "4"],
    ]);
  });

  it("keeps the last of several attributes with one name", async () => {
    await put([
      { name: "a", value: "1" },
      { name: "a", value: "2" },
    ]);
    expect(await reported()).toEqual([["a", "2"]]);
  });

  it("goes into the scope inventory whatever scope it names", async () => {
    await put([{ name: "a", value: "1", scope: "system" }]);
    expect(await reported()).toEqual([["a", "1"]]);
  });

  it("leaves tags, identity and group alone", async () => {
    await put([{ name: "a", value: "1" }]);
    const base = `/api/management/v1/inventory/devices/${device.id}`;
    await server.call("PUT", `${base}/tags`, { token: user.token, json: [{ name: "name", value: "Ada" }] });
    await server.call("PUT", `${base}/group`, { token: user.token, json: { group: "g" } });
    await put([]);
    const names = (await shown()).attributes.map(({ scope, name }) => `${scope}/${name}`);
    expect(names).toEqual([
      "tags/name",
      "system/created_ts",
      "system/updated_ts",
      "system/check_in_time",
      "system/tier",
      "system/group",
    ]);
  });

  it("is taken on any path of the prefix, as the original's gateway does", async () => {
    const answer = await put([{ name: "a", value: "1" }], "/api/devices/v1/inventory/whatever");
    expect([answer.status, await reported()]).toEqual([200, [["a", "1"]]]);
  });

  it.each([
    "with.dot",
    "$set",
    'quo"te',
    "back\\slash",
    "a/b c",
    "__proto__",
    "7",
    "naïve-😀",
    "%41",
    "\u0001",
    "'; --",
  ])("keeps the name %j", async (name) => {
    await put([{ name, value: name }]);
    expect(await reported()).toEqual([[name, name]]);
    await put([]);
    expect(await reported()).toEqual([]);
  });

  it("keeps the name of 1,024 bytes", async () => {
    expect((await put([{ name: "é".repeat(512), value: "x" }])).status).toBe(200);
  });
});

describe("a report that is refused", () => {
  it.each([
    [[{ value: "x" }], "name: cannot be blank."],
    [[{ name: "", value: "x" }], "name: cannot be blank."],
    [[{ name: "é".repeat(513), value: "x" }], "name: the length must be between 1 and 1024."],
    [[{ name: "a", value: null }], "value: supported types are string, float64, and arrays thereof."],
    [[{ name: "a", value: true }], "value: supported types are string, float64, and arrays thereof."],
    [[{ name: "a", value: { b: 1 } }], "value: supported types are string, float64, and arrays thereof."],
    [[{ name: "a", value: [true] }], "value: array values must be either string or float64, not: bool."],
    [[{ name: "a", value: [[1]] }], "value: array values must be either string or float64, not: array."],
    [[{ name: "a", value: ["x", 1] }], "value: array values must be of consistent type: string or float64."],
    [
      [
        { name: "ok", value: 1 },
        { name: "", value: null },
      ],
      "name: cannot be blank; value: supported types are string, float64, and arrays thereof.",
    ],
    [many(101), "the number of attributes in the scope is above the limit"],
  ])("%#: says %s", async (body, text) => {
    const answer = await put(body);
    expect([answer.status, answer.json().error]).toEqual([400, text]);
    expect(
      (await server.call("GET", `/api/management/v1/inventory/devices/${device.id}`, { token: user.token }))
        .status,
    ).toBe(404);
  });

  it.each([
    ["{", /^failed to decode request body: /],
    ["{}", /^failed to decode request body: .*array/],
    ["[1]", /^failed to decode request body: .*object/],
    ["[".repeat(100_000), /^failed to decode request body: /],
    ['[{"name":"a","value":1e999}]', /^value: supported types/],
  ])("%#: names what is wrong with the body", async (body, text) => {
    const answer = await server.call("PUT", PATH, {
      token: device.token,
      body,
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatch(text);
  });

  it("is one of another content type", async () => {
    const answer = await server.call("PUT", PATH, {
      token: device.token,
      body: "[]",
      headers: { "Content-Type": "text/plain" },
    });
    expect([answer.status, answer.json().error]).toEqual([
      415,
      "Bad Content-Type, expected 'application/json'",
    ]);
  });

  it("counts old and new attributes together when patched", async () => {
    expect((await put(many(100))).status).toBe(200);
    expect((await patch([{ name: "a0", value: "other" }])).status).toBe(200);
    const answer = await patch([{ name: "one-more", value: "x" }]);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "the number of attributes in the scope is above the limit",
    ]);
  });

  it("counts them also in the first one of a device [differs: first-patch]", async () => {
    const answer = await patch(many(101));
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "the number of attributes in the scope is above the limit",
    ]);
    expect((await patch(many(100))).status).toBe(200);
  });

  it("is one of more values than are worth searching for [differs: scope-values]", async () => {
    const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
    expect((await put([{ name: "a", value: numbers(1900) }])).status).toBe(200);
    const answer = await patch([{ name: "b", value: numbers(101) }]);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "the number of values in the scope is above the limit",
    ]);
  });

  it("tells little of what has a hundred thousand faults [differs: json-values]", async () => {
    const many = (length: number) => Array.from({ length }, () => 1);
    const above = "the number of attributes in the scope is above the limit.";
    for (const [body, text] of [
      [many(1001), above],
      [many(90_000), above],
      [many(100_001), "failed to decode request body: exceeded max number of values"],
    ]) {
      const answer = await patch(body);
      expect([answer.status, answer.json().error]).toEqual([400, text]);
    }
  });

  it("is one that would not fit into the store [differs: scope-values]", async () => {
    const answer = await put([{ name: "a", value: "x".repeat(300_000) }]);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "the size of the attributes in the scope is above the limit",
    ]);
  });
});

describe("who may report", () => {
  it.each(["PUT", "PATCH"])("%s answers anyone else with an empty 401", async (method) => {
    for (const token of [undefined, user.token, "garbage"]) {
      const answer = await server.call(method, PATH, { token, json: [] });
      expect([answer.status, answer.text]).toEqual([401, ""]);
    }
  });

  it("is not a device that was rejected meanwhile", async () => {
    const rejected = await aDevice(server, { status: "rejected" });
    expect((await server.call("PUT", PATH, { token: rejected.token, json: [] })).status).toBe(401);
  });
});

describe("what a report costs", () => {
  const report = Array.from({ length: 30 }, (_, i) => ({ name: `attr${i}`, value: `value ${i}` }));
  const changed = (count: number) => report.map((a, i) => (i < count ? { ...a, value: `new ${i}` } : a));

  it("is no round trip and nothing written when nothing changed, a hundred times", async () => {
    await put(report);
    for (let i = 0; i < 100; i++) {
      server.advance(60_000);
      const { cost } = await put(report);
      expect([cost.trips, cost.written, cost.objects]).toEqual([0, 0, 1]);
    }
  });

  it.each([
    [1, 1],
    [2, 1],
    [5, 1],
    [30, 2],
  ])(
    "is for %i changed values %i round trips and at most 2k + 3 rows, and one for the world to be told",
    async (count, trips) => {
      await put(report);
      server.advance(1000);
      const { cost } = await put(changed(count));
      expect(cost.trips).toBe(trips);
      expect(cost.written).toBeLessThanOrEqual(2 * count + 3 + 1);
    },
  );

  it("moves updated_ts with a change and with the first report of a day, and otherwise not", async () => {
    await put(report);
    const first = (await shown()).updated_ts;
    server.advance(3_600_000);
    await put(report);
    expect((await shown()).updated_ts).toBe(first);
    await put(changed(1));
    expect((await shown()).updated_ts).toBe(new Date(server.now).toISOString());
    server.advance(DAY_MS);
    const { cost } = await put(changed(1));
    expect(cost.written).toBeLessThanOrEqual(2);
    expect((await shown()).updated_ts).toBe(new Date(server.now).toISOString());
  });
});

describe("reports at the same time", () => {
  it("lose nothing: of merges all stay", async () => {
    const names = many(12).map(({ name }) => name);
    const answers = await Promise.all(names.map((name) => patch([{ name, value: name }])));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect((await reported()).map(([name]) => String(name)).toSorted()).toEqual(names.toSorted());
  });

  it("fill a scope to its limit and no further", async () => {
    await put(many(98));
    const answers = await Promise.all(many(6, "b").map((attribute) => patch([attribute])));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, 200, 400, 400, 400, 400]);
    expect(await reported()).toHaveLength(100);
  });

  it("never mix: of replacements one stays whole", async () => {
    await put([]);
    const sets = ["a", "b"].map((p) => many(5, p));
    const answers = await Promise.all(sets.map((set) => put(set)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const names = (await reported()).map(([name]) => name);
    expect(sets.map((set) => set.map(({ name }) => name))).toContainEqual(names);
  });

  it("leave a status that arrives between them", async () => {
    await put([{ name: "a", value: "1" }]);
    const deps = await server.deps();
    await Promise.all([
      put([{ name: "a", value: "2" }]),
      deps.db(device.tenant).batch(
        deviceStatusStatements({
          tenant: device.tenant,
          device: asDeviceId(device.id),
          status: "accepted",
          revision: 9,
          atMs: server.now,
        }),
      ),
    ]);
    const values = (await shown()).attributes.map(({ name, value }) => [name, value]);
    expect(values).toContainEqual(["status", "accepted"]);
    expect(values).toContainEqual(["a", "2"]);
  });
});
