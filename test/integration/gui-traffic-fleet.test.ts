import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import { onlyReceivers, Receiver } from "../support/receivers.ts";
import { Server } from "../support/server.ts";
import { A1, aReportingDevice, byDevice, M1, M2, term, WebUi, type Wire } from "../support/web-ui.ts";

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
afterEach(() => vi.unstubAllGlobals());

describe("what the web UI asks for on every page", () => {
  it("is answered for a tenant that has nothing yet", async () => {
    expect(await ui.object(`${M2}/inventory/statistics`)).toHaveProperty("devices_by_status");
    for (const path of [
      `${M2}/inventory/filters?per_page=500`,
      `${M1}/inventory/groups`,
      `${M1}/iot-manager/integrations`,
      `${M1}/iot-manager/events?page=1&per_page=20`,
      `${M2}/deployments/releases/all/types`,
      `${A1}/deployments/software/tags`,
      `${A1}/deployments/software/tags?kind=release`,
    ])
      expect([path, await ui.list(path)]).toEqual([path, []]);
    expect(Array.isArray(await ui.list(`${M2}/inventory/filters/attributes`))).toBe(true);
    for (const status of ["pending", "inprogress", "scheduled", "finished"])
      expect(await ui.page(`${DEPLOYMENTS}?status=${status}&per_page=10&page=1&sort=desc`)).toEqual([0, []]);
    for (const path of [
      `${RELEASES}?page=1&per_page=20&sort=modified:desc`,
      `${RELEASES}/delta/jobs?page=1&per_page=20&sort=started:desc`,
      `${A1}/deployments/software?page=1&per_page=100&sort=modified:desc`,
    ])
      expect([path, await ui.page(path)]).toEqual([path, [0, []]]);
    for (const status of ["accepted", "pending", "preauthorized", "rejected"])
      expect(await ui.search([term("identity", "status", status)])).toEqual([0, []]);
    expect(await ui.search([term("system", "group", [""], "$nin")], { per_page: 1 })).toEqual([0, []]);
    expect(await ui.object(`${M1}/deployments/config`)).toHaveProperty("delta");
  });

  it("shows devices, finds them, and puts them into groups", async () => {
    const device = await aReportingDevice(server, ui);
    const { devices_by_status: numbers } = await ui.object(`${M2}/inventory/statistics`);
    expect(numbers).toMatchObject({ accepted: { standard: 1 } });
    const accepted = term("identity", "status", "accepted");
    const [total, [found]] = await ui.search([accepted]);
    expect([total, found?.id]).toEqual([1, device.id]);
    expect(found?.attributes).toContainEqual({ name: "device_type", value: "pi4", scope: "inventory" });
    const [known = {}] = await ui.list(`${M2}/devauth/devices?id=${device.id}`);
    expect(known).toMatchObject({ status: "accepted", tier: "standard", auth_sets: [{ tier: "standard" }] });
    const offline = term(
      "system",
      "check_in_time",
      new Date(server.now - 24 * HOUR_MS).toISOString(),
      "$ltne",
    );
    const few = { per_page: 1, attributes: [{ scope: "identity", attribute: "status" }] };
    expect((await ui.search([offline], few))[0]).toBe(0);
    expect((await ui.search([term("monitor", "alerts", true)], few))[0]).toBe(0);
    expect((await ui.search([], { text: "oslo", per_page: 10 }))[0]).toBe(1);
    expect(await ui.list(`${M2}/inventory/filters/attributes`)).toContainEqual(
      expect.objectContaining({ name: "site", scope: "inventory" }),
    );
    const site = term("inventory", "site", "oslo");
    expect((await ui.search([accepted, site]))[0]).toBe(1);
    const made = await ui.call("POST", `${M2}/inventory/filters`, { name: "oslo", terms: [site] });
    const id = made.headers.get("location")!.split("/").at(-1)!;
    expect(await ui.list(`${M2}/inventory/filters?per_page=500`)).toMatchObject([{ id, terms: [site] }]);
    await ui.call("DELETE", `${M2}/inventory/filters/${id}`);
    await ui.call("PATCH", `${M1}/inventory/groups/lab/devices`, [device.id]);
    expect(await ui.list(`${M1}/inventory/groups`)).toEqual(["lab"]);
    expect((await ui.search([accepted, term("system", "group", "lab")]))[0]).toBe(1);
    await ui.call("DELETE", `${M1}/inventory/groups/lab/devices`, [device.id]);
    await ui.call("PUT", `${M1}/inventory/devices/${device.id}/tags`, [{ name: "name", value: "one" }]);
    const set = (known.auth_sets as Wire[])[0]!;
    await ui.call("PUT", `${M2}/devauth/devices/${device.id}/auth/${String(set.id)}/status`, {
      status: "rejected",
    });
    expect((await ui.search([term("identity", "status", "rejected")]))[0]).toBe(1);
    await ui.call("DELETE", `${M2}/devauth/devices/${device.id}`);
  });

  it("counts and finds devices by the search that releases up to 4.1 use [differs: report-search]", async () => {
    const device = await aReportingDevice(server, ui);
    const found = async (filters: readonly unknown[], more: Wire = {}) => {
      const body = { page: 1, per_page: 10, filters, sort: [], attributes: [], ...more };
      const answer = await ui.call("POST", `${M1}/reporting/devices/search`, body);
      return [answer.headers.get("x-total-count"), answer.json<Wire[]>().map(({ id }) => id)];
    };
    const unseenSince = (ms: number) =>
      term("system", "check_in_time", new Date(server.now + ms).toISOString(), "$ltne");
    expect(await found([unseenSince(-24 * HOUR_MS)])).toEqual(["0", []]);
    expect(await found([unseenSince(24 * HOUR_MS)])).toEqual(["1", [device.id]]);
    expect(await found([term("inventory", "site", "a", "$ltne")])).toEqual(["0", []]);
    expect(await found([term("inventory", "nowhere", "a", "$ltne")])).toEqual(["1", [device.id]]);
    expect(await found([], { text: "oslo" })).toEqual(["1", [device.id]]);
    expect(await found([], { text: "bergen" })).toEqual(["0", []]);
    expect(await found([term("inventory", "site", "bergen")], { text: "oslo" })).toEqual(["0", []]);
    const tooLong = { token: user.token, json: { text: "a".repeat(1025) } };
    expect((await server.call("POST", `${M1}/reporting/devices/search`, tooLong)).status).toBe(400);
  });

  it("fills the drawer of a device: configuration, alerts, connection, history", async () => {
    const device = await aReportingDevice(server, ui);
    const of = (service: string) => `${M1}/${service}/${device.id}`;
    const monitor = of("devicemonitor/devices");
    const configuration = of("deviceconfig/configurations/device");
    const asked = [of("inventory/devices"), of("deviceconnect/devices"), configuration];
    const [inventory, connection, empty] = await Promise.all(asked.map((path) => ui.object(path)));
    expect(inventory).toMatchObject({ id: device.id, attributes: expect.any(Array) });
    expect(connection).toMatchObject({ status: expect.stringMatching(/^(unknown|disconnected)$/) });
    expect(empty).toMatchObject({ id: device.id, configured: {}, reported: {} });
    expect(await ui.list(`${monitor}/alerts/latest?page=1&per_page=10`)).toEqual([]);
    expect(await ui.list(`${monitor}/config`)).toEqual([]);

    const check = { type: "systemd", name: "cron", status: "enabled" };
    await byDevice(server, device, "POST", "/v1/devicemonitor/config", [check]);
    const details = { description: "cron is not running", line_matching: { line_number: 2, data: "crash" } };
    const subject = { name: "cron", type: "systemd", status: "inactive", details };
    const timestamp = new Date(server.now).toISOString();
    const alert = { name: "cron", level: "CRITICAL", subject, timestamp };
    expect((await byDevice(server, device, "POST", "/v1/devicemonitor/alert", [alert])).status).toBe(204);
    const shown = { id: expect.any(String), name: "cron", level: "CRITICAL", subject, timestamp };
    expect(await ui.list(`${monitor}/alerts/latest?page=1&per_page=10`)).toMatchObject([shown]);
    const [alerts, history] = await ui.page(`${monitor}/alerts?page=1&per_page=20&sort_ascending=false`);
    expect([alerts, history]).toMatchObject([1, [shown]]);
    expect(await ui.list(`${monitor}/config`)).toMatchObject([check]);
    expect((await ui.search([term("monitor", "alerts", true)]))[0]).toBe(1);
    const channel = `${M1}/devicemonitor/settings/global/channel/alerts/email/status`;
    await ui.call("PUT", channel, { enabled: false });

    await ui.call("PUT", configuration, { timezone: "UTC" });
    const sent = (await ui.call("POST", `${configuration}/deploy`, { retries: 0 })).json();
    const deployment = `${M1}/deployments/deployments/${String(sent.deployment_id)}`;
    expect(await ui.object(deployment)).toMatchObject({ type: "configuration", statistics: { status: {} } });
    await ui.call("PUT", `${deployment}/status`, { status: "aborted" });
    const ofDevice = `${M1}/deployments/deployments/devices/${device.id}?page=1&per_page=10`;
    expect(await ui.page(ofDevice)).toMatchObject([expect.any(Number), expect.any(Array)]);
  });
});

