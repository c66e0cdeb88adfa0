import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  abortAll,
  anArtifact,
  counts,
  deploy,
  idOf,
  inInventory,
  MANAGEMENT,
  poll,
  report,
  show,
} from "../support/deployments.ts";
import { env, Server } from "../support/server.ts";

let server: Server;
let user: TestUser;
let pool: TestDevice[];

const POOL = 12;
const MINUTE = 60_000;

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server);
  await anArtifact(server, { name: "release-1" });
  pool = [];
  for (let i = 0; i < POOL; i++) pool.push(await aDevice(server));
  await inInventory(server, pool);
});

const manage = (method: string, path: string, json?: unknown, by = user) =>
  server.call(method, `${MANAGEMENT}${path}`, { token: by.token, json });

const abort = (id: string) => manage("PUT", `/${id}/status`, { status: "aborted" });

/** The devices are the same for all tests: what one leaves open ends before the next. */
afterEach(() => abortAll(server, user));

let made = 0;
async function rollout(devices: readonly TestDevice[], more: Record<string, unknown>): Promise<string> {
  made += 1;
  return deploy(server, user, devices, { name: `rollout ${made}`, ...more });
}

const soon = (ms: number) => new Date(server.now + ms).toISOString();

async function polls(devices: readonly TestDevice[]): Promise<TestDevice[]> {
  const given: TestDevice[] = [];
  for (const device of devices) if ((await poll(server, device)).status === 200) given.push(device);
  return given;
}

const create = (json: Record<string, unknown>) =>
  manage("POST", "", { name: "d", artifact_name: "release-2", devices: pool.map(({ id }) => id), ...json });

describe("the order of a rollout", () => {
  it("is one of its own, exact in every phase, with the canaries first", async () => {
    const why = async (device: TestDevice) =>
      (await manage("GET", `/${id}/devices/${device.id}/explain`)).json<{
        reason: string;
        starts?: string;
      }>();
    const canaries = [pool[7]!.id, pool[2]!.id];
    const phases = [
      { batch_size: 25 },
      { batch_size: 50, start_ts: soon(MINUTE) },
      { start_ts: soon(2 * MINUTE) },
    ];
    const id = await rollout(pool, { phases, rollout: { canaries } });
    const first = await polls(pool.toReversed());
    expect(first.map((one) => one.id)).toEqual(expect.arrayContaining(canaries));
    expect(first).toHaveLength(3);
    // Who has a place later is told so without the database.
    const waiting = pool.find((device) => !first.includes(device))!;
    expect((await poll(server, waiting)).cost.trips).toBe(0);
    expect(await why(waiting)).toMatchObject({ reason: "phase_not_open", starts: expect.any(String) });
    await manage("POST", `/${id}/pause`, {});
    expect(await why(waiting)).toMatchObject({ reason: "paused" });
    await manage("POST", `/${id}/resume`);
    server.advance(MINUTE);
    expect(await polls(pool)).toHaveLength(9);
    server.advance(MINUTE);
    expect(await polls(pool)).toHaveLength(12);
    expect((await show(server, user, id)).phases).toMatchObject([
      { device_count: 3 },
      { device_count: 6 },
      { device_count: 3 },
    ]);
  });
});

