import { beforeEach, describe, expect, it } from "vitest";
import { savedFilterStatement } from "../../src/inventory/device-records.ts";
import { newId } from "../../src/platform/ids.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, Server, type Call } from "../support/server.ts";

const BASE = "/api/management/v2/inventory/filters";
const ALPHA = "/api/management/v2alpha1/inventory";

let server: Server;
let user: TestUser;
let stranger: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  stranger = await aUser(server, { tenant: "other" });
});

const call = (method: string, path: string, options: Call = {}) =>
  server.call(method, path, { token: user.token, ...options });

const term = { scope: "inventory", attribute: "device_type", type: "$eq", value: "rpi" };
const definition = { name: "Raspberries", terms: [term] };

async function save(json: unknown = definition): Promise<string> {
  const answer = await call("POST", BASE, { json });
  expect(answer.status, answer.text).toBe(201);
  return answer.headers.get("location")!.split("/").pop()!;
}

const audit = () =>
  env.DB.prepare(
    "SELECT action, object_type, object_id, change FROM audit_log ORDER BY time_ms DESC, id DESC",
  ).first();

describe("a saved filter", () => {
  it("is created, shown, listed, replaced and deleted [differs: saved-filters]", async () => {
    const created = await call("POST", BASE, { json: definition });
    expect([created.status, created.text]).toEqual([201, ""]);
    const location = created.headers.get("location")!;
    expect(location).toMatch(new RegExp(`^${BASE}/[0-9a-f-]{36}$`));
    const id = location.split("/").pop();
    expect(await audit()).toMatchObject({
      action: "create",
      object_type: "device_filter",
      object_id: id,
      change: "Raspberries",
    });
    expect((await call("GET", location)).json()).toEqual({ id, ...definition });
    const changed = { name: "Others", terms: [{ ...term, type: "$nin", value: ["rpi", "qemu"] }] };
    const put = await call("PUT", location, { json: changed });
    expect([put.status, put.text]).toEqual([204, ""]);
    expect(await audit()).toMatchObject({ action: "update", object_id: id });
    expect((await call("GET", BASE)).json()).toEqual([{ id, ...changed }]);
    expect((await call("DELETE", location)).status).toBe(204);
    expect(await audit()).toMatchObject({ action: "delete", object_id: id });
    expect((await call("GET", BASE)).json()).toEqual([]);
  });

  it("is listed by name in pages", async () => {
    for (const name of ["b", "a", "c"]) await save({ ...definition, name });
    const answer = await call("GET", `${BASE}?per_page=2`);
    expect(answer.json<{ name: string }[]>().map(({ name }) => name)).toEqual(["a", "b"]);
    expect(answer.headers.get("x-total-count")).toBe("3");
    expect(answer.headers.get("link")).toContain(`<${BASE}?page=2&per_page=2>; rel="next"`);
    expect((await call("GET", `${BASE}?per_page=0`)).status).toBe(400);
  });

  it("finds the devices that satisfy it at the moment of asking [differs: saved-filters]", async () => {
    const id = await save();
    const [first] = await inventoryOf(server, [
      { attributes: { inventory: { device_type: "rpi" } } },
      { attributes: { inventory: { device_type: "qemu" } } },
    ]);
    const run = () => call("GET", `${BASE}/${id}/search?per_page=1`);
    const before = await run();
    expect(before.json<{ id: string }[]>().map((device) => device.id)).toEqual([first]);
    expect(before.headers.get("x-total-count")).toBe("1");
    await inventoryOf(server, [{ attributes: { inventory: { device_type: ["x", "rpi"] } } }]);
    const after = await run();
    expect(after.headers.get("x-total-count")).toBe("2");
    expect(after.headers.get("link")).toContain(`<${BASE}/${id}/search?page=2&per_page=1>; rel="next"`);
  });

  it.each([
    [{ name: "", terms: [term] }, 400, "name: cannot be blank."],
    [{ terms: [term] }, 400, "name: cannot be blank."],
    [{ name: "x" }, 400, "at least one filter term must be provided"],
    [{ name: "x", terms: [] }, 400, "at least one filter term must be provided"],
    [
      { name: "x", terms: [{ ...term, type: "$near" }] },
      400,
      "validation failed for term: type: must be a valid value: $eq, $ne, $gt, $gte, $lt, $lte, $ltne, $in, $nin, $exists, $regex (terms[0]).",
    ],
    [
      { name: "x", terms: [term, { ...term, scope: "y" }] },
      400,
      "validation failed for term: scope: must be one of system, identity, inventory, monitor, tags (terms[1]).",
    ],
    [
      { name: "x", terms: [{ ...term, type: "$in", value: "y" }] },
      400,
      "validation failed for term: value: must be an array (terms[0]: inventory/device_type $in).",
    ],
    [
      { name: "x", terms: Array.from({ length: 16 }, () => term) },
      400,
      "terms: the length must be no more than 15.",
    ],
    [definition, 409, "a filter with the same name already exists"],
  ])("%#: is refused as %j", async (json, status, text) => {
    const other = await save({ ...definition, name: "other" });
    await save();
    for (const [method, path] of [
      ["POST", BASE],
      ["PUT", `${BASE}/${other}`],
    ] as const) {
      const answer = await call(method, path, { json });
      expect([answer.status, answer.json().error]).toEqual([status, text]);
    }
  });

  it("cannot be read from anything but JSON of its shape", async () => {
    for (const body of ["{", "[]", '{"name":"x","terms":{}}', '{"name":"x","terms":[5]}']) {
      const answer = await call("POST", BASE, { body, headers: { "Content-Type": "application/json" } });
      expect([answer.status, answer.json().error]).toEqual([
        400,
        expect.stringMatching(/^failed to decode request body: /),
      ]);
    }
  });

  it("does not exist for another tenant", async () => {
    const id = await save();
    const routes: [string, string, unknown?][] = [
      ["GET", `${BASE}/${id}`],
      ["PUT", `${BASE}/${id}`, { ...definition, name: "stolen" }],
      ["DELETE", `${BASE}/${id}`],
      ["GET", `${BASE}/${id}/search`],
      ["GET", `${BASE}/${id}/export`],
    ];
    for (const [method, path, json] of routes) {
      const answer = await server.call(method, path, { token: stranger.token, json });
      expect([answer.status, answer.json().error]).toEqual([404, "filter not found"]);
    }
    expect((await server.call("GET", BASE, { token: stranger.token })).json()).toEqual([]);
    expect((await call("GET", `${BASE}/${id}`)).json()).toEqual({ id, ...definition });
    expect((await server.call("POST", BASE, { token: stranger.token, json: definition })).status).toBe(201);
  });

  it("is read by other domains", async () => {
    const id = await save();
    const db = (await server.deps()).db(user.tenant);
    expect(await db.one(savedFilterStatement(user.tenant, id))).toEqual({ id, ...definition });
    expect(await db.one(savedFilterStatement(stranger.tenant, id))).toBeUndefined();
  });

  it("is only for users who may", async () => {
    const id = await save();
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const device = await aDevice(server);
    const as = (token: string, method: string, path: string, json?: unknown) =>
      server.call(method, path, { token, json });
    expect((await as(observer.token, "GET", `${BASE}/${id}`)).status).toBe(200);
    for (const [method, path] of [
      ["POST", BASE],
      ["PUT", `${BASE}/${id}`],
      ["DELETE", `${BASE}/${id}`],
    ] as const) {
      expect((await as(observer.token, method, path, definition)).status).toBe(403);
      expect((await as(device.token, method, path, definition)).status).toBe(401);
    }
  });
});

