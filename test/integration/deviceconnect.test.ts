import { encode } from "@msgpack/msgpack";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { DeviceConnection } from "../../durable-objects/device-connection.ts";
import { resolveTargets } from "../../src/deployments/jobs.ts";
import {
  decodeFrame,
  encodeFrame,
  integerProp,
  makeFrame,
  PROTO,
  type Frame,
} from "../../src/deviceconnect/frame.ts";
import { readText, writeSmall, writeText } from "../../src/deviceconnect/msgpack.ts";
import { drainOutbox } from "../../src/platform/send-events.ts";
import { aDevice, aTenant, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, upload } from "../support/artifacts.ts";
import { FakeDevice } from "../support/fake-device.ts";
import { inInventory } from "../support/deployments.ts";
import { env, OPERATOR_TOKEN, served, Server, tenantsIn } from "../support/server.ts";
import {
  DEVICECONNECT as MANAGEMENT,
  deviceSocket,
  Peer,
  upgrade as upgradeOn,
  userSocket,
} from "../support/sockets.ts";

const HOST = "https://edgemend.test";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const upgrade = (path: string, token: string, headers: Record<string, string> = {}) =>
  upgradeOn(server, path, token, headers);

async function connectDevice(of = device) {
  const fake: FakeDevice = new FakeDevice((message) => peer.send(message));
  const peer: Peer = new Peer(await deviceSocket(server, of), (message) => fake.onMessage(message));
  return { peer, fake };
}

const connectUser = async (as = user, to = device) => new Peer(await userSocket(server, as, to));

const shell = (typ: string, body = "") =>
  makeFrame({ proto: PROTO.shell, typ, body: new TextEncoder().encode(body) });
const bodyText = (frame: Frame | undefined) => new TextDecoder().decode(frame?.body);

async function openShell(peer: Peer) {
  const before = peer.frames.length;
  peer.send(shell("new"));
  await peer.until(() => peer.frames.length > before);
}

const stub = () =>
  env.DEVICE_CONNECTION.get(env.DEVICE_CONNECTION.idFromName(`${device.tenant}/${device.id}`));
const statusOf = async () =>
  (await server.call("GET", `${MANAGEMENT}/devices/${device.id}`, { token: user.token })).json();

describe("connection status", () => {
  it("is connected while there is a connection, and disconnected before and after [differs: device-status]", async () => {
    expect(await statusOf()).toMatchObject({ device_id: device.id, status: "disconnected" });
    const { peer } = await connectDevice();
    expect(await statusOf()).toMatchObject({ status: "connected" });
    peer.close();
    await peer.until(() => peer.closed !== undefined);
    expect(await statusOf()).toMatchObject({ status: "disconnected" });
  });

  it("stays connected when an old connection dies after a new one came", async () => {
    const old = await connectDevice();
    await connectDevice();
    await old.peer.until(() => old.peer.closed !== undefined);
    expect(old.peer.closed).toEqual({ code: 1011, reason: "connection closed by the server" });
    expect(await statusOf()).toMatchObject({ status: "connected" });
  });

  it("still passes on what the device said over the old connection", async () => {
    const old = await connectDevice();
    const peer = await connectUser();
    await openShell(peer);
    const sid = old.fake.received[0]?.sid ?? "";
    const before = peer.frames.length;
    const [socket] = await runInDurableObject(stub(), (_, state) => state.getWebSockets("device"));
    await connectDevice();
    const output = encodeFrame({ ...shell("shell", "$ "), sid });
    // Was on its way while the server closed the connection.
    await runInDurableObject(stub(), (instance: DeviceConnection) =>
      instance.webSocketMessage(socket!, output.slice().buffer),
    );
    await peer.until(() => peer.frames.length > before);
    expect(bodyText(peer.frames.at(-1))).toBe("$ ");
  });

  it("is asked for again when the device has been silent for long [differs: device-status]", async () => {
    const { fake } = await connectDevice();
    server.advance(61_000);
    expect(await statusOf()).toMatchObject({ status: "connected" });
    expect(await statusOf()).toMatchObject({ status: "connected" });
    expect(fake.received.map(({ proto, typ }) => [proto, typ])).toEqual([
      [PROTO.control, "ping"],
      [PROTO.control, "close"],
    ]);
  });

  it("is disconnected when a device that was silent for long does not answer [differs: device-status]", async () => {
    const silent = new Peer(await deviceSocket(server, device));
    server.advance(61_000);
    const status = statusOf(); // waits five seconds
    await silent.until(() => silent.frames.length === 1);
    expect(await status).toMatchObject({ status: "disconnected" });
    await silent.until(() => silent.closed !== undefined);
    expect(silent.closed).toEqual({ code: 1011, reason: "device does not answer" });
  });

  it("is 404 for a device of another tenant", async () => {
    const stranger = await aUser(server, { tenant: "other" });
    const answer = await server.call("GET", `${MANAGEMENT}/devices/${device.id}`, { token: stranger.token });
    expect([answer.status, answer.json().error]).toEqual([404, "device not found"]);
  });
});