describe("gates", () => {
  it("open a phase by results, in the report that brings the last", async () => {
    const phases = [{ batch_size_devices: 3 }, { batch_size_devices: 3 }, {}];
    const gates = [
      { phase: 2, success: { percent: 60, results: 3 } },
      { phase: 3, after_s: 60 },
    ];
    const id = await rollout(pool, { phases, rollout: { order: "arrival", gates } });
    const first = await polls(pool);
    expect(first).toHaveLength(3);
    for (const device of first.slice(0, 2)) await report(server, device, id, "success");
    expect(await polls(pool.slice(3))).toEqual([]);
    expect((await poll(server, pool[4]!)).cost.trips).toBe(0);
    await report(server, first[2]!, id, "failure");
    expect(await polls(pool.slice(3))).toHaveLength(3);
    server.advance(MINUTE);
    expect(await polls(pool.slice(3))).toHaveLength(9);
  });

  it("wait for people, who are told, and can be opened by hand", async () => {
    const phases = [{ batch_size_devices: 2 }, { batch_size_devices: 2 }, {}];
    const gates = [
      { phase: 2, approvals: 2 },
      { phase: 3, approvals: 1 },
    ];
    const id = await rollout(pool, { phases, rollout: { order: "arrival", gates } });
    expect(await polls(pool)).toHaveLength(2);
    expect((await manage("POST", `/${id}/approve`)).status).toBe(204);
    expect((await manage("POST", `/${id}/approve`)).status).toBe(409);
    expect(await polls(pool.slice(2))).toEqual([]);
    const other = await aUser(server);
    expect((await manage("POST", `/${id}/approve`, undefined, other)).status).toBe(204);
    expect(await polls(pool.slice(2))).toHaveLength(2);
    const { rollout: told } = (await show(server, user, id)) as { rollout: { state: { phases: object[] } } };
    expect(told.state.phases[1]).toMatchObject({ approvals: [user.id, other.id], needs_approvals: 2 });
    expect((await manage("POST", `/${id}/widen`)).status).toBe(204);
    expect(await polls(pool.slice(2))).toHaveLength(10);
    expect((await manage("POST", `/${id}/widen`)).status).toBe(409);
    await abort(id);
    expect((await manage("POST", `/${id}/widen`)).status).toBe(409);
  });

  it("let nothing start before others than its creator approved, where a tenant says so", async () => {
    const settings = "/api/management/v1/deployments/rollouts/settings";
    const set = (json: unknown) => server.call("PUT", settings, { token: user.token, json });
    expect((await set({ approvals: 1 })).status).toBe(204);
    expect((await server.call("GET", settings, { token: user.token })).json()).toEqual({ approvals: 1 });
    expect((await set({ approvals: -1 })).status).toBe(400);
    const id = await rollout(pool.slice(0, 2), {});
    expect((await set({ approvals: 1 })).status).toBe(204);
    expect(await show(server, user, id)).toMatchObject({ status: "scheduled" });
    expect(await polls(pool)).toEqual([]);
    expect((await manage("POST", `/${id}/approve`)).status).toBe(403);
    expect((await manage("POST", `/${id}/widen`)).status).toBe(409);
    expect(await polls(pool)).toEqual([]);
    expect((await manage("POST", `/${id}/approve`, undefined, await aUser(server))).status).toBe(204);
    expect(await polls(pool)).toHaveLength(2);
    await set({ approvals: 0 });
  });
});

describe("a deployment that is paused", () => {
  it("lets those at it go on and nobody begin, until it is resumed", async () => {
    const id = await rollout(pool, { retries: 1, rollout: {} });
    await polls(pool.slice(0, 2));
    expect((await manage("POST", `/${id}/pause`, { reason: "smoke" })).status).toBe(204);
    expect((await manage("POST", `/${id}/pause`, {})).status).toBe(409);
    expect(await show(server, user, id)).toMatchObject({
      rollout: { state: { paused: { reason: "smoke", user: user.id } } },
    });
    expect(await polls(pool)).toEqual(pool.slice(0, 2));
    expect((await poll(server, pool[5]!)).cost.trips).toBe(0);
    // Who failed does not begin its next attempt.
    await report(server, pool[0]!, id, "failure");
    expect(await polls(pool)).toEqual([pool[1]]);
    expect((await manage("POST", `/${id}/resume`)).status).toBe(204);
    expect((await manage("POST", `/${id}/resume`)).status).toBe(409);
    expect(await polls(pool)).toHaveLength(12);
  });

  it("needs no rollout", async () => {
    const id = await rollout(pool.slice(0, 1), {});
    await manage("POST", `/${id}/pause`, {});
    expect(await polls(pool.slice(0, 1))).toEqual([]);
    await manage("POST", `/${id}/resume`);
    expect(await polls(pool.slice(0, 1))).toHaveLength(1);
  });
});

