import { beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { aTenant, aUser } from "../support/actors.ts";
import { inventoryOf } from "../support/inventory.ts";
import { afterStart, type Call, env, OPERATOR_TOKEN, served, Server } from "../support/server.ts";

const V1 = "/api/internal/v1/inventory";
const T1 = `${V1}/tenants/t1`;
const T2 = "/api/internal/v2/inventory/tenants/t1";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
  await aTenant(server, "t1");
});

const call = (method: string, path: string, options: Call = {}) =>
  server.call(method, path, { token: OPERATOR_TOKEN, ...options });

async function attributes(id: string): Promise<Record<string, unknown>> {
  const user = await aUser(server, { tenant: "t1" });
  const answer = await server.call("GET", `/api/management/v1/inventory/devices/${id}`, {
    token: user.token,
  });
  const found =
    answer.json<{ attributes?: { scope: string; name: string; value: unknown }[] }>().attributes ?? [];
  return Object.fromEntries(found.map(({ scope, name, value }) => [`${scope}/${name}`, value]));
}

describe("the internal inventory API", () => {
  it("answers alive, health and the preparation of a tenant", async () => {
    expect((await call("GET", `${V1}/alive`)).status).toBe(204);
    expect((await call("GET", `${V1}/health`)).status).toBe(204);
    expect((await call("POST", `${V1}/tenants`, { json: { tenant_id: "x" } })).status).toBe(201);
    expect((await call("POST", `${V1}/tenants`, { json: {} })).status).toBe(400);
  });

  it("does not exist without the operator's token configured, and is closed without it", async () => {
    const { OPERATOR_TOKEN: _, ...without } = served;
    expect((await server.call("GET", `${V1}/alive`, { token: "x" }, without as typeof env)).status).toBe(404);
    const user = await aUser(server, { tenant: "t1" });
    for (const token of [undefined, user.token])
      expect((await server.call("GET", `${V1}/alive`, { token })).status).toBe(401);
  });

  it("makes devices with attributes of any scope, and adds to them", async () => {
    const id = newId();
    const add = (list: unknown) => call("POST", `${T1}/devices`, { json: { id, attributes: list } });
    const made = await add([
      { name: "a", value: "1" },
      { name: "mac", value: "m", scope: "identity" },
    ]);
    expect([made.status, made.headers.get("location")]).toEqual([201, `devices/${id}`]);
    await add([{ name: "a", value: 2, scope: "inventory" }]);
    expect((await add(null)).status).toBe(201);
    expect(await attributes(id)).toMatchObject({ "inventory/a": 2, "identity/mac": "m" });
    expect((await add([{ name: "", value: 1 }])).json().error).toBe("name: cannot be blank.");
    expect((await call("DELETE", `${T1}/devices/${id}`)).status).toBe(204);
    expect(await attributes(id)).toEqual({});
    expect((await call("DELETE", `${T1}/devices/${id}`)).status).toBe(204);
  });

  it("sets statuses in the order of revisions and counts what it did", async () => {
    const [a, b] = [newId(), newId()];
    const set = (status: string, ...items: [string, number][]) =>
      call("POST", `${T1}/devices/status/${status}`, {
        json: items.map(([id, revision]) => ({ id, revision })),
      });
    expect((await set("pending", [a, 1], [b, 1])).json()).toEqual({ created_count: 2 });
    expect((await set("accepted", [a, 2], [b, 1], [a, 2])).json()).toEqual({
      matched_count: 1,
      updated_count: 1,
    });
    const stale = await set("rejected", [a, 2]);
    expect([stale.status, stale.json().error]).toEqual([409, "write conflict"]);
    expect((await set("rejected", [a, 1], [b, 1])).json()).toEqual({});
    expect([(await attributes(a))["identity/status"], (await attributes(b))["identity/status"]]).toEqual([
      "accepted",
      "pending",
    ]);
    const unknown = await set("lost", [a, 9]);
    expect([unknown.status, unknown.json().error]).toEqual([404, "unrecognized status: lost"]);
    expect((await set("decommissioned", [a, 3], [newId(), 1])).json()).toEqual({ deleted_count: 1 });
    expect(await attributes(a)).toEqual({});
  });

  it("writes attributes of one scope or of several, under If-Unmodified-Since", async () => {
    const id = newId();
    const scope = (name: string, json: unknown, headers: Record<string, string> = {}) =>
      call("PATCH", `${T1}/device/${id}/attribute/scope/${name}`, { json, headers });
    expect((await scope("identity", [{ name: "mac", value: "m", scope: "ignored" }])).status).toBe(200);
    await call("PATCH", `${T1}/device/${id}/attributes`, {
      json: [
        { name: "t", value: "1", scope: "tags" },
        { name: "custom", value: "x", scope: "my-scope" },
      ],
    });
    expect(await attributes(id)).toMatchObject({
      "identity/mac": "m",
      "tags/t": "1",
      "my-scope/custom": "x",
    });
    const earlier = new Date(server.now - 60_000).toUTCString();
    const refused = await scope("identity", [{ name: "mac", value: "n" }], {
      "If-Unmodified-Since": earlier,
    });
    expect([refused.status, refused.json().error]).toEqual([412, "write conflict"]);
    const now = new Date(server.now).toUTCString();
    expect(
      (await scope("identity", [{ name: "mac", value: "n" }], { "If-Unmodified-Since": now })).status,
    ).toBe(200);
    expect((await attributes(id))["identity/mac"]).toBe("n");
    expect((await scope("identity", [], { "If-Unmodified-Since": "x" })).status).toBe(400);
  });

  it("takes the server's own attributes to their places", async () => {
    const id = newId();
    const at = afterStart(-26 * 3_600_000);
    const system = (json: unknown) => call("PATCH", `${T1}/device/${id}/attribute/scope/system`, { json });
    await system([
      { name: "check_in_time", value: at },
      { name: "tier", value: "micro" },
      { name: "group", value: "g" },
      { name: "test_device", value: "true" },
    ]);
    expect(await attributes(id)).toMatchObject({
      "system/check_in_time": at,
      "system/tier": "micro",
      "system/group": "g",
      "system/test_device": "true",
      "system/updated_ts": new Date(server.now).toISOString(),
    });
    const updated = (await attributes(id))["system/updated_ts"];
    server.advance(3_600_000);
    await system([
      {
        name: "check_in_time",
        value: afterStart(-3 * 3_600_000).replace("T09:00:00.000Z", "T10:00:00+01:00"),
      },
    ]);
    expect(await attributes(id)).toMatchObject({
      "system/check_in_time": afterStart(-3 * 3_600_000),
      "system/updated_ts": updated,
    });
    expect((await system([{ name: "check_in_time", value: "yesterday" }])).status).toBe(400);
    expect((await system([{ name: "tier", value: 5 }])).status).toBe(400);
  });

  it("tells groups of a device and whether devices are in groups", async () => {
    const [a, b] = (await inventoryOf(server, [{ tenant: "t1", group: "g" }, { tenant: "t1" }])) as [
      string,
      string,
    ];
    const groups = (id: string) => call("GET", `${T1}/devices/${id}/groups`);
    expect((await groups(a)).json()).toEqual({ groups: ["g"] });
    expect((await groups(b)).json()).toEqual({ groups: null });
    expect((await groups(newId())).json().error).toBe("Device not found");
    const test = (devices: string[], names: string[]) =>
      call("POST", `${T1}/test/devices/groups`, { json: { devices, groups: names } });
    expect((await test([a], ["h", "g"])).status).toBe(200);
    expect((await test([a, b], ["h", "g"])).status).toBe(404);
  });

  it("has nothing to reindex, for the one service that asks", async () => {
    const path = `${T1}/devices/x/reindex`;
    expect((await call("POST", `${path}?service=devicemonitor`)).status).toBe(200);
    const other = await call("POST", `${path}?service=x`);
    expect([other.status, other.json().error]).toEqual([400, "unsupported service"]);
  });

  it("searches, counts and shows filters of the tenant it names", async () => {
    const [id] = await inventoryOf(server, [{ tenant: "t1" }, { tenant: "t2" }]);
    const found = await call("POST", `${T2}/filters/search`, { json: {} });
    expect([found.json<{ id: string }[]>().map((d) => d.id), found.headers.get("x-total-count")]).toEqual([
      [id],
      "1",
    ]);
    expect((await call("GET", `${T2}/statistics`)).json()).toMatchObject({
      devices_by_status: { accepted: { standard: 1 } },
    });
    const user = await aUser(server, { tenant: "t1" });
    const json = { name: "f", terms: [{ scope: "tags", attribute: "a", type: "$exists", value: true }] };
    const made = await server.call("POST", "/api/management/v2/inventory/filters", {
      token: user.token,
      json,
    });
    const filter = made.headers.get("location")!.split("/").pop();
    expect((await call("GET", `${T2}/filters/${filter}`)).json()).toEqual({ id: filter, ...json });
    expect((await call("GET", `${T2.replace("t1", "t2")}/filters/${filter}`)).status).toBe(404);
  });

  it("takes an empty tenant segment for the default tenant", async () => {
    const [id] = await inventoryOf(server, [{ group: "g" }]);
    expect((await call("GET", `${V1}/tenants//devices/${id}/groups`)).json()).toEqual({ groups: ["g"] });
  });

  it("forgets a tenant, and leaves the others", async () => {
    await inventoryOf(server, [
      ...Array.from({ length: 5 }, () => ({ tenant: "t1", attributes: { inventory: { a: "1" } } })),
      { tenant: "t2" },
    ]);
    expect((await call("DELETE", T1)).status).toBe(204);
    for (const table of ["inventory_devices", "inventory_values", "inventory_keys", "inventory_counts"]) {
      const { results } = await env.DB.prepare(`SELECT DISTINCT tenant_id FROM ${table}`).all();
      expect(results.map((row) => row.tenant_id).filter((tenant) => tenant !== "t2")).toEqual([]);
    }
    expect((await call("GET", `${T2.replace("t1", "t2")}/statistics`)).json()).toMatchObject({
      devices_by_status: { accepted: { standard: 1 } },
    });
  });
});
