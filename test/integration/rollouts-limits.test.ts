import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { endStuck } from "../../src/deployments/index.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  abortAll,
  anArtifact,
  counts,
  deploy,
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

const POOL = 9;
const MINUTE = 60_000;
const DAY = 86_400_000;

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server);
  pool = [];
  for (let i = 0; i < POOL; i++) pool.push(await aDevice(server));
  await inInventory(server, pool);
  for (const [i, device] of pool.entries())
    await server.call("PUT", "/api/devices/v1/inventory/device/attributes", {
      token: device.token,
      json: [{ name: "site", value: `site ${i % 3}` }],
    });
});

const manage = (method: string, path: string, json?: unknown, by = user) =>
  server.call(method, `${MANAGEMENT}${path}`, { token: by.token, json });

/** The devices are the same for all tests: what one leaves open ends before the next. */
afterEach(() => abortAll(server, user));

let made = 0;
const rollout = (more: Record<string, unknown>, devices = pool) =>
  deploy(server, user, devices, { name: `limited ${(made += 1)}`, ...more });

/** Which of the devices get something, asked all at the same time. */
async function given(devices: readonly TestDevice[] = pool): Promise<TestDevice[]> {
  const answers = await Promise.all(devices.map((device) => poll(server, device)));
  return devices.filter((_, i) => answers[i]?.status === 200);
}

const explained = async (id: string, { id: device }: TestDevice) =>
  (await manage("GET", `/${id}/devices/${device}/explain`)).json();

const stateOf = async (id: string) =>
  ((await show(server, user, id)) as unknown as { rollout: { state: Record<string, unknown> } }).rollout
    .state;

const site = { scope: "inventory", name: "site" };

describe("a device that stays too long in a state", () => {
  it("fails with that reason, which a stop rule counts, and what it tells later is taken as ever", async () => {
    const [stuck, paused, other] = pool as [TestDevice, TestDevice, TestDevice];
    const stop = [{ devices: 1, kinds: ["timeout"] }];
    const id = await rollout({ rollout: { timeout_s: 600, stop } });
    expect(await given(pool.slice(0, 2))).toHaveLength(2);
    await report(server, stuck, id, "installing");
    await report(server, paused, id, "pause_before_rebooting");
    server.advance(9 * MINUTE);
    await endStuck(await server.deps());
    expect(await counts(server, user, id)).toMatchObject({ installing: 1, pause_before_rebooting: 1 });
    server.advance(6 * MINUTE);
    await endStuck(await server.deps());
    // A person is waited for without end.
    expect(await counts(server, user, id)).toMatchObject({ failure: 1, pause_before_rebooting: 1 });
    expect(await stateOf(id)).toMatchObject({ paused: { rule: 1 } });
    expect(await given([other])).toEqual([]);
    expect(await explained(id, stuck)).toMatchObject({ status: "failure", reason: "timed_out" });
    expect((await report(server, stuck, id, "rebooting")).status).toBe(204);
    expect((await report(server, stuck, id, "success")).status).toBe(204);
    expect(await counts(server, user, id)).toMatchObject({ failure: 1 });
    const listed = (await manage("GET", `/${id}/devices`)).json<{ id: string; substate?: string }[]>();
    expect(listed.find((one) => one.id === stuck.id)?.substate).toBe(
      "timed out: installing for 15 minutes; told of success later",
    );
  });
});

describe("another attempt", () => {
  it("follows what it heals only, after pauses that grow up to a cap", async () => {
    const [network, broken] = pool as [TestDevice, TestDevice];
    const retry = { pause_s: 60, max_pause_s: 90 };
    const id = await rollout({ retries: 5, rollout: { retry } });
    expect(await given([network, broken])).toHaveLength(2);
    await report(server, broken, id, "installing");
    await report(server, broken, id, "failure");
    // One that asks has no log to send.
    expect(await given([broken])).toEqual([]);
    expect(await counts(server, user, id)).toMatchObject({ failure: 1 });
    for (const pause of [60_000, 90_000]) {
      await report(server, network, id, "downloading");
      await report(server, network, id, "failure");
      expect(await given([network])).toEqual([]);
      expect(await explained(id, network)).toMatchObject({
        status: "pending",
        reason: "waits_for_retry",
        starts: new Date(server.now + pause).toISOString(),
      });
      server.advance(pause - 1);
      expect(await given([network])).toEqual([]);
      server.advance(1);
      expect(await given([network])).toEqual([network]);
    }
    await report(server, network, id, "success");
    expect(await counts(server, user, id)).toMatchObject({ failure: 1, success: 1 });
  });
});