describe("stop rules", () => {
  it("pause with the failure that is one too many, by kind", async () => {
    const stop = [
      { devices: 1, kinds: ["install"] },
      { percent: 50, results: 3, per_type: true },
    ];
    const id = await rollout(pool, { rollout: { stop } });
    const [a, b, c] = await polls(pool.slice(0, 3));
    await report(server, a!, id, "downloading");
    await report(server, a!, id, "failure");
    expect(await polls(pool.slice(3, 4))).toHaveLength(1);
    await report(server, b!, id, "installing");
    await report(server, b!, id, "failure");
    expect(await polls(pool.slice(4))).toEqual([]);
    expect(await show(server, user, id)).toMatchObject({ rollout: { state: { paused: { rule: 1 } } } });
    await report(server, c!, id, "success");
    expect(await counts(server, user, id)).toMatchObject({ failure: 2, success: 1 });
    const { results } = await env.DB.prepare(
      "SELECT outcome, sum(devices) AS n FROM deployment_tallies GROUP BY outcome HAVING outcome LIKE 'failure:%' ORDER BY 1",
    ).all();
    expect(results).toEqual(
      expect.arrayContaining([expect.objectContaining({ outcome: "failure:install", n: 1 })]),
    );
  });

  it("go back to the release named with those that were updated", async () => {
    const rules = {
      stop: [{ percent: 20, results: 3 }],
      on_stop: { action: "revert", artifact_name: "release-1" },
    };
    const id = await rollout(pool, { rollout: rules });
    const [a, b, c] = await polls(pool.slice(0, 3));
    await report(server, a!, id, "success");
    await report(server, b!, id, "success");
    await report(server, c!, id, "failure");
    await server.deliverEvents();
    expect(await show(server, user, id)).toMatchObject({ status: "finished" });
    const listed = await server.call("GET", `${MANAGEMENT}?status=pending`, { token: user.token });
    const [back] = listed.json<{ id: string; artifact_name: string; max_devices: number }[]>();
    expect(back).toMatchObject({ artifact_name: "release-1", max_devices: 2 });
    const answer = await poll(server, a!, { artifact_name: "release-2" });
    expect(answer.json()).toMatchObject({ id: back!.id });
    expect((await poll(server, c!)).status).toBe(204);
    await abort(back!.id);
    const again = await manage("POST", `/${id}/retry`);
    expect(await show(server, user, idOf(again))).toMatchObject({
      artifact_name: "release-2",
      max_devices: 1,
    });
    expect((await manage("POST", `/${id}/retry`)).status).toBe(409);
    expect((await poll(server, c!)).json().id).toBe(idOf(again));
    await abort(idOf(again));
    expect((await manage("POST", `/${id}/revert`, { artifact_name: "none" })).status).toBe(422);
  });
});

