import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  counts,
  deploy,
  DEVICE,
  DEVICE_V2,
  idOf,
  inInventory,
  MANAGEMENT,
  poll,
  report,
  show,
} from "../support/deployments.ts";
import { afterStart, env, Server } from "../support/server.ts";

const STATE = { artifact_name: "release-1", device_type: "pi4" };

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const eventKinds = async () =>
  (await env.DB.prepare("SELECT kind FROM outbox ORDER BY id").all<{ kind: string }>()).results.map(
    (row) => row.kind,
  );

const audited = async () =>
  (await env.DB.prepare("SELECT action, object_id FROM audit_log ORDER BY time_ms").all()).results;

describe("one update of one device", () => {
  it("goes from next over the reports to success and finishes the deployment", async () => {
    const artifact = await anArtifact(server);
    const id = await deploy(server, user, [device]);
    const next = await poll(server, device);
    expect(next.status).toBe(200);
    expect(next.json()).toEqual({
      id,
      artifact: {
        id: artifact,
        artifact_name: "release-2",
        source: { uri: expect.stringContaining(artifact), expire: afterStart(3_600_000), method: "GET" },
        device_types_compatible: ["pi4"],
      },
    });
    expect(await counts(server, user, id)).toEqual({ pending: 1 });
    for (const status of ["downloading", "installing", "rebooting", "installing", "success"]) {
      const answer = await report(server, device, id, status);
      expect([answer.status, answer.text]).toEqual([204, ""]);
    }
    expect(await counts(server, user, id)).toEqual({ success: 1 });
    expect(await show(server, user, id)).toMatchObject({
      status: "finished",
      finished: afterStart(),
      device_count: 1,
      max_devices: 1,
    });
    expect((await poll(server, device, { artifact_name: "release-2" })).status).toBe(204);
    expect(await eventKinds()).toEqual(["deployment.created"]);
  });

  it("shows the deployment with every field of the notes", async () => {
    const artifact = await anArtifact(server);
    await inInventory(server, [device], "kitchen");
    const id = await deploy(server, user, [device], { force_installation: true });
    const zero = Object.fromEntries(
      ["failure", "aborted", "pause_before_installing", "pause_before_committing", "pause_before_rebooting"]
        .concat(["downloading", "installing", "rebooting", "success", "noartifact", "already-installed"])
        .concat(["decommissioned"])
        .map((status) => [status, 0]),
    );
    expect(await show(server, user, id)).toEqual({
      id,
      name: "to 1",
      artifact_name: "release-2",
      force_installation: true,
      created: afterStart(),
      artifacts: [artifact],
      status: "pending",
      statistics: { status: { ...zero, pending: 1 }, total_size: 0 },
      device_count: 0,
      max_devices: 1,
      filter: {
        id: "",
        name: "",
        terms: [{ scope: "identity", attribute: "id", type: "$in", value: [device.id] }],
      },
      groups: ["kitchen"],
      type: "software",
    });
    await poll(server, device);
    expect(await show(server, user, id)).toMatchObject({
      device_count: 1,
      statistics: { total_size: 1000 },
    });
  });

  it("repeats the instructions while the device is at it", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    const first = (await poll(server, device)).json<{ artifact: { id: string } }>();
    await report(server, device, id, "downloading");
    await anArtifact(server, { size: 1 });
    const second = await poll(server, device);
    expect(second.json()).toMatchObject({ id, artifact: { id: first.artifact.id } });
    expect(await counts(server, user, id)).toEqual({ downloading: 1 });
  });

  it("keeps the log that comes after the failure and shows it as text [differs: log-nulls]", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    await report(server, device, id, "failure");
    const messages = [
      { timestamp: "2026-11-21T00:19:31.120000Z", level: "info", message: "started" },
      { timestamp: "2026-11-21T02:19:31+02:00", level: "error", message: "broke" },
      { timestamp: null, level: null, message: "no clock" },
    ];
    const put = await server.call("PUT", `${DEVICE}/${id}/log`, { token: device.token, json: { messages } });
    expect([put.status, put.text]).toEqual([204, ""]);
    const log = await server.call("GET", `${MANAGEMENT}/${id}/devices/${device.id}/log`, {
      token: user.token,
    });
    expect(log.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(log.text).toBe(
      "2026-11-21 00:19:31.12 +0000 UTC info: started\n2026-11-21 00:19:31 +0000 UTC error: broke\n- -: no clock\n",
    );
    const list = await server.call("GET", `${MANAGEMENT}/${id}/devices/list`, { token: user.token });
    expect(list.json()).toMatchObject([{ id: device.id, status: "failure", log: true }]);
  });
});

