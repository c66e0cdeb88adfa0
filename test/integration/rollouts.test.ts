import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  counts,
  deploy,
  idOf,
  inInventory,
  MANAGEMENT,
  MANAGEMENT_V2,
  poll,
  report,
  show,
} from "../support/deployments.ts";
import { afterStart, env, OPERATOR_TOKEN, Server } from "../support/server.ts";

let server: Server;
let user: TestUser;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server);
});

const devicesOf = async (count: number): Promise<TestDevice[]> => {
  const devices: TestDevice[] = [];
  for (let i = 0; i < count; i++) devices.push(await aDevice(server));
  return devices;
};

const HOUR = 3_600_000;

/** Statuses of one check of each, one after the other. */
async function polls(devices: readonly TestDevice[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const device of devices) statuses.push((await poll(server, device)).status);
  return statuses;
}

const given = (statuses: readonly number[]) => statuses.filter((status) => status === 200).length;

const create = (json: Record<string, unknown>) =>
  server.call("POST", MANAGEMENT, {
    token: user.token,
    json: { name: "d", artifact_name: "release-2", ...json },
  });

describe("phases", () => {
  it("take devices in the order in which they ask, each once, and open by time", async () => {
    const devices = await devicesOf(10);
    const phases = [
      { batch_size: 20 },
      { batch_size: 30, start_ts: afterStart(HOUR) },
      { start_ts: afterStart(2 * HOUR) },
    ];
    const id = await deploy(server, user, devices, { phases });
    expect(await show(server, user, id)).toMatchObject({
      status: "pending",
      device_count: 0,
      max_devices: 10,
      phases: [
        { id: expect.any(String), batch_size: 20, start_ts: expect.any(String), device_count: 0 },
        { batch_size: 30, start_ts: afterStart(HOUR), device_count: 0 },
        { batch_size: 50, start_ts: afterStart(2 * HOUR), device_count: 0 },
      ],
    });
    const at = async () => {
      const shown = await show(server, user, id);
      return (shown.phases as { device_count: number }[]).map(({ device_count }) => device_count);
    };
    expect(await polls(devices)).toEqual([200, 200, ...Array.from({ length: 8 }, () => 204)]);
    expect(await at()).toEqual([2, 0, 0]);
    // Asking again changes nothing, and nothing is behind a phase that waits.
    expect(given(await polls(devices))).toBe(2);
    await report(server, devices[0]!, id, "success");
    expect((await poll(server, devices[0]!, { artifact_name: "release-2" })).status).toBe(204);
    expect(await at()).toEqual([2, 0, 0]);
    server.advance(HOUR);
    expect(given(await polls(devices.slice(2)))).toBe(3);
    expect(await at()).toEqual([2, 3, 0]);
    server.advance(HOUR);
    await polls(devices);
    expect(await at()).toEqual([2, 3, 5]);
    for (const device of devices) await report(server, device, id, "success");
    expect(await show(server, user, id)).toMatchObject({ status: "finished", device_count: 10 });
    const listed = await server.call("GET", `${MANAGEMENT}/${id}/devices/list`, { token: user.token });
    expect(listed.json<{ phase_id: string }[]>().every(({ phase_id }) => phase_id !== undefined)).toBe(true);
  });

  it("are filled exactly by devices that ask at the same time", async () => {
    const devices = await devicesOf(20);
    const phases = [{ batch_size: 33 }, { start_ts: afterStart(HOUR) }];
    await deploy(server, user, devices, { phases });
    const answers = await Promise.all(devices.map((device) => poll(server, device)));
    expect(given(answers.map(({ status }) => status))).toBe(6);
  });

  it("keep idle checks of waiting devices off the database", async () => {
    const devices = await devicesOf(3);
    const phases = [{ batch_size_devices: 1 }, { start_ts: afterStart(HOUR) }];
    const id = await deploy(server, user, devices, { phases });
    expect((await show(server, user, id)).phases).toMatchObject([
      { batch_size: 33.33, batch_size_devices: 1 },
      { batch_size: 66.67 },
    ]);
    expect(await polls(devices)).toEqual([200, 204, 204]);
    server.advance(60_000);
    const [first, second] = [await poll(server, devices[0]!), await poll(server, devices[1]!)];
    expect([first.status, second.status, second.cost.trips]).toEqual([200, 204, 0]);
    server.advance(HOUR);
    expect(await polls(devices)).toEqual([200, 200, 200]);
  });

  it("count devices that get nothing, and end with an abort", async () => {
    const devices = await devicesOf(4);
    const id = await deploy(server, user, devices, {
      phases: [{ batch_size: 50 }, { start_ts: afterStart(HOUR) }],
    });
    await poll(server, devices[0]!, { device_type: "other" });
    await poll(server, devices[1]!, { artifact_name: "release-2" });
    expect((await poll(server, devices[2]!)).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ pending: 2, noartifact: 1, "already-installed": 1 });
    await server.call("PUT", `${MANAGEMENT}/${id}/status`, {
      token: user.token,
      json: { status: "aborted" },
    });
    expect(await show(server, user, id)).toMatchObject({ status: "finished" });
    server.advance(HOUR);
    expect((await poll(server, devices[2]!)).status).toBe(204);
  });

  it("are scheduled while all of them are in the future", async () => {
    const devices = await devicesOf(2);
    const phases = [
      { batch_size: 50, start_ts: afterStart(HOUR) },
      { batch_size: 50, start_ts: afterStart(2 * HOUR) },
    ];
    const id = await deploy(server, user, devices, { phases });
    expect(await show(server, user, id)).toMatchObject({ status: "scheduled" });
    const listed = await server.call("GET", `${MANAGEMENT_V2}?status=scheduled`, { token: user.token });
    expect(listed.json()).toMatchObject([{ id, phases: [{ start_ts: afterStart(HOUR) }, {}] }]);
    expect(await polls(devices)).toEqual([204, 204]);
    server.advance(HOUR);
    expect(await polls(devices)).toEqual([200, 204]);
  });

  it.each([
    ["of nobody", [{ batch_size: 10 }, { batch_size: 80 }, {}], "Batch: (1) will be empty"],
    ["of nobody at the end", [{ batch_size: 50 }, { batch_size: 50 }, {}], "Batch: (3) will be empty"],
    ["of more than all", [{ batch_size: 60 }, { batch_size: 60 }], "add up to 120"],
    ["of both kinds", [{ batch_size: 60 }, { batch_size_devices: 2 }], "one kind of size"],
    ["without a size", [{}, { batch_size: 60 }], "only the last may be without a size"],
    ["in the past", [{ batch_size: 50 }, { start_ts: afterStart(-HOUR) }], "starts in the past"],
    ["without a start", [{ batch_size: 50 }, {}], "2 needs a start_ts"],
  ])("%s are refused", async (_what, phases, text) => {
    const devices = (await devicesOf(2)).map(({ id }) => id);
    const timed = (phases as Record<string, unknown>[]).map((phase, i) =>
      i === 0 || "start_ts" in phase || text.includes("start_ts")
        ? phase
        : { ...phase, start_ts: afterStart(HOUR) },
    );
    const answer = await create({ devices, phases: timed });
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining(text)]);
    expect((await env.DB.prepare("SELECT count(*) AS n FROM deployments").first())!.n).toBe(0);
  });

  it("in no order are refused [differs: phase-times]", async () => {
    const devices = (await devicesOf(3)).map(({ id }) => id);
    const phases = [
      { batch_size: 34, start_ts: afterStart(2 * HOUR) },
      { batch_size: 34, start_ts: afterStart(HOUR) },
      { start_ts: afterStart(3 * HOUR) },
    ];
    expect((await create({ devices, phases })).json().error).toContain(
      "2 starts before the one in front of it",
    );
  });

  it("at even intervals are told as they were sent", async () => {
    const devices = await devicesOf(5);
    const uniform_phases = { time_interval: "PT2H", batch_size_devices: 2 };
    const id = await deploy(server, user, devices, { uniform_phases });
    expect(await show(server, user, id)).toMatchObject({ uniform_phases, phases: [{}, {}, {}] });
    const found: number[] = [];
    for (let i = 0; i < 3; i++) {
      found.push(given(await polls(devices)));
      server.advance(2 * HOUR);
    }
    expect(found).toEqual([2, 4, 5]);
    const bad = [
      { time_interval: "soon", batch_size: 1 },
      { time_interval: "PT1H" },
      { time_interval: "PT0S", batch_size: 20 },
    ];
    for (const wrong of bad)
      expect((await create({ devices: devices.map((one) => one.id), uniform_phases: wrong })).status).toBe(
        400,
      );
  });
});