describe("identity search", () => {
  const find = (json: unknown) => call("POST", `${ALPHA}/identities/search`, { json });
  const ids = async (json: unknown) => (await find(json)).json<{ id: string }[]>().map(({ id }) => id);

  it("finds devices by the beginning of an identity attribute, of a tag or of the id [differs: saved-filters]", async () => {
    const [a, b] = await inventoryOf(server, [
      { attributes: { identity: { mac: "00:11:22" }, tags: { name: "Berlin-1" } } },
      { attributes: { identity: { mac: "00:11:33" }, tags: { name: "Paris" } } },
      { attributes: { identity: { mac: "00:11:44" } }, tenant: "other" },
    ]);
    expect(await ids({ scope: "identity", name: "mac", value_prefix: "00:11:" })).toEqual([a, b]);
    expect(await ids({ scope: "identity", name: "mac", value_prefix: "00:11:2" })).toEqual([a]);
    expect(await ids({ scope: "tags", name: "name", value_prefix: "Ber" })).toEqual([a]);
    expect(await ids({ scope: "identity", name: "id", value_prefix: String(b).slice(0, 13) })).toEqual([b]);
    const page = await find({
      scope: "identity",
      name: "mac",
      value_prefix: "00",
      page: 2,
      per_page: 1,
      attributes: [{ scope: "identity", attribute: "mac" }],
    });
    expect(page.headers.get("x-total-count")).toBe("2");
    expect(page.json()).toMatchObject([
      { id: b, attributes: [{ name: "mac", value: "00:11:33" }, { name: "updated_ts" }] },
    ]);
  });

  it.each([
    [{ scope: "inventory", name: "mac", value_prefix: "0" }, "scope: must be a valid value."],
    [{ scope: "identity", name: "", value_prefix: "0" }, "name: cannot be blank."],
    [{ scope: "identity", name: "mac" }, "value_prefix: cannot be blank."],
  ])("refuses %j", async (json, text) => {
    const answer = await find(json);
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });
});

