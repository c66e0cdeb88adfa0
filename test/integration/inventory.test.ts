import { beforeEach, describe, expect, it } from "vitest";
import { deviceCheckInStatements } from "../../src/devices/contact.ts";
import {
  deviceGroupStatement,
  deviceIdentityStatements,
  deviceStatusStatements,
  removeDeviceStatements,
} from "../../src/inventory/device-records.ts";
import type { Statement } from "../../src/platform/database.ts";
import { asDeviceId, asTenantId, newId } from "../../src/platform/ids.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, Server, type Call } from "../support/server.ts";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const V1 = "/api/management/v1/inventory";
const V2 = "/api/management/v2/inventory";
const tenant = asTenantId("default");

const call = (method: string, path: string, options: Call = {}) =>
  server.call(method, path, { token: user.token, ...options });

async function run(statements: Statement<unknown>[]): Promise<void> {
  const deps = await server.deps();
  await deps.db(tenant).batch(statements);
}

const rowsOf = async (table: string) =>
  (await env.DB.prepare(`SELECT * FROM ${table}`).all<Record<string, unknown>>()).results;

const lastAudit = () =>
  env.DB.prepare(
    "SELECT actor_id, action, object_type, object_id, change FROM audit_log ORDER BY time_ms DESC, id DESC",
  ).first();

const sortedIds = (...ids: (string | undefined)[]) => ids.map(String).toSorted();

const idsOf = (answer: { json: <T>() => T }) => answer.json<{ id: string }[]>().map(({ id }) => id);

describe("what other domains put into a device's inventory", () => {
  const device = asDeviceId(newId());
  const status = (revision: number, word: string) =>
    deviceStatusStatements({ tenant, device, status: word, revision, atMs: server.now });

  it("keeps the status of the greatest revision, whatever the order", async () => {
    await run(status(2, "accepted"));
    await run(status(1, "pending"));
    expect(await rowsOf("inventory_counts")).toMatchObject([{ status: "accepted", devices: 1 }]);
    await run(status(3, "rejected"));
    expect(await rowsOf("inventory_counts")).toMatchObject([{ status: "rejected", devices: 1 }]);
  });

  it("leaves nothing behind of a removed device", async () => {
    await run(status(1, "accepted"));
    await run(
      deviceIdentityStatements({ tenant, device, identity: { mac: "aa:bb", status: "x" }, atMs: server.now }),
    );
    await run(deviceCheckInStatements(tenant, device, server.now));
    const keys = (await rowsOf("inventory_values")).map((row) => row.key);
    expect(keys).toEqual([
      "identity-mac",
      "identity-status",
      "system-check_in_time",
      "system-created_ts",
      "system-tier",
      "system-updated_ts",
    ]);
    await run(removeDeviceStatements(tenant, device));
    expect(await rowsOf("inventory_values")).toEqual([]);
    expect(await rowsOf("inventory_counts")).toEqual([]);
    expect((await rowsOf("inventory_keys")).every((row) => row.devices === 0)).toBe(true);
    const words = await env.DB.prepare(
      "SELECT rowid FROM inventory_text WHERE inventory_text MATCH 'body : aa'",
    ).all();
    expect(words.results).toEqual([]);
  });

  it("writes a check-in at most once a day and leaves updated_ts alone", async () => {
    await run(status(1, "accepted"));
    const show = async () => {
      const { attributes } = (await call("GET", `${V1}/devices/${device}`)).json<{
        attributes: { name: string; value: string }[];
      }>();
      return Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
    };
    const first = new Date(server.now).toISOString();
    await run(deviceCheckInStatements(tenant, device, server.now));
    server.advance(3_600_000);
    await run(deviceCheckInStatements(tenant, device, server.now));
    expect(await show()).toMatchObject({ check_in_time: first, updated_ts: first });
    server.advance(86_400_000);
    await run(deviceCheckInStatements(tenant, device, server.now));
    expect(await show()).toMatchObject({
      check_in_time: new Date(server.now).toISOString(),
      updated_ts: first,
    });
  });

  it("tells the group of a device, and nothing of an unknown one", async () => {
    const deps = await server.deps();
    expect(await deps.db(tenant).one(deviceGroupStatement(tenant, device))).toBeUndefined();
    await run(status(1, "accepted"));
    expect(await deps.db(tenant).one(deviceGroupStatement(tenant, device))).toEqual({ group: null });
  });
});

