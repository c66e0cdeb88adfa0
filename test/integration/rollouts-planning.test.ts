import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { rollWindows } from "../../src/deployments/index.ts";
import { nextUpdate } from "../../src/deployments/next-update.ts";
import { MAX_GROUPS } from "../../src/deployments/store/settings.ts";
import { MAX_TEMPLATES } from "../../src/deployments/store/templates.ts";
import { asDeviceId } from "../../src/platform/ids.ts";
import { WHOLE } from "../../src/platform/plans.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  abortAll,
  anArtifact,
  deploy,
  idOf,
  inInventory,
  MANAGEMENT,
  MANAGEMENT_V2,
  poll,
  report,
  show,
} from "../support/deployments.ts";
import { env, Server } from "../support/server.ts";

const ROLLOUTS = "/api/management/v1/deployments/rollouts";
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

let server: Server;
let user: TestUser;
let scoped: TestUser;
let pool: TestDevice[];

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server, { depends: { bootloader: ["b1", "b2"] }, size: 700 });
  await anArtifact(server, { depends: { bootloader: ["b3"] }, size: 900 });
  await anArtifact(server, { name: "release-3" });
  pool = [];
  for (let i = 0; i < 6; i++) pool.push(await aDevice(server));
  await inInventory(server, pool.slice(0, 4), "line-1");
  await inInventory(server, pool.slice(4), "line-2");
  await call("POST", "/api/management/v2/useradm/roles", {
    name: "line 1",
    permission_sets_with_scope: [
      { name: "ReadReleases" },
      { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["line-1"] } },
      { name: "DeployToDevices", scope: { type: "DeviceGroups", value: ["line-1"] } },
    ],
  });
  scoped = await aUser(server, { roles: ["line 1"] });
});

const call = (method: string, path: string, json?: unknown, by = user) =>
  server.call(method, path, { token: by.token, json });

afterEach(() => abortAll(server, user));

/** What the inventory knows of a device. */
const knows = (device: TestDevice, attributes: Record<string, string>, seenMs = server.now) =>
  env.DB.prepare("UPDATE inventory_devices SET attributes = ?, check_in_ms = ? WHERE device_id = ?")
    .bind(
      JSON.stringify(
        Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`inventory-${key}`, [value]])),
      ),
      seenMs,
      device.id,
    )
    .run();

const ids = (devices: readonly TestDevice[]) => devices.map(({ id }) => id);
const audited = async (action: string, type: string) =>
  (await env.DB.prepare("SELECT count(*) AS n FROM audit_log WHERE action = ? AND object_type = ?")
    .bind(action, type)
    .first())!.n;