describe("components", () => {
  it("are none for a device that has none, and 404 for what is no device here [differs: saved-filters]", async () => {
    const [id, foreign] = await inventoryOf(server, [{ tier: "system" }, { tenant: "other" }]);
    const components = (device: unknown) => call("GET", `${ALPHA}/devices/${device}/components`);
    expect((await components(id)).json()).toEqual({});
    for (const unknown of [foreign, newId()]) expect((await components(unknown)).status).toBe(404);
  });
});

describe("an export", () => {
  const send = (json: unknown, format = "csv") =>
    call("POST", `${BASE}/search/export?format=${format}`, { json });

  it("is a table of the attributes asked for, safe for spreadsheets", async () => {
    const [a, b] = (
      await inventoryOf(server, [
        { id: "a", attributes: { inventory: { text: 'say "hi", you', list: ["x", "y"], number: -5 } } },
        {
          id: "b",
          attributes: { inventory: { text: "=HYPERLINK(1)", number: 2.5 }, tags: { "a,b": "line\nbreak" } },
        },
        { id: "c", tenant: "other" },
      ])
    ).slice(0, 2);
    const attributes = [
      "inventory/text",
      "inventory/list",
      "inventory/number",
      "tags/a,b",
      "system/group",
    ].map((path) => ({
      scope: path.split("/")[0],
      attribute: path.split("/")[1],
    }));
    const answer = await send({ attributes });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="devices.csv"');
    expect(answer.text).toBe(
      [
        'id,inventory/text,inventory/list,inventory/number,"tags/a,b",system/group',
        `${a},"say ""hi"", you","[""x"",""y""]",-5,,`,
        `${b},'=HYPERLINK(1),,2.5,"line\nbreak",`,
        "",
      ].join("\r\n"),
    );
  });

  it("has a column for every attribute in use if none are asked for", async () => {
    await inventoryOf(server, [{ id: "a", attributes: { inventory: { x: "1" } } }]);
    const [heading, line] = (await send({})).text.split("\r\n");
    expect(heading).toBe("id,identity/status,inventory/x,system/created_ts,system/tier,system/updated_ts");
    expect(line).toBe(
      `a,accepted,1,${new Date(server.now).toISOString()},standard,${new Date(server.now).toISOString()}`,
    );
  });

  it("is a device in JSON per line, for any search, of any length", async () => {
    const many = await inventoryOf(
      server,
      Array.from({ length: 1203 }, (_, i) => ({
        attributes: { inventory: { n: i, word: i % 2 ? "odd" : "even" } },
      })),
    );
    const lines = async (json: unknown) => {
      const answer = await send(json, "jsonl");
      expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
      return answer.text
        .split("\n")
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { id: string }).id);
    };
    expect(await lines({})).toEqual(many.toSorted());
    expect(new Set(await lines({ text: "odd" })).size).toBe(601);
    const small = { filters: [{ scope: "inventory", attribute: "n", type: "$lt", value: 700 }] };
    expect((await lines(small)).toSorted()).toEqual(many.slice(0, 700).toSorted());
    expect(await lines({ filters: [{ ...small.filters[0], value: -1 }] })).toEqual([]);
  }, 60_000);

  it("is of a saved filter too", async () => {
    const id = await save();
    const [device] = await inventoryOf(server, [{ attributes: { inventory: { device_type: "rpi" } } }, {}]);
    const answer = await call("GET", `${BASE}/${id}/export?format=jsonl`);
    expect(answer.json()).toMatchObject({ id: device });
  });

  it("is refused before anything is sent", async () => {
    for (const [json, format] of [
      [{ filters: [{ ...term, type: "$in", value: 5 }] }, "csv"],
      [{ filters: [{ ...term, type: "$regex", value: "(" }] }, "jsonl"],
      [{}, "xml"],
    ] as const)
      expect((await send(json, format)).status).toBe(400);
    const uploader = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    const answer = await server.call("POST", `${BASE}/search/export`, { token: uploader.token, json: {} });
    expect(answer.status).toBe(403);
  });
});