describe("one device", () => {
  it("is shown with all attributes, identities and updated_ts [differs: tier-and-flags]", async () => {
    const device = asDeviceId(newId());
    await run(deviceStatusStatements({ tenant, device, status: "accepted", revision: 1, atMs: server.now }));
    await run(deviceIdentityStatements({ tenant, device, identity: { mac: "aa:bb" }, atMs: server.now }));
    const answer = await call("GET", `${V1}/devices/${device}`);
    const at = new Date(server.now).toISOString();
    expect([answer.status, answer.headers.get("etag")]).toEqual([200, null]);
    expect(answer.json()).toEqual({
      id: device,
      updated_ts: at,
      identities: ["accepted", "aa:bb"],
      attributes: [
        { scope: "identity", name: "status", value: "accepted" },
        { scope: "identity", name: "mac", value: "aa:bb" },
        { scope: "system", name: "created_ts", value: at },
        { scope: "system", name: "updated_ts", value: at },
        { scope: "system", name: "tier", value: "standard" },
      ],
    });
  });

  it("has the lists of its identity as lists, found by any member wherever one searches", async () => {
    const identity = { mac: ["aa:bb", "cc:dd"], slots: [1, 2], mixed: ["x", 7], none: [], nested: { a: 1 } };
    const device = asDeviceId(newId());
    await run(deviceIdentityStatements({ tenant, device, identity, atMs: server.now }));
    const shown = (await call("GET", `${V1}/devices/${device}`)).json<{
      attributes: { scope: string; name: string; value: unknown }[];
    }>();
    const values = shown.attributes.filter(({ scope }) => scope === "identity");
    expect(Object.fromEntries(values.map(({ name, value }) => [name, value]))).toEqual({
      ...identity,
      mixed: ["x", "7"],
      nested: '{"a":1}',
    });
    const filter = (attribute: string, value: unknown) => ({
      filters: [{ scope: "identity", attribute, type: "$eq", value }],
    });
    const prefix = { scope: "identity", name: "mac", value_prefix: "cc" };
    for (const answer of [
      await call("POST", `${V2}/filters/search`, { json: filter("mac", "cc:dd") }),
      await call("POST", `${V2}/filters/search`, { json: filter("slots", 2) }),
      await call("POST", `${V2}/filters/search`, { json: { text: "dd" } }),
      await call("GET", `${V1}/devices?identity/mac=aa:bb`),
      await call("POST", "/api/management/v2alpha1/inventory/identities/search", { json: prefix }),
      await call("POST", "/api/management/v1/reporting/devices/search", { json: filter("mac", "aa:bb") }),
    ])
      expect(idsOf(answer), answer.text).toEqual([device]);
    const aggregations = [{ name: "m", scope: "identity", attribute: "mac" }];
    const counted = await call("POST", "/api/management/v1/reporting/devices/aggregate", {
      json: { aggregations },
    });
    expect(counted.json()).toMatchObject([{ items: [{ key: "aa:bb" }, { key: "cc:dd" }] }]);
  });

  it("is 404 if unknown or another tenant's", async () => {
    const [other] = await inventoryOf(server, [{ tenant: "other" }]);
    for (const id of [newId(), other, "%27%3B--"]) {
      const answer = await call("GET", `${V1}/devices/${id}`);
      expect([answer.status, answer.json().error]).toEqual([404, "Device not found"]);
    }
  });

  it("keeps all but its reports when deleted, and 204 answers any id", async () => {
    const [id] = await inventoryOf(server, [
      { group: "g", attributes: { inventory: { a: "1" }, tags: { name: "Ada" }, identity: { mac: "m" } } },
    ]);
    expect((await call("DELETE", `${V1}/devices/${id}`)).status).toBe(204);
    const { attributes } = (await call("GET", `${V1}/devices/${id}`)).json<{
      attributes: { name: string }[];
    }>();
    expect(attributes.map(({ name }) => name)).toEqual([
      "status",
      "name",
      "mac",
      "created_ts",
      "updated_ts",
      "tier",
      "group",
    ]);
    expect(await lastAudit()).toMatchObject({ action: "update", object_id: id, change: "removed inventory" });
    expect((await call("DELETE", `${V1}/devices/${newId()}`)).status).toBe(204);
  });
});

