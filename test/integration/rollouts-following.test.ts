import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  abortAll,
  anArtifact,
  deploy,
  DEVICE,
  idOf,
  inInventory,
  MANAGEMENT,
  poll,
  report,
} from "../support/deployments.ts";
import { afterStart, env, Server } from "../support/server.ts";

const FAILURES = "/api/management/v1/deployments/rollouts/failures";
const MINUTE = 60_000;

let server: Server;
let user: TestUser;
let pool: TestDevice[];

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server, { deviceTypes: ["pi4", "pi5"] });
  pool = [];
  for (let i = 0; i < 4; i++) pool.push(await aDevice(server));
  await inInventory(server, pool.slice(0, 2), "line-1");
  await inInventory(server, pool.slice(2), "line-2");
});

const get = <T = Record<string, unknown>[]>(path: string, by = user) =>
  server.call("GET", path, { token: by.token }).then((answer) => answer.json<T>());

afterEach(() => abortAll(server, user));

const sendLog = (device: TestDevice, id: string, ...lines: string[]) =>
  server.call("PUT", `${DEVICE}/${id}/log`, {
    token: device.token,
    json: { messages: lines.map((message) => ({ timestamp: afterStart(), level: "error", message })) },
  });

async function fails(device: TestDevice, id: string, message: string) {
  expect((await poll(server, device)).status).toBe(200);
  await report(server, device, id, "failure");
  return sendLog(device, id, message);
}

const toGroup = async (name: string, group: string) =>
  idOf(
    await server.call("POST", `${MANAGEMENT}/group/${group}`, {
      token: user.token,
      json: { name, artifact_name: "release-2" },
    }),
  );

describe("failures", () => {
  it("are grouped by the ends of their logs, across deployments, with a log to look at", async () => {
    const [a, b, c, d] = pool as [TestDevice, TestDevice, TestDevice, TestDevice];
    const first = await toGroup("first", "line-1");
    const logged = await fails(a, first, "cannot write block 17 of 10.0.0.1");
    expect([logged.status, logged.cost]).toMatchObject([204, { trips: 2 }]);
    expect(logged.cost.written).toBeLessThanOrEqual(6);
    await fails(b, first, "no space left, 512 bytes missing");
    // The same again is not counted again, nor is what a device tells that has not failed.
    const again = await sendLog(a, first, "something else");
    expect([again.status, again.cost.written]).toEqual([204, 0]);
    server.advance(MINUTE);
    const second = await toGroup("second", "line-2");
    await fails(c, second, "cannot write block 4 of 192.168.7.9");
    await poll(server, d);
    await sendLog(d, second, "cannot write block 5 of 10.0.0.4");

    const all = await server.call("GET", `${FAILURES}?per_page=1`, { token: user.token });
    expect(all.headers.get("x-total-count")).toBe("2");
    expect(all.json()).toEqual([
      {
        fingerprint: expect.stringMatching(/^[\w-]{22}$/),
        ending: "cannot write block # of <address>",
        devices: 2,
        deployments: 2,
        device_types: [{ device_type: "pi4", devices: 2 }],
        first: afterStart(),
        last: afterStart(MINUTE),
        sample: { deployment_id: second, device_id: c.id },
      },
    ]);
    const [{ fingerprint }] = all.json<[{ fingerprint: string }]>();
    expect(await get(`${FAILURES}/${fingerprint}`)).toMatchObject({
      devices: 2,
      in: [
        { deployment_id: second, name: "second", artifact_name: "release-2", devices: 1 },
        { deployment_id: first, devices: 1 },
      ],
    });
    const ofFirst = await get(`${MANAGEMENT}/${first}/failures`);
    expect(ofFirst.map(({ ending, devices }) => [ending, devices])).toEqual([
      ["cannot write block # of <address>", 1],
      ["no space left, # bytes missing", 1],
    ]);
    const sample = `${MANAGEMENT}/${first}/devices/${b.id}/log`;
    expect((await server.call("GET", sample, { token: user.token })).text).toContain("512 bytes");

    await server.call("POST", "/api/management/v2/useradm/roles", {
      token: user.token,
      json: {
        name: "line 1",
        permission_sets_with_scope: [
          { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["line-1"] } },
          { name: "DeployToDevices", scope: { type: "DeviceGroups", value: ["line-1"] } },
        ],
      },
    });
    const scoped = await aUser(server, { roles: ["line 1"] });
    expect((await get(FAILURES, scoped)).map((one) => [one.ending, one.devices, one.sample])).toEqual([
      ["cannot write block # of <address>", 1, { deployment_id: first, device_id: a.id }],
      ["no space left, # bytes missing", 1, { deployment_id: first, device_id: b.id }],
    ]);

    // What is deleted is forgotten, and with it what nothing else has.
    await server.call("DELETE", `${MANAGEMENT}/${first}`, { token: user.token });
    const { tenant } = user;
    const seq = await env.DB.prepare("SELECT seq FROM deployments WHERE deployment_id = ?")
      .bind(first)
      .first("seq");
    const { purgeRest } = await import("../../src/deployments/store/remove.ts");
    await (await server.deps()).db(tenant).batch(purgeRest(tenant, Number(seq)));
    expect((await get(FAILURES)).map(({ devices, deployments }) => [devices, deployments])).toEqual([[1, 1]]);
  });

  it("of what does not exist are none", async () => {
    const status = async (path: string) => (await server.call("GET", path, { token: user.token })).status;
    expect(await status(`${FAILURES}/nothing`)).toBe(404);
    expect(await status(`${MANAGEMENT}/3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001/failures`)).toBe(404);
    expect(await status(`${MANAGEMENT}/3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001/progress`)).toBe(404);
    expect(await status(`${FAILURES}?per_page=0`)).toBe(400);
  });
});