describe("a preview", () => {
  const body = { name: "next", artifact_name: "release-2", all_devices: true };
  const preview = (more: object = {}, by = user) =>
    call("POST", `${MANAGEMENT_V2}/preview`, { ...body, ...more }, by);

  it("tells who gets it and who does not and why, in which order, how much, until when and what stops it", async () => {
    const [fits, other, misfit, has, silent, busy] = pool as [
      TestDevice,
      TestDevice,
      TestDevice,
      TestDevice,
      TestDevice,
      TestDevice,
    ];
    const told = { device_type: "pi4", artifact_name: "release-1", bootloader: "b1" };
    await knows(fits, { ...told, bootloader: "b3" });
    await knows(other, { ...told, device_type: "pi5" });
    await knows(misfit, { ...told, bootloader: "b9" });
    await knows(has, { ...told, artifact_name: "release-2" });
    await knows(silent, told, server.now - 31 * DAY);
    await knows(busy, told);
    await deploy(server, user, [busy], { name: "before", artifact_name: "release-3" });
    // The head knows to the second when devices asked.
    await poll(server, fits);
    server.advance(30 * MINUTE);
    const gates = [{ phase: 2, success: { percent: 90, results: 2 }, approvals: 1 }];
    const rollout = { gates, stop: [{ devices: 1 }], judge: {}, canaries: [fits.id] };
    const answer = await preview({ phases: [{ batch_size_devices: 3 }, {}], rollout });
    const found = answer.json();
    expect(answer.status).toBe(200);
    expect(answer.cost.trips).toBeLessThanOrEqual(5);
    expect(answer.cost.written).toBe(0);
    expect(found).toMatchObject({
      devices: 6,
      gets: 1,
      looked_at: 6,
      is_estimate: false,
      not: [
        { reason: "type", devices: 1, sample: [other.id] },
        { reason: "depends", devices: 1, sample: [misfit.id] },
        { reason: "has_it", devices: 1, sample: [has.id] },
        { reason: "silent", devices: 1, sample: [silent.id] },
        { reason: "earlier_deployment", devices: 1, sample: [busy.id] },
      ],
      bytes: 900,
      phases: [
        { devices: 3, gets: 1, bytes: 900 },
        { devices: 3, gets: 0, bytes: 0, waits_for: gates[0] && { success: gates[0].success, approvals: 1 } },
      ],
      forecast: { half_ask_within_s: 1800, most_ask_within_s: 1800, begins: expect.any(String) },
      stops: [
        { kind: "rule" },
        { kind: "judge" },
        { kind: "approval", phase: 2 },
        { kind: "gate", phase: 2 },
        { kind: "hopeless_gate", phase: 2 },
      ],
    });
    // The rollout takes them in that order.
    const { first } = found as unknown as { first: string[] };
    expect(first[0]).toBe(fits.id);
    expect(first.toSorted()).toEqual(ids(pool).toSorted());
    await call("PUT", `${MANAGEMENT}/${await before()}/status`, { status: "aborted" });
    const id = await deploy(server, user, pool, {
      name: "next",
      phases: [{ batch_size_devices: 3 }, {}],
      rollout,
    });
    const given: string[] = [];
    for (const device of pool) {
      await poll(server, device, { bootloader: "b1" });
      const [row] = (await call("GET", `${MANAGEMENT}/${id}/devices`))
        .json<{ id: string }[]>()
        .filter((one) => one.id === device.id);
      if (row) given.push(device.id);
    }
    expect(given.toSorted()).toEqual(first.slice(0, 3).toSorted());
  });

  const before = async () =>
    (await env.DB.prepare("SELECT deployment_id FROM deployments WHERE name = 'before'").first(
      "deployment_id",
    )) as string;

  it("takes every kind of body, and refuses what a creation would", async () => {
    const filters = "/api/management/v2/inventory/filters";
    const terms = [{ scope: "inventory", attribute: "bootloader", type: "$eq", value: "b1" }];
    const filter = idOf(await call("POST", filters, { name: "b1", terms }));
    const some = { name: "n", artifact_name: "release-2" };
    const whole = async (json: object, by = user) => {
      const answer = await call("POST", `${MANAGEMENT_V2}/preview`, json, by);
      return [answer.status, answer.status === 200 ? answer.json().devices : answer.json().error];
    };
    expect(await whole({ ...some, devices: [pool[0]!.id, "nobody"] })).toEqual([200, 2]);
    expect(await whole({ ...some, group: "line-1" })).toEqual([200, 4]);
    expect(await whole({ ...some, filter_id: filter })).toEqual([200, 4]);
    expect(await whole({ ...some })).toEqual([400, expect.stringContaining("provide list of devices")]);
    expect(await whole({ ...some, group: "nowhere" })).toEqual([400, "No devices for the deployment"]);
    expect(await whole({ ...some, filter_id: "none" })).toEqual([400, "filter_id: there is no such filter."]);
    const ruled = (rollout: object) => whole({ ...some, all_devices: true, rollout });
    const attribute = { scope: "inventory", name: "site" };
    expect(await ruled({ budget: { attribute, bytes_per_day: 899 } })).toEqual([
      400,
      "rollout.budget: an artifact of 900 bytes never has room in a day.",
    ]);
    const on_stop = { action: "revert", artifact_name: "none" };
    expect(await ruled({ stop: [{ devices: 1 }], on_stop })).toEqual([
      422,
      "rollout.on_stop: there is no artifact of the release to go back to.",
    ]);
    expect(await whole({ ...some, artifact_name: "none", all_devices: true })).toEqual([
      422,
      expect.any(String),
    ]);
    expect(await whole({ ...some, all_devices: true, phases: [{ batch_size: 1 }, {}] })).toEqual([
      400,
      expect.stringContaining("zero devices"),
    ]);
    expect(await whole({ artifact_name: "release-2", all_devices: true })).toEqual([
      400,
      "Validating request body: name: cannot be blank.",
    ]);
    // Who may deploy to some devices sees these only.
    expect(await whole({ ...some, group: "line-1" }, scoped)).toEqual([200, 4]);
    expect(await whole({ ...some, devices: [pool[0]!.id] }, scoped)).toEqual([200, 1]);
    expect(await whole({ ...some, group: "line-2" }, scoped)).toEqual([403, expect.any(String)]);
    expect(await whole({ ...some, all_devices: true }, scoped)).toEqual([403, expect.any(String)]);
  });

  it("of a large fleet is exact, page by page", async () => {
    const tenant = await aUser(server, { tenant: "large" });
    await anArtifact(server, { tenant: "large" });
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
       INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms, check_in_ms, attributes)
       SELECT 'large', lower(hex(randomblob(16))), 'accepted', 1, 1, ?,
         json_object('inventory-device_type', json_array(iif(i % 4, 'pi4', 'pi5')), 'inventory-artifact_name', json_array('release-1'))
       FROM n`,
    )
      .bind(server.now - 60 * MINUTE)
      .run();
    const phases = [{ batch_size: 10 }, { start_ts: new Date(server.now + DAY).toISOString() }];
    const answer = await preview({ rollout: {}, phases }, tenant);
    const told = answer.json<{ phases: { devices: number; gets: number }[] }>();
    expect(told).toMatchObject({
      devices: 6000,
      looked_at: 6000,
      is_estimate: false,
      gets: 4500,
      not: [{ reason: "type", devices: 1500, sample: { length: 10 } }],
      first: { length: 10 },
      forecast: { half_ask_within_s: 3600 },
    });
    // Each phase has those of its own, to the device.
    expect(told.phases.map(({ devices }) => devices)).toEqual([600, 5400]);
    expect(told.phases.reduce((sum, { gets }) => sum + gets, 0)).toBe(4500);
    expect(answer.cost.trips).toBeLessThanOrEqual(10);
    expect(answer.cost.read).toBeLessThan(9 * 6000);
    // What a filter finds is estimated beyond 2,000 devices.
    const { headers } = await server.call("POST", "/api/management/v2/inventory/filters", {
      token: tenant.token,
      json: {
        name: "all",
        terms: [{ scope: "inventory", attribute: "artifact_name", type: "$eq", value: "release-1" }],
      },
    });
    const filter = headers.get("location")!.split("/").at(-1);
    const found = await preview({ all_devices: undefined, filter_id: filter }, tenant);
    expect(found.json()).toMatchObject({ devices: 6000, looked_at: 2000, is_estimate: true });
  });
});

describe("templates", () => {
  const T = `${ROLLOUTS}/templates`;
  const body = {
    artifact_name: "release-3",
    group: "line-1",
    retries: 2,
    rollout: { order: "arrival", at_once: 3 },
  };

  it("are kept, changed, used, and removed, each audited", async () => {
    const id = idOf(await call("POST", T, { name: "careful", body }));
    expect((await call("POST", T, { name: "careful", body: {} })).status).toBe(409);
    expect((await call("GET", `${T}/${id}`)).json()).toMatchObject({ id, name: "careful", body });
    const made = await call("POST", `${T}/${id}/deploy`, { name: "by template" });
    expect(await show(server, user, idOf(made))).toMatchObject({
      name: "by template",
      groups: ["line-1"],
      retries: 2,
      rollout: { at_once: 3 },
    });
    const other = await call("POST", `${T}/${id}/deploy`, {
      name: "others",
      devices: [pool[5]!.id],
      retries: 0,
    });
    const shown = await show(server, user, idOf(other));
    expect(shown).toMatchObject({ name: "others", max_devices: 1, rollout: { at_once: 3 } });
    expect(shown.retries).toBeUndefined();
    expect((await call("POST", `${T}/${id}/deploy`, {})).json().error).toBe(
      "Validating request body: name: cannot be blank.",
    );
    expect((await call("PUT", `${T}/${id}`, { name: "bold", body: {} })).status).toBe(204);
    expect((await call("GET", T)).json()).toMatchObject([{ id, name: "bold" }]);
    expect((await call("DELETE", `${T}/${id}`)).status).toBe(204);
    for (const [method, path, json] of [
      ["GET", `${T}/${id}`, undefined],
      ["PUT", `${T}/${id}`, { name: "x", body: {} }],
      ["DELETE", `${T}/${id}`, undefined],
      ["POST", `${T}/${id}/deploy`, { name: "x" }],
    ] as const)
      expect([method, (await call(method, path, json)).status]).toEqual([method, 404]);
    for (const action of ["create", "update", "delete"])
      expect([action, await audited(action, "deployment_template")]).toEqual([action, 1]);
  });

  it("say nothing that no creation takes", async () => {
    for (const bad of [
      { phases: [{ batch_size: 60 }, { batch_size: 60 }, {}] },
      { all_devices: true, group: "line-1" },
      { unknown: 1 },
      { retries: -1 },
      { rollout: { at_once: 0 } },
    ])
      expect([bad, (await call("POST", T, { name: "bad", body: bad })).status]).toEqual([bad, 400]);
    expect((await call("POST", T, { body: {} })).status).toBe(400);
  });

  it("for a group are there for those who may deploy to it", async () => {
    const mine = idOf(await call("POST", T, { name: "line 1", body }));
    const others = idOf(await call("POST", T, { name: "line 2", body: { ...body, group: "line-2" } }));
    const listed = await call("GET", T, undefined, scoped);
    expect(listed.json<{ id: string }[]>().map((one) => one.id)).toEqual([mine]);
    expect((await call("GET", `${T}/${others}`, undefined, scoped)).status).toBe(404);
    expect((await call("POST", `${T}/${others}/deploy`, { name: "x" }, scoped)).status).toBe(404);
    expect((await call("POST", `${T}/${mine}/deploy`, { name: "x" }, scoped)).status).toBe(201);
    expect((await call("POST", `${T}/${mine}/deploy`, { name: "x", group: "line-2" }, scoped)).status).toBe(
      403,
    );
    expect((await call("POST", T, { name: "own", body }, scoped)).status).toBe(403);
    for (const id of [mine, others]) await call("DELETE", `${T}/${id}`);
  });

  it("are at most 500 [limit: templates]", async () => {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO deployment_templates SELECT ?, 'id' || i, 'name' || i, '{}', 1, 1 FROM n`,
    )
      .bind(MAX_TEMPLATES - 1, user.tenant)
      .run();
    expect((await call("POST", T, { name: "last", body: {} })).status).toBe(201);
    expect((await call("POST", T, { name: "one too many", body: {} })).status).toBe(409);
    await env.DB.prepare("DELETE FROM deployment_templates").run();
  });
});