describe("tags", () => {
  let id: string;
  beforeEach(async () => {
    [id] = (await inventoryOf(server, [{}])) as [string];
  });
  const tag = (method: string, json: unknown, headers: Record<string, string> = {}) =>
    call(method, `${V1}/devices/${id}/tags`, { json, headers });
  const show = () => call("GET", `${V1}/devices/${id}`);
  const tags = async () =>
    (await show())
      .json<{ attributes: { scope: string; name: string; value: unknown; timestamp?: string }[] }>()
      .attributes.filter(({ scope }) => scope === "tags");

  it("are replaced by put and added by patch, each with the time it was written", async () => {
    const written = new Date(server.now).toISOString();
    const answer = await tag("PUT", [
      { name: "name", value: "Ada" },
      { name: "site", value: "x", description: "where" },
    ]);
    expect([answer.status, answer.text]).toEqual([200, ""]);
    server.advance(1000);
    await tag("PATCH", [{ name: "name", value: "Bob" }]);
    const later = new Date(server.now).toISOString();
    expect(await tags()).toEqual([
      { scope: "tags", name: "name", value: "Bob", timestamp: later },
      { scope: "tags", name: "site", value: "x", description: "where", timestamp: written },
    ]);
    await tag("PUT", [{ name: "site", value: "y" }]);
    expect(await tags()).toEqual([{ scope: "tags", name: "site", value: "y", timestamp: later }]);
    expect(await lastAudit()).toMatchObject({
      actor_id: user.id,
      object_type: "device",
      object_id: id,
      change: "tags: site",
    });
  });

  it("have an entity tag without quotes that every write changes", async () => {
    expect((await show()).headers.get("etag")).toBeNull();
    await tag("PUT", [{ name: "a", value: "1" }]);
    const first = (await show()).headers.get("etag");
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    await tag("PUT", [{ name: "a", value: "1" }]);
    const second = (await show()).headers.get("etag");
    expect(second).not.toBe(first);
    await tag("PUT", []);
    expect((await show()).headers.get("etag")).not.toBe(second);
  });

  it("get no entity tag from an empty list over no tags", async () => {
    await tag("PUT", []);
    expect((await show()).headers.get("etag")).toBeNull();
  });

  it("are written under If-Match only if it is the entity tag to the letter", async () => {
    await tag("PUT", [{ name: "a", value: "1" }]);
    const etag = (await show()).headers.get("etag")!;
    for (const wrong of ["x", `"${etag}"`]) {
      const refused = await tag("PUT", [{ name: "a", value: "2" }], { "If-Match": wrong });
      expect([refused.status, refused.json().error]).toEqual([412, "ETag does not match"]);
    }
    expect((await tag("PUT", [{ name: "a", value: "2" }], { "If-Match": etag })).status).toBe(200);
    expect((await tag("PATCH", [{ name: "a", value: "3" }], { "If-Match": etag })).status).toBe(412);
    expect((await tags()).map(({ value }) => value)).toEqual(["2"]);
  });

  it("let only one of two writers with the same entity tag through", async () => {
    await tag("PUT", [{ name: "a", value: "1" }]);
    const etag = (await show()).headers.get("etag")!;
    const answers = await Promise.all(
      ["x", "y"].map((value) => tag("PUT", [{ name: "a", value }], { "If-Match": etag })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412]);
  });

  it("of writers at the same time all stay where they are different, and none is refused", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `t${i}`);
    const merged = await Promise.all(names.map((name) => tag("PATCH", [{ name, value: name }])));
    expect(merged.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect((await tags()).map(({ name }) => name).toSorted()).toEqual(names);
    const replaced = await Promise.all(names.map((value) => tag("PUT", [{ name: "only", value }])));
    expect(replaced.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect(await tags()).toHaveLength(1);
    const changes = (await rowsOf("audit_log")).filter(({ object_type: type }) => type === "device");
    expect(changes).toHaveLength(20);
  });

  it("count what is there already, also by size", async () => {
    const large = (name: string) => [{ name, value: "x".repeat(200_000) }];
    expect((await tag("PATCH", large("a"))).status).toBe(200);
    expect((await tag("PATCH", large("b"))).status).toBe(400);
    expect((await tags()).map(({ name }) => name)).toEqual(["a"]);
  });

  it("make no device: 200 and nothing for an unknown id, 412 with a condition", async () => {
    id = newId();
    expect((await tag("PUT", [{ name: "a", value: "1" }])).status).toBe(200);
    expect((await show()).status).toBe(404);
    expect((await tag("PUT", [], { "If-Match": "x" })).status).toBe(412);
  });

  it("are at most twenty", async () => {
    const many = Array.from({ length: 21 }, (_, i) => ({ name: `t${i}`, value: "x" }));
    const refused = await tag("PUT", many);
    expect([refused.status, refused.json().error]).toEqual([
      400,
      "the number of attributes in the scope is above the limit",
    ]);
    expect((await tag("PUT", many.slice(0, 20))).status).toBe(200);
    expect((await tag("PATCH", many.slice(20))).status).toBe(400);
    expect((await tag("PATCH", many.slice(0, 5))).status).toBe(200);
  });

  it.each([
    [[{ name: "", value: "x" }], "name: cannot be blank."],
    [[{ name: "a", value: false }], "value: supported types are string, float64, and arrays thereof."],
  ])("refuse %j", async (body, text) => {
    const answer = await tag("PUT", body);
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });
});