describe("asking for the next update", () => {
  const query = (artifact: string, type: string) =>
    `${DEVICE}/next?artifact_name=${artifact}&device_type=${type}`;

  it("answers all three ways of asking alike [differs: next-v2]", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    const { token } = device;
    const state = { artifact_name: "release-1", device_type: "pi4" };
    const answers = [
      await server.call("GET", query("release-1", "pi4"), { token }),
      await server.call("POST", `${DEVICE}/next`, { token, json: { ...state, checksum: "12" } }),
      await server.call("POST", `${DEVICE}/next`, {
        token,
        json: { ...state, artifact_provides: { a: "b" } },
      }),
      await server.call("POST", `${DEVICE_V2}/next`, { token, json: { device_provides: state } }),
    ];
    expect(answers.map(({ status, json }) => [status, json().id])).toEqual(answers.map(() => [200, id]));
  });

  it.each([
    ["v1", { ...STATE, artifact_provides: { a: 1 } }],
    ["v2", { device_provides: { ...STATE, a: ["b"] } }],
  ])("refuses provides that are no text (%s)", async (version, json) => {
    const device = await aDevice(server);
    const path = `/api/devices/${version}/deployments/device/deployments/next`;
    const answer = await server.call("POST", path, { token: device.token, json });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringMatching(/_provides\.a: must be a string\.$/),
    ]);
  });

  it("answers 204 without body when there is nothing to do", async () => {
    const answer = await server.call("GET", query("release-1", "pi4"), { token: device.token });
    expect([answer.status, answer.text]).toEqual([204, ""]);
  });

  it.each([
    ["", "artifact_name: cannot be blank; device_type: cannot be blank."],
    ["?artifact_name=a&device_type=", "device_type: cannot be blank."],
    [
      `?artifact_name=${"a".repeat(4097)}&device_type=b`,
      "artifact_name: the length must be between 1 and 4096.",
    ],
  ])("refuses the query '%.40s'", async (search, text) => {
    const answer = await server.call("GET", `${DEVICE}/next${search}`, { token: device.token });
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });

  it("refuses broken and incomplete bodies", async () => {
    const { token } = device;
    const headers = { "Content-Type": "application/json" };
    const broken = await server.call("POST", `${DEVICE}/next`, { token, headers, body: "{" });
    expect([broken.status, broken.json<{ error: string }>().error]).toEqual([
      400,
      expect.stringMatching(/^invalid schema: /),
    ]);
    const blank = await server.call("POST", `${DEVICE}/next`, { token, json: { device_type: "pi4" } });
    expect([blank.status, blank.json().error]).toEqual([400, "artifact_name: cannot be blank."]);
    const v2 = await server.call("POST", `${DEVICE_V2}/next`, { token, json: { device_provides: {} } });
    expect(v2.status).toBe(400);
  });

  it("takes a plus of a small device for a plus", async () => {
    await anArtifact(server, { name: "release+2" });
    await deploy(server, user, [device], { artifact_name: "release+2" });
    const headers = { "User-Agent": "mender-mcu-client/1 (mender-http) curl/8" };
    const answer = await server.call("GET", query("release+2", "pi4"), { token: device.token, headers });
    expect(answer.status).toBe(204);
    const list = await server.call("GET", `${MANAGEMENT}/devices/${device.id}`, { token: user.token });
    expect(list.json()).toMatchObject([{ device: { status: "already-installed" } }]);
  });

  it("answers an empty 401 to a device that is not live and gives it nothing", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    await env.DB.prepare("UPDATE auth_sets SET status = 'rejected'").run();
    for (const answer of [await poll(server, device), await report(server, device, id, "downloading")]) {
      expect([answer.status, answer.text]).toEqual([401, ""]);
    }
    expect(await counts(server, user, id)).toEqual({ pending: 1 });
    expect(await show(server, user, id)).toMatchObject({ device_count: 0 });
  });

  it("answers 409 and counts a failure when type or name changed on the way [differs: changed-on-the-way]", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    const answer = await poll(server, device, { artifact_name: "release-9" });
    expect([answer.status, answer.json().error]).toEqual([409, "Device provided conflicting request data"]);
    expect(await counts(server, user, id)).toEqual({ failure: 1 });
    expect((await poll(server, device, { artifact_name: "release-9" })).status).toBe(204);
  });

  it("does not mind other provides that changed on the way [differs: changed-on-the-way]", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    await poll(server, device, { checksum: "1" });
    expect((await poll(server, device, { checksum: "2" })).json().id).toBe(id);
  });
});