describe("windows of the tenant and of a group", () => {
  const S = `${ROLLOUTS}/settings`;
  const ofGroup = (name: string) => `${S}/groups/${name}/windows`;
  const always = [{ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "00:00", to: "23:59" }];
  // The clock of the tests starts at noon.
  const night = [{ days: always[0]!.days, from: "22:00", to: "04:00" }];
  const today = () => new Date(server.now).toISOString().slice(0, 10);

  it("count where a deployment has none of its own, the nearest first; holidays of all are kept", async () => {
    const windowsOf = async (more: object) => {
      const answer = await call("POST", `${MANAGEMENT}/group/line-1`, {
        name: `n ${Math.random()}`,
        artifact_name: "release-3",
        ...more,
      });
      const { rollout } = await show(server, user, idOf(answer));
      return (rollout as { windows?: { weekly: unknown; holidays: string[] } } | undefined)?.windows;
    };
    expect(await windowsOf({})).toBeUndefined();
    const tenant = { weekly: night, holidays: ["2031-01-01"] };
    expect((await call("PUT", S, { approvals: 0, windows: tenant })).status).toBe(204);
    expect((await call("GET", S)).json()).toMatchObject({ approvals: 0, windows: tenant });
    expect(await windowsOf({})).toMatchObject(tenant);
    const group = { weekly: always, holidays: ["2031-05-01"] };
    expect((await call("GET", ofGroup("line-1"))).status).toBe(404);
    expect((await call("PUT", ofGroup("line-1"), group)).status).toBe(204);
    expect((await call("GET", ofGroup("line-1"), undefined, scoped)).json()).toMatchObject(group);
    expect((await call("GET", ofGroup("line-2"), undefined, scoped)).status).toBe(403);
    expect(await windowsOf({})).toMatchObject({ weekly: always, holidays: ["2031-05-01", "2031-01-01"] });
    const own = { windows: { weekly: night, holidays: [] } };
    expect(await windowsOf({ rollout: own })).toMatchObject({
      weekly: night,
      holidays: ["2031-05-01", "2031-01-01"],
    });
    expect((await call("DELETE", ofGroup("line-1"))).status).toBe(204);
    expect((await call("DELETE", ofGroup("line-1"))).status).toBe(404);
    expect(await audited("update", "rollout_settings")).toBe(3);
    expect((await call("PUT", S, { approvals: 0 })).status).toBe(204);
    expect(await windowsOf({})).toBeUndefined();
  });

  it("keep devices from beginning, holidays too", async () => {
    const one = pool[0]!;
    const begins = async () => {
      const id = await deploy(server, user, [one], {
        name: `at ${Math.random()}`,
        artifact_name: "release-3",
      });
      const status = (await poll(server, one)).status;
      await report(server, one, id, "failure");
      await call("PUT", `${MANAGEMENT}/${id}/status`, { status: "aborted" });
      return status;
    };
    expect(await begins()).toBe(200);
    await call("PUT", S, { approvals: 0, windows: { weekly: night } });
    expect(await begins()).toBe(204);
    await call("PUT", S, { approvals: 0, windows: { weekly: always } });
    expect(await begins()).toBe(200);
    await call("PUT", S, { approvals: 0, windows: { weekly: always, holidays: [today()] } });
    expect(await begins()).toBe(204);
    await call("PUT", S, { approvals: 0 });
  });

  it("hold for each device of a list by its own group, and roll on", async () => {
    const [inOne, inTwo] = [pool[0]!, pool[4]!];
    await call("PUT", ofGroup("line-1"), { weekly: night });
    const list = { name: `list ${Math.random()}`, artifact_name: "release-3" };
    const id = await deploy(server, user, [inOne, inTwo], list);
    const statuses = async () => [(await poll(server, inOne)).status, (await poll(server, inTwo)).status];
    expect(await statuses()).toEqual([204, 200]);
    expect((await call("GET", `${MANAGEMENT}/${id}/devices/${inOne.id}/explain`)).json()).toMatchObject({
      reason: "window_closed",
    });
    const { rollout } = (await show(server, user, id)) as { rollout?: object };
    expect(rollout).toMatchObject({ windows_of_groups: { "line-1": { weekly: night } } });
    expect(Object.keys(rollout!)).not.toContain("windows");
    // Another pace leaves them as they are; windows of its own are for all.
    await call("PATCH", `${MANAGEMENT}/${id}/rollout`, { per_minute: 10 });
    expect((await poll(server, inOne)).status).toBe(204);
    await rollWindows(await server.deps());
    server.advance(10.5 * HOUR);
    expect((await poll(server, inOne)).status).toBe(200);
    const other = await deploy(server, user, [inOne], { ...list, name: `other ${Math.random()}` });
    await call("PUT", `${MANAGEMENT}/${id}/status`, { status: "aborted" });
    server.advance(10 * HOUR);
    await rollWindows(await server.deps());
    expect((await poll(server, inOne)).status).toBe(204);
    await call("PATCH", `${MANAGEMENT}/${other}/rollout`, { windows: { weekly: always, zone: "UTC" } });
    expect((await poll(server, inOne)).status).toBe(200);
    expect((await show(server, user, other)) as object).not.toHaveProperty("rollout.windows_of_groups");
    // One that says itself when devices may begin keeps to that.
    const own = { rollout: { windows: { weekly: always } } };
    await call("PUT", `${MANAGEMENT}/${other}/status`, { status: "aborted" });
    await deploy(server, user, [inOne], { ...list, ...own, name: `own ${Math.random()}` });
    expect((await poll(server, inOne)).status).toBe(200);
    await call("DELETE", ofGroup("line-1"));
  });

  it("hold for what follows a deployment, too: the same once more, and the way back", async () => {
    const [failed, updated, elsewhere] = [pool[0]!, pool[1]!, pool[4]!];
    const devices = [failed, updated, elsewhere];
    const list = { name: `before ${Math.random()}`, artifact_name: "release-3" };
    const id = await deploy(server, user, devices, list);
    for (const device of devices) expect((await poll(server, device)).status).toBe(200);
    await report(server, failed, id, "failure");
    for (const device of [updated, elsewhere]) await report(server, device, id, "success");
    await call("PUT", ofGroup("line-1"), { weekly: night });
    const path = `${MANAGEMENT}/${id}`;
    const again = idOf(await call("POST", `${path}/retry`));
    const back = idOf(await call("POST", `${path}/revert`, { artifact_name: "release-2" }));
    await knows(updated, { bootloader: "b1" });
    const given = async () => {
      const has = (device: TestDevice) => ({
        artifact_name: device === failed ? "release-1" : "release-3",
        bootloader: "b1",
      });
      const answers = await Promise.all(devices.map((device) => poll(server, device, has(device))));
      return answers.map((answer) => (answer.status === 200 ? answer.json<{ id: string }>().id : undefined));
    };
    const closed = new Date(server.now).getUTCHours();
    expect(closed > 4 && closed < 22).toBe(true);
    expect(await given()).toEqual([undefined, undefined, back]);
    server.advance((23 - closed) * HOUR);
    await rollWindows(await server.deps());
    const [retried, reverted] = await given();
    expect([retried, reverted]).toEqual([again, back]);
    // Without windows nothing of it is governed.
    await call("DELETE", ofGroup("line-1"));
    await call("PUT", `${MANAGEMENT}/${again}/status`, { status: "aborted" });
    const plain = idOf(await call("POST", `${path}/retry`));
    expect(await show(server, user, plain)).not.toHaveProperty("rollout");
  });

  it("let devices that can wait download ahead, and install inside", async () => {
    const [waiting, simple] = [pool[0]!, pool[1]!];
    const untilHour = (hour: number) => ((hour - new Date(server.now).getUTCHours() + 24) % 24) * HOUR;
    server.advance(untilHour(12));
    const windows = { weekly: night, download_ahead: true };
    const list = { name: `ahead ${Math.random()}`, artifact_name: "release-3", rollout: { windows } };
    const id = await deploy(server, user, [waiting, simple], list);
    const asks = (device: TestDevice, canWait: boolean) =>
      server.call("POST", "/api/devices/v2/deployments/device/deployments/next", {
        token: device.token,
        json: {
          device_provides: { device_type: "pi4", artifact_name: "release-1" },
          update_control_map: canWait,
        },
      });
    const map = async (device: TestDevice) => {
      const path = `/api/devices/v2/deployments/device/deployments/${id}/update_control_map`;
      const { status, ...answer } = await server.call("GET", path, { token: device.token });
      const told =
        status === 200 ? answer.json<{ update_control_map: { id: string; states: object } }>() : undefined;
      return [status, told?.update_control_map.states];
    };
    const held = { ArtifactInstall_Enter: { action: "pause", on_map_expire: "fail" } };
    const free = { ArtifactInstall_Enter: { action: "continue" } };
    expect((await asks(simple, false)).status).toBe(204);
    expect((await asks(simple, false)).cost.trips).toBe(0);
    const given = await asks(waiting, true);
    expect(given.json()).toMatchObject({ id, update_control_map: { id, states: held } });
    // A check that was decided to be a plain one before the deployment was there holds it back too.
    const deps = await server.deps();
    const contacts = { ...deps.contacts, hasPlainWork: () => true };
    const { tenant, id: device, authSet } = waiting;
    const claim = {
      kind: "device-claim",
      tenant,
      device: asDeviceId(device),
      authSet,
      issuedS: Math.floor(server.now / 1000),
    } as const;
    const state = { deviceType: "pi4", artifactName: "release-1", provides: {}, complete: true };
    const late = { ...claim, subscription: WHOLE };
    expect(await nextUpdate({ ...deps, contacts }, late, state, { controlMap: true })).toMatchObject({
      update_control_map: { states: held },
    });
    await report(server, waiting, id, "downloading");
    await report(server, waiting, id, "pause_before_installing");
    expect(await map(waiting)).toEqual([200, held]);
    expect((await map(simple))[0]).toBe(404);
    server.advance(untilHour(23));
    await rollWindows(await server.deps());
    expect(await map(waiting)).toEqual([200, free]);
    expect((await asks(waiting, true)).json()).toMatchObject({ update_control_map: { states: free } });
    expect((await asks(simple, false)).status).toBe(200);
    // Who waits hears when to go on, although the windows are taken away, or nobody else may download before.
    server.advance(untilHour(12));
    await rollWindows(await server.deps());
    expect(await map(waiting)).toEqual([200, held]);
    const rolled = (json: object) => call("PATCH", `${MANAGEMENT}/${id}/rollout`, { windows: json });
    expect((await rolled({ weekly: night })).status).toBe(204);
    expect(await map(waiting)).toEqual([200, held]);
    expect((await call("PATCH", `${MANAGEMENT}/${id}/rollout`, { windows: null })).status).toBe(204);
    expect(await map(waiting)).toEqual([200, free]);
    // A person's word stays beside it.
    const person = { ArtifactInstall_Enter: { action: "pause" } };
    await call("PUT", `${MANAGEMENT}/${id}/status`, { status: "aborted" });
    server.advance(untilHour(12));
    const asked = { ...list, name: `asked ${Math.random()}`, update_control_map: { states: person } };
    await deploy(server, user, [simple], asked);
    expect((await asks(simple, true)).json()).toMatchObject({ update_control_map: { states: person } });
  });

  it("that never open are refused, and groups with their own are bounded [limit: group-windows]", async () => {
    expect((await call("PUT", S, { approvals: 0, windows: { weekly: [] } })).status).toBe(400);
    expect((await call("PUT", ofGroup("line-1"), { weekly: night, zone: "Mars/Base" })).status).toBe(400);
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO deployment_group_windows SELECT ?, 'group' || i, '{}' FROM n`,
    )
      .bind(MAX_GROUPS - 1, user.tenant)
      .run();
    expect((await call("PUT", ofGroup("last"), { weekly: night })).status).toBe(204);
    expect((await call("PUT", ofGroup("last"), { weekly: always })).status).toBe(204);
    expect((await call("PUT", ofGroup("one too many"), { weekly: night })).status).toBe(409);
    await env.DB.prepare("DELETE FROM deployment_group_windows").run();
  });
});

describe("an urgent deployment", () => {
  const given = async (device: TestDevice) => {
    const answer = await poll(server, device);
    return answer.status === 200 ? answer.json().id : undefined;
  };

  it("goes ahead of those with less weight, never inside one that a device has begun", async () => {
    const [begun, waiting] = [pool[0]!, pool[1]!];
    const usual = await deploy(server, user, [begun, waiting], { name: "usual", artifact_name: "release-3" });
    expect(await given(begun)).toBe(usual);
    server.advance(1000);
    const wide = await deploy(server, user, [begun, waiting], {
      name: "wide",
      artifact_name: "release-3",
      rollout: {},
    });
    const urgent = await deploy(server, user, [begun, waiting], {
      name: "urgent",
      artifact_name: "release-3",
      rollout: { weight: 5 },
    });
    const most = await deploy(server, user, [waiting], {
      name: "most urgent",
      artifact_name: "release-3",
      rollout: { weight: 50 },
    });
    const why = await call("GET", `${MANAGEMENT}/${usual}/devices/${waiting.id}/explain`);
    expect(why.json()).toMatchObject({ reason: "urgent_deployment_first", earlier: most });
    expect(await given(begun)).toBe(usual);
    const order: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      const id = await given(waiting);
      order.push(id);
      await report(server, waiting, String(id), "failure");
    }
    expect(order).toEqual([most, urgent, usual, wide]);
    await report(server, begun, usual, "failure");
    expect(await given(begun)).toBe(urgent);
  });

  it("may be a dynamic one", async () => {
    const device = pool[2]!;
    await knows(device, { kind: "x" });
    const terms = [{ scope: "inventory", attribute: "kind", type: "$eq", value: "x" }];
    const filter = idOf(
      await call("POST", "/api/management/v2/inventory/filters", { name: "kind x", terms }),
    );
    const usual = await deploy(server, user, [device], { name: "usual", artifact_name: "release-3" });
    const dynamic = await call("POST", MANAGEMENT_V2, {
      name: "urgent",
      artifact_name: "release-3",
      filter_id: filter,
      rollout: { weight: 1 },
    });
    expect(await given(device)).toBe(idOf(dynamic));
    await report(server, device, idOf(dynamic), "failure");
    expect(await given(device)).toBe(usual);
  });
});
