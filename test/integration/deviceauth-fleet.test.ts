import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import { internal } from "../support/device-auth.ts";
import { env, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const DEVAUTH = "/api/management/v2/devauth";
const FLEET = 4000;

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  await env.DB.batch([
    env.DB.prepare(`
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${FLEET})
      INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
      SELECT 'default', printf('device-%06d', i), 'hash-' || i, '{"mac":"' || i || '"}',
        iif(i % 4 = 0, 'pending', 'accepted'), 1, i, i FROM n`),
    env.DB.prepare(`
      INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
      SELECT 'default', 'set-' || device_id, device_id, 'key', 'pem', status, created_ms FROM devices`),
  ]);
});

const call = (method: string, path: string, json?: unknown) =>
  server.call(method, DEVAUTH + path, { token: user.token, ...(json === undefined ? {} : { json }) });

/** Rows that finding the user reads. */
const USER = 5;
/** Index and table of the device, index and table of its set. */
const PER_DEVICE = 4;

describe("a fleet of thousands", () => {
  it.each([
    ["GET", "/devices", undefined],
    ["GET", "/devices?status=pending", undefined],
    ["POST", "/devices/search", { status: ["pending", "rejected"] }],
    [
      "POST",
      "/devices/search",
      { id: Array.from({ length: 20 }, (_, i) => `device-${String(i).padStart(6, "0")}`) },
    ],
    ["GET", "/devices?id=device-000004&id=device-000007&status=pending", undefined],
  ])("reads no more than the page for %s %s", async (method, path, json) => {
    const { status, cost } = await call(method, path, json);
    expect(status).toBe(200);
    expect(cost.trips).toBe(2);
    expect(cost.read).toBeLessThanOrEqual(USER + 21 * (PER_DEVICE + 2));
  });

  it("counts without reading devices", async () => {
    const { cost, json } = await call("GET", "/devices/count?status=accepted");
    expect(json()).toEqual({ count: (FLEET * 3) / 4 });
    expect(cost.read).toBeLessThanOrEqual(USER + 3);
  });

  it.each([
    ["GET", "/devices/device-000002", undefined],
    ["GET", "/devices/device-000002/auth/set-device-000002/status", undefined],
    ["PUT", "/devices/device-000002/auth/set-device-000002/status", { status: "rejected" }],
    ["PUT", "/devices/device-000004/auth/set-device-000004/status", { status: "accepted" }],
    ["DELETE", "/devices/device-000002/auth/set-device-000002", undefined],
    ["DELETE", "/tokens/set-device-000002", undefined],
  ])("touches one device for %s %s", async (method, path, json) => {
    await env.DB.prepare("INSERT INTO tenant_limits VALUES ('default', 'max_devices', 3500)").run();
    const { status, cost } = await call(method, path, json);
    expect(status).toBeLessThan(300);
    expect(cost.trips).toBeLessThanOrEqual(3);
    expect(cost.read).toBeLessThanOrEqual(60);
  });

  it("reads no other device when one is decommissioned", async () => {
    const { status, cost } = await call("DELETE", "/devices/device-000002");
    expect(status).toBe(204);
    expect(cost.read).toBeLessThanOrEqual(100);
  });

  it("reads no other device when one asks for a token", async () => {
    // For one more of too many that wait, another has to go.
    expect((await new SigningDevice({ mac: "one more" }).ask(server)).cost.read).toBeLessThanOrEqual(100);
    await internal(server, "PUT", "/tenant/default/limits/max_waiting_devices", { limit: -1 });
    const device = new SigningDevice({ mac: "new" });
    expect((await device.ask(server)).cost.read).toBeLessThanOrEqual(50);
    expect((await device.ask(server)).cost).toMatchObject({ trips: 1, written: 0 });
    expect((await device.ask(server)).cost.read).toBeLessThanOrEqual(10);
  });
});