describe("retries", () => {
  it("give the same deployment again until no attempt is left [differs: late-attempts]", async () => {
    const [device] = (await devicesOf(1)) as [TestDevice];
    const id = await deploy(server, user, [device], { retries: 2 });
    expect(await show(server, user, id)).toMatchObject({ retries: 2 });
    for (const word of ["downloading", "failure"]) await attempt(device, id, word);
    expect(await counts(server, user, id)).toEqual({ pending: 1 });
    // A report that comes twice is about the attempt that failed.
    await report(server, device, id, "failure");
    expect((await poll(server, device)).json().id).toBe(id);
    await report(server, device, id, "failure");
    const listed = await server.call("GET", `${MANAGEMENT}/${id}/devices/list`, { token: user.token });
    expect(listed.json()).toMatchObject([{ status: "pending", attempts: 3, retries: 2 }]);
    await poll(server, device);
    await report(server, device, id, "installing");
    await report(server, device, id, "success");
    expect(await counts(server, user, id)).toEqual({ success: 1 });
    expect(await show(server, user, id)).toMatchObject({ status: "finished" });
  });

  const attempt = async (device: TestDevice, id: string, word: string) => {
    await poll(server, device);
    await report(server, device, id, word);
  };

  it("end with the failure of the last attempt, and the device keeps its place in a phase", async () => {
    const devices = await devicesOf(2);
    const id = await deploy(server, user, devices, {
      retries: 1,
      phases: [{ batch_size: 50 }, { start_ts: afterStart(HOUR) }],
    });
    for (let i = 0; i < 2; i++) {
      expect(await polls(devices)).toEqual([200, 204]);
      await report(server, devices[0]!, id, "downloading");
      await report(server, devices[0]!, id, "failure");
    }
    expect(await counts(server, user, id)).toEqual({ failure: 1, pending: 1 });
    expect(await polls(devices)).toEqual([204, 204]);
    expect((await show(server, user, id)).phases).toMatchObject([{ device_count: 1 }, { device_count: 0 }]);
  });
});

