import { beforeEach, describe, expect, it } from "vitest";
import { MAX_FILTERS } from "../../src/deviceconfig/defaults-store.ts";
import { deployConfiguration, deployToPage } from "../../src/deviceconfig/deploy.ts";
import { decommissionDevice } from "../../src/deviceauth/devices.ts";
import { asDeviceId, DEFAULT_TENANT } from "../../src/platform/ids.ts";
import type { EventMessage } from "../../src/platform/outbox.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { interrupted } from "../support/interfering.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, Server } from "../support/server.ts";

const BASE = "/api/management/v1/deviceconfig/configurations";
const OWN = "/api/devices/v1/deviceconfig/configuration";
const FILTERS = "/api/management/v2/inventory/filters";

type Values = Record<string, string>;

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const manage = (method: string, path: string, json?: unknown, token = user.token) =>
  server.call(method, path, { token, ...(json !== undefined && { json }) });

interface Described {
  group?: string;
  inventory?: Record<string, string>;
  tenant?: string;
  status?: string;
}

/** A device that device authentication and inventory know. */
async function aMember({ group, inventory = {}, ...options }: Described = {}): Promise<TestDevice> {
  const device = await aDevice(server, options);
  await inventoryOf(server, [
    {
      id: device.id,
      tenant: device.tenant,
      status: options.status ?? "accepted",
      group: group ?? null,
      attributes: { inventory },
    },
  ]);
  return device;
}

async function aFilter(attribute: string, value: unknown, type = "$eq", token = user.token): Promise<string> {
  const terms = [{ scope: "inventory", attribute, type, value }];
  const answer = await manage(
    "POST",
    FILTERS,
    { name: `${attribute} ${JSON.stringify(value)}`, terms },
    token,
  );
  expect(answer.status, answer.text).toBe(201);
  return answer.headers.get("location")!.split("/").at(-1)!;
}

const configure = async (path: string, values: Values) => {
  const answer = await manage("PUT", `${BASE}/${path}`, values);
  expect([answer.status, answer.text]).toEqual([204, ""]);
};
const effective = async ({ id }: TestDevice) =>
  (await manage("GET", `${BASE}/device/${id}/effective`)).json<{
    effective: Values;
    sources: { source: string; id: string; keys: string[] }[];
    in_sync: boolean;
  }>();
const report = (device: TestDevice, values: Values) =>
  server.call("PUT", OWN, { token: device.token, json: values });

