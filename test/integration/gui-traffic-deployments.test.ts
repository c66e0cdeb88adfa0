import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, formOf, upload } from "../support/artifacts.ts";
import { DEVICE, DEVICE_V2, idOf } from "../support/deployments.ts";
import { Server } from "../support/server.ts";
import { A1, aReportingDevice, M1, M2, term, WebUi } from "../support/web-ui.ts";

const RELEASES = `${M2}/deployments/deployments/releases`;
const DEPLOYMENTS = `${M2}/deployments/deployments`;
const HOUR_MS = 3_600_000;

let server: Server;
let user: TestUser;
let ui: WebUi;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server, { tenant: "acme" });
  ui = new WebUi(server, user);
});

const release = async (name = "app-1") =>
  idOf(await upload(server, await anArtifact({ name, deviceTypes: ["pi4"] }), { token: user.token }));

describe("the software page", () => {
  it("shows releases, describes and tags them, and generates one", async () => {
    const artifact = await release();
    const [total, [first]] = await ui.page(`${RELEASES}?page=1&per_page=20&sort=modified:desc`);
    expect([total, first]).toMatchObject([1, { name: "app-1", artifacts_count: 1, tags: [] }]);
    await ui.call("PATCH", `${RELEASES}/app-1`, { notes: "as told" });
    await ui.call("PUT", `${RELEASES}/app-1/tags`, ["Some", "tags"]);
    expect(await ui.object(`${RELEASES}/app-1`)).toMatchObject({
      notes: "as told",
      artifacts: [{ id: artifact, device_types_compatible: ["pi4"], updates: [{ type_info: {} }] }],
    });
    expect((await ui.page(`${RELEASES}?page=1&per_page=20&tag=some&sort=modified:desc`))[0]).toBe(1);
    expect(await ui.list(`${A1}/deployments/software/tags?kind=release`)).toEqual(["some", "tags"]);
    expect(await ui.list(`${M2}/deployments/releases/all/types`)).toEqual(["single-file"]);
    const software = `${A1}/deployments/software?page=1&per_page=100&name_prefix=app&sort=modified:desc`;
    expect(await ui.page(software)).toMatchObject([1, [{ name: "app-1", kind: "release" }]]);
    await ui.call("PUT", `${M1}/deployments/artifacts/${artifact}`, { description: "the first" });
    const link = await ui.object(`${M1}/deployments/artifacts/${artifact}/download`);
    const file = await server.call("GET", String(link.uri));
    expect(file.headers.get("content-disposition")).toContain("attachment");
    const body = formOf([
      ["name", "generated"],
      ["description", ""],
      ["device_types_compatible", "pi4"],
      ["type", "single-file"],
      ["args", JSON.stringify({ dest_dir: "/usr/src", filename: "hello.txt" })],
      ["file", "hello"],
    ]);
    const made = await server.call("POST", `${M1}/deployments/artifacts/generate`, {
      token: user.token,
      body,
    });
    const place = made.headers.get("location")!.replace("/generate", "");
    await server.deliverEvents();
    expect(await ui.object(new URL(place, "https://edgemend.test").pathname)).toMatchObject({
      name: "generated",
    });
    await ui.call("DELETE", `${M1}/deployments/artifacts/${artifact}`);
  });
});