describe("a dynamic deployment", () => {
  const aFilter = async (terms: unknown[] = [term("$eq", "north")]) =>
    idOf(
      await server.call("POST", "/api/management/v2/inventory/filters", {
        token: user.token,
        json: { name: `filter ${crypto.randomUUID()}`, terms },
      }),
    );

  const term = (type: string, value: unknown) => ({ scope: "inventory", attribute: "site", type, value });

  const tell = (device: TestDevice, site: string) =>
    server.call("PUT", "/api/devices/v1/inventory/device/attributes", {
      token: device.token,
      json: [{ name: "site", value: site }],
    });

  const dynamic = (json: Record<string, unknown>) =>
    server.call("POST", MANAGEMENT_V2, {
      token: user.token,
      json: { name: "d", artifact_name: "release-2", ...json },
    });

  it("tells of a device why it waits in it, and behind it", async () => {
    const [given, held, other] = (await devicesOf(3)) as [TestDevice, TestDevice, TestDevice];
    await inInventory(server, [given, held, other]);
    await tell(given, "north");
    await tell(held, "north");
    const rules = { filter_id: await aFilter(), rollout: { at_once: 1 }, max_devices: 2 };
    const id = idOf(await dynamic(rules));
    const behind = await deploy(server, user, [held, other]);
    expect(await polls([given, held])).toEqual([200, 204]);
    const why = async (deployment: string, device: TestDevice) =>
      (
        await server.call("GET", `${MANAGEMENT}/${deployment}/devices/${device.id}/explain`, {
          token: user.token,
        })
      ).json();
    expect(await why(id, held)).toMatchObject({ status: "pending", reason: "at_once_full" });
    expect(await why(behind, held)).toMatchObject({ reason: "earlier_deployment_first", earlier: id });
    expect(await why(id, other)).toMatchObject({ status: "none", reason: "not_targeted" });
    expect(await why(behind, other)).toMatchObject({ reason: "not_seen_since" });
    expect(await polls([other])).toEqual([200]);
    await report(server, given, id, "success");
    expect(await polls([held])).toEqual([200]);
    await tell(other, "north");
    expect(await why(id, other)).toMatchObject({
      reason: "not_targeted",
      description: "As many devices have begun as the deployment is for.",
    });
  });

  it("goes to whoever matches when it asks, until it is aborted", async () => {
    const devices = await devicesOf(3);
    await inInventory(server, devices);
    const [first, second, third] = devices as [TestDevice, TestDevice, TestDevice];
    await tell(first, "north");
    await tell(second, "south");
    const filter_id = await aFilter();
    const created = await dynamic({ filter_id });
    expect([created.status, created.headers.get("location")]).toEqual([
      201,
      expect.stringMatching(/\/deployments\/[^/]+$/),
    ]);
    const id = idOf(created);
    expect(await show(server, user, id)).toMatchObject({
      dynamic: true,
      status: "pending",
      initial_device_count: 1,
      filter: { id: filter_id, terms: [term("$eq", "north")] },
      statistics: { status: { pending: 0 } },
    });
    expect(await show(server, user, id)).not.toHaveProperty("max_devices");
    expect((await dynamic({ filter_id })).status).toBe(409);
    expect(await polls(devices)).toEqual([200, 204, 204]);
    expect(await counts(server, user, id)).toEqual({ pending: 1 });
    await report(server, first, id, "success");
    expect(await show(server, user, id)).toMatchObject({ status: "inprogress", device_count: 1 });
    // The filter may go; what it meant stays with the deployment.
    await server.call("DELETE", `/api/management/v2/inventory/filters/${filter_id}`, { token: user.token });
    await tell(third, "north");
    expect(await polls([second, third])).toEqual([204, 200]);
    await tell(third, "south");
    expect(await polls([third])).toEqual([200]);
    await server.call("PUT", `${MANAGEMENT}/${id}/status`, {
      token: user.token,
      json: { status: "aborted" },
    });
    await tell(second, "north");
    expect(await polls([second])).toEqual([204]);
    expect(await counts(server, user, id)).toEqual({ success: 1, aborted: 1 });
  });

  it("leaves out whoever left the filter before the start", async () => {
    const devices = await devicesOf(2);
    await inInventory(server, devices);
    for (const device of devices) await tell(device, "north");
    const filter_id = await aFilter();
    const id = idOf(await dynamic({ filter_id, phases: [{ start_ts: afterStart(HOUR) }] }));
    expect(await show(server, user, id)).toMatchObject({ status: "scheduled", initial_device_count: 2 });
    expect(await polls(devices)).toEqual([204, 204]);
    await tell(devices[0]!, "south");
    server.advance(HOUR);
    expect(await polls(devices)).toEqual([204, 200]);
  });

  it("ends with so many devices as it was told", async () => {
    const devices = await devicesOf(4);
    await inInventory(server, devices);
    const filter_id = await aFilter([term("$exists", false)]);
    const id = idOf(await dynamic({ filter_id, max_devices: 2 }));
    expect(await show(server, user, id)).toMatchObject({ max_devices: 2, initial_device_count: 4 });
    expect(await polls(devices)).toEqual([200, 200, 204, 204]);
    await report(server, devices[0]!, id, "success");
    expect(await show(server, user, id)).toMatchObject({ status: "inprogress" });
    await report(server, devices[1]!, id, "failure");
    expect(await show(server, user, id)).toMatchObject({ status: "finished" });
    expect(await polls(devices)).toEqual([204, 204, 204, 204]);
  });

  it("has phases by what matched at first; the last takes what comes later", async () => {
    const devices = await devicesOf(3);
    await inInventory(server, devices.slice(0, 2));
    const filter_id = await aFilter([term("$exists", false)]);
    const none = await aFilter();
    const phases = [{ batch_size: 50 }, { start_ts: afterStart(HOUR) }];
    expect((await dynamic({ filter_id: none, phases })).status).toBe(400);
    expect((await dynamic({ filter_id: none })).status).toBe(201);
    const id = idOf(await dynamic({ filter_id, phases, name: "phased" }));
    expect(await polls(devices)).toEqual([200, 204, 204]);
    server.advance(HOUR);
    await inInventory(server, devices.slice(2));
    expect(await polls(devices)).toEqual([200, 200, 200]);
    expect((await show(server, user, id)).phases).toMatchObject([{ device_count: 1 }, { device_count: 2 }]);
  });

  it("never takes a device back to what is older than the newest it has finished", async () => {
    const [device] = (await devicesOf(1)) as [TestDevice];
    await inInventory(server, [device]);
    const filter_id = await aFilter();
    const old = idOf(await dynamic({ filter_id, name: "old" }));
    const now = await deploy(server, user, [device]);
    expect((await poll(server, device)).json().id).toBe(now);
    await report(server, device, now, "failure");
    await tell(device, "north");
    expect((await poll(server, device)).status).toBe(204);
    const later = idOf(await dynamic({ filter_id, name: "later" }));
    expect((await poll(server, device)).json().id).toBe(later);
    expect(await counts(server, user, old)).toEqual({});
  });

  it("needs a filter of the tenant", async () => {
    expect((await dynamic({ filter_id: crypto.randomUUID() })).status).toBe(400);
    expect((await dynamic({})).status).toBe(400);
    expect((await dynamic({ filter_id: await aFilter(), artifact_name: "none" })).status).toBe(422);
  });
});