describe("values of groups and saved filters", () => {
  it("apply under a device's own: filters by priority, then the group, then the device [differs: inherited-configuration]", async () => {
    const device = await aMember({ group: "lab", inventory: { site: "Oslo", model: "m1" } });
    const [weak, strong] = [await aFilter("site", "Oslo"), await aFilter("model", "^m", "$regex")];
    await configure(`filter/${weak}`, { a: "weak", b: "weak", c: "weak", d: "weak" });
    await configure(`filter/${strong}?priority=10`, { b: "strong", c: "strong", d: "strong" });
    await configure("group/lab", { c: "group", d: "group" });
    await configure(`device/${device.id}`, { d: "own" });

    const wanted = { a: "weak", b: "strong", c: "group", d: "own" };
    expect(await effective(device)).toEqual({
      id: device.id,
      effective: wanted,
      sources: [
        { source: "filter", id: weak, keys: ["a"] },
        { source: "filter", id: strong, keys: ["b"] },
        { source: "group", id: "lab", keys: ["c"] },
        { source: "device", id: device.id, keys: ["d"] },
      ],
      in_sync: false,
    });
    expect((await server.call("GET", OWN, { token: device.token })).json()).toEqual(wanted);
    await report(device, wanted);
    expect(await effective(device)).toMatchObject({ in_sync: true });
    await configure(`filter/${weak}?priority=11`, { b: "weak", extra: "x" });
    expect(await effective(device)).toMatchObject({
      effective: { b: "weak", c: "group", d: "own", extra: "x" },
      in_sync: false,
    });
  });

  it("follow what the device is like now", async () => {
    const device = await aMember({ inventory: { site: "Oslo" } });
    const filter = await aFilter("site", "Oslo");
    await configure(`filter/${filter}`, { a: "1" });
    const move = (site: string) =>
      server.call("PUT", "/api/devices/v1/inventory/device/attributes", {
        token: device.token,
        json: [{ name: "site", value: site }],
      });
    expect((await effective(device)).effective).toEqual({ a: "1" });
    await move("Bergen");
    expect((await effective(device)).effective).toEqual({});
    await manage("PUT", `${FILTERS}/${filter}`, {
      name: "moved",
      terms: [{ scope: "inventory", attribute: "site", type: "$eq", value: "Bergen" }],
    });
    expect((await effective(device)).effective).toEqual({ a: "1" });
  });

  it("are listed, shown, replaced and removed, with masked entries in the audit log", async () => {
    await aMember({ group: "lab" });
    const filter = await aFilter("site", "Oslo");
    await configure(`filter/${filter}?priority=3`, { password: "hunter2" });
    await configure("group/lab", { a: "1" });
    const now = new Date(server.now).toISOString();
    const ofFilter = { filter, priority: 3, configured: { password: "hunter2" }, updated_ts: now };
    const ofGroup = { group: "lab", configured: { a: "1" }, updated_ts: now };
    expect((await manage("GET", `${BASE}/filter`)).json()).toEqual([ofFilter]);
    expect((await manage("GET", `${BASE}/filter/${filter}`)).json()).toEqual(ofFilter);
    expect((await manage("GET", `${BASE}/group`)).json()).toEqual([ofGroup]);
    expect((await manage("GET", `${BASE}/group/lab`)).json()).toEqual(ofGroup);
    for (const [path, text] of [
      [`filter/${filter}`, "filter has no configuration"],
      ["group/lab", "group has no configuration"],
    ]) {
      expect((await manage("DELETE", `${BASE}/${path}`)).status).toBe(204);
      for (const method of ["GET", "DELETE"])
        expect(refusal(await manage(method, `${BASE}/${path}`))).toEqual([404, text]);
    }
    const { results } = await env.DB.prepare(
      "SELECT action, object_type, change FROM audit_log WHERE action = 'set_configuration' ORDER BY id",
    ).all();
    expect(results.map((row) => [row.object_type, JSON.parse(String(row.change))])).toEqual([
      ["device_filter", { password: "...<omitted>" }],
      ["group", { a: "1" }],
      ["device_filter", {}],
      ["group", {}],
    ]);
  });

  it("go with their filter", async () => {
    const device = await aMember({ inventory: { site: "Oslo" } });
    const filter = await aFilter("site", "Oslo");
    await configure(`filter/${filter}`, { a: "1" });
    expect((await manage("DELETE", `${FILTERS}/${filter}`)).status).toBe(204);
    expect((await effective(device)).effective).toEqual({});
    expect((await manage("GET", `${BASE}/filter`)).json()).toEqual([]);
    expect(refusal(await manage("PUT", `${BASE}/filter/${filter}`, { a: "1" }))).toEqual([
      404,
      "filter not found",
    ]);
  });

  it("cost a device no more than its own rows, with as many filters as there can be", async () => {
    const device = await aMember({ group: "lab", inventory: { site: "Oslo" } });
    await inventoryOf(
      server,
      Array.from({ length: 200 }, () => ({ attributes: { inventory: { site: "Oslo" } } })),
    );
    const ids: string[] = [];
    for (let i = 0; i < MAX_FILTERS; i++) ids.push(await aFilter("site", `^O.*${"o?".repeat(i)}$`, "$regex"));
    for (const [i, id] of ids.entries()) await configure(`filter/${id}`, { [`k${i}`]: "1" });
    const answer = await server.call("GET", OWN, { token: device.token });
    expect(Object.keys(answer.json())).toHaveLength(MAX_FILTERS);
    expect(answer.cost.trips).toBeLessThanOrEqual(4);
    expect(answer.cost.read).toBeLessThan(200);
    const one = await aFilter("other", "x");
    expect(refusal(await manage("PUT", `${BASE}/filter/${one}`, { a: "1" }))).toEqual([
      422,
      "at most 20 filters can have a configuration",
    ]);
    await configure(`filter/${ids[0]}`, { again: "1" });
  }, 30_000);

  it("are refused when they are malformed", async () => {
    const filter = await aFilter("site", "Oslo");
    for (const path of ["group/lab", `filter/${filter}`]) {
      expect(refusal(await manage("PUT", `${BASE}/${path}`, { a: 1 }))).toEqual([
        400,
        "invalid request body: value: invalid type: float64.",
      ]);
      expect((await manage("PUT", `${BASE}/${path}`, [])).status).toBe(400);
    }
    for (const priority of ["-1", "1001", "1.5", "x"])
      expect((await manage("PUT", `${BASE}/filter/${filter}?priority=${priority}`, { a: "1" })).status).toBe(
        400,
      );
    expect((await manage("GET", `${BASE}/filter`)).json()).toEqual([]);
  });

  it("are nobody else's", async () => {
    const device = await aMember({ inventory: { site: "Oslo" }, group: "lab" });
    const filter = await aFilter("site", "Oslo");
    const stranger = await aUser(server, { tenant: "other" });
    const theirs = (method: string, path: string, json?: unknown) =>
      manage(method, `${BASE}/${path}`, json, stranger.token);
    expect(refusal(await theirs("PUT", `filter/${filter}`, { a: "theirs" }))).toEqual([
      404,
      "filter not found",
    ]);
    await aMember({ group: "lab", tenant: "other" });
    expect((await theirs("PUT", "group/lab", { a: "theirs" })).status).toBe(204);
    await configure(`filter/${filter}`, { b: "ours" });
    expect((await theirs("GET", "filter")).json()).toEqual([]);
    expect((await theirs("GET", `filter/${filter}`)).status).toBe(404);
    expect((await theirs("DELETE", `filter/${filter}`)).status).toBe(404);
    expect((await theirs("POST", `filter/${filter}/deploy`, {})).status).toBe(404);
    expect((await effective(device)).effective).toEqual({ b: "ours" });

    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    for (const [method, path] of [
      ["PUT", `filter/${filter}`],
      ["DELETE", `filter/${filter}`],
      ["POST", `filter/${filter}/deploy`],
      ["POST", "group/lab/deploy"],
      ["GET", "filter"],
      ["GET", `filter/${filter}`],
    ] as const) {
      const json = method === "DELETE" || method === "GET" ? undefined : {};
      expect((await manage(method, `${BASE}/${path}`, json, observer.token)).status).toBe(403);
    }
  });
});

