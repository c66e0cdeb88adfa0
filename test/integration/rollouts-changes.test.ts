import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  counts,
  idOf,
  MANAGEMENT,
  MANAGEMENT_V2,
  poll,
  report,
  show,
} from "../support/deployments.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

/**
 * What else changes while a rollout runs. Each rollout has three devices in two phases: one has begun, one waits for the second
 * phase, and one is through.
 */
let server: Server;
let user: TestUser;
let admin: DeviceAdmin;
let artifact: string;

const MINUTE = 60_000;
const INVENTORY = "/api/management/v1/inventory";

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  admin = new DeviceAdmin(server, user);
  artifact = await anArtifact(server);
});

const call = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: user.token, json });

interface Keyed extends TestDevice {
  identity: { mac: string };
}

let made = 0;
async function aKeyed(identity = { mac: `m ${(made += 1)}` }): Promise<Keyed> {
  const key = new SigningDevice(identity);
  await key.ask(server);
  const all = (await admin.devices("?per_page=500")).flatMap(({ id: of, auth_sets: sets }) =>
    sets.map(({ id: one, pubkey }) => ({ id: of, set: one, pubkey })),
  );
  const { id, set } = all.find(({ pubkey }) => pubkey === key.pem)!;
  expect((await admin.putStatus(id, set, "accepted")).status).toBe(204);
  const { text: token } = await key.ask(server);
  return { id, authSet: set, tenant: user.tenant, token, identity };
}

const PHASES = ["begun", "waiting", "through"] as const;
type Phase = (typeof PHASES)[number];

let group: string;
let devices: Record<Phase, Keyed>;
let id: string;

beforeEach(async () => {
  group = `line-${(made += 1)}`;
  const [begun, waiting, through] = [await aKeyed(), await aKeyed(), await aKeyed()];
  devices = { begun, waiting, through };
  for (const device of Object.values(devices))
    expect((await call("PUT", `${INVENTORY}/devices/${device.id}/group`, { group })).status).toBe(204);
  const start = new Date(server.now + MINUTE).toISOString();
  id = idOf(
    await call("POST", `${MANAGEMENT}/group/${encodeURIComponent(group)}`, {
      name: group,
      artifact_name: "release-2",
      phases: [{ batch_size_devices: 2 }, { start_ts: start }],
      rollout: { order: "arrival" },
    }),
  );
  for (const device of [through, begun]) expect((await poll(server, device)).status).toBe(200);
  await report(server, through, id, "success");
});

/** The rest of the rollout as it goes on with these devices, each with its own token. */
async function finish(left: Partial<Record<Phase, Keyed>> = devices): Promise<Record<string, number>> {
  server.advance(MINUTE);
  for (const phase of ["begun", "waiting"] as const) {
    const device = left[phase];
    if (!device) continue;
    expect([phase, (await poll(server, device)).status]).toEqual([phase, 200]);
    await report(server, device, id, "success");
  }
  return counts(server, user, id);
}

const statusOf = async () => (await show(server, user, id)).status;

describe("a rollout goes on", () => {
  it.each(PHASES)("when the device that is %s moves to another group", async (phase) => {
    const path = `${INVENTORY}/devices/${devices[phase].id}/group`;
    expect((await call("PUT", path, { group: "elsewhere" })).status).toBe(204);
    expect(await finish()).toEqual({ success: 3 });
    expect(await show(server, user, id)).toMatchObject({ status: "finished", groups: [group] });
  });

  it("when its group gets another name, which is to move all its devices", async () => {
    const ids = Object.values(devices).map((device) => device.id);
    expect((await call("PATCH", `${INVENTORY}/groups/renamed/devices`, ids)).status).toBe(200);
    expect(await finish()).toEqual({ success: 3 });
  });

  it.each(PHASES)("when the device that is %s is decommissioned", async (phase) => {
    expect((await admin.call("DELETE", `/devices/${devices[phase].id}`)).status).toBe(204);
    const { [phase]: _, ...left } = devices;
    const expected = phase === "through" ? { success: 3 } : { success: 2, decommissioned: 1 };
    expect(await finish(left)).toEqual(expected);
    expect(await statusOf()).toBe("finished");
  });

  it.each(PHASES)("when the device that is %s gets another key", async (phase) => {
    const old = devices[phase];
    const keyed = await aKeyed(old.identity);
    expect(keyed.id).toBe(old.id);
    expect((await poll(server, old)).status).toBe(401);
    if (phase === "through") expect((await poll(server, keyed)).status).toBe(204);
    expect(await finish({ ...devices, [phase]: keyed })).toEqual({ success: 3 });
    expect(await statusOf()).toBe("finished");
  });

  it("although somebody tries to delete its artifact, which can go when it is over", async () => {
    const path = `/api/management/v1/deployments/artifacts/${artifact}`;
    expect((await call("DELETE", path)).status).toBe(409);
    expect(await finish()).toEqual({ success: 3 });
    expect((await call("DELETE", path)).status).toBe(204);
    // What was given is told as it was.
    const told = (await call("GET", `${MANAGEMENT}/${id}/devices`)).json<{ image?: { id: string } }[]>();
    expect(told.map(({ image }) => image?.id)).toEqual([artifact, artifact, artifact]);
    artifact = await anArtifact(server);
  });
});

describe("a dynamic rollout", () => {
  const knows = (device: TestDevice, kind: string) =>
    server.call("PATCH", "/api/devices/v1/inventory/device/attributes", {
      token: device.token,
      json: [{ name: "kind", value: kind }],
    });

  it("keeps to the terms of its filter when that is deleted, and to nobody who has left it before", async () => {
    await call("PUT", `${MANAGEMENT}/${id}/status`, { status: "aborted" });
    const own = `kind ${made}`;
    const terms = [{ scope: "inventory", attribute: "kind", type: "$eq", value: own }];
    const filter = idOf(await call("POST", "/api/management/v2/inventory/filters", { name: own, terms }));
    const { begun, waiting, through } = devices;
    for (const device of [begun, waiting]) await knows(device, own);
    const dynamic = idOf(
      await call("POST", MANAGEMENT_V2, {
        name: own,
        artifact_name: "release-2",
        filter_id: filter,
        phases: [{ batch_size_devices: 1 }, { start_ts: new Date(server.now + MINUTE).toISOString() }],
        rollout: { order: "arrival" },
      }),
    );
    expect((await poll(server, begun)).json().id).toBe(dynamic);
    expect((await poll(server, waiting)).status).toBe(204);
    expect((await call("DELETE", `/api/management/v2/inventory/filters/${filter}`)).status).toBe(204);
    await knows(begun, "no more");
    await knows(waiting, "no more");
    await knows(through, own);
    server.advance(MINUTE);
    // Who has begun goes on, who has not is out, and who came later is in.
    expect((await poll(server, begun)).json().id).toBe(dynamic);
    expect((await poll(server, waiting)).status).toBe(204);
    expect((await poll(server, through)).json().id).toBe(dynamic);
    expect(await show(server, user, dynamic)).toMatchObject({ filter: { id: filter, terms } });
  });
});