describe("choosing", () => {
  it("gives the oldest deployment first and the next one afterwards", async () => {
    await anArtifact(server);
    await anArtifact(server, { name: "release-3" });
    const first = await deploy(server, user, [device]);
    const second = await deploy(server, user, [device], { artifact_name: "release-3" });
    expect((await poll(server, device)).json().id).toBe(first);
    await report(server, device, first, "success");
    expect((await poll(server, device, { artifact_name: "release-2" })).json().id).toBe(second);
  });

  it("says already-installed, but not when installation is forced", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    expect((await poll(server, device, { artifact_name: "release-2" })).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ "already-installed": 1 });
    expect(await show(server, user, id)).toMatchObject({ status: "finished", statistics: { total_size: 0 } });
    const forced = await deploy(server, user, [device], { force_installation: true });
    expect((await poll(server, device, { artifact_name: "release-2" })).json().id).toBe(forced);
  });

  it("gives noartifact where no artifact is for the device type", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    expect((await poll(server, device, { device_type: "beaglebone" })).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ noartifact: 1 });
    expect(await show(server, user, id)).toMatchObject({ status: "finished" });
  });

  it("matches depends against what the device provides, best match first, then the smallest [differs: depends-satisfied]", async () => {
    const full = await anArtifact(server, { size: 900 });
    const delta = await anArtifact(server, { size: 950, depends: { checksum: ["1", "2"] } });
    await anArtifact(server, { size: 10, depends: { checksum: "3" } });
    const small = await anArtifact(server, { size: 890 });
    const given = async (provides: Record<string, string>) => {
      const one = await aDevice(server);
      await deploy(server, user, [one]);
      return (await poll(server, one, provides)).json<{ artifact: { id: string } }>().artifact.id;
    };
    expect(await given({ checksum: "2" })).toBe(delta);
    expect(await given({ checksum: "9" })).toBe(small);
    expect(await given({})).toBe(small);
    expect(full).not.toBe(small);
  });

  it("offers nothing whose depends a device without further provides cannot show", async () => {
    await anArtifact(server, { size: 10, depends: { checksum: "1" } });
    const id = await deploy(server, user, [device]);
    const path = `${DEVICE}/next?artifact_name=release-1&device_type=pi4`;
    expect((await server.call("GET", path, { token: device.token })).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ noartifact: 1 });
  });

  it("takes such depends for satisfied, but last, in a tenant with the rules of the open edition", async () => {
    await env.DB.prepare("UPDATE tenants SET plan = 'os'").run();
    const delta = await anArtifact(server, { size: 10, depends: { checksum: "1" } });
    const ask = async () => {
      const one = await aDevice(server);
      await deploy(server, user, [one]);
      const path = `${DEVICE}/next?artifact_name=release-1&device_type=pi4`;
      return (await server.call("GET", path, { token: one.token })).json<{ artifact: { id: string } }>()
        .artifact.id;
    };
    expect(await ask()).toBe(delta);
    const full = await anArtifact(server, { size: 900 });
    expect(await ask()).toBe(full);
  });

  it("checks depends on the artifact name even for those", async () => {
    await anArtifact(server, { depends: { artifact_name: ["release-0", "release-00"] } });
    const id = await deploy(server, user, [device]);
    const path = `${DEVICE}/next?artifact_name=release-1&device_type=pi4`;
    expect((await server.call("GET", path, { token: device.token })).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ noartifact: 1 });
  });
});