describe("groups", () => {
  it("hold a device in one at a time", async () => {
    const [id] = await inventoryOf(server, [{}]);
    const path = `${V1}/devices/${id}/group`;
    expect((await call("GET", path)).json()).toEqual({ group: null });
    expect((await call("PUT", path, { json: { group: "a" } })).status).toBe(204);
    expect(await lastAudit()).toMatchObject({
      action: "update",
      object_type: "device",
      object_id: id,
      change: "joined group a",
    });
    await call("PUT", path, { json: { group: "b_-1" } });
    expect((await call("GET", path)).json()).toEqual({ group: "b_-1" });
    expect((await call("GET", `${V1}/groups`)).json()).toEqual(["b_-1"]);
    const wrong = await call("DELETE", `${path}/a`);
    expect([wrong.status, wrong.json().error]).toEqual([
      404,
      "failed to unassign group from device: Device not found",
    ]);
    expect((await call("DELETE", `${path}/b_-1`)).status).toBe(204);
    expect((await call("GET", path)).json()).toEqual({ group: null });
    expect((await call("GET", `${V1}/groups`)).json()).toEqual([]);
  });

  it("do not hold unknown devices", async () => {
    const path = `${V1}/devices/${newId()}/group`;
    expect((await call("GET", path)).json().error).toBe("Device not found");
    const put = await call("PUT", path, { json: { group: "a" } });
    expect([put.status, put.json().error]).toEqual([404, "failed to add device to group: Device not found"]);
    expect((await call("DELETE", `${path}/a`)).status).toBe(404);
  });

  it.each([
    [
      { group: "with space" },
      "group: group name can only contain: upper/lowercase alphanum, -(dash), _(underscore).",
    ],
    [{ group: "" }, "group: cannot be blank."],
    [{}, "group: cannot be blank."],
    [{ group: "a".repeat(257) }, "group: the length must be between 1 and 256."],
  ])("refuse the name in %j", async (json, text) => {
    const [id] = await inventoryOf(server, [{}]);
    const answer = await call("PUT", `${V1}/devices/${id}/group`, { json });
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });

  it("say what they could not read", async () => {
    const [id] = await inventoryOf(server, [{}]);
    const headers = { "Content-Type": "application/json" };
    const group = await call("PUT", `${V1}/devices/${id}/group`, { body: "{", headers });
    expect(group.json<{ error: string }>().error).toMatch(/^failed to decode device group data: /);
    for (const body of ["{", "{}", "[1]"]) {
      const ids = await call("PATCH", `${V1}/groups/g/devices`, { body, headers });
      expect([ids.status, ids.json<{ error: string }>().error]).toEqual([
        400,
        expect.stringMatching(/^invalid payload schema: /),
      ]);
    }
  });

  it("are filled, thinned and dissolved in bulk, counting what was found and changed", async () => {
    const ids = await inventoryOf(server, [{}, {}, {}, { group: "g" }]);
    const [foreign] = await inventoryOf(server, [{ tenant: "other" }]);
    const path = `${V1}/groups/g/devices`;
    const fill = await call("PATCH", path, { json: [...ids, ids[0], newId(), foreign] });
    expect([fill.status, fill.json()]).toEqual([200, { matched_count: 4, updated_count: 3 }]);
    const members = await call("GET", `${path}?per_page=3`);
    expect(members.json()).toEqual(ids.toSorted().slice(0, 3));
    expect(members.headers.get("x-total-count")).toBe("4");
    expect(members.headers.get("link")).toContain(`<${path}?page=2&per_page=3>; rel="next"`);
    const thin = await call("DELETE", path, { json: [ids[0], ids[1], newId()] });
    expect(thin.json()).toEqual({ matched_count: 2, updated_count: 2 });
    expect(await lastAudit()).toMatchObject({
      object_type: "device_group",
      object_id: "g",
      change: "left group g",
    });
    expect((await call("DELETE", `${V1}/groups/g`)).json()).toEqual({ matched_count: 2, updated_count: 2 });
    expect((await call("DELETE", `${V1}/groups/g`)).json()).toEqual({});
    const gone = await call("GET", path);
    expect([gone.status, gone.json().error]).toEqual([404, "group not found"]);
    const left = await env.DB.prepare(
      "SELECT count(*) AS n FROM inventory_devices WHERE group_name = 'g'",
    ).first("n");
    expect(left).toBe(0);
  });

  it("take more devices than one statement's parameters", async () => {
    const ids = await inventoryOf(
      server,
      Array.from({ length: 150 }, () => ({})),
    );
    const fill = await call("PATCH", `${V1}/groups/g/devices`, { json: ids });
    expect(fill.json()).toEqual({ matched_count: 150, updated_count: 150 });
  });

  it.each(["PATCH", "DELETE"])("refuse an empty list on %s", async (method) => {
    const answer = await call(method, `${V1}/groups/g/devices`, { json: [] });
    expect([answer.status, answer.json().error]).toEqual([400, "no device IDs present in payload"]);
  });

  it("refuse bad names in the path", async () => {
    const bad = await call("PATCH", `${V1}/groups/a%20b/devices`, { json: ["x"] });
    expect(bad.json().error).toBe(
      "name: group name can only contain: upper/lowercase alphanum, -(dash), _(underscore).",
    );
    expect((await call("PATCH", `${V1}/groups/${"a".repeat(257)}/devices`, { json: ["x"] })).status).toBe(
      400,
    );
    expect((await call("DELETE", `${V1}/groups/${"a".repeat(257)}/devices`, { json: ["x"] })).status).toBe(
      200,
    );
    expect((await call("DELETE", `${V1}/groups/a%20b`)).status).toBe(400);
  });

  it("are listed by the status of their members", async () => {
    await inventoryOf(server, [
      { group: "a" },
      { group: "b", status: "pending" },
      { group: "other-tenants", tenant: "other" },
    ]);
    expect((await call("GET", `${V1}/groups`)).json()).toEqual(["a", "b"]);
    expect((await call("GET", `${V1}/groups?status=pending`)).json()).toEqual(["b"]);
    expect((await call("GET", `${V1}/groups?status=x`)).json()).toEqual([]);
  });
});

