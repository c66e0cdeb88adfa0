import { beforeEach, expect, it } from "vitest";
import { aDevice, aUser } from "../support/actors.ts";
import { anArtifact, deploy, DEVICE, DEVICE_V2, inInventory } from "../support/deployments.ts";
import { env, Server } from "../support/server.ts";

const PATH = "/api/management/v1/console/home";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

interface Home {
  lines: { kind: string; count: number; name?: string; href: string }[];
  running: { id: string; devices: number; success: number; failure: number }[];
  devices: { accepted: number };
}

const home = async (token: string) => (await server.call("GET", PATH, { token })).json<Home>();

/** A deployment to one device that fails. */
async function aFailure() {
  const user = await aUser(server);
  const devices = [await aDevice(server), await aDevice(server)];
  const [first] = devices;
  await inInventory(server, devices, "lab");
  await anArtifact(server);
  const id = await deploy(server, user, devices);
  const token = first!.token;
  const json = { device_provides: { device_type: "pi4", artifact_name: "release-1" } };
  const next = (await server.call("POST", `${DEVICE_V2}/next`, { token, json })).json<{ id: string }>();
  await server.call("PUT", `${DEVICE}/${next.id}/status`, { token, json: { status: "failure" } });
  return { user, id };
}

it("nothing needs anybody on a server where nothing is wrong, and that is found in three trips at most", async () => {
  const { token } = await aUser(server);
  const answer = await server.call("GET", PATH, { token });
  expect([answer.status, answer.cost.trips <= 3]).toEqual([200, true]);
  expect(answer.json()).toMatchObject({ lines: [], more: 0, running: [] });
});

it("a deployment that fails comes before devices that wait", async () => {
  const { user, id } = await aFailure();
  await env.DB.prepare(
    "INSERT INTO device_counts (tenant_id, status, tier, devices) VALUES (?, 'pending', 'standard', 3)",
  )
    .bind(user.tenant)
    .run();
  const { lines, running } = await home(user.token);
  expect(lines).toMatchObject([
    { kind: "deployment_failing", count: 1, name: "to 2", href: `/deployments/${id}` },
    { kind: "devices_pending", count: 3, href: "/admission" },
  ]);
  expect(running).toMatchObject([{ id, devices: 2, success: 0, failure: 1 }]);
});

it("a paused one is told as such, with the reason", async () => {
  const { user, id } = await aFailure();
  const paused = await server.call("POST", `/api/management/v1/deployments/deployments/${id}/pause`, {
    token: user.token,
    json: { reason: "looking" },
  });
  expect(paused.status).toBe(204);
  const { lines, running } = await home(user.token);
  expect(lines).toMatchObject([{ kind: "deployment_paused", reason: "looking" }]);
  expect(running).toEqual([]);
});

it("leaves out what the roles do not allow, and what is another tenant's", async () => {
  await aFailure();
  const ci = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
  const stranger = await aUser(server, { tenant: "other" });
  for (const { token } of [ci, stranger]) expect(await home(token)).toMatchObject({ lines: [], running: [] });
});

it("is for users", async () => {
  const device = await aDevice(server);
  expect((await server.call("GET", PATH)).status).toBe(401);
  expect((await server.call("GET", PATH, { token: device.token })).status).toBe(401);
});