describe("reporting a status", () => {
  let id: string;
  beforeEach(async () => {
    await anArtifact(server);
    id = await deploy(server, user, [device]);
  });

  it("answers 404 to a device that has not asked for the deployment", async () => {
    for (const deployment of [id, "00000000-0000-4000-8000-000000000000", "nonsense"]) {
      const answer = await report(server, device, deployment, "success");
      expect([answer.status, answer.json().error]).toEqual([404, "Resource not found"]);
    }
    expect(await counts(server, user, id)).toEqual({ pending: 1 });
  });

  it.each([
    [{ status: "aborted" }, "status: must be a valid value."],
    [{ status: "pending" }, "status: must be a valid value."],
    [{ status: "sleeping" }, "invalid status for device 'sleeping'"],
    [{}, "status: cannot be blank."],
    [{ status: "" }, "status: cannot be blank."],
    [{ status: "success", substate: "x".repeat(201) }, "substate: the length must be no more than 200."],
  ])("refuses %o [differs: report-without-status]", async (json, text) => {
    await poll(server, device);
    const answer = await server.call("PUT", `${DEVICE}/${id}/status`, { token: device.token, json });
    expect([answer.status, answer.json().error]).toEqual([400, text]);
    expect(await counts(server, user, id)).toEqual({ pending: 1 });
  });

  it("takes repeated and late reports without counting twice or leaving a final status [differs: final-status]", async () => {
    await poll(server, device);
    for (const status of ["downloading", "downloading", "success", "success", "failure", "downloading"]) {
      expect((await report(server, device, id, status)).status).toBe(204);
    }
    expect(await counts(server, user, id)).toEqual({ success: 1 });
  });

  it("keeps a substate until the next one and shows times of start and end", async () => {
    await poll(server, device);
    const { token } = device;
    const put = (json: object) => server.call("PUT", `${DEVICE}/${id}/status`, { token, json });
    server.advance(1000);
    await put({ status: "downloading", substate: "10 %" });
    await put({ status: "downloading", substate: "20 %" });
    server.advance(1000);
    await put({ status: "success", substate: "" });
    const list = await server.call("GET", `${MANAGEMENT}/${id}/devices/list`, { token: user.token });
    expect(list.json()).toEqual([
      {
        id: device.id,
        created: afterStart(),
        started: afterStart(1000),
        finished: afterStart(2000),
        status: "success",
        log: false,
        substate: "10 %",
        device_type: "pi4",
        image: expect.objectContaining({ name: "release-2", size: 1000 }),
      },
    ]);
  });

  it("counts every device once when all report at the same time, each several times [differs: polls-at-once]", async () => {
    const devices = await Promise.all(Array.from({ length: 6 }, () => aDevice(server)));
    const many = await deploy(server, user, devices);
    await Promise.all(devices.flatMap((one) => [poll(server, one), poll(server, one)]));
    expect(await counts(server, user, many)).toEqual({ pending: 6 });
    await Promise.all(
      devices.flatMap((one) =>
        ["downloading", "installing", "success", "success", "failure"].map((s) =>
          report(server, one, many, s),
        ),
      ),
    );
    const { success = 0, failure = 0 } = await counts(server, user, many);
    expect(success + failure).toBe(6);
    expect(await show(server, user, many)).toMatchObject({ status: "finished", device_count: 6 });
  });
});