/** Configuration deployments by device. */
async function deployed(tenant = "default"): Promise<Map<string, { id: string; values: Values }>> {
  const { results } = await env.DB.prepare(
    `SELECT q.device_id, d.deployment_id, d.configuration FROM deployments d
     JOIN device_deployments q ON q.tenant_id = d.tenant_id AND q.seq = d.seq WHERE d.tenant_id = ?`,
  )
    .bind(tenant)
    .all<{ device_id: string; deployment_id: string; configuration: string }>();
  const found = new Map(
    results.map((row) => [
      row.device_id,
      { id: row.deployment_id, values: JSON.parse(row.configuration) as Values },
    ]),
  );
  expect(found.size).toBe(results.length);
  return found;
}

/** Pages of members that are still to be done. */
async function pages(): Promise<EventMessage[]> {
  const { results } = await env.DB.prepare("SELECT * FROM outbox WHERE kind = 'configuration.deploying'").all<
    Record<"id" | "kind" | "subject" | "data", string>
  >();
  return results.map(({ id, kind, subject, data }) => ({
    id,
    kind,
    subject,
    tenant: DEFAULT_TENANT,
    data: JSON.parse(data) as Record<string, unknown>,
    atMs: 0,
  }));
}

describe("deploying to the members", () => {
  it("gives each member that lacks them its own effective values, and nobody else anything", async () => {
    const [behind, special, current] = [
      await aMember({ group: "lab" }),
      await aMember({ group: "lab" }),
      await aMember({ group: "lab" }),
    ];
    await aMember({ group: "lab", status: "pending" });
    await aMember({ group: "office" });
    await aMember({ group: "lab", tenant: "other" });
    await configure("group/lab", { a: "group", b: "group" });
    await configure(`device/${special.id}`, { b: "own" });
    await report(current, { a: "group", b: "group" });

    const answer = await manage("POST", `${BASE}/group/lab/deploy`, { retries: 2 });
    await server.deliverEvents();
    const made = await deployed();
    const told = [behind, special].map(({ id }) => ({
      device_id: id,
      deployment_id: made.get(id)!.id,
    }));
    expect([answer.status, answer.json()]).toEqual([
      202,
      { deployments: expect.arrayContaining(told), more: false },
    ]);
    expect(answer.json().deployments).toHaveLength(told.length);
    expect(Object.fromEntries([...made].map(([device, { values }]) => [device, values]))).toEqual({
      [behind.id]: { a: "group", b: "group" },
      [special.id]: { a: "group", b: "own" },
    });
    expect((await manage("GET", `${BASE}/device/${behind.id}`)).json()).toMatchObject({
      deployment_id: made.get(behind.id)!.id,
    });
    const next = await server.call("POST", "/api/devices/v1/deployments/device/deployments/next", {
      token: behind.token,
      json: { artifact_name: "r1", device_type: "dt1" },
    });
    expect(next.json()).toMatchObject({ id: made.get(behind.id)!.id, type: "configuration" });
    const { results } = await env.DB.prepare(
      "SELECT object_type, object_id, actor_id FROM audit_log WHERE action = 'deploy_configuration'",
    ).all();
    expect(results).toEqual([{ object_type: "group", object_id: "lab", actor_id: user.id }]);
  });

  it("reaches every member of a large filter once, though every message comes twice", async () => {
    const ids = await inventoryOf(
      server,
      Array.from({ length: 120 }, () => ({ attributes: { inventory: { site: "Oslo" } } })),
    );
    await env.DB.batch(
      ids.map((id) =>
        env.DB.prepare(
          "INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms) VALUES ('default', ?, ?, '{}', 'accepted', 1, 0, 0)",
        ).bind(id, id),
      ),
    );
    const filter = await aFilter("site", "Oslo");
    await configure(`filter/${filter}`, { a: "1" });
    expect((await manage("POST", `${BASE}/filter/${filter}/deploy`, {})).status).toBe(202);
    let messages = 0;
    for (let [event, ...others] = await pages(); event; [event, ...others] = await pages()) {
      expect(others).toEqual([]);
      messages++;
      for (let twice = 0; twice < 2; twice++) await deployToPage(await server.deps(), event);
    }
    expect(messages).toBe(3);
    expect([...(await deployed()).keys()].toSorted()).toEqual(ids.toSorted());
  }, 60_000);

  it("reaches every member once wherever its job is stopped", async () => {
    const stopped = async (stopAt?: number): Promise<number> => {
      const group = `lab-${stopAt}`;
      const members = [await aMember({ group }), await aMember({ group })].map(({ id }) => id);
      await configure(`group/${group}`, { a: "1" });
      await manage("POST", `${BASE}/group/${group}/deploy`, {});
      const moments = new Moments(stopAt);
      const [event] = await pages();
      await deployToPage(crashingDeps(await server.deps(), moments), event!).catch((cause: unknown) => {
        if (!(cause instanceof Crash)) throw cause;
      });
      await server.deliverEvents();
      const made = await deployed();
      expect(members.map((id) => made.get(id)?.values)).toEqual([{ a: "1" }, { a: "1" }]);
      return moments.count;
    };
    const moments = await stopped();
    expect(moments).toBeGreaterThanOrEqual(6);
    for (let stopAt = 1; stopAt <= moments; stopAt++) await stopped(stopAt);
    expect((await deployed()).size).toBe(2 * (moments + 1));
  }, 60_000);

  it("needs a group that has members", async () => {
    await aMember({ group: "elsewhere", tenant: "other" });
    for (const group of ["nosuch", "elsewhere"]) {
      const refused = await manage("PUT", `${BASE}/group/${group}`, { a: "1" });
      expect(refusal(refused)).toEqual([404, "group not found"]);
      expect(refusal(await manage("POST", `${BASE}/group/${group}/deploy`, {}))[0]).toBe(404);
    }
    expect((await manage("GET", `${BASE}/group`)).json()).toEqual([]);
  });

  it("needs values and a filter, and no body", async () => {
    const filter = await aFilter("site", "Oslo");
    expect(refusal(await manage("POST", `${BASE}/group/lab/deploy`, {}))).toEqual([
      404,
      "group has no configuration",
    ]);
    expect(refusal(await manage("POST", `${BASE}/filter/${filter}/deploy`, {}))).toEqual([
      404,
      "filter has no configuration",
    ]);
    await configure(`filter/${filter}`, { a: "1" });
    expect((await manage("POST", `${BASE}/filter/${filter}/deploy`)).status).toBe(202);
    expect((await manage("POST", `${BASE}/filter/${filter}/deploy`, { retries: -1 })).status).toBe(400);
    await aMember({ inventory: { site: "Oslo" } });
    await manage("POST", `${BASE}/filter/${filter}/deploy`, {});
    await manage("DELETE", `${FILTERS}/${filter}`);
    await server.deliverEvents();
    expect((await deployed()).size).toBe(0);
  });
});