describe("the end of a log", () => {
  const retry = { pause_s: 60, max_pause_s: 90 };
  const told = (device: TestDevice, id: string, message: string) =>
    server.call("PUT", `/api/devices/v1/deployments/device/deployments/${id}/log`, {
      token: device.token,
      json: { messages: [{ timestamp: "2026-01-01T00:00:00Z", level: "error", message }] },
    });

  /** A device fails there, and sends its log. */
  async function fails(device: TestDevice, id: string, at: string, message: string): Promise<void> {
    await report(server, device, id, at);
    expect((await report(server, device, id, "failure")).status).toBe(204);
    expect((await told(device, id, message)).status).toBe(204);
  }

  it("tells that another attempt heals what failed, wherever it did", async () => {
    const [full, broken, forged] = pool as [TestDevice, TestDevice, TestDevice];
    const id = await rollout({ retries: 1, rollout: { retry, stop: [{ devices: 1 }] } });
    expect(await given([full, broken, forged])).toHaveLength(3);
    await report(server, full, id, "installing");
    await report(server, full, id, "failure");
    expect(await explained(id, full)).toMatchObject({ status: "installing", reason: "waits_for_log" });
    expect(await counts(server, user, id)).toMatchObject({ installing: 1 });
    await told(full, id, "write /dev/mmcblk0p3: no space left on device");
    expect(await explained(id, full)).toMatchObject({
      status: "pending",
      reason: "waits_for_retry",
      starts: new Date(server.now + 60_000).toISOString(),
    });
    expect(await stateOf(id)).not.toHaveProperty("paused");
    await manage("POST", `/${id}/pause`, {});
    expect(await explained(id, full)).toMatchObject({ status: "pending", reason: "paused" });
    await manage("POST", `/${id}/resume`);
    // The same log again changes nothing.
    await told(full, id, "write /dev/mmcblk0p3: no space left on device");
    expect(await given([full])).toEqual([]);
    server.advance(60_000);
    expect(await given([full])).toEqual([full]);
    await fails(broken, id, "installing", "ArtifactInstall: exit status 1");
    expect(await counts(server, user, id)).toMatchObject({ failure: 1 });
    expect(await stateOf(id)).toMatchObject({ paused: { rule: 1 } });
    await manage("POST", `/${id}/resume`);
    const groups = (await manage("GET", `/${id}/failures`)).json<{ devices: number }[]>();
    expect(groups).toMatchObject([{ devices: 1 }]);
    // Of what fails the same way again there is no other attempt, although downloads have one.
    await fails(forged, id, "downloading", "signature verification failed: crypto/rsa");
    expect(await counts(server, user, id)).toMatchObject({ failure: 2 });
    expect(await explained(id, forged)).toMatchObject({ status: "failure", reason: "done" });
    // No further attempt is left, whatever the log tells.
    await report(server, full, id, "installing");
    await report(server, full, id, "failure");
    expect(await counts(server, user, id)).toMatchObject({ failure: 3, pending: POOL - 3 });
  });

  it("is not waited for for ever, and not where nobody wants to know", async () => {
    const [lost, other] = pool as [TestDevice, TestDevice];
    const id = await rollout({ retries: 3, rollout: { retry } });
    await given([lost]);
    await report(server, lost, id, "installing");
    await report(server, lost, id, "failure");
    server.advance(14 * MINUTE);
    await endStuck(await server.deps());
    expect(await counts(server, user, id)).toMatchObject({ installing: 1 });
    server.advance(6 * MINUTE);
    await endStuck(await server.deps());
    expect(await counts(server, user, id)).toMatchObject({ failure: 1 });
    expect(await explained(id, lost)).toMatchObject({ status: "failure", reason: "done" });
    await abortAll(server, user);
    const alone = await rollout({ retries: 3, rollout: { retry: { ...retry, causes: [] } } }, [other]);
    await given([other]);
    await report(server, other, alone, "installing");
    await report(server, other, alone, "failure");
    expect(await counts(server, user, alone)).toEqual({ failure: 1 });
  });

  it("ends what is aborted or decommissioned while it is waited for like everything else", async () => {
    const [aborted] = pool as [TestDevice];
    const id = await rollout({ retries: 3, rollout: { retry } });
    await given([aborted]);
    await report(server, aborted, id, "installing");
    await report(server, aborted, id, "failure");
    expect((await manage("PUT", `/${id}/status`, { status: "aborted" })).status).toBe(204);
    expect((await told(aborted, id, "no space left on device")).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ aborted: POOL });
  });

  it("of another kind than is known is refused", async () => {
    const json = {
      name: "d",
      artifact_name: "release-2",
      devices: [pool[0]!.id],
      retries: 1,
      rollout: { retry: { causes: ["moon"] } },
    };
    expect((await manage("POST", "", json)).status).toBe(400);
  });
});