describe("the integrations page", () => {
  it("makes a webhook, shows what happened, and removes it", async () => {
    const device = await aReportingDevice(server, ui);
    await server.deliverEvents();
    const receiver = new Receiver("https://hooks.example.com/all");
    onlyReceivers(receiver);
    const http = { url: receiver.url, secret: "" };
    await ui.call("POST", `${M1}/iot-manager/integrations`, {
      provider: "webhook",
      credentials: { type: "http", http },
      description: "all",
      scopes: ["deviceauth", "inventory"],
    });
    const [made] = await ui.list(`${M1}/iot-manager/integrations`);
    expect(made).toMatchObject({ provider: "webhook", scopes: ["deviceauth", "inventory"] });
    expect(made).toMatchObject({ credentials: { type: "http", http: { url: http.url } } });
    await ui.call("PUT", `${M1}/inventory/devices/${device.id}/tags`, [{ name: "foo", value: "bar" }]);
    await server.deliverEvents();
    const [latest] = await ui.list(`${M1}/iot-manager/events?page=1&per_page=20`);
    expect(latest).toMatchObject({
      id: expect.any(String),
      type: "device-inventory-changed",
      time: expect.any(String),
      data: { device_id: device.id, inventory: [{ name: "foo", value: "bar", scope: "tags" }] },
      delivery_statuses: [{ integration_id: made?.id, success: true }],
    });
    await ui.call("DELETE", `${M1}/iot-manager/integrations/${String(made?.id)}`, {});
    expect(await ui.list(`${M1}/iot-manager/integrations`)).toEqual([]);
  });
});