describe("upgrades", () => {
  it("refuses a device whose token is not live with an empty 401", async () => {
    const rejected = await aDevice(server, { status: "rejected" });
    const response = await upgrade("/api/devices/v1/deviceconnect/connect", rejected.token);
    expect([response.status, await response.text()]).toEqual([401, ""]);
  });

  it("refuses a user before the upgrade while the device is not connected", async () => {
    const response = await upgrade(`${MANAGEMENT}/devices/${device.id}/connect`, user.token);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: "failed to connect to device: device disconnected",
    });
  });

  it("refuses a role that may not connect, and a page of another origin", async () => {
    await connectDevice();
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await upgrade(`${MANAGEMENT}/devices/${device.id}/connect`, observer.token)).status).toBe(403);
    const foreign = await upgrade(`${MANAGEMENT}/devices/${device.id}/connect`, user.token, {
      Origin: "https://evil.test",
    });
    expect(foreign.status).toBe(403);
    const own = await upgrade(`${MANAGEMENT}/devices/${device.id}/connect`, user.token, { Origin: HOST });
    expect(own.status).toBe(101);
    own.webSocket!.accept();
    own.webSocket!.close();
  });

  it("takes the token of a browser from its cookie", async () => {
    await connectDevice();
    const response = await server.fetch(
      new Request(`${HOST}${MANAGEMENT}/devices/${device.id}/connect`, {
        headers: { Upgrade: "websocket", Cookie: `JWT=${user.token}` },
      }),
    );
    expect(response.status).toBe(101);
    response.webSocket!.accept();
    response.webSocket!.close();
  });

  it("ignores an admission that a client made up", async () => {
    const forged = JSON.stringify({ role: "device", tenant: "other", device: "victim" });
    const response = await upgrade("/api/devices/v1/deviceconnect/connect", device.token, {
      "x-edgemend-admission": forged,
    });
    expect(response.status).toBe(101);
    new Peer(response.webSocket!);
    expect(await statusOf()).toMatchObject({ status: "connected" });
  });
});