describe("uploading a log", () => {
  it.each([
    [{ messages: [] }, /^invalid deployment log: messages: cannot be blank\.$/],
    [{}, /^invalid deployment log: messages: cannot be blank\.$/],
    [
      { messages: [{ timestamp: "now", level: "info", message: "x" }] },
      /^invalid deployment log: messages\.0\.timestamp/,
    ],
    [
      { messages: [{ timestamp: "2026-11-21T00:19:31Z", level: "info", message: "" }] },
      /^invalid deployment log: messages\.0\.message: cannot be blank\.$/,
    ],
  ])("refuses %o", async (json, text) => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    const answer = await server.call("PUT", `${DEVICE}/${id}/log`, { token: device.token, json });
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringMatching(text)]);
  });

  it("answers 404 to a device that has not asked for the deployment", async () => {
    const json = { messages: [{ timestamp: "2026-11-21T00:19:31Z", level: "info", message: "x" }] };
    const answer = await server.call("PUT", `${DEVICE}/${crypto.randomUUID()}/log`, {
      token: device.token,
      json,
    });
    expect([answer.status, answer.json().error]).toEqual([404, "Deployment not found"]);
  });

  it("answers 404 where there is no log", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    const log = await server.call("GET", `${MANAGEMENT}/${id}/devices/${device.id}/log`, {
      token: user.token,
    });
    expect([log.status, log.json().error]).toEqual([404, "Resource not found"]);
  });
});