describe("the budget of a site", () => {
  it("is so many bytes a day, whoever asks at the same time", async () => {
    const id = await rollout({ rollout: { budget: { attribute: site, bytes_per_day: 2500 } } });
    server.now = (Math.floor(server.now / DAY) + 1) * DAY;
    expect(await given()).toHaveLength(6);
    for (const device of pool) await report(server, device, id, "success");
    expect(await given()).toEqual([]);
    expect(await explained(id, pool[8]!)).toMatchObject({ status: expect.any(String) });
    server.advance(DAY);
    expect(await given()).toHaveLength(3);
  });

  it("has room again for each device that is through, however that ends", async () => {
    const id = await rollout({ rollout: { budget: { attribute: site, at_once: 1 } } });
    const first = await given();
    expect(first).toHaveLength(3);
    await report(server, first[0]!, id, "success");
    await report(server, first[1]!, id, "failure");
    await manage("DELETE", `/devices/${first[2]!.id}`);
    const others = pool.filter((device) => !first.includes(device));
    expect(await given(others)).toHaveLength(3);
    const sums = env.DB.prepare("SELECT max(devices) AS most FROM deployment_budgets");
    expect(await sums.first("most")).toBe(1);
  });

  it("costs a device that joins two rows more, with everything else", async () => {
    const all = { budget: { attribute: site, at_once: 2, bytes_per_day: 5000 }, at_once: 6, per_minute: 6 };
    await rollout({ rollout: { ...all, stop: [{ devices: 3 }], judge: {} } });
    const { status, cost } = await poll(server, pool[2]!);
    expect([status, cost.trips]).toEqual([200, 1]);
    // Four are those of a deployment to many without a rollout.
    expect(cost.written).toBeLessThanOrEqual(4 + 2);
  });
});

describe("a rollout that is running", () => {
  it("gets another pace, budget and windows, which is audited", async () => {
    const id = await rollout({ rollout: { per_minute: 1, budget: { attribute: site, at_once: 1 } } });
    expect(await given()).toHaveLength(1);
    const change = { per_minute: null, budget: { attribute: site, at_once: 2 } };
    expect((await manage("PATCH", `/${id}/rollout`, change)).status).toBe(204);
    expect(await given()).toHaveLength(6);
    expect(await show(server, user, id)).toMatchObject({ rollout: { budget: { at_once: 2 } } });
    expect((await show(server, user, id))["rollout"]).not.toHaveProperty("per_minute");
    const later = new Date(server.now + 2 * 3_600_000).toISOString().slice(11, 16);
    const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const end = new Date(server.now + 3 * 3_600_000).toISOString().slice(11, 16);
    const windows = { weekly: [{ days, from: later, to: end }] };
    expect((await manage("PATCH", `/${id}/rollout`, { budget: null, windows })).status).toBe(204);
    expect(await given()).toHaveLength(6);
    server.advance(2 * 3_600_000);
    expect(await given()).toHaveLength(9);
    const audited =
      "SELECT count(*) AS n FROM audit_log WHERE object_id = ? AND change LIKE 'rollout changed: {%'";
    expect(await env.DB.prepare(audited).bind(id).first("n")).toBe(2);
  });

  it.each<[string, unknown, number]>([
    ["nothing", {}, 400],
    ["null", null, 400],
    ["a list", [], 400],
    ["what it does not know", { speed: 1 }, 400],
    ["a pace of none", { per_minute: 0 }, 400],
    ["a budget of nothing", { budget: { attribute: site } }, 400],
    ["the budget of something else", { budget: { attribute: { ...site, name: "line" }, at_once: 1 } }, 400],
    ["windows that never open", { windows: { weekly: [] } }, 400],
  ])("is not changed by %s", async (_what, json, status) => {
    const id = await rollout({ rollout: { budget: { attribute: site, at_once: 1 } } });
    expect((await manage("PATCH", `/${id}/rollout`, json)).status).toBe(status);
  });

  it("is not changed where there is none, or none any more", async () => {
    const [plain, over] = [await rollout({}, pool.slice(0, 1)), await rollout({ rollout: {} })];
    await manage("PUT", `/${over}/status`, { status: "aborted" });
    const change = (id: string) => manage("PATCH", `/${id}/rollout`, { at_once: 1 });
    expect((await change(plain)).status).toBe(409);
    expect((await change(over)).status).toBe(409);
    expect((await change(crypto.randomUUID())).status).toBe(404);
  });
});

it.each<[string, Record<string, unknown>, string]>([
  ["retries of what nobody retries", { rollout: { retry: {} } }, "without retries"],
  ["pauses beyond their most", { retries: 1, rollout: { retry: { pause_s: 9, max_pause_s: 8 } } }, "most"],
  [
    "a budget that an artifact exceeds",
    { rollout: { budget: { attribute: site, bytes_per_day: 999 } } },
    "1000 bytes never has room",
  ],
  ["a budget of nothing", { rollout: { budget: { attribute: site } } }, "needs at_once or bytes_per_day"],
])("%s are refused", async (_what, json, text) => {
  const devices = pool.map(({ id }) => id);
  const answer = await manage("POST", "", { name: "d", artifact_name: "release-2", devices, ...json });
  expect([answer.status, answer.json().error]).toEqual([400, expect.stringContaining(text)]);
});
