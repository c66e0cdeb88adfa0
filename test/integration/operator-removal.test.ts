import { beforeEach, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, upload } from "../support/artifacts.ts";
import { deploy, inInventory, poll, report } from "../support/deployments.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

interface Fleet {
  user: TestUser;
  device: TestDevice;
}

/** A tenant that has something of everything: rows, an object, a log. */
async function aFleet(tenant: string): Promise<Fleet> {
  const user = await aUser(server, { tenant });
  const device = await aDevice(server, { tenant });
  await inInventory(server, [device], "group");
  const file = await anArtifact({ name: "release-2", deviceTypes: ["pi4"] });
  expect((await upload(server, file, { token: user.token })).status).toBe(201);
  const deployment = await deploy(server, user, [device]);
  expect((await poll(server, device)).status).toBe(200);
  expect((await report(server, device, deployment, "failure")).status).toBe(204);
  const log = { messages: [{ timestamp: new Date(server.now).toISOString(), level: "info", message: "m" }] };
  const path = `/api/devices/v1/deployments/device/deployments/${deployment}/log`;
  expect((await server.call("PUT", path, { token: device.token, json: log })).status).toBe(204);
  return { user, device };
}

const remove = (tenant: string) =>
  server.call("DELETE", `/api/operator/v1/tenants/${tenant}`, { token: OPERATOR_TOKEN });

/** How many rows each table has of the tenant, where there are any; found without the code under test. */
async function rowsOf(tenant: string): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%tenant_id TEXT%'",
  ).all<{ name: string }>();
  const counts = await env.DB.batch<{ n: number }>(
    results.map(({ name }) =>
      env.DB.prepare(`SELECT count(*) AS n FROM "${name}" WHERE tenant_id = ?`).bind(tenant),
    ),
  );
  const found = results.map(({ name }, at) => [name, counts[at]?.results[0]?.n ?? 0] as const);
  return Object.fromEntries(found.filter(([, n]) => n > 0));
}

const keysOf = async (tenant: string) =>
  (await env.ARTIFACTS.list()).objects.map(({ key }) => key).filter((key) => key.includes(tenant));

it("removes a tenant with all it has, and nothing of another", async () => {
  const [gone, stays] = [await aFleet("gone"), await aFleet("stays")];
  await server.deliverEvents();
  const [rows, keys] = [await rowsOf("stays"), await keysOf("stays")];
  expect(Object.keys(await rowsOf("gone"))).toEqual(Object.keys(rows));
  expect(await keysOf("gone")).toHaveLength(keys.length);

  const answer = await remove("gone");
  expect([answer.status, answer.json()]).toMatchObject([200, { gone: true, objects: keys.length }]);
  expect(await rowsOf("gone")).toEqual({});
  expect(await keysOf("gone")).toEqual([]);
  expect([await rowsOf("stays"), await keysOf("stays")]).toEqual([rows, keys]);

  expect((await poll(server, gone.device)).status).toBe(401);
  const me = "/api/management/v1/useradm/users/me";
  expect((await server.call("GET", me, { token: gone.user.token })).status).toBe(401);
  expect((await server.call("GET", me, { token: stays.user.token })).status).toBe(200);
  expect((await remove("gone")).status).toBe(404);
});

it("keeps the default tenant", async () => {
  await aFleet("default");
  const rows = await rowsOf("default");
  expect((await remove("default")).status).toBe(422);
  expect(await rowsOf("default")).toEqual(rows);
});
