import { beforeEach, expect, it } from "vitest";
import { countFew, termsOf } from "../../src/inventory/index.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { aDevice, aUser, type TestDevice } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { anArtifact, deploy, inInventory, poll, report } from "../support/deployments.ts";
import { inventoryOf } from "../support/inventory.ts";
import { env, Server } from "../support/server.ts";

const BASE = "/api/management/v1/console/releases";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

interface Adoption {
  deployed: { deployments: number; on_the_way: number; success: number; failure: number; other: number };
  days: { day: string; success: number }[];
  devices: {
    accepted: number;
    on_it: { devices: number; more: boolean };
    fits: { devices: number; more: boolean };
    not: { reason: string; devices: number }[];
  };
}

const ask = (token: string, name = "release-2") =>
  server.call("GET", `${BASE}/${encodeURIComponent(name)}/adoption`, { token });

const ofEach = (token: string, names: readonly string[]) =>
  server.call("GET", `${BASE}/adoption?${new URLSearchParams(names.map((name) => ["name", name]))}`, {
    token,
  });

const fleet = async (devices: readonly Record<string, string>[], tenant?: string) => {
  await inventoryOf(
    server,
    devices.map((inventory) => ({
      status: "accepted",
      ...(tenant && { tenant }),
      attributes: { inventory },
    })),
  );
};

async function aRelease(tenant: string, depends: Record<string, string[]> = {}): Promise<void> {
  await anArtifact(server, { tenant, depends });
  await env.DB.prepare(
    `INSERT INTO releases (tenant_id, name, artifacts_count, device_types, update_types, modified_ms)
     VALUES (?, 'release-2', 1, '[]', '[]', ?)`,
  )
    .bind(tenant, server.now)
    .run();
}

/** Three devices to which it was deployed: one succeeds, one fails, one has not asked. */
async function deployed() {
  const user = await aUser(server);
  const devices = await Promise.all([1, 2, 3].map(() => aDevice(server)));
  await inInventory(server, devices);
  await aRelease(user.tenant);
  const id = await deploy(server, user, devices);
  const [good, bad] = devices as [TestDevice, TestDevice];
  await poll(server, good);
  await report(server, good, id, "success");
  await poll(server, bad);
  await report(server, bad, id, "failure");
  return user;
}

it("adds up what became of the devices of its deployments, by day, in three trips at most", async () => {
  const { token } = await deployed();
  const answer = await ask(token);
  expect(answer.status).toBe(200);
  expect(answer.cost.trips).toBeLessThanOrEqual(3);
  const { deployed: found, days } = answer.json<Adoption>();
  expect(found).toEqual({ deployments: 1, on_the_way: 1, success: 1, failure: 1, other: 0 });
  expect(days).toEqual([{ day: new Date(server.now).toISOString().slice(0, 10), success: 1 }]);
  const each = await ofEach(token, ["release-2", "unknown"]);
  expect([each.status, each.cost.trips <= 2]).toEqual([200, true]);
  expect(each.json()).toEqual([
    { name: "release-2", deployments: 1, on_the_way: 1, success: 1, failure: 1, other: 0 },
  ]);
});

it("counts the devices that are on it, for which it is, and for which not, and why", async () => {
  const { token, tenant } = await aUser(server);
  await aRelease(tenant, { "rootfs-image.version": ["base-2"] });
  const pi = { device_type: "pi4" };
  await fleet([
    { ...pi, artifact_name: "release-2", "rootfs-image.version": "base-2" },
    { ...pi, artifact_name: "release-1", "rootfs-image.version": "base-2" },
    { ...pi, artifact_name: "release-1", "rootfs-image.version": "base-1" },
    { device_type: "other", artifact_name: "release-1" },
  ]);
  await fleet([{ ...pi, artifact_name: "release-2" }], "other");
  const answer = await ask(token);
  expect(answer.cost.trips).toBeLessThanOrEqual(3);
  expect(answer.json<Adoption>().devices).toMatchObject({
    on_it: { devices: 1, more: false },
    fits: { devices: 2, more: false },
  });
  expect(answer.json<Adoption>().devices.not).toContainEqual({ reason: "depends", devices: 1 });
});

it("tells who may see some only of these, and nobody of another tenant's", async () => {
  const { token } = await deployed();
  const ci = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
  const stranger = await aUser(server, { tenant: "other" });
  const device = await aDevice(server);
  const terminal = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
  expect((await ask(token)).json()).toHaveProperty("devices");
  expect((await ask(ci.token)).json()).toEqual({});
  expect((await ofEach(ci.token, ["release-2"])).json()).toEqual([]);
  expect((await ask(stranger.token)).status).toBe(404);
  expect((await ofEach(stranger.token, ["release-2"])).json()).toEqual([]);
  expect((await ask(terminal.token)).status).toBe(403);
  expect((await ask(device.token)).status).toBe(401);
});

it("looks at no more devices than it may to count them, and says that they are more", async () => {
  const { tenant } = await aUser(server);
  await fleet([1, 2, 3].map(() => ({ artifact_name: "release-2" })));
  const deps = await server.deps();
  const value = { scope: "inventory", attribute: "artifact_name", type: "$eq" as const, value: "release-2" };
  const count = (most: number) => countFew(deps, asTenantId(tenant), [{ terms: termsOf([value]) }], most);
  expect([await count(2), await count(3)]).toEqual([[undefined], [3]]);
});

it("refuses names that are none, and more than a hundred", async () => {
  const { token } = await aUser(server);
  expect((await ask(token, "nothing")).status).toBe(404);
  expect((await ofEach(token, [])).json()).toEqual([]);
  expect(refusal(await ofEach(token, [""]))[0]).toBe(400);
  const names = Array.from({ length: 101 }, (_, i) => `release-${i}`);
  expect(refusal(await ofEach(token, names))[0]).toBe(400);
  expect((await ofEach(token, names.slice(1))).status).toBe(200);
});