describe("creating a deployment", () => {
  const create = (json: unknown, path = MANAGEMENT, headers: Record<string, string> = {}) =>
    server.call("POST", path, { token: user.token, json, headers });
  const valid = { name: "d", artifact_name: "release-2" };

  it("answers 201 with a location and no body, and records who did it", async () => {
    await anArtifact(server);
    const answer = await create({ ...valid, devices: [device.id] });
    expect([answer.status, answer.text]).toEqual([201, ""]);
    expect(answer.headers.get("location")).toBe(`${MANAGEMENT}/${idOf(answer)}`);
    expect(await audited()).toEqual([{ action: "create", object_id: idOf(answer) }]);
  });

  it.each([1, 60])(
    "refuses a list of %i devices that the tenant does not have [differs: unknown-targets]",
    async (n) => {
      await anArtifact(server);
      const gone = await aDevice(server);
      await server.call("DELETE", `/api/management/v2/devauth/devices/${gone.id}`, { token: user.token });
      const foreign = await aDevice(server, { tenant: "other" });
      const devices = [gone.id, foreign.id, ...Array.from({ length: n }, () => crypto.randomUUID())];
      const answer = await create({ ...valid, devices });
      const { error, unknown_devices: unknown } = answer.json<{ error: string; unknown_devices: string[] }>();
      expect([answer.status, error]).toEqual([400, "No devices for the deployment"]);
      expect(unknown.toSorted()).toEqual(devices.toSorted());
      const list = await server.call("GET", MANAGEMENT, { token: user.token });
      expect(list.json()).toEqual([]);
    },
  );

  it("tells which of the devices the tenant does not have [differs: unknown-targets]", async () => {
    await anArtifact(server);
    const foreign = await aDevice(server, { tenant: "other" });
    const pending = await aDevice(server, { status: "pending" });
    const devices = [device.id, "nope", foreign.id, pending.id];
    const answer = await create({ ...valid, devices });
    expect([answer.status, answer.headers.get("location")]).toEqual([
      201,
      expect.stringContaining(`${MANAGEMENT}/`),
    ]);
    expect(answer.json<{ unknown_devices: string[] }>().unknown_devices.toSorted()).toEqual(
      ["nope", foreign.id].toSorted(),
    );
  });

  it.each([
    [{}, "artifact_name: cannot be blank; name: cannot be blank."],
    [{ name: "x".repeat(257), artifact_name: "a" }, "name: the length must be between 1 and 256."],
    [valid, "Invalid deployments definition: provide list of devices or set all_devices flag"],
    [
      { ...valid, devices: [] },
      "Invalid deployments definition: provide list of devices or set all_devices flag",
    ],
    [
      { ...valid, devices: ["a"], all_devices: true },
      "Invalid deployments definition: list of devices provided togheter with all_devices flag",
    ],
  ])("refuses %.80o", async (json, text) => {
    await anArtifact(server);
    const answer = await create(json);
    expect([answer.status, answer.json().error]).toEqual([400, `Validating request body: ${text}`]);
    expect(await audited()).toEqual([]);
  });

  it("refuses a list of devices for a group", async () => {
    const answer = await create({ ...valid, devices: ["a"] }, `${MANAGEMENT}/group/kitchen`);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "Validating request body: The deployment for group constructor should have neither list of devices nor all_devices flag set",
    ]);
  });

  it("refuses what resolves to no device, and what has no artifact", async () => {
    await anArtifact(server);
    for (const answer of [
      await create({ ...valid, all_devices: true }),
      await create(valid, `${MANAGEMENT}/group/nobody`),
    ]) {
      expect([answer.status, answer.json().error]).toEqual([400, "No devices for the deployment"]);
    }
    const none = await create({ ...valid, artifact_name: "release-99", devices: [device.id] });
    expect([none.status, none.json().error]).toEqual([422, "No artifact for the deployment"]);
  });

  it("refuses the same again while it is active, in whatever order the devices come [differs: same-parameters]", async () => {
    await anArtifact(server);
    const other = await aDevice(server);
    const first = await deploy(server, user, [device, other], { name: "d" });
    const again = await create({ ...valid, devices: [other.id, device.id] });
    expect([again.status, again.json().error]).toEqual([
      409,
      "Invalid deployment definition: there is already an active deployment with the same parameters",
    ]);
    await anArtifact(server, { name: "release-3" });
    for (const difference of [
      { name: "e" },
      { artifact_name: "release-3" },
      { force_installation: true },
      { phases: [{ start_ts: afterStart(3_600_000) }] },
      { devices: [device.id] },
    ]) {
      expect((await create({ ...valid, devices: [device.id, other.id], ...difference })).status).toBe(201);
    }
    await server.call("PUT", `${MANAGEMENT}/${first}/status`, {
      token: user.token,
      json: { status: "aborted" },
    });
    expect((await create({ ...valid, devices: [other.id, device.id] })).status).toBe(201);
  });

  it("refuses the same group again, whoever is in it by now [differs: same-parameters]", async () => {
    await anArtifact(server);
    await inInventory(server, [device], "kitchen");
    const path = `${MANAGEMENT}/group/kitchen`;
    expect((await create(valid, path)).status).toBe(201);
    await inInventory(server, [await aDevice(server)], "kitchen");
    expect((await create(valid, path)).status).toBe(409);
    expect((await create({ ...valid, devices: [device.id] })).status).toBe(201);
  });

  it.each([
    [100, { filter: { terms: [{ attribute: "id", type: "$in" }] } }],
    [101, {}],
  ])(
    "shows the filter of a list of %i devices as it can be shown [differs: long-filter]",
    async (n, filter) => {
      await anArtifact(server);
      const ids = [device.id, ...Array.from({ length: n - 1 }, () => crypto.randomUUID())].toSorted();
      const id = await deploy(
        server,
        user,
        ids.map((one) => ({ id: one })),
      );
      const { filter: shown } = await show(server, user, id);
      expect({ filter: shown }).toMatchObject(filter);
      expect(shown === undefined).toBe(n > 100);
      const list = await server.call("GET", `${MANAGEMENT}/${id}/device_list`, { token: user.token });
      expect(list.json()).toEqual(ids);
    },
  );

  it("creates once when the same is sent twice at the same time", async () => {
    await anArtifact(server);
    const json = { ...valid, devices: [device.id] };
    const answers = await Promise.all([create(json), create(json)]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409]);
  });

  it("creates once for one idempotency key and answers the same", async () => {
    await anArtifact(server);
    const json = { ...valid, devices: [device.id] };
    const key = { "Idempotency-Key": "k1" };
    const answers = await Promise.all([create(json, MANAGEMENT, key), create(json, MANAGEMENT, key)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(idOf(answers[0]!)).toBe(idOf(answers[1]!));
    const other = await create({ ...json, name: "e" }, MANAGEMENT, key);
    expect([other.status, other.json().error]).toEqual([
      422,
      "Idempotency-Key was used for another deployment",
    ]);
    expect(await audited()).toHaveLength(1);
  });

  it("targets a device once that is listed twice [differs: listed-twice]", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device, device]);
    expect(await show(server, user, id)).toMatchObject({ max_devices: 1 });
    await poll(server, device);
    await report(server, device, id, "success");
    expect(await show(server, user, id)).toMatchObject({ status: "finished" });
  });

  it("targets the accepted devices of a group, and all of them", async () => {
    await anArtifact(server);
    const [a, b] = [await aDevice(server), await aDevice(server)];
    await inInventory(server, [a], "kitchen");
    await inInventory(server, [b]);
    const group = idOf(await create(valid, `${MANAGEMENT}/group/kitchen`));
    expect(await show(server, user, group)).toMatchObject({
      max_devices: 1,
      groups: ["kitchen"],
      filter: { terms: [{ scope: "system", attribute: "group", type: "$eq", value: "kitchen" }] },
    });
    const all = idOf(await create({ ...valid, all_devices: true }));
    expect(await show(server, user, all)).toMatchObject({
      max_devices: 2,
      filter: { terms: [{ scope: "identity", attribute: "status", type: "$eq", value: "accepted" }] },
    });
    const ids = await server.call("GET", `${MANAGEMENT}/${all}/device_list`, { token: user.token });
    expect(ids.json()).toEqual([a.id, b.id].sort((x, y) => (x < y ? -1 : 1)));
    expect((await poll(server, b)).json().id).toBe(all);
  });

  it("serves a list too long for queues alike", async () => {
    await anArtifact(server);
    const many = Array.from({ length: 2500 }, () => ({ id: crypto.randomUUID() }));
    const id = await deploy(server, user, [device, ...many]);
    expect(await show(server, user, id)).toMatchObject({ max_devices: 2501 });
    expect((await poll(server, await aDevice(server))).status).toBe(204);
    expect((await poll(server, device)).json().id).toBe(id);
    await report(server, device, id, "success");
    expect((await poll(server, device, { artifact_name: "release-2" })).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ success: 1, pending: 2500 });
    const ids = await server.call("GET", `${MANAGEMENT}/${id}/device_list`, { token: user.token });
    expect(ids.json<string[]>()).toHaveLength(2501);
  });

  it("offers an artifact that is added later", async () => {
    await anArtifact(server, { deviceTypes: ["other"] });
    const id = await deploy(server, user, [device]);
    const later = await anArtifact(server);
    expect((await poll(server, device)).json()).toMatchObject({ id, artifact: { id: later } });
  });

  it.each([
    ["no token", async () => undefined, 401],
    ["a device", async () => device.token, 401],
    ["an observer", async () => (await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] })).token, 403],
  ])("refuses %s", async (_who, token, status) => {
    await anArtifact(server);
    const answer = await server.call("POST", MANAGEMENT, {
      token: await token(),
      json: { ...valid, devices: [device.id] },
    });
    expect(answer.status).toBe(status);
  });
});