describe("the paths of generated deltas and of explained logs", () => {
  const call = (method: string, path: string, json?: unknown, headers = {}) =>
    server.call(method, path, { token: user.token, json, headers });

  it("answer as where no deltas are generated [differs: no-deltas]", async () => {
    const config = await call("GET", "/api/management/v1/deployments/config");
    expect([config.status, config.json()]).toEqual([200, { delta: { enabled: false } }]);
    const path = "/api/management/v1/deployments/config/binary_delta";
    const change = { xdelta_args: { compression_level: 1 } };
    expect((await call("PUT", path, change)).status).toBe(409);
    expect((await call("PUT", path, change, { "If-Match": '"other"' })).status).toBe(412);
    expect((await call("PUT", path, { xdelta_args: 1 })).status).toBe(400);
    const jobs = "/api/management/v2/deployments/deployments/releases/delta/jobs";
    const listed = await call("GET", `${jobs}?sort=to_release:desc`);
    expect([listed.status, listed.json(), listed.headers.get("x-total-count")]).toEqual([200, [], "0"]);
    expect((await call("GET", `${jobs}?sort=size:asc`)).status).toBe(400);
    expect((await call("GET", `${jobs}/${crypto.randomUUID()}`)).status).toBe(404);
    const internal = (method: string, tail: string, json?: unknown) =>
      server.call(method, `/api/internal/v1/deployments/tenants/${tail}`, { token: OPERATOR_TOKEN, json });
    expect((await internal("GET", "default/config")).json()).toEqual(config.json());
    expect((await internal("PUT", "default/config", { delta: { enabled: true } })).status).toBe(400);
    expect((await internal("PUT", "default/config", { delta: { enabled: false } })).status).toBe(204);
    expect((await internal("GET", "config/binary_delta?tenant_id=default&tenant_id=x")).json()).toEqual([
      { tenant_id: "default", enabled: false },
      { tenant_id: "x", enabled: false },
    ]);
    expect((await internal("PUT", "default/delta/job/status", { status: "success" })).status).toBe(404);
  });

  it("hide secrets in logs, and explain none [differs: log-explain]", async () => {
    const [device] = (await devicesOf(1)) as [TestDevice];
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    const message = 'wget https://me:pw@host/x token=abc password: "x y" status=ok Bearer e30.e30';
    await server.call("PUT", `/api/devices/v1/deployments/device/deployments/${id}/log`, {
      token: device.token,
      json: { messages: [{ timestamp: afterStart(), level: "info", message }] },
    });
    const log = `/api/management/v1alpha1/deployments/deployments/${id}/devices/${device.id}/log`;
    expect((await call("GET", `${log}?format=text`)).text).toContain(message);
    expect((await call("GET", `${log}?format=text-redacted`)).text).toContain(
      "wget https://***@host/x token=*** password: *** status=ok Bearer ***",
    );
    expect((await call("GET", `${log}?format=html`)).status).toBe(400);
    expect((await call("GET", `${log}/explain`)).status).toBe(404);
  });

  it("leave nothing of a tenant's deployments to its operator's removal", async () => {
    const devices = await devicesOf(2);
    const id = await deploy(server, user, devices, {
      phases: [{ batch_size: 50 }, { start_ts: afterStart(HOUR) }],
    });
    await deploy(server, user, devices, { name: "small" });
    await poll(server, devices[0]!);
    const path = "/api/internal/v1/deployments/tenants/default";
    const groups = await server.call("GET", `${path}/deployments/${id}/groups`, { token: OPERATOR_TOKEN });
    expect(groups.json()).toEqual({ groups: [] });
    expect((await server.call("DELETE", path, { token: OPERATOR_TOKEN })).status).toBe(204);
    await server.deliverEvents();
    for (const table of [
      "deployments",
      "deployment_counters",
      "deployment_phases",
      "deployment_rules",
      "deployment_tallies",
      "device_deployments",
    ])
      expect([table, (await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first())!.n]).toEqual([
        table,
        0,
      ]);
    expect(await polls(devices)).toEqual([204, 204]);
  });
});
