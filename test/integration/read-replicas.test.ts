import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../../src/platform/env.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { LaggingReplica } from "../support/lagging-replica.ts";
import { PLACED, Server } from "../support/server.ts";

const FILTERS = "/api/management/v2/inventory/filters";
const HEADER = "x-database-bookmark";
const HOME = PLACED ? "DATA_2" : "DB";

let server: Server;
let user: TestUser;
let lagging: LaggingReplica;
let bindings: Env;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  lagging = new LaggingReplica(server.env[HOME]!, "inventory_filters");
  await lagging.catchUp();
  bindings = { ...server.env, READ_REPLICAS: "on", [HOME]: lagging.binding };
});
afterEach(() => lagging.remove());

const terms = [{ scope: "inventory", attribute: "a", type: "$eq", value: "b" }];

async function add(name: string, bookmark?: string, who = user) {
  const headers = bookmark === undefined ? {} : { [HEADER]: bookmark };
  const { status, headers: told } = await server.call(
    "POST",
    FILTERS,
    { token: who.token, json: { name, terms }, headers },
    bindings,
  );
  expect(status).toBe(201);
  return told.get(HEADER)!;
}

async function names(bookmark?: string, who = user, on = bindings) {
  lagging.answeredBy.length = 0;
  const headers = bookmark === undefined ? {} : { [HEADER]: bookmark };
  const answer = await server.call("GET", FILTERS, { token: who.token, headers }, on);
  expect(answer.status).toBe(200);
  const found = answer.json<{ name: string }[]>().map(({ name }) => name);
  return { found, by: lagging.answeredBy.at(-1), bookmark: answer.headers.get(HEADER) };
}

describe("what users ask is answered from a replica", () => {
  it("that has what the bookmark stands for, and from the primary while none has [differs: database-bookmark]", async () => {
    const { bookmark: before } = await names();
    const after = await add("new", before!);
    // The replica itself still has nothing of it.
    const { results } = await bindings[HOME]!.withSession("first-unconstrained")
      .batch<{ n: number }>([bindings[HOME]!.prepare("SELECT count(*) AS n FROM inventory_filters").bind()])
      .then(([first]) => first!);
    expect(results).toEqual([{ n: 0 }]);
    expect(await names(after)).toEqual({ found: ["new"], by: "primary", bookmark: after });
    await lagging.catchUp();
    expect(await names(after)).toEqual({ found: ["new"], by: "replica", bookmark: after });
  });

  it("to others with what they have seen: old rows, which a bookmark of the change rules out", async () => {
    const colleague = await aUser(server);
    await names(undefined, colleague);
    await lagging.catchUp();
    const { bookmark: seen } = await names(undefined, colleague);
    const after = await add("new");
    expect(await names(seen!, colleague)).toMatchObject({ found: [], by: "replica" });
    expect(await names(after, colleague)).toMatchObject({ found: ["new"], by: "primary" });
  });

  it("never without a bookmark", async () => {
    await add("new");
    expect(await names()).toMatchObject({ found: ["new"], by: "primary" });
    await lagging.catchUp();
    expect(await names()).toMatchObject({ found: ["new"], by: "primary" });
  });

  it.each([
    ["nothing", ""],
    ["no bookmark", "what? / no = thing, ,=,DB="],
    ["one that the database refuses", `${HOME}=0000ffff-abc`],
    ["one of another database", "DATA_9=00000001-00000000-00000000-00000000000000000000000000000000"],
    ["one that is too long", `${HOME}=${"0".repeat(4000)}`],
  ])("and not by %s", async (_, bookmark) => {
    await add("new");
    expect(await names(bookmark)).toMatchObject({ found: ["new"], by: "primary" });
  });

  it("and not by an old one, to whom has changed something since", async () => {
    const { bookmark: before } = await names();
    const after = await add("new");
    expect(await names(before!)).toEqual({ found: ["new"], by: "primary", bookmark: after });
  });
});

describe("the primary alone", () => {
  it("is asked for changes, by devices, and by users who may see some devices only", async () => {
    const device = await aDevice(server);
    await lagging.catchUp();
    const { bookmark } = await names();
    const permission_sets_with_scope = [
      { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["g"] } },
    ];
    const json = { name: "Some", permission_sets_with_scope };
    const made = await server.call("POST", "/api/management/v2/useradm/roles", { token: user.token, json });
    expect(made.status, made.text).toBe(201);
    const bounded = await aUser(server, { roles: ["Some"] });
    await lagging.catchUp();
    const headers = { [HEADER]: bookmark! };
    lagging.answeredBy.length = 0;
    await add("new", bookmark!);
    const devices = "/api/management/v1/inventory/devices";
    const list = await server.call("GET", devices, { token: bounded.token, headers }, bindings);
    expect(list.status).toBe(200);
    await server.call(
      "PATCH",
      "/api/devices/v1/inventory/device/attributes",
      { token: device.token, json: [{ name: "a", value: "c" }], headers: { [HEADER]: bookmark! } },
      bindings,
    );
    expect(new Set(lagging.answeredBy)).toEqual(new Set(["primary"]));
  });

  it("is asked unless it is set otherwise, at no more cost, and told of by no bookmark", async () => {
    const off = { ...bindings, READ_REPLICAS: "off" };
    const after = await add("new");
    await lagging.catchUp();
    expect(await names(after, user, off)).toEqual({ found: ["new"], by: "primary", bookmark: null });
    const cost = async (on: Env) => (await server.call("GET", FILTERS, { token: user.token }, on)).cost;
    expect(await cost(bindings)).toEqual(await cost(off));
    const { prepare, batch } = lagging.binding;
    const without = { ...bindings, [HOME]: { prepare, batch } as unknown as D1Database };
    expect(await names(after, user, without)).toMatchObject({ found: ["new"], by: "primary" });
  });
});
