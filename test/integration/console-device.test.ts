import { beforeEach, expect, it } from "vitest";
import { aDevice, aUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { anArtifact, deploy, DEVICE_V2, inInventory } from "../support/deployments.ts";
import { Server } from "../support/server.ts";

const pathOf = (id: string) => `/api/management/v1/console/devices/${id}`;

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

interface ConsoleDevice {
  device: { id: string; status: string; auth_sets: unknown[] };
  attributes: { scope: string; name: string; value: unknown }[];
  seen: { last_seen?: string; silent?: boolean };
  connection: { connected: boolean };
  deployments: { deployment_id: string; name: string; artifact_name: string }[];
  alerts: unknown[];
  open_alerts: unknown[];
}

const show = (id: string, token?: string) =>
  server.call("GET", pathOf(id), token === undefined ? {} : { token });

it("the page of a device begins with what is known of it, in two trips at most", async () => {
  const { token } = await aUser(server);
  const device = await aDevice(server);
  const answer = await show(device.id, token);
  expect(answer.status).toBe(200);
  expect(answer.cost.trips).toBeLessThanOrEqual(2);
  expect(answer.json()).toMatchObject({
    device: { id: device.id, status: "accepted", identity_data: { mac: device.id } },
    attributes: [],
    connection: { connected: false },
    deployments: [],
    alerts: [],
    open_alerts: [],
  });
});

it("tells what it reports, when it was heard of and what it was asked to install", async () => {
  const user = await aUser(server);
  const device = await aDevice(server);
  await inInventory(server, [device], "lab");
  await anArtifact(server, { name: "release-2", deviceTypes: ["pi4"] });
  const deployment = await deploy(server, user, [device]);
  await server.call("POST", `${DEVICE_V2}/next`, {
    token: device.token,
    json: { device_provides: { device_type: "pi4", artifact_name: "release-1" } },
  });
  const found = (await show(device.id, user.token)).json<ConsoleDevice & { group: string }>();
  expect(found.group).toBe("lab");
  expect(found.seen.last_seen).toBe(new Date(server.now).toISOString());
  expect(found.deployments).toMatchObject([
    { deployment_id: deployment, name: "to 1", artifact_name: "release-2", status: "pending" },
  ]);
});

it("leaves out what the roles do not allow", async () => {
  const manager = await aUser(server);
  const device = await aDevice(server);
  await inInventory(server, [device]);
  await anArtifact(server, { name: "release-2", deviceTypes: ["pi4"] });
  await deploy(server, manager, [device]);
  await server.call("POST", `${DEVICE_V2}/next`, {
    token: device.token,
    json: { device_provides: { device_type: "pi4", artifact_name: "release-1" } },
  });
  const seen = async (roles: string[]) => {
    const { token } = await aUser(server, { roles });
    const answer = await show(device.id, token);
    return [
      answer.status,
      answer.status === 200 ? answer.json<ConsoleDevice>().deployments.length : undefined,
    ];
  };
  expect(await seen(["RBAC_ROLE_OBSERVER"])).toEqual([200, 1]);
  expect(await seen(["RBAC_ROLE_CI"])).toEqual([403, undefined]);
});

it("is of the own tenant only, and of users", async () => {
  const device = await aDevice(server);
  const stranger = await aUser(server, { tenant: "other" });
  const own = await aUser(server);
  expect(refusal(await show(device.id, stranger.token))).toEqual([404, "device not found"]);
  expect(refusal(await show("no-such-device", own.token))).toEqual([404, "device not found"]);
  expect((await show(device.id, device.token)).status).toBe(401);
  expect((await show(device.id)).status).toBe(401);
});

it.each(["constructor", "__proto__", "toString"])(
  "knows no device %s, which every object has",
  async (id) => {
    const { token } = await aUser(server);
    expect(refusal(await show(id, token))).toEqual([404, "device not found"]);
  },
);