describe("the device list", () => {
  it("pages with Link lines and the total [differs: inventory-links]", async () => {
    const ids = (
      await inventoryOf(
        server,
        Array.from({ length: 5 }, () => ({})),
      )
    ).toSorted();
    const answer = await call("GET", `${V1}/devices?per_page=2&page=2`);
    expect(idsOf(answer)).toEqual(ids.slice(2, 4));
    expect(answer.headers.get("x-total-count")).toBe("5");
    expect(answer.headers.get("link")).toBe(
      [
        `<${V1}/devices?page=1&per_page=2>; rel="first"`,
        `<${V1}/devices?page=1&per_page=2>; rel="prev"`,
        `<${V1}/devices?page=3&per_page=2>; rel="next"`,
        `<${V1}/devices?page=3&per_page=2>; rel="last"`,
      ].join(", "),
    );
  });

  it.each([
    ["page=0", "invalid page query: value must be a non-zero positive integer"],
    ["page=x", 'invalid page query: "x"'],
    ["per_page=501", 'parameter "per_page" above limit (max: 500)'],
    ["has_group=maybe", 'invalid has_group query: "maybe"'],
    ["sort=a:up", "invalid sort order"],
    [Array.from({ length: 16 }, (_, i) => `a${i}=1`).join("&"), "too many filters in query (max: 15)"],
  ])("refuses ?%s", async (query, text) => {
    const answer = await call("GET", `${V1}/devices?${query}`);
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });

  it("filters by equality in any scope, with numbers, times and members of arrays", async () => {
    const [text, number, array, mac, tagged] = await inventoryOf(server, [
      { attributes: { inventory: { v: "5" } } },
      { attributes: { inventory: { v: 5 } }, createdMs: Date.parse("2026-01-02T03:04:05Z") },
      { attributes: { inventory: { v: ["4", "5"] } } },
      { attributes: { inventory: { mac: "00:11:22", "a/b": "x" } }, group: "g" },
      { attributes: { tags: { v: "5" } } },
    ]);
    const found = async (query: string) => idsOf(await call("GET", `${V1}/devices?${query}`));
    expect(await found("v=5")).toEqual(sortedIds(text, number, array));
    expect(await found("v=eq:5")).toEqual(sortedIds(text, number, array));
    expect(await found("inventory/v=5&v=5")).toEqual(sortedIds(text, number, array));
    expect(await found("tags/v=5")).toEqual([tagged]);
    expect(await found("mac=00:11:22")).toEqual([mac]);
    expect(await found("inventory/a/b=x")).toEqual([mac]);
    expect(await found("system/created_ts=2026-01-02T03:04:05Z")).toEqual([number]);
    expect(await found("system/created_ts=2026-01-02T03:04:05.000Z")).toEqual([]);
    expect(await found("group=g")).toEqual([mac]);
    expect(await found("has_group=true")).toEqual([mac]);
    expect(await found("has_group=F")).toEqual(sortedIds(text, number, array, tagged));
    expect(await found("unknown/v=5")).toEqual([]);
    expect(await found("nobody=5")).toEqual([]);
  });

  it("sorts by one key, descending unless told otherwise, devices without it last", async () => {
    const [b, a, none, c] = await inventoryOf(server, [
      { attributes: { inventory: { v: "b" } } },
      { attributes: { inventory: { v: "a" } } },
      {},
      { attributes: { inventory: { v: "c" } } },
    ]);
    const sorted = async (sort: string, query = "") =>
      idsOf(await call("GET", `${V1}/devices?sort=${sort}${query}`));
    expect(await sorted("v")).toEqual([c, b, a, none]);
    expect(await sorted("inventory/v:asc")).toEqual([a, b, c, none]);
    expect(await sorted("v:desc", "&per_page=2&page=2")).toEqual([a, none]);
    expect(await sorted("v:desc", "&per_page=1&page=4")).toEqual([none]);
  });

  it("costs one round trip and writes nothing", async () => {
    await inventoryOf(
      server,
      Array.from({ length: 30 }, () => ({ attributes: { inventory: { a: "1" } } })),
    );
    const { cost } = await call("GET", `${V1}/devices`);
    expect([cost.trips, cost.written]).toEqual([2, 0]);
  });

  it("ignores a group restriction that a client claims to have", async () => {
    await inventoryOf(server, [{}, { group: "g" }]);
    const answer = await call("GET", `${V1}/devices`, { headers: { "X-MEN-RBAC-Inventory-Groups": "g" } });
    expect(answer.headers.get("x-total-count")).toBe("2");
  });
});