describe("the deployments page", () => {
  const next = (device: TestDevice) =>
    server.call("POST", `${DEVICE_V2}/next`, {
      token: device.token,
      json: { device_provides: { device_type: "pi4", artifact_name: "factory" } },
    });
  const report = (device: TestDevice, id: string, json: unknown) =>
    server.call("PUT", `${DEVICE}/${id}/status`, { token: device.token, json });
  const shown = async (status: string) =>
    (await ui.page(`${DEPLOYMENTS}?status=${status}&per_page=20&page=1&sort=desc`))[1];

  beforeEach(async () => void (await release()));

  it("makes a plain one, shows its report and log, finds it by device, and makes it again", async () => {
    const mac = "02:00:00:00:00:01";
    const device = await aReportingDevice(server, ui, mac);
    const plain = {
      name: "All devices",
      artifact_name: "app-1",
      all_devices: true,
      force_installation: false,
    };
    const id = idOf(await ui.call("POST", `${M1}/deployments/deployments`, plain));
    expect(await shown("pending")).toMatchObject([{ id, status: "pending", artifact_name: "app-1" }]);
    expect((await next(device)).status).toBe(200);
    await report(device, id, { status: "downloading" });
    expect((await shown("inprogress"))[0]).toMatchObject({ id, device_count: 1, statistics: { status: {} } });
    await report(device, id, { status: "failure" });
    const messages = [{ timestamp: new Date(server.now).toISOString(), level: "error", message: "no space" }];
    await server.call("PUT", `${DEVICE}/${id}/log`, { token: device.token, json: { messages } });
    const one = `${M1}/deployments/deployments/${id}`;
    expect(await ui.object(one)).toMatchObject({
      status: "finished",
      finished: expect.any(String),
      statistics: { status: { failure: 1, success: 0, pending: 0 }, total_size: expect.any(Number) },
    });
    expect(await ui.page(`${one}/devices/list?&page=1&per_page=10`)).toMatchObject([
      1,
      [
        {
          id: device.id,
          status: "failure",
          log: true,
          device_type: "pi4",
          image: { size: expect.any(Number) },
        },
      ],
    ]);
    expect((await ui.call("GET", `${one}/devices/${device.id}/log`)).text).toContain("no space");
    const unix = (ms: number) => Math.floor((server.now + ms) / 1000);
    const between = `created_after=${unix(-HOUR_MS)}&created_before=${unix(HOUR_MS)}`;
    const named = `name=${mac}&id_attribute=mac&id_scope=identity`;
    const found = await ui.page(
      `${DEPLOYMENTS}?status=finished&per_page=20&page=1&${between}&${named}&sort=desc`,
    );
    expect(found).toMatchObject([1, [{ id }]]);
    const log = `${M1}/auditlogs/logs?page=1&per_page=100&object_type=deployment&object_deployment_name=All%20devices&sort=desc`;
    expect(await ui.page(log)).toMatchObject([1, [{ actor: { email: user.email } }]]);
    const again = await ui.call("POST", `${M1}/deployments/deployments`, {
      ...plain,
      phases: [{ batch_size: 100 }],
    });
    await ui.call("PUT", `${M1}/deployments/deployments/${idOf(again)}/status`, { status: "aborted" });
    expect(await shown("finished")).toHaveLength(2);
  });

  it("makes one in phases for a group, with retries and pauses", async () => {
    const devices = [await aReportingDevice(server, ui), await aReportingDevice(server, ui)];
    await ui.call(
      "PATCH",
      `${M1}/inventory/groups/lab/devices`,
      devices.map((device) => device.id),
    );
    const later = new Date(server.now + HOUR_MS).toISOString();
    const made = await ui.call("POST", `${M1}/deployments/deployments/group/lab`, {
      name: "lab",
      artifact_name: "app-1",
      retries: 2,
      phases: [{ batch_size: 50 }, { start_ts: later }],
      force_installation: false,
    });
    const one = `${M1}/deployments/deployments/${idOf(made)}`;
    expect((await next(devices[0]!)).status).toBe(200);
    expect((await next(devices[1]!)).status).toBe(204);
    expect(await ui.object(one)).toMatchObject({
      groups: ["lab"],
      retries: 2,
      max_devices: 2,
      phases: [
        { id: expect.any(String), batch_size: 50, device_count: 1, start_ts: expect.any(String) },
        { id: expect.any(String), batch_size: 50, device_count: 0, start_ts: later },
      ],
    });
    expect((await ui.list(`${one}/devices/list?&page=1&per_page=10`))[0]).toMatchObject({
      attempts: 1,
      retries: 2,
    });
    const phases = [[{ batch_size: 50, delay: 1, delayUnit: "hours" }, { start_ts: 1 }]];
    await ui.call("POST", `${M1}/useradm/settings`, { previousPhases: phases, retries: 2 });
    expect(await ui.object(`${M1}/useradm/settings`)).toEqual({ previousPhases: phases, retries: 2 });
    server.advance(HOUR_MS);
    expect((await next(devices[1]!)).status).toBe(200);
  });

  it("makes one that starts later, and one that devices join as they come to match", async () => {
    const site = term("inventory", "site", "oslo");
    const saved = await ui.call("POST", `${M2}/inventory/filters`, { name: "oslo", terms: [site] });
    const filter = saved.headers.get("location")!.split("/").at(-1)!;
    const json = { name: "oslo", artifact_name: "app-1", filter_id: filter };
    const phases = [{ batch_size: 100, start_ts: new Date(server.now + HOUR_MS).toISOString() }];
    const scheduled = idOf(await ui.call("POST", DEPLOYMENTS, { ...json, phases }));
    expect(await shown("scheduled")).toMatchObject([
      { id: scheduled, status: "scheduled", phases: [{ start_ts: phases[0]!.start_ts }] },
    ]);
    await ui.call("PUT", `${M1}/deployments/deployments/${scheduled}/status`, { status: "aborted" });
    const dynamic = idOf(await ui.call("POST", DEPLOYMENTS, { ...json, retries: 2, max_devices: 1 }));
    const one = `${M1}/deployments/deployments/${dynamic}`;
    expect(await ui.object(one)).toMatchObject({
      max_devices: 1,
      filter: { id: filter, name: "oslo", terms: [site] },
    });
    const late = await aReportingDevice(server, ui);
    expect((await next(late)).status).toBe(200);
    await report(late, dynamic, { status: "success" });
    expect(await ui.object(one)).toMatchObject({
      status: "finished",
      statistics: { status: { success: 1 } },
    });
    expect((await next(await aReportingDevice(server, ui))).status).toBe(204);
  });
});