describe("aborting", () => {
  const abort = (id: string, status = "aborted", token = user.token) =>
    server.call("PUT", `${MANAGEMENT}/${id}/status`, { token, json: { status } });

  it("counts everyone, tells devices at their next report and gives it to nobody [differs: abort-counts-all]", async () => {
    await anArtifact(server);
    const [other, unseen] = [await aDevice(server), await aDevice(server)];
    const id = await deploy(server, user, [device, other, unseen]);
    await poll(server, device);
    await report(server, device, id, "downloading");
    await poll(server, other);
    await report(server, other, id, "success");
    const answer = await abort(id);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await counts(server, user, id)).toEqual({ aborted: 2, success: 1 });
    expect(await show(server, user, id)).toMatchObject({
      status: "finished",
      device_count: 2,
      max_devices: 3,
    });
    const told = await report(server, device, id, "installing");
    expect([told.status, told.json().error]).toEqual([409, "Deployment aborted"]);
    expect((await report(server, device, id, "failure")).status).toBe(409);
    expect((await report(server, other, id, "success")).status).toBe(204);
    expect((await poll(server, unseen)).status).toBe(204);
    expect((await poll(server, device)).status).toBe(204);
    expect(await counts(server, user, id)).toEqual({ aborted: 2, success: 1 });
    expect(await audited()).toContainEqual({ action: "abort", object_id: id });
  });

  it("refuses other words, what is finished and what does not exist [differs: abort-other-status, abort-unknown]", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    const word = await abort(id, "finished");
    expect([word.status, word.json().error]).toEqual([400, "Unexpected deployment status"]);
    expect(await show(server, user, id)).toMatchObject({ status: "pending" });
    await abort(id);
    const again = await abort(id);
    expect([again.status, again.json().error]).toEqual([422, "Deployment already finished"]);
    const stranger = await aUser(server, { tenant: "other" });
    expect((await abort(id, "aborted", stranger.token)).status).toBe(404);
    const unknown = await abort(crypto.randomUUID());
    expect([unknown.status, unknown.json().error]).toEqual([404, "Resource not found"]);
  });

  const MANY = Array.from({ length: 200 }, () => ({ id: crypto.randomUUID() }));

  it("ends every open deployment of one device, seen or not [differs: abort-of-device]", async () => {
    await anArtifact(server);
    const small = await deploy(server, user, [device]);
    const wide = await deploy(server, user, [device, ...MANY]);
    await poll(server, device);
    const answer = await server.call("DELETE", `${MANAGEMENT}/devices/${device.id}`, { token: user.token });
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await counts(server, user, small)).toEqual({ aborted: 1 });
    expect(await show(server, user, small)).toMatchObject({ status: "finished" });
    expect(await counts(server, user, wide)).toEqual({ aborted: 1, pending: 200 });
    expect((await report(server, device, small, "success")).status).toBe(409);
    expect((await poll(server, device)).status).toBe(204);
  });

  it("is counted for a device that is decommissioned, in each of its deployments [differs: abort-of-device]", async () => {
    await anArtifact(server);
    const small = await deploy(server, user, [device]);
    const wide = await deploy(server, user, [device, ...MANY], { name: "wide" });
    const path = `/api/management/v2/devauth/devices/${device.id}`;
    expect((await server.call("DELETE", path, { token: user.token })).status).toBe(204);
    expect(await counts(server, user, small)).toEqual({ decommissioned: 1 });
    expect(await show(server, user, small)).toMatchObject({ status: "finished" });
    expect(await counts(server, user, wide)).toEqual({ decommissioned: 1, pending: 200 });
  });
});

