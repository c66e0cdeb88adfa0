import { beforeEach, describe, expect, it, vi } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, poll, report } from "../support/deployments.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { inventoryOf } from "../support/inventory.ts";
import { Server, type Cost } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

/** What the requests that come most often may cost at most. Further tests of each domain hold their exact numbers. */
const BUDGETS = {
  "an update check with nothing to do": { trips: 0, written: 0, objects: 1 },
  "an update check with a new deployment": { trips: 2, written: 4, objects: 1 },
  "a status report": { trips: 2, written: 6, objects: 1 },
  "an unchanged inventory report": { trips: 0, written: 0, objects: 1 },
  "an inventory report with one changed value of twelve": { trips: 1, written: 5, objects: 1, read: 55 },
  "an inventory report with three changed values": { trips: 2, written: 2 * 3 + 3, objects: 1 },
  "a token for an accepted device": { trips: 2, written: 2, objects: 1 },
  "a token asked for by a pending device": { trips: 1, written: 0, objects: 0 },
  "a page of 20 devices with their attributes": { trips: 2, written: 0, objects: 0 },
  "a page of 20 devices that satisfy a filter": { trips: 2, written: 0, objects: 0, read: 50 * 20 },
} satisfies Record<string, Partial<Cost>>;

type Request = keyof typeof BUDGETS;

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const putAttributes = (values: readonly string[]) =>
  server.call("PUT", "/api/devices/v1/inventory/device/attributes", {
    token: device.token,
    json: values.map((value, i) => ({ name: `name-${i}`, value })),
  });

/** More devices than a page may read rows for. */
const aFleet = () =>
  inventoryOf(
    server,
    Array.from({ length: 1500 }, (_, i) => ({ attributes: { inventory: { kind: i % 2 ? "odd" : "even" } } })),
  );

/** Makes what must be there, and then the one request. */
const REQUESTS: Record<Request, () => Promise<{ status: number; cost: Cost }>> = {
  "an update check with nothing to do": () => poll(server, device),
  "an update check with a new deployment": async () => {
    await anArtifact(server);
    await deploy(server, user, [device]);
    return poll(server, device);
  },
  "a status report": async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    await poll(server, device);
    return report(server, device, id, "success");
  },
  "an unchanged inventory report": async () => {
    await putAttributes(["a", "b", "c", "d"]);
    return putAttributes(["a", "b", "c", "d"]);
  },
  "an inventory report with one changed value of twelve": async () => {
    const values = Array.from({ length: 12 }, (_, i) => `value-${i}`);
    await putAttributes(values);
    server.advance(1000);
    return putAttributes(values.with(11, "changed"));
  },
  "an inventory report with three changed values": async () => {
    await putAttributes(["a", "b", "c", "d"]);
    return putAttributes(["a", "x", "y", "z"]);
  },
  "a token for an accepted device": async () => {
    const signing = new SigningDevice({ mac: "1" });
    await new DeviceAdmin(server, user).admit(signing);
    return signing.ask(server);
  },
  "a token asked for by a pending device": async () => {
    const signing = new SigningDevice({ mac: "1" });
    await signing.ask(server);
    return signing.ask(server);
  },
  "a page of 20 devices with their attributes": async () => {
    await aFleet();
    return server.call("GET", "/api/management/v1/inventory/devices?per_page=20", { token: user.token });
  },
  "a page of 20 devices that satisfy a filter": async () => {
    await aFleet();
    const json = {
      filters: [{ scope: "inventory", attribute: "kind", type: "$eq", value: "odd" }],
      per_page: 20,
    };
    return server.call("POST", "/api/management/v2/inventory/filters/search", { token: user.token, json });
  },
};

const STATUSES: Partial<Record<Request, number>> = {
  "an update check with nothing to do": 204,
  "a status report": 204,
  "a token asked for by a pending device": 401,
};

it.each(Object.keys(BUDGETS) as Request[])("%s stays within its budget", async (request) => {
  const { status, cost } = await REQUESTS[request]();
  expect(status).toBe(STATUSES[request] ?? 200);
  const within = Object.entries(BUDGETS[request]).map(([what, most]) => [
    what,
    Math.max(cost[what as keyof Cost], most),
  ]);
  expect(Object.fromEntries(within)).toEqual(BUDGETS[request]);
});

describe("an update check by body that is not idle", () => {
  it.each(["v1", "v2"])("has its body parsed once (%s)", async (version) => {
    await anArtifact(server);
    await deploy(server, user, [device]);
    const names = { artifact_name: "release-1", device_type: "pi4" };
    const body = JSON.stringify(version === "v2" ? { device_provides: names } : names);
    const parse = vi.spyOn(JSON, "parse");
    const { status } = await server.call(
      "POST",
      `/api/devices/${version}/deployments/device/deployments/next`,
      { token: device.token, body, headers: { "Content-Type": "application/json" } },
    );
    const parsed = parse.mock.calls.filter(([text]) => text === body);
    parse.mockRestore();
    expect([status, parsed.length]).toEqual([200, 1]);
  });
});