describe("statistics and attributes in use", () => {
  it("count accepted and pending devices by tier [differs: statistics-statuses]", async () => {
    await inventoryOf(server, [
      { status: "accepted" },
      { status: "accepted", tier: "micro" },
      { status: "pending" },
      { status: "rejected" },
      { status: null },
      { status: "accepted", tenant: "other" },
    ]);
    expect((await call("GET", `${V2}/statistics`)).json()).toEqual({
      devices_by_status: {
        accepted: { standard: 1, micro: 1, system: 0 },
        pending: { standard: 1, micro: 0, system: 0 },
      },
    });
  });

  it("list names by how many devices have them, then scope and name", async () => {
    expect((await call("GET", `${V2}/filters/attributes`)).json()).toEqual([]);
    const [first] = await inventoryOf(server, [
      { attributes: { inventory: { b: "1", a: ["x", "y"], 'q"': "z" }, tags: { t: "1" } }, group: "g" },
      { attributes: { inventory: { a: [] } } },
      { attributes: { inventory: { foreign: "1" } }, tenant: "other" },
    ]);
    const names = async () =>
      (await call("GET", `${V2}/filters/attributes`))
        .json<{ scope: string; name: string; count: number }[]>()
        .map(({ scope, name, count }) => `${scope}/${name}:${count}`);
    expect(await names()).toEqual([
      "identity/status:2",
      "inventory/a:2",
      "system/created_ts:2",
      "system/tier:2",
      "system/updated_ts:2",
      "inventory/b:1",
      'inventory/q":1',
      "system/group:1",
      "tags/t:1",
    ]);
    await call("DELETE", `${V1}/devices/${first}`);
    expect(await names()).not.toContain("inventory/b:1");
  });
});