describe("shell", () => {
  it("carries keystrokes there and output back in a session the server names", async () => {
    const { fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    terminal.send(shell("shell", "ls\n"));
    await terminal.until(() => terminal.frames.length === 2);
    expect(terminal.frames.map(bodyText)).toEqual(["Shell started", "ls\n"]);
    const [start] = fake.sent("new");
    expect(start!.sid).toMatch(/^[0-9a-f-]{36}$/);
    expect(readText(start!.props.get("user_id")!)).toBe(user.id);
    expect(terminal.frames[0]!.sid).toBe(start!.sid);
  });

  it.each([0, 1, 2, 3])("works the same when the object is evicted before message %i", async (when) => {
    const { fake } = await connectDevice();
    const terminal = await connectUser();
    const steps = [shell("new"), shell("shell", "a"), shell("shell", "b"), shell("stop")];
    for (const [i, step] of steps.entries()) {
      if (i === when) await evictDurableObject(stub());
      terminal.send(step);
      await terminal.until(() => terminal.frames.length === i + 1);
    }
    expect(terminal.frames.map((frame) => [frame.typ, bodyText(frame)])).toEqual([
      ["new", "Shell started"],
      ["shell", "a"],
      ["shell", "b"],
      ["stop", ""],
    ]);
    expect(new Set(fake.received.map(({ sid }) => sid)).size).toBe(1);
  });

  it("tells the device to stop when the user goes away [differs: user-gone]", async () => {
    const { peer, fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    terminal.close();
    await peer.until(() => fake.sent("stop").length > 0);
    expect(bodyText(fake.sent("stop")[0])).toBe("user disconnected");
  });

  it("tells the device to stop a shell that ended by itself, for it still counts there", async () => {
    const { peer, fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    peer.send({ ...shell("stop"), sid: terminal.frames[0]!.sid });
    await terminal.until(() => terminal.frames.at(-1)!.typ === "stop");
    terminal.close();
    await peer.until(() => fake.sent("stop").length > 0);
    expect(bodyText(fake.sent("stop")[0])).toBe("user disconnected");
  });

  it("leaves it at the stop of a user who says one", async () => {
    const { fake } = await connectDevice();
    const [terminal, other] = [await connectUser(), await connectUser()];
    await openShell(terminal);
    terminal.send(shell("stop", "bye"));
    await terminal.until(() => terminal.frames.at(-1)!.typ === "stop");
    terminal.close();
    await terminal.until(() => terminal.closed !== undefined);
    await openShell(other);
    expect(fake.sent("stop").map(bodyText)).toEqual(["bye"]);
  });

  it.each([
    ["was cut off", "device disconnected", async (old: Peer) => old.close()],
    ["had fallen silent", "user disconnected", async (_old: Peer, terminal: Peer) => terminal.close()],
  ])(
    "tells a device that %s, once it is back, to stop the shells it kept [differs: user-gone]",
    async (_name, text, part) => {
      const response = await upgrade("/api/devices/v1/deviceconnect/connect", device.token);
      const silent = new Peer(response.webSocket!);
      const terminal = await connectUser();
      terminal.send(shell("new"));
      await silent.until(() => silent.frames.length === 1);
      await part(silent, terminal);
      await terminal.until(() => terminal.closed !== undefined);

      await evictDurableObject(stub());
      const { peer, fake } = await connectDevice();
      await peer.until(() => fake.sent("stop").length > 0);
      const [stop] = fake.sent("stop");
      expect([stop!.sid, readText(stop!.props.get("user_id")!), bodyText(stop)]).toEqual([
        silent.frames[0]!.sid,
        user.id,
        text,
      ]);

      const again = await connectDevice();
      await openShell(await connectUser());
      expect(again.fake.received.map(({ typ }) => typ)).toEqual(["new"]);
    },
  );

  it("does not repeat a stop that the device has confirmed", async () => {
    const { peer, fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    terminal.close();
    await peer.until(() => fake.sent("stop").length > 0);
    await openShell(await connectUser()); // the confirmation has passed before this
    const again = await connectDevice();
    await openShell(await connectUser());
    expect(again.fake.received.map(({ typ }) => typ)).toEqual(["new"]);
  });

  it("tells the user when the device goes away [differs: device-gone]", async () => {
    const { peer } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    peer.close();
    await terminal.until(() => terminal.closed !== undefined);
    const last = terminal.frames.at(-1);
    expect([last!.proto, last!.typ, bodyText(last)]).toEqual([PROTO.shell, "stop", "device disconnected"]);
    expect(terminal.closed).toEqual({ code: 1011, reason: "device disconnected" });
  });

  it("keeps two users apart", async () => {
    await connectDevice();
    const other = await aUser(server);
    const [first, second] = [await connectUser(), await connectUser(other)];
    await openShell(first);
    await openShell(second);
    second.send(shell("shell", "secret"));
    await second.until(() => second.frames.length === 2);
    expect(first.frames).toHaveLength(1);
    first.send({ ...shell("shell", "x"), sid: second.frames[0]!.sid });
    await first.until(() => first.frames.length === 2);
    expect(second.frames).toHaveLength(2);
  });

  it("cuts pasted text into messages a device can take [differs: large-messages]", async () => {
    const { fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    terminal.send(shell("shell", "x".repeat(20_000)));
    await terminal.until(() => terminal.frames.length === 6);
    expect(fake.sent("shell").map((frame) => frame.body!.byteLength)).toEqual([4096, 4096, 4096, 4096, 3616]);
  });
});

describe("bad messages", () => {
  it.each([
    ["text", "hello"],
    ["garbage", new Uint8Array([0xc1, 0, 1])],
    ["a truncated message", encodeFrame(shell("shell", "abc")).subarray(0, 12)],
  ])("closes only the user's socket on %s [differs: undecodable-message]", async (_name, message) => {
    await connectDevice();
    const [bad, good] = [await connectUser(), await connectUser()];
    bad.send(message);
    await bad.until(() => bad.closed !== undefined);
    expect(bad.closed).toEqual({ code: 1011, reason: "malformed message" });
    await openShell(good);
    expect(bodyText(good.frames[0])).toBe("Shell started");
  });

  it("closes the user's socket on a message no device would take [differs: large-messages]", async () => {
    await connectDevice();
    const terminal = await connectUser();
    terminal.send(makeFrame({ proto: PROTO.portForward, typ: "forward", body: new Uint8Array(9000) }));
    await terminal.until(() => terminal.closed !== undefined);
    expect(terminal.closed).toEqual({ code: 1009, reason: "message too large" });
  });

  it("drops messages of a device for sessions that are not there", async () => {
    const { peer } = await connectDevice();
    const terminal = await connectUser();
    peer.send({ ...shell("shell", "x"), sid: "not-a-session" });
    peer.send(shell("shell", "x"));
    await openShell(terminal);
    expect(terminal.frames.map(bodyText)).toEqual(["Shell started"]);
  });

  it("passes port forwarding on unchanged", async () => {
    const { fake } = await connectDevice();
    const client = await connectUser();
    const connection: [string, Uint8Array] = ["connection_id", writeText("c-1")];
    client.send(
      makeFrame({
        proto: PROTO.portForward,
        typ: "forward",
        props: [connection],
        body: new Uint8Array(4096).fill(7),
      }),
    );
    await client.until(() => client.frames.length === 1);
    expect(fake.received[0]!.props.get("connection_id")).toEqual(writeText("c-1"));
    expect(client.frames[0]!.body).toEqual(new Uint8Array(4096).fill(7));
    client.close();
  });
});

describe("requests to a device", () => {
  it.each(["check-update", "send-inventory"])("hands %s to the device", async (typ) => {
    const { peer, fake } = await connectDevice();
    const answer = await server.call("POST", `${MANAGEMENT}/devices/${device.id}/${typ}`, {
      token: user.token,
    });
    expect([answer.status, answer.text]).toEqual([202, "null"]);
    await peer.until(() => fake.received.length > 0);
    expect(fake.received[0]).toMatchObject({ proto: PROTO.client, typ, sid: "" });
    expect(readText(fake.received[0]!.props.get("user_id")!)).toBe(user.id);
  });
});

describe("push", () => {
  it("tells connected targets of a new deployment, and nobody else", async () => {
    const bystander = await aDevice(server);
    const [target, other] = [await connectDevice(), await connectDevice(bystander)];
    await upload(server, await anArtifact(), { token: user.token });
    const json = { name: "d", artifact_name: "release-1", devices: [device.id] };
    const made = await server.call("POST", "/api/management/v1/deployments/deployments", {
      token: user.token,
      json,
    });
    expect(made.status).toBe(201);
    await server.deliverEvents();
    await target.peer.until(() => target.fake.sent("check-update").length === 1);
    expect(other.fake.received).toEqual([]);
  });

  it("tells connected devices that the filter of a new dynamic deployment finds, and nobody else", async () => {
    const other = await aDevice(server);
    const [found, bystander] = [await connectDevice(), await connectDevice(other)];
    await upload(server, await anArtifact(), { token: user.token });
    await env.DB.batch(
      [device, other].map(({ tenant, id }, i) =>
        env.DB.prepare(
          `INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms, attributes)
           VALUES (?, ?, 'accepted', 1, 1, ?) ON CONFLICT DO UPDATE SET attributes = excluded.attributes, status = 'accepted'`,
        ).bind(tenant, id, JSON.stringify({ "inventory-kind": [`kind ${i}`] })),
      ),
    );
    const post = async (path: string, json: object) => {
      const answer = await server.call("POST", path, { token: user.token, json });
      expect(answer.status).toBe(201);
      return answer.headers.get("location")?.split("/").at(-1);
    };
    const terms = [{ scope: "inventory", attribute: "kind", type: "$eq", value: "kind 0" }];
    const filter_id = await post("/api/management/v2/inventory/filters", { name: "f", terms });
    const wanted = { name: "d", artifact_name: "release-1", filter_id };
    await post("/api/management/v2/deployments/deployments", wanted);
    await server.deliverEvents();
    await found.peer.until(() => found.fake.sent("check-update").length === 1);
    expect(bystander.fake.received).toEqual([]);
  });

  it("tells targets of a scheduled deployment when it opens, and not if it was aborted before", async () => {
    const { peer, fake } = await connectDevice();
    await upload(server, await anArtifact(), { token: user.token });
    const start = server.now + 3_600_000;
    const schedule = (name: string) =>
      server.call("POST", "/api/management/v1/deployments/deployments", {
        token: user.token,
        json: {
          name,
          artifact_name: "release-1",
          devices: [device.id],
          phases: [{ batch_size: 100, start_ts: new Date(start).toISOString() }],
        },
      });
    /** Kinds of the events that are sent now; handled is what came so far. */
    const sent = async () => {
      const kinds: string[] = [];
      const jobs = {
        send: async () => {},
        sendBatch: async (messages: { body: { kind: string } }[]) =>
          void kinds.push(...messages.map(({ body }) => body.kind)),
      } as unknown as Queue<unknown>;
      const deps = { ...(await server.deps()), jobs };
      await drainOutbox(deps, tenantsIn(deps));
      return kinds;
    };
    const aborted = (await schedule("aborted")).headers.get("location")!.split("/").pop()!;
    const path = `/api/management/v1/deployments/deployments/${aborted}/status`;
    await server.call("PUT", path, { token: user.token, json: { status: "aborted" } });
    expect((await schedule("kept")).status).toBe(201);
    expect(await sent()).not.toContain("deployment.opened");
    await env.DB.exec("DELETE FROM outbox WHERE kind <> 'deployment.opened'");

    server.now = start - 1;
    expect(await sent()).toEqual([]);
    server.now = start;
    expect(await sent()).toEqual(["deployment.opened", "deployment.opened"]);
    await server.deliverEvents();
    await peer.until(() => fake.sent("check-update").length > 0);
    await openShell(await connectUser()); // whatever else was sent has come before
    expect(fake.received.map(({ typ }) => typ)).toEqual(["check-update", "new"]);
  });

  it("tells nobody of a deployment before it opens", async () => {
    const { fake } = await connectDevice();
    await upload(server, await anArtifact(), { token: user.token });
    const phases = [{ batch_size: 100, start_ts: new Date(server.now + 3_600_000).toISOString() }];
    const json = { name: "d", artifact_name: "release-1", devices: [device.id], phases };
    await server.call("POST", "/api/management/v1/deployments/deployments", { token: user.token, json });
    await env.DB.exec("DELETE FROM outbox WHERE kind = 'deployment.opened'"); // which is not due yet
    await server.deliverEvents();
    await openShell(await connectUser());
    expect(fake.received.map(({ typ }) => typ)).toEqual(["new"]);
  });

  it("tells the targets of a large deployment that were found after it was made", async () => {
    const { peer, fake } = await connectDevice();
    await inInventory(server, [device]);
    await upload(server, await anArtifact(), { token: user.token });
    const json = { name: "d", artifact_name: "release-1", all_devices: true };
    const path = "/api/management/v1/deployments/deployments";
    const made = await server.call("POST", path, { token: user.token, json });
    const subject = made.headers.get("location")!.split("/").pop()!;
    // As if there were more devices than one request looks for.
    const nobody = "targeted = 0, targeted_to = '', max_devices = 0, remaining = 0, unseen = 0";
    for (const statement of [
      "DELETE FROM deployment_targets",
      `UPDATE deployment_counters SET ${nobody}`,
      "DELETE FROM device_deployments",
    ])
      await env.DB.exec(statement);
    await server.deliverEvents();
    expect(fake.received).toEqual([]);

    const targeting = { id: "", kind: "deployment.targeting", tenant: device.tenant, subject, atMs: 0 };
    await resolveTargets(await server.deps(), targeting);
    await server.deliverEvents();
    await peer.until(() => fake.sent("check-update").length === 1);
  });

  it("tells a connected device of its new configuration", async () => {
    const { peer, fake } = await connectDevice();
    const path = `/api/management/v1/deviceconfig/configurations/device/${device.id}/deploy`;
    expect((await server.call("POST", path, { token: user.token, json: {} })).status).toBe(200);
    await server.deliverEvents();
    await peer.until(() => fake.sent("check-update").length > 0);
    expect(fake.sent("check-update")[0]!.proto).toBe(PROTO.client);
  });
});

describe("internal API", () => {
  const internal = (method: string, path: string, json?: unknown) =>
    server.call(method, `/api/internal/v1/deviceconnect${path}`, {
      token: OPERATOR_TOKEN,
      ...(json !== undefined && { json }),
    });

  it("nudges a device, ends its connection and those of a tenant", async () => {
    const { peer, fake } = await connectDevice();
    expect((await internal("POST", "/tenants//devices", { device_id: device.id })).status).toBe(201);
    expect((await internal("POST", "/tenants/default/devices", {})).status).toBe(400);
    expect((await internal("POST", `/tenants/default/devices/${device.id}/check-update`)).status).toBe(202);
    await peer.until(() => fake.received.length > 0);
    expect([fake.received[0]!.typ, fake.received[0]!.props.size]).toEqual(["check-update", 0]);
    await aTenant(server, "other");
    expect((await internal("POST", "/tenants/other/devices/x/send-inventory")).status).toBe(409);
    expect((await internal("DELETE", `/tenants/default/devices/${device.id}`)).status).toBe(202);
    await peer.until(() => peer.closed !== undefined);
    const again = await connectDevice();
    expect((await internal("DELETE", "/tenants/default")).status).toBe(204);
    await again.peer.until(() => again.peer.closed !== undefined);
    expect((await internal("GET", "/shutdown")).status).toBe(202);
  });
});

describe("live sessions", () => {
  it("are listed and can be ended for both sides", async () => {
    const { peer, fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    const list = await server.call("GET", `${MANAGEMENT}/devices/${device.id}/sessions`, {
      token: user.token,
    });
    const [live] = list.json<{ session_id: string; user_email: string }[]>();
    expect(live).toMatchObject({ user_email: user.email, session_id: terminal.frames[0]!.sid });
    const path = `${MANAGEMENT}/devices/${device.id}/sessions/${live!.session_id}`;
    expect((await server.call("DELETE", path, { token: user.token })).status).toBe(204);
    await terminal.until(() => terminal.closed !== undefined);
    expect(terminal.closed).toEqual({ code: 1008, reason: "session ended by an operator" });
    expect([terminal.frames.at(-1)!.typ, bodyText(terminal.frames.at(-1))]).toEqual([
      "stop",
      "session ended by an operator",
    ]);
    await peer.until(() => fake.sent("stop").length > 0);
    expect((await server.call("DELETE", path, { token: user.token })).status).toBe(404);
  });
});

describe("recording", () => {
  const audit = async () => {
    const { results } = await env.DB.prepare(
      "SELECT action, meta FROM audit_log ORDER BY time_ms, action DESC",
    ).all<Record<string, string>>();
    return results.map(({ action, meta }) => [action, JSON.parse(meta!).session_id]);
  };

  /** A terminal session from beginning to end, on record when this returns. */
  async function recorded(...inputs: string[]) {
    const { peer, fake } = await connectDevice();
    const terminal = await connectUser();
    const size: [string, Uint8Array][] = [
      ["terminal_width", writeSmall(100)],
      ["terminal_height", writeSmall(30)],
    ];
    terminal.send(makeFrame({ proto: PROTO.shell, typ: "new", props: size }));
    await terminal.until(() => terminal.frames.length === 1);
    for (const [i, input] of inputs.entries()) {
      terminal.send(shell("shell", input));
      await terminal.until(() => terminal.frames.length === i + 2);
    }
    const { sid } = terminal.frames[0]!;
    terminal.close();
    await peer.until(() => fake.sent("stop").length > 0);
    await vi.waitUntil(async () => (await audit()).length === 3);
    return { sid };
  }

  it("plays what the terminal showed, in its size, and closes [differs: recorded-sizes, playback-end]", async () => {
    const { sid } = await recorded("hello ", "world");
    const response = await upgrade(`${MANAGEMENT}/sessions/${sid}/playback?sleep_ms=60000`, user.token);
    const player = new Peer(response.webSocket!);
    await server.call("GET", "/healthz");
    expect(player.frames).toEqual([]); // the web UI does not listen yet
    server.advance(300);
    await server.call("GET", "/healthz");
    await player.until(() => player.closed !== undefined);
    expect(player.frames.map((frame) => [frame.typ, bodyText(frame)])).toEqual([
      ["resize", ""],
      ["shell", "hello "],
      ["shell", "world"],
    ]);
    const size = (name: string) => integerProp(player.frames[0]!, name);
    expect([size("terminal_width"), size("terminal_height")]).toEqual([100, 30]);
    expect(player.closed!.code).toBe(1000);
  });

  it("is listed, exported as asciicast and audited [differs: recorded-sizes]", async () => {
    const { sid } = await recorded("hi");
    const list = await server.call("GET", `${MANAGEMENT}/sessions`, { token: user.token });
    expect(list.json()).toMatchObject([
      { session_id: sid, device_id: device.id, kind: "terminal", user_id: user.id },
    ]);
    const cast = await server.call("GET", `${MANAGEMENT}/sessions/${sid}/recording`, { token: user.token });
    const [header, resize, output] = cast.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({ version: 2, width: 100, height: 30 });
    expect([resize[2], output[2]]).toEqual(["100x30", "hi"]);
    expect(await audit()).toEqual([
      ["open_terminal", [sid]],
      ["open_session", [sid]],
      ["close_terminal", [sid]],
    ]);
  });

  it("keeps more than one piece of output, in order, through an eviction", async () => {
    const blocks = Array.from({ length: 40 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(4000));
    const { peer } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    for (const [i, block] of blocks.entries()) {
      if (i === 20) await evictDurableObject(stub());
      terminal.send(shell("shell", block));
      await terminal.until(() => terminal.frames.length === i + 2);
    }
    peer.close();
    await terminal.until(() => terminal.closed !== undefined);
    await vi.waitUntil(async () => (await audit()).length === 3);
    const cast = await server.call("GET", `${MANAGEMENT}/sessions/${terminal.frames[0]!.sid}/recording`, {
      token: user.token,
    });
    const lines = cast.text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line)[2]);
    expect(lines.join("")).toBe(blocks.join(""));
  });

  it("is for its own user, and for others who may read the audit log", async () => {
    const { sid } = await recorded("my secret");
    const terminals = { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] };
    const look = async (token: string) => {
      const list = await server.call("GET", `${MANAGEMENT}/sessions`, { token });
      const cast = await server.call("GET", `${MANAGEMENT}/sessions/${sid}/recording`, { token });
      const played = await upgrade(`${MANAGEMENT}/sessions/${sid}/playback`, token);
      if (played.webSocket) await new Peer(played.webSocket).until(() => true);
      return [list.json<unknown[]>().length, cast.status, played.status];
    };
    const [own, others, none] = [
      await aUser(server),
      await aUser(server, terminals),
      await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] }),
    ];
    expect(await look(own.token)).toEqual([1, 200, 101]);
    expect(await look(others.token)).toEqual([0, 404, 404]);
    const refused = await server.call("GET", `${MANAGEMENT}/sessions`, { token: none.token });
    expect(refused.status).toBe(403);
    await env.DB.prepare("UPDATE device_sessions SET user_id = ?").bind(others.id).run();
    expect(await look(others.token)).toEqual([1, 200, 101]);
    const plan = await env.DB.prepare(
      "EXPLAIN QUERY PLAN SELECT * FROM device_sessions WHERE tenant_id = 't' AND user_id = 'u' ORDER BY started_ms DESC, session_id LIMIT 20",
    ).all<{ detail: string }>();
    expect(plan.results[0]!.detail).toContain(
      "USING INDEX device_sessions_by_user (tenant_id=? AND user_id=?)",
    );
  });

  it("is of one tenant only", async () => {
    const { sid } = await recorded("hi");
    const stranger = await aUser(server, { tenant: "other" });
    const answer = await server.call("GET", `${MANAGEMENT}/sessions/${sid}/recording`, {
      token: stranger.token,
    });
    expect([answer.status, answer.json().error]).toEqual([404, "session not found"]);
  });

  it("goes when its time is over", async () => {
    const { sid } = await recorded("hi");
    const { sweepRecordings } = await import("../../src/deviceconnect/sessions.ts");
    server.advance(29 * 86_400_000);
    await sweepRecordings(await server.deps());
    expect((await env.ARTIFACTS.list({ prefix: "recordings/" })).objects).toHaveLength(1);
    server.advance(2 * 86_400_000);
    await sweepRecordings(await server.deps());
    expect((await env.ARTIFACTS.list({ prefix: "recordings/" })).objects).toHaveLength(0);
    const answer = await server.call("GET", `${MANAGEMENT}/sessions/${sid}/recording`, {
      token: (await aUser(server)).token,
    });
    expect(answer.status).toBe(404);
  });

  it("of a socket that vanished unnoticed ends with the next alarm", async () => {
    await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await audit()).toHaveLength(2);
    expect(await runDurableObjectAlarm(stub())).toBe(true);
  });
});