describe("progress", () => {
  const sweep = async () => runSweeps(await server.deps(), EVERY_MINUTE);
  interface Told {
    points: { time: string; begun: number; success: number; failure: number; other: number }[];
  }
  const columns = ({ points }: Told) =>
    points.map(({ begun, success, failure, other }) => [begun, success, failure, other]);

  it("of a rollout is recorded once a minute while something changes, and ends with it", async () => {
    const id = await deploy(server, user, pool, { name: "recorded", rollout: { order: "arrival" } });
    const at = async (work: () => Promise<unknown>) => {
      server.advance(1000);
      await work();
      server.advance(MINUTE);
      await sweep();
    };
    await at(() => poll(server, pool[0]!));
    await at(async () => undefined);
    await at(() => report(server, pool[0]!, id, "success"));
    await at(async () => {
      for (const device of pool.slice(1)) await poll(server, device);
      for (const device of pool.slice(1)) await report(server, device, id, "failure");
    });
    const found = await get<Told>(`${MANAGEMENT}/${id}/progress`);
    expect(found).toMatchObject({ max_devices: 4 });
    expect(columns(found)).toEqual([
      [1, 0, 0, 0],
      [1, 1, 0, 0],
      [4, 1, 3, 0],
    ]);
    server.advance(MINUTE);
    await sweep();
    expect(await get<Told>(`${MANAGEMENT}/${id}/progress`)).toEqual(found);
    const { open } = (await env.DB.prepare("SELECT max(open) AS open FROM deployment_progress").first())!;
    expect(open).toBe(0);
  });

  it("of a few devices is what each of them told", async () => {
    const id = await deploy(server, user, pool.slice(0, 2), { name: "small" });
    await poll(server, pool[0]!);
    server.advance(MINUTE);
    await report(server, pool[0]!, id, "success");
    await poll(server, pool[1]!);
    const points = columns(await get<Told>(`${MANAGEMENT}/${id}/progress`));
    expect(points).toEqual([
      [1, 0, 0, 0],
      [2, 1, 0, 0],
    ]);
  });
});