describe("names of a large fleet", () => {
  it("are told of all devices and not of some [differs: attribute-names]", async () => {
    await inventoryOf(server, [{ attributes: { inventory: { first: "1" } } }]);
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
       INSERT INTO inventory_devices (tenant_id, device_id, status, tier, created_ms, updated_ms, attributes)
       SELECT 'default', 'd-' || i, 'accepted', 'standard', 0, 0, '{}' FROM n`,
    ).run();
    await inventoryOf(server, [{ attributes: { inventory: { last: "1" } } }]);
    const names = (await call("GET", `${V2}/filters/attributes`)).json<{ name: string }[]>();
    expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining(["first", "last"]));
  });
});

describe("who may use the management routes", () => {
  const routes: [string, string, unknown?][] = [
    ["GET", `${V1}/devices`],
    ["GET", `${V1}/devices/x`],
    ["DELETE", `${V1}/devices/x`],
    ["PUT", `${V1}/devices/x/tags`, []],
    ["PATCH", `${V1}/devices/x/tags`, []],
    ["GET", `${V1}/devices/x/group`],
    ["PUT", `${V1}/devices/x/group`, { group: "g" }],
    ["DELETE", `${V1}/devices/x/group/g`],
    ["GET", `${V1}/groups`],
    ["DELETE", `${V1}/groups/g`],
    ["GET", `${V1}/groups/g/devices`],
    ["PATCH", `${V1}/groups/g/devices`, ["x"]],
    ["DELETE", `${V1}/groups/g/devices`, ["x"]],
    ["POST", `${V2}/filters/search`, {}],
    ["GET", `${V2}/filters/attributes`],
    ["GET", `${V2}/statistics`],
  ];

  it.each(routes)("%s %s refuses everyone but a user who may", async (method, path, json) => {
    const device = await aDevice(server);
    for (const token of [undefined, device.token, "garbage"])
      expect((await server.call(method, path, { token, json })).status).toBe(401);
    const uploader = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    const answer = await server.call(method, path, { token: uploader.token, json });
    expect([answer.status, answer.json().error]).toEqual([403, "forbidden by role-based access control"]);
  });

  it("lets an observer read and not write", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const read = await server.call("GET", `${V1}/devices`, { token: observer.token });
    const write = await server.call("DELETE", `${V1}/groups/g`, { token: observer.token });
    expect([read.status, write.status]).toEqual([200, 403]);
  });
});
