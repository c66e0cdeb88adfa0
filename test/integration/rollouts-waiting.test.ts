import { afterEach, beforeAll, describe, expect, it } from "vitest";
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
} from "../support/deployments.ts";
import { Server } from "../support/server.ts";

/** What lasts is asked of the database once by each device, and ends for it at its next check. */

let server: Server;
let user: TestUser;
let north: TestDevice;
let norther: TestDevice;
let south: TestDevice;
let souther: TestDevice;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const site = { scope: "inventory", name: "site" };

const tell = (device: TestDevice, attributes: Record<string, string>) =>
  server.call("PATCH", "/api/devices/v1/inventory/device/attributes", {
    token: device.token,
    json: Object.entries(attributes).map(([name, value]) => ({ name, value })),
  });

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server);
  const pool = [];
  for (let i = 0; i < 4; i++) pool.push(await aDevice(server));
  await inInventory(server, pool);
  [north, norther, south, souther] = pool as [TestDevice, TestDevice, TestDevice, TestDevice];
});

afterEach(() => abortAll(server, user));

let made = 0;
const rollout = async (more: Record<string, unknown>, others: { id: string }[] = []) => {
  for (const device of [north, norther]) await tell(device, { site: "north", zone: "UTC" });
  for (const device of [south, souther]) await tell(device, { site: "south", zone: "Asia/Tokyo" });
  const devices = [north, norther, south, souther, ...others];
  return deploy(server, user, devices, { name: `waiting ${(made += 1)}`, ...more });
};

const status = async (device: TestDevice) => (await poll(server, device)).status;

/** Two checks: what they are answered, and what the second cost. */
async function twice(device: TestDevice) {
  const [first, second] = [await poll(server, device), await poll(server, device)];
  return [first.status, second.status, second.cost.trips];
}
const WAITS = [204, 204, 0];

describe("opening a phase", () => {
  it("writes the same rows, whatever the size of the rollout", async () => {
    const written: number[] = [];
    for (const more of [10, 2000]) {
      const phases = [...Array.from({ length: 9 }, () => ({ batch_size: 10 })), {}];
      const gates = Array.from({ length: 9 }, (_, i) => ({ phase: i + 2, approvals: 1 }));
      const id = await rollout(
        { phases, rollout: { gates } },
        Array.from({ length: more }, () => ({ id: crypto.randomUUID() })),
      );
      const { status: opened, cost } = await server.call("POST", `${MANAGEMENT}/${id}/widen`, {
        token: user.token,
      });
      expect(opened).toBe(204);
      written.push(cost.written);
    }
    expect(written[1]).toBe(written[0]);
    expect(written[0]).toBeLessThanOrEqual(10);
  });
});