describe("revocation", () => {
  it("ends the session of a user whose token is gone", async () => {
    const { peer, fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    await server.call("POST", "/api/management/v1/useradm/auth/logout", { token: user.token });
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    await terminal.until(() => terminal.closed !== undefined);
    expect(terminal.closed).toEqual({ code: 1008, reason: "access revoked" });
    await peer.until(() => fake.sent("stop").length > 0);
  });

  it("disconnects a device that is decommissioned and forgets it", async () => {
    const { peer } = await connectDevice();
    await server.call("DELETE", `/api/management/v2/devauth/devices/${device.id}`, { token: user.token });
    await server.deliverEvents();
    await peer.until(() => peer.closed !== undefined);
    expect(peer.closed).toEqual({ code: 1008, reason: "access revoked" });
    expect((await env.DB.prepare("SELECT * FROM device_connections").all()).results).toEqual([]);
  });

  it("disconnects a device that is rejected", async () => {
    const { peer } = await connectDevice();
    const path = `/api/management/v2/devauth/devices/${device.id}/auth/${device.authSet}/status`;
    const answer = await server.call("PUT", path, { token: user.token, json: { status: "rejected" } });
    expect(answer.status).toBe(204);
    await server.deliverEvents();
    await peer.until(() => peer.closed !== undefined);
    expect(await statusOf()).toMatchObject({ status: "disconnected" });
  });

  it("disconnects a device whose authentication set is dismissed, and its users", async () => {
    const { peer } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    const path = `/api/management/v2/devauth/devices/${device.id}/auth/${device.authSet}`;
    expect((await server.call("DELETE", path, { token: user.token })).status).toBe(204);
    await server.deliverEvents();
    await peer.until(() => peer.closed !== undefined);
    await terminal.until(() => terminal.closed !== undefined);
    expect([peer.closed, terminal.closed]).toEqual([
      { code: 1008, reason: "access revoked" },
      { code: 1011, reason: "device disconnected" },
    ]);
  });

  it("disconnects all devices and users of a suspended tenant, and nobody else", async () => {
    const elsewhere = await aDevice(server, { tenant: "other" });
    const [own, other] = [await connectDevice(), await connectDevice(elsewhere)];
    const terminal = await connectUser();
    await openShell(terminal);
    const suspended = await server.call("PUT", "/api/operator/v1/tenants/default/status", {
      token: OPERATOR_TOKEN,
      json: { status: "suspended" },
    });
    expect(suspended.status).toBe(200);
    await server.deliverEvents();
    await own.peer.until(() => own.peer.closed !== undefined);
    await terminal.until(() => terminal.closed !== undefined);
    expect(own.peer.closed).toEqual({ code: 1008, reason: "access revoked" });
    expect(other.peer.closed).toBeUndefined();
    expect((await upgrade("/api/devices/v1/deviceconnect/connect", device.token)).status).toBe(401);
  });

  it("ends a file transfer under way", async () => {
    const silent = new Peer(await deviceSocket(server, device));
    const answer = server.call("GET", `${MANAGEMENT}/devices/${device.id}/download?path=/a`, {
      token: user.token,
    });
    await silent.until(() => silent.frames.length === 1);
    await server.call("DELETE", `/api/management/v2/devauth/devices/${device.id}`, { token: user.token });
    await server.deliverEvents();
    expect([(await answer).status, (await answer).json().error]).toEqual([409, "device disconnected"]);
  });
});

describe("limits", () => {
  const limit = (name: string, value: number) =>
    env.DB.prepare("INSERT INTO tenant_limits (tenant_id, name, value) VALUES ('default', ?, ?)")
      .bind(name, value)
      .run();

  it("refuse more sessions than the tenant may have", async () => {
    await limit("remote_sessions", 1);
    await connectDevice();
    await openShell(await connectUser());
    const refused = await upgrade(`${MANAGEMENT}/devices/${device.id}/connect`, user.token);
    expect([refused.status, await refused.json()]).toMatchObject([
      422,
      { error: "maximum number of remote sessions reached" },
    ]);
  });

  it("end a terminal that shows too much", async () => {
    await limit("remote_session_bytes", 10);
    const { peer, fake } = await connectDevice();
    const terminal = await connectUser();
    await openShell(terminal);
    terminal.send(shell("shell", "more than ten bytes"));
    await terminal.until(() => terminal.closed !== undefined);
    expect(terminal.closed).toEqual({ code: 1008, reason: "session byte limit exhausted" });
    await peer.until(() => fake.sent("stop").length > 0);
    expect(bodyText(fake.sent("stop")[0])).toBe("session byte limit exceeded");
  });
});

describe("files", () => {
  const send = (form: FormData, token = user.token) =>
    server.call("PUT", `${MANAGEMENT}/devices/${device.id}/upload`, { token, body: form });

  const aForm = (fields: Record<string, string>, content?: Uint8Array) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    if (content) form.append("file", new File([content.slice().buffer], "a.bin"));
    return form;
  };

  it("go to the device and come back the same", async () => {
    const { fake } = await connectDevice();
    const content = crypto.getRandomValues(new Uint8Array(60_000));
    const sent = await send(aForm({ path: "/tmp/a.bin", mode: "640" }, content));
    expect([sent.status, sent.text]).toEqual([201, ""]);
    expect(Buffer.compare(fake.files.get("/tmp/a.bin")!, content)).toBe(0);

    const path = `${MANAGEMENT}/devices/${device.id}/download?path=%2Ftmp%2Fa.bin`;
    const response = await server.fetch(
      new Request(HOST + path, { headers: { Authorization: `Bearer ${user.token}` } }),
    );
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "x-men-file-path": "/tmp/a.bin",
      "x-men-file-mode": "644",
      "x-men-file-size": "60000",
    });
    expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), content)).toBe(0);
  });

  it("of undeclared length are refused when they turn out too large [differs: device-upload-limit]", async () => {
    const { fake } = await connectDevice();
    const request = new Request(`${HOST}/x`, {
      method: "POST",
      body: aForm({ path: "/tmp/big" }, new Uint8Array(300_000)),
    });
    const bytes = new Uint8Array(await request.arrayBuffer());
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    const headers = { "Content-Type": request.headers.get("content-type")! };
    const path = `${MANAGEMENT}/devices/${device.id}/upload`;
    const limited = { ...served, MAX_DEVICE_FILE_BYTES: "100000" };
    const answer = await server.call("PUT", path, { token: user.token, body, headers }, limited);
    expect([answer.status, answer.json().error]).toEqual([413, "file is larger than 100000 bytes"]);
    expect(fake.files.has("/tmp/big")).toBe(false);
  });

  it("of more than a gigabyte are refused by their length [differs: device-upload-limit]", async () => {
    const headers = { "Content-Length": String(1024 ** 3 + 1), "Content-Type": "multipart/form-data" };
    const path = `${MANAGEMENT}/devices/${device.id}/upload`;
    const answer = await server.call("PUT", path, { token: user.token, headers, body: "" });
    expect([answer.status, answer.json().error]).toEqual([413, "file is larger than 1073741824 bytes"]);
  });

  it("are refused where the path is too long for a message [differs: long-paths]", async () => {
    const { peer } = await connectDevice();
    const path = `/${"x".repeat(8192)}`;
    const fetched = await server.call("GET", `${MANAGEMENT}/devices/${device.id}/download?path=${path}`, {
      token: user.token,
    });
    expect([fetched.status, fetched.json().error]).toEqual([400, "path is too long"]);
    const sent = await send(aForm({ path }, new Uint8Array(1)));
    expect([sent.status, sent.json().error]).toEqual([400, "form field too long"]);
    expect(peer.closed).toBeUndefined();
  });

  /** A device that behaves but for what it is to say further upon a message. */
  async function connectTold(upon: (frame: Frame) => Frame | undefined) {
    const { peer, fake } = await connectDevice();
    const onMessage = fake.onMessage.bind(fake);
    vi.spyOn(fake, "onMessage").mockImplementation((message) => {
      const frame = decodeFrame(message);
      const further = upon(frame);
      if (further) peer.send({ ...further, sid: frame.sid });
      else onMessage(message);
    });
  }

  const complaint = (proto: number, err: string) => makeFrame({ proto, typ: "error", body: encode({ err }) });

  it("that a device refuses to take up are told in its own words [differs: handshake-fault]", async () => {
    const words = "handshake rejected: require version 1";
    await connectTold(({ typ }) => (typ === "open" ? complaint(PROTO.control, words) : undefined));
    const answer = await send(aForm({ path: "/tmp/a" }, new Uint8Array(1)));
    expect([answer.status, answer.json().error]).toEqual([502, words]);
  });

  it("that a device cannot put in their place are not there [differs: end-of-upload]", async () => {
    const words = "failed to commit uploaded file: rename /a.00000001 /a: file exists";
    await connectTold(({ typ }) => (typ === "ack" ? complaint(PROTO.fileTransfer, words) : undefined));
    const answer = await send(aForm({ path: "/a" }, new Uint8Array(1)));
    expect([answer.status, answer.json().error]).toEqual([400, words]);
  });

  it("that are empty are there when the device says so [differs: empty-upload]", async () => {
    const { fake } = await connectDevice();
    const answer = await send(aForm({ path: "/tmp/empty" }, new Uint8Array()));
    expect([answer.status, fake.files.get("/tmp/empty")?.byteLength]).toEqual([201, 0]);
  });

  it("are described by HEAD", async () => {
    const { fake } = await connectDevice();
    fake.files.set("/etc/a", new Uint8Array(5));
    const answer = await server.call("HEAD", `${MANAGEMENT}/devices/${device.id}/download?path=/etc/a`, {
      token: user.token,
    });
    expect([answer.status, answer.headers.get("x-men-file-size"), answer.text]).toEqual([200, "5", ""]);
    expect(fake.sent("get_file")).toHaveLength(0);
  });

  it.each([
    [{}, "path: cannot be blank."],
    [{ path: "tmp/a" }, "path: must be absolute."],
    [{ path: "/tmp/a", mode: "9" }, "mode: must be a number."],
  ])("are refused with form fields %j", async (fields, text) => {
    await connectDevice();
    const answer = await send(aForm(fields, new Uint8Array(1)));
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });

  it("are refused without a file and without a form", async () => {
    await connectDevice();
    const empty = await send(aForm({ path: "/tmp/a" }));
    expect([empty.status, empty.json().error]).toEqual([400, "file: upload file is required."]);
    const json = await server.call("PUT", `${MANAGEMENT}/devices/${device.id}/upload`, {
      token: user.token,
      json: {},
    });
    expect(json.status).toBe(415);
  });

  it("that do not exist on the device are a 400 with its words", async () => {
    await connectDevice();
    const answer = await server.call("GET", `${MANAGEMENT}/devices/${device.id}/download?path=/nope`, {
      token: user.token,
    });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "failed to retrieve file info: error received from device: no file",
    ]);
    const relative = await server.call("GET", `${MANAGEMENT}/devices/${device.id}/download?path=x`, {
      token: user.token,
    });
    expect([relative.status, relative.json().error]).toEqual([400, "path: must be absolute."]);
  });

  it("are refused while the device does not transfer files", async () => {
    const { fake } = await connectDevice();
    fake.protocols = [1];
    const answer = await send(aForm({ path: "/tmp/a" }, new Uint8Array(1)));
    expect([answer.status, answer.json().error]).toEqual([502, "file transfer disabled on device"]);
  });
});

it("keeps status numbers readable for command-line clients [differs: status-width]", async () => {
  await connectDevice();
  const terminal = await connectUser();
  await openShell(terminal);
  expect(terminal.frames[0]!.props.get("status")).not.toEqual(writeSmall(1));
  expect(terminal.frames[0]!.props.get("status")![0]).toBe(0xd3);
});