describe("what keeps devices", () => {
  const manage = (method: string, path: string, json?: unknown) =>
    server.call(method, `${MANAGEMENT}${path}`, { token: user.token, json });
  const waiting = async (id: string) =>
    (await manage("GET", `/${id}/waiting`)).json<{ devices?: number; groups: Record<string, unknown>[] }>();
  const why = async (id: string, device: TestDevice) =>
    (await manage("GET", `/${id}/devices/${device.id}/explain`)).json<{ reason: string; starts?: string }>();
  let made = 0;
  const rollout = (rules: object, more: object = {}) =>
    deploy(server, user, pool, {
      name: `kept ${(made += 1)}`,
      rollout: { order: "arrival", ...rules },
      ...more,
    });

  it("are phases, gates, people, and whoever paused it", async () => {
    const gates = [
      { phase: 2, success: { percent: 50, results: 1 } },
      { phase: 3, approvals: 1 },
    ];
    const phases = [{ batch_size_devices: 1 }, { batch_size_devices: 1 }, {}];
    const id = await rollout({ gates, stop: [{ devices: 1, results: 1 }] }, { phases });
    expect(await waiting(id)).toEqual({
      devices: 4,
      groups: [
        { reason: "not_seen_since", devices: 1 },
        {
          reason: "waits_for_results",
          phase: 2,
          devices: 1,
          needs: { results: 1, percent: 50 },
          has: { results: 0, percent: 0 },
        },
        {
          reason: "waits_for_approval",
          phase: 3,
          devices: 2,
          needs: { approvals: 1 },
          has: { approvals: 0 },
        },
      ],
    });
    await poll(server, pool[0]!);
    expect((await waiting(id)).groups.map(({ reason, devices }) => [reason, devices])).toEqual([
      ["waits_for_results", 1],
      ["waits_for_approval", 2],
    ]);
    await manage("POST", `/${id}/pause`, { reason: "lunch" });
    expect(await waiting(id)).toEqual({
      devices: 3,
      groups: [
        { reason: "paused", devices: 3, since: expect.any(String), by: { user: user.id, reason: "lunch" } },
      ],
    });
    await manage("POST", `/${id}/resume`);
    await report(server, pool[0]!, id, "failure");
    expect((await waiting(id)).groups).toMatchObject([
      { reason: "stopped_by_rule", devices: 3, by: { rule: 1 } },
    ]);
    await manage("PUT", `/${id}/status`, { status: "aborted" });
    expect((await waiting(id)).groups).toEqual([]);
  });

  it.each([
    ["at_once_full", { at_once: 1 }, {}],
    ["pace_spent", { per_minute: 1 }, { until: expect.any(String) }],
  ])("is %s, told of all and of one", async (reason, rules, more) => {
    const id = await rollout(rules);
    await poll(server, pool[0]!);
    expect(await waiting(id)).toEqual({ devices: 3, groups: [{ reason, devices: 3, ...more }] });
    expect((await why(id, pool[1]!)).reason).toBe(reason);
    await report(server, pool[0]!, id, "failure");
  });

  it("is a window, until it opens", async () => {
    const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const at = new Date(server.now);
    const clock = (hours: number) => `${String((at.getUTCHours() + hours) % 24).padStart(2, "0")}:00`;
    const id = await rollout({ windows: { weekly: [{ days, from: clock(2), to: clock(4) }] } });
    const { groups } = await waiting(id);
    expect(groups).toEqual([{ reason: "window_closed", devices: 4, until: expect.any(String) }]);
    expect(await why(id, pool[0]!)).toMatchObject({ reason: "window_closed", starts: groups[0]!.until });
  });

  it("is the budget of a value, told with the value", async () => {
    const attribute = { scope: "system", name: "group" };
    const id = await rollout({ budget: { attribute, at_once: 1 } });
    await poll(server, pool[0]!);
    expect((await waiting(id)).groups).toEqual([
      { reason: "budget_full", values: [{ value: "line-1", in_progress: 1 }] },
      { reason: "not_seen_since", devices: 3 },
    ]);
    expect((await why(id, pool[1]!)).reason).toBe("budget_full");
    expect((await why(id, pool[2]!)).reason).toBe("not_seen_since");
    await report(server, pool[0]!, id, "failure");
  });

  it("is the start of one that nothing governs, and nothing of one that does not exist", async () => {
    const id = await deploy(server, user, pool.slice(0, 2), {
      name: "later",
      phases: [{ batch_size: 100, start_ts: new Date(server.now + MINUTE).toISOString() }],
    });
    expect((await waiting(id)).groups).toEqual([
      { reason: "not_started", devices: 2, until: expect.any(String) },
    ]);
    server.advance(2 * MINUTE);
    expect((await waiting(id)).groups).toEqual([{ reason: "not_seen_since", devices: 2 }]);
    expect((await manage("GET", "/3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001/waiting")).status).toBe(404);
  });
});