describe("idle checks touch no database", () => {
  it("while all places of the site are taken, until one is free or the device moves", async () => {
    const id = await rollout({ rollout: { budget: { attribute: site, at_once: 1 } } });
    expect([await status(north), await status(south)]).toEqual([200, 200]);
    expect([await twice(norther), await twice(souther)]).toEqual([WAITS, WAITS]);
    await report(server, south, id, "success");
    expect((await poll(server, norther)).cost.trips).toBe(0);
    expect(await status(souther)).toBe(200);
    await tell(norther, { site: "west" });
    expect(await status(norther)).toBe(200);
  });

  it("while the bytes of the day are spent", async () => {
    await rollout({ rollout: { budget: { attribute: site, bytes_per_day: 1500 } } });
    expect(await status(north)).toBe(200);
    expect(await twice(norther)).toEqual(WAITS);
    server.now = (Math.floor(server.now / DAY) + 1) * DAY;
    expect(await status(norther)).toBe(200);
  });

  it("while the window of the device's own zone is closed", async () => {
    server.now = (Math.floor(server.now / DAY) + 1) * DAY + 2.5 * HOUR;
    const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const windows = {
      zone: "UTC",
      zone_attribute: { scope: "inventory", name: "zone" },
      weekly: [{ days, from: "02:00", to: "03:00" }],
    };
    await rollout({ rollout: { windows } });
    expect([await status(north), await twice(south)]).toEqual([200, WAITS]);
    server.advance(14.5 * HOUR - 1);
    expect(await status(south)).toBe(204);
    server.advance(1);
    expect(await status(south)).toBe(200);
  });

  it("until the next attempt", async () => {
    const id = await rollout({ retries: 1, rollout: { retry: { pause_s: 600 } } });
    expect(await status(north)).toBe(200);
    await report(server, north, id, "downloading");
    await report(server, north, id, "failure");
    expect(await twice(north)).toEqual(WAITS);
    server.advance(600_000);
    expect(await status(north)).toBe(200);
  });

  it("beside dynamic deployments for others, unless time alone could make it one of them", async () => {
    await rollout({});
    const open = async (term: Record<string, string>) => {
      const filter = await server.call("POST", "/api/management/v2/inventory/filters", {
        token: user.token,
        json: { name: `filter ${(made += 1)}`, terms: [term] },
      });
      const json = { name: `dynamic ${made}`, artifact_name: "release-2", filter_id: idOf(filter) };
      idOf(await server.call("POST", MANAGEMENT_V2, { token: user.token, json }));
    };
    const listed = await status(north);
    await report(server, north, (await poll(server, north)).json<{ id: string }>().id, "success");
    await open({ scope: "inventory", attribute: "site", type: "$eq", value: "east" });
    expect([listed, await twice(north)]).toEqual([200, WAITS]);
    await tell(north, { site: "east" });
    expect(await status(north)).toBe(200);
    await report(server, north, (await poll(server, north)).json<{ id: string }>().id, "success");
    const value = new Date(server.now - DAY).toISOString();
    await open({ scope: "system", attribute: "updated_ts", type: "$lt", value });
    expect(await twice(north)).toEqual([204, 204, 1]);
  });

  it("while others come to be in another group, or lose it", async () => {
    await rollout({ rollout: { budget: { attribute: { scope: "system", name: "group" }, at_once: 1 } } });
    expect([await status(north), await twice(norther)]).toEqual([200, WAITS]);
    const group = "/api/management/v1/inventory/groups/yard/devices";
    const member = (method: string, json: unknown) => server.call(method, group, { token: user.token, json });
    expect((await member("PATCH", [south.id])).status).toBe(200);
    expect((await poll(server, norther)).cost.trips).toBe(0);
    expect((await member("DELETE", [south.id])).status).toBe(200);
    expect((await poll(server, norther)).cost.trips).toBe(0);
    // Who is moved itself may get something.
    expect((await member("PATCH", [norther.id])).status).toBe(200);
    expect(await status(norther)).toBe(200);
    await member("DELETE", [norther.id]);
  });

  it("while as many are at it as may be, until one of them is decommissioned", async () => {
    const [goes, stays] = [await aDevice(server), await aDevice(server)];
    await inInventory(server, [goes, stays]);
    await rollout({ rollout: { at_once: 1 } }, [goes, stays]);
    expect([await status(goes), await twice(stays)]).toEqual([200, WAITS]);
    const path = `/api/management/v2/devauth/devices/${goes.id}`;
    expect((await server.call("DELETE", path, { token: user.token })).status).toBe(204);
    expect(await status(stays)).toBe(200);
  });

  it("and a change that is for all ends it for all", async () => {
    const id = await rollout({ rollout: { budget: { attribute: site, at_once: 1 } } });
    expect([await status(north), await twice(norther)]).toEqual([200, WAITS]);
    const budget = { attribute: site, at_once: 2 };
    await server.call("PATCH", `${MANAGEMENT}/${id}/rollout`, { token: user.token, json: { budget } });
    expect(await status(norther)).toBe(200);
  });
});