describe("lists", () => {
  it("page deployments newest first with totals", async () => {
    await anArtifact(server);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      server.advance(1000);
      ids.push(await deploy(server, user, [device], { name: `d${i}` }));
    }
    const list = await server.call("GET", `${MANAGEMENT}?per_page=2&page=1`, { token: user.token });
    expect(list.json<{ id: string }[]>().map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(list.headers.get("x-total-count")).toBe("3");
    expect(list.headers.get("link")).toContain('rel="next"');
    const asc = await server.call("GET", `${MANAGEMENT}?sort=asc`, { token: user.token });
    expect(asc.json<{ id: string }[]>().map(({ id }) => id)).toEqual(ids);
  });

  it("show a device its history newest first [differs: history-ids, history-statuses]", async () => {
    await anArtifact(server);
    const first = await deploy(server, user, [device]);
    await poll(server, device);
    await report(server, device, first, "failure");
    server.advance(1000);
    const second = await deploy(server, user, [device]);
    await poll(server, device);
    const path = `${MANAGEMENT}/devices/${device.id}`;
    const all = await server.call("GET", path, { token: user.token });
    expect(all.json()).toMatchObject([
      { id: second + device.id, deployment: { id: second }, device: { id: device.id, status: "pending" } },
      { id: first + device.id, deployment: { id: first }, device: { status: "failure" } },
    ]);
    expect(all.headers.get("x-total-count")).toBe("2");
    const either = await server.call("GET", `${path}?status=success&status=failure`, { token: user.token });
    expect(either.json()).toMatchObject([{ deployment: { id: first } }]);
    const over = await server.call("GET", `${path}?per_page=21`, { token: user.token });
    expect([over.status, over.json().error]).toEqual([
      400,
      "invalid per_page query: value must be a non-zero positive integer",
    ]);
  });
});