describe("a device that", () => {
  const many = (prefix: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, ""]));

  it("would get more values than it can report gets none of them [differs: effective-keys]", async () => {
    const device = await aMember({ group: "lab" });
    const other = await aMember({ group: "lab" });
    await configure("group/lab", many("group", 60));
    await configure(`device/${device.id}`, many("own", 60));
    expect(refusal(await manage("POST", `${BASE}/device/${device.id}/deploy`, {}))).toEqual([
      400,
      "invalid request parameters: too many configuration attributes, maximum is 100.",
    ]);
    await manage("POST", `${BASE}/group/lab/deploy`, {});
    await server.deliverEvents();
    expect([...(await deployed()).keys()]).toEqual([other.id]);
  });

  it("is removed while its configuration is being deployed leaves no deployment behind [differs: removed-while-deploying]", async () => {
    const device = await aMember();
    await configure(`device/${device.id}`, { a: "1" });
    const actor = { kind: "system", tenant: DEFAULT_TENANT } as const;
    const deps = await server.deps();
    const removed = interrupted(deps, () => decommissionDevice(deps, actor, asDeviceId(device.id)));
    await expect(
      deployConfiguration(removed, actor, asDeviceId(device.id), { retries: 0 }),
    ).rejects.toMatchObject({ kind: "not_found", publicMessage: "device does not exist" });
    expect((await deployed()).size).toBe(0);
    for (const table of ["deployments", "device_configurations", "audit_log"]) {
      const where = table === "audit_log" ? "WHERE action = 'deploy_configuration'" : "";
      expect((await env.DB.prepare(`SELECT * FROM ${table} ${where}`).all()).results).toEqual([]);
    }
  });
});