describe("pace and budgets", () => {
  it("are never exceeded by devices that ask at the same time", async () => {
    const ask = () => Promise.all(pool.map((device) => poll(server, device)));
    const given = async () => (await ask()).filter(({ status }) => status === 200).length;
    const paced = await rollout(pool, { rollout: { per_minute: 5 } });
    expect(await given()).toBe(5);
    expect((await poll(server, pool[0]!)).status).toBeGreaterThan(0);
    server.advance(MINUTE);
    expect(await given()).toBe(10);
    await abort(paced);
    const narrow = await rollout(pool, { rollout: { at_once: 4 } });
    expect(await given()).toBe(4);
    const [one] = await polls(pool);
    await report(server, one!, narrow, "success");
    expect(await given()).toBe(4);
  });

  it("hold for each value of an attribute", async () => {
    for (const [i, device] of pool.entries())
      await server.call("PUT", "/api/devices/v1/inventory/device/attributes", {
        token: device.token,
        json: [{ name: "site", value: `site ${i % 3}` }],
      });
    const budget = { attribute: { scope: "inventory", name: "site" }, at_once: 2 };
    await rollout(pool, { rollout: { budget } });
    const answers = await Promise.all(pool.map((device) => poll(server, device)));
    const sites = answers.flatMap(({ status }, i) => (status === 200 ? [i % 3] : []));
    expect(sites.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("cost a device that joins one round trip and two rows more", async () => {
    const budget = { attribute: { scope: "inventory", name: "site" }, at_once: 2 };
    const phases = [{ batch_size: 50 }, { start_ts: soon(MINUTE) }];
    const all = { budget, at_once: 6, per_minute: 6, stop: [{ devices: 3 }], order: "arrival" };
    const id = await rollout(pool, { phases, rollout: all });
    const { status, cost } = await poll(server, pool[0]!);
    expect([status, cost.trips]).toEqual([200, 1]);
    expect(cost.written).toBeLessThanOrEqual(6);
    await report(server, pool[0]!, id, "installing");
    const last = (await report(server, pool[0]!, id, "success")).cost;
    expect(last.trips).toBe(1);
    expect(last.written).toBeLessThanOrEqual(8);
  });
});

describe("windows", () => {
  it("let devices begin inside them only, and roll on", async () => {
    const at = new Date(server.now + 30 * MINUTE);
    const clock = (ms: number) => new Date(at.getTime() + ms).toISOString().slice(11, 16);
    const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const weekly = [{ days, from: clock(0), to: clock(60 * MINUTE) }];
    await rollout(pool, { rollout: { windows: { weekly } } });
    expect(await polls(pool)).toEqual([]);
    expect((await poll(server, pool[0]!)).cost.trips).toBe(0);
    server.now = Math.floor(at.getTime() / MINUTE) * MINUTE;
    expect(await polls(pool.slice(0, 2))).toHaveLength(2);
    server.advance(61 * MINUTE);
    expect(await polls(pool)).toEqual(pool.slice(0, 2));
    const { rollWindows } = await import("../../src/deployments/index.ts");
    await rollWindows(await server.deps());
    server.advance(23 * 60 * MINUTE);
    expect(await polls(pool)).toHaveLength(12);
  });
});

describe("a rollout that contradicts itself", () => {
  it("is refused: windows of which every day is a holiday", async () => {
    const weekly = [{ days: ["mon"], from: "10:00", to: "11:00" }];
    const days = Array.from({ length: 500 }, (_, i) => new Date(server.now + (i - 2) * 24 * 60 * MINUTE));
    const holidays = days.filter((day) => day.getUTCDay() === 1).map((day) => day.toISOString().slice(0, 10));
    const answer = await create({ rollout: { windows: { weekly, holidays } } });
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining("never open")]);
    const some = { weekly, holidays: holidays.filter((_, i) => i !== 5) };
    expect((await create({ rollout: { windows: some } })).status).toBe(201);
  });

  const two = [{ batch_size: 50 }, {}];
  it.each<[string, Record<string, unknown>, string]>([
    ["gates behind the last phase", { rollout: { gates: [{ phase: 2, after_s: 1 }] } }, "no phase 2"],
    [
      "more results than devices",
      { phases: two, rollout: { gates: [{ phase: 2, success: { percent: 9, results: 7 } }] } },
      "7 results of a phase of 6",
    ],
    ["strange canaries", { rollout: { canaries: ["nobody"] } }, "not for nobody"],
    ["canaries without an order", { rollout: { order: "arrival", canaries: ["x"] } }, "order hash only"],
    ["windows without times", { rollout: { windows: { weekly: [] } } }, "never opens"],
    [
      "windows of no length",
      { rollout: { windows: { weekly: [{ days: ["mon"], from: "10:00", to: "10:00" }] } } },
      "never opens",
    ],
    [
      "no such zone",
      {
        rollout: { windows: { zone: "Mars/North", weekly: [{ days: ["mon"], from: "10:00", to: "11:00" }] } },
      },
      "time zone",
    ],
    ["an end without a rule", { rollout: { on_stop: { action: "abort" } } }, "no stop rule"],
    [
      "a way back to nothing",
      { rollout: { stop: [{ devices: 1 }], on_stop: { action: "revert" } } },
      "artifact_name",
    ],
    [
      "a way back to the same",
      { rollout: { stop: [{ devices: 1 }], on_stop: { action: "revert", artifact_name: "release-2" } } },
      "on_stop",
    ],
    ["unknown members", { rollout: { speed: 1 } }, "speed"],
  ])("is refused: %s", async (_what, json, text) => {
    const answer = await create(json);
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining(text)]);
  });

  it("is refused: a way back to a release that is not there", async () => {
    const on_stop = { action: "revert", artifact_name: "none" };
    const answer = await create({ rollout: { stop: [{ devices: 1 }], on_stop } });
    expect([answer.status, answer.json().error]).toEqual([422, expect.stringContaining("on_stop")]);
  });
});
