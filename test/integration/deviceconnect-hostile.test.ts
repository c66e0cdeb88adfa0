import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeFrame, makeFrame, PROTO, type Frame } from "../../src/deviceconnect/frame.ts";
import { concat } from "../../src/deviceconnect/msgpack.ts";
import { CLOSE, LIMITS } from "../../src/deviceconnect/sockets.ts";
import { LONG, many } from "../support/form.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { FakeDevice } from "../support/fake-device.ts";
import { Server } from "../support/server.ts";
import { DEVICECONNECT, deviceSocket, Peer, userSocket } from "../support/sockets.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const { messagesPerSecond } = LIMITS;

afterEach(() => {
  Object.assign(LIMITS, { messagesPerSecond });
});

/** The clock of tests stands still, so all that is sent is sent in one second. Floods take their time here, as the test runtime looks at every message. */
const lowerLimit = () => Object.assign(LIMITS, { messagesPerSecond: 100 });

async function connectDevice(of = device) {
  const fake: FakeDevice = new FakeDevice((message) => peer.send(message));
  const peer: Peer = new Peer(await deviceSocket(server, of), (message) => fake.onMessage(message));
  return { peer, fake };
}

/** A device that reads and never says a word. */
const silentDevice = async () => new Peer(await deviceSocket(server, device));

const connectUser = async (as = user, to = device) => new Peer(await userSocket(server, as, to));

const frame = (proto: number, typ: string, body = "", sid = "") =>
  makeFrame({ proto, typ, sid, body: new TextEncoder().encode(body) });

async function openShell(peer: Peer): Promise<string> {
  const before = peer.frames.length;
  peer.send(frame(PROTO.shell, "new"));
  await peer.until(() => peer.frames.length > before);
  return peer.frames.at(-1)!.sid;
}

/** Sends until the peer is closed, at most so many. */
async function flood(peer: Peer, count: number, message: Frame | Uint8Array): Promise<void> {
  const bytes = message instanceof Uint8Array ? message : encodeFrame(message);
  for (let sent = 0; sent < count && !peer.closed; sent += 1) {
    peer.send(bytes);
    if (sent % 100 === 99) await new Promise((resolve) => setTimeout(resolve));
  }
  await peer.until(() => peer.closed !== undefined);
}

const OTHER_SID = "9f0c2a4e-7d1b-4c55-8f43-0a1b2c3d4e5f";
const tooLarge = () =>
  encodeFrame(makeFrame({ proto: PROTO.shell, typ: "shell", body: new Uint8Array(LIMITS.messageBytes) }));
const deep = () => concat([Buffer.from("81a3686472", "hex"), new Uint8Array(5000).fill(0x91)]);
const crowded = () => {
  const entries = Array.from({ length: 60_000 }, (_, i) => {
    const key = i.toString(36).padStart(4, "0");
    return Buffer.concat([Buffer.from([0xa4]), Buffer.from(key), Buffer.from([0xc0])]);
  });
  return concat([Buffer.from("81a3686472deea60", "hex"), ...entries]);
};

const MALFORMED: [string, () => string | Uint8Array][] = [
  ["text", () => "hello"],
  ["text that begins like a message", () => "\u0001"],
  ["nothing", () => new Uint8Array()],
  ["garbage", () => new Uint8Array([0xc1, 0, 1])],
  ["a truncated message", () => encodeFrame(frame(PROTO.shell, "shell", "abc")).subarray(0, 12)],
  ["a message without protocol", () => Buffer.from("81a368647281a3747970a36e6577", "hex")],
  ["bytes after a message", () => concat([encodeFrame(frame(PROTO.shell, "shell")), new Uint8Array([0])])],
  ["a message nested without end", deep],
  ["a message of sixty thousand members", crowded],
];

describe("what cannot be read closes the socket it came on [differs: undecodable-message]", () => {
  it.each(MALFORMED)("of a user who sends %s, and no other", async (_name, message) => {
    const { peer } = await connectDevice();
    const [bad, good] = [await connectUser(), await connectUser()];
    bad.send(message());
    await bad.until(() => bad.closed !== undefined);
    expect(bad.closed).toEqual(CLOSE.malformed);
    await openShell(good);
    expect([good.closed, peer.closed]).toEqual([undefined, undefined]);
  });

  it.each(MALFORMED)("of a device that sends %s; another device is untouched", async (_name, message) => {
    const elsewhere = await aDevice(server);
    const [bad, good] = [await connectDevice(), await connectDevice(elsewhere)];
    const terminal = await connectUser();
    await openShell(terminal);
    bad.peer.send(message());
    await bad.peer.until(() => bad.peer.closed !== undefined);
    expect(bad.peer.closed).toEqual(CLOSE.malformed);
    await terminal.until(() => terminal.closed !== undefined);
    expect(terminal.closed).toEqual(CLOSE.deviceGone);
    await openShell(await connectUser(user, elsewhere));
    expect(good.peer.closed).toBeUndefined();
    await connectDevice();
    await openShell(await connectUser());
  });

  it("says that a message is too large, on either side", async () => {
    const { peer } = await connectDevice();
    const bad = await connectUser();
    bad.send(tooLarge());
    await bad.until(() => bad.closed !== undefined);
    expect([bad.closed, peer.closed]).toEqual([CLOSE.tooLarge, undefined]);
    peer.send(tooLarge());
    await peer.until(() => peer.closed !== undefined);
    expect(peer.closed).toEqual(CLOSE.tooLarge);
  });
});

describe("what nobody understands is passed on or dropped", () => {
  it("protocols and types of tomorrow reach the other side", async () => {
    const { peer, fake } = await connectDevice();
    const client = await connectUser();
    const sid = await openShell(client);
    client.send(frame(77, "warp", "there"));
    await peer.until(() => fake.sent("warp").length === 1);
    expect(fake.sent("warp")[0]).toMatchObject({ proto: 77, sid });
    peer.send(frame(78, "weft", "back", sid));
    await client.until(() => client.frames.at(-1)!.typ === "weft");
    expect(client.frames.at(-1)).toMatchObject({ proto: 78, sid });
  });

  it.each(["", "user", "device", OTHER_SID, "x".repeat(5000), "\u20ac".repeat(36)])(
    "a device's message for session %j reaches nobody",
    async (sid) => {
      const { peer } = await connectDevice();
      const [first, second] = [await connectUser(), await connectUser()];
      await openShell(first);
      peer.send(frame(PROTO.shell, "shell", "for nobody", sid));
      await openShell(second);
      expect([first.frames.length, second.frames.length, peer.closed]).toEqual([1, 1, undefined]);
    },
  );

  it("a session of another tenant, or of another device, is out of reach", async () => {
    const elsewhere = await aDevice(server, { tenant: "other" });
    const neighbour = await aDevice(server);
    const [, foreign, next] = [
      await connectDevice(),
      await connectDevice(elsewhere),
      await connectDevice(neighbour),
    ];
    const terminal = await connectUser();
    const sid = await openShell(terminal);
    for (const { peer } of [foreign, next]) peer.send(frame(PROTO.shell, "shell", "gotcha", sid));
    await openShell(await connectUser(await aUser(server, { tenant: "other" }), elsewhere));
    await openShell(await connectUser(user, neighbour));
    await openShell(await connectUser());
    expect(terminal.frames).toHaveLength(1);
  });
});

const FLOOD = many(10_000, 1000);

describe("far too many messages in a second [differs: floods]", () => {
  it("close the socket of a user who gets no answers, and leave the others alone", async () => {
    const silent = await silentDevice();
    const [bad, good] = [await connectUser(), await connectUser()];
    if (!LONG) lowerLimit();
    await flood(bad, FLOOD, frame(PROTO.shell, "shell", "x"));
    expect(bad.closed).toEqual({ code: 1008, reason: "too many messages" });
    expect(silent.frames.length).toBeLessThanOrEqual(LIMITS.messagesPerSecond);
    expect([good.closed, silent.closed]).toEqual([undefined, undefined]);
    const before = silent.frames.length;
    good.send(frame(PROTO.shell, "new"));
    await silent.until(() => silent.frames.length > before);
  }, 120_000);

  it.each([
    ["for nobody", ""],
    ["for a session that is not there", OTHER_SID],
  ])("close the socket of a device that sends them %s", async (_name, sid) => {
    const { peer } = await connectDevice();
    lowerLimit();
    await flood(peer, 1000, frame(PROTO.shell, "shell", "x".repeat(1000), sid));
    expect(peer.closed).toEqual(CLOSE.tooMany);
  });

  it("close the socket of a device that sends them to a live session", async () => {
    const { peer } = await connectDevice();
    const terminal = await connectUser();
    const sid = await openShell(terminal);
    lowerLimit();
    await flood(peer, 1000, frame(PROTO.control, "pong", "", sid));
    expect(peer.closed).toEqual(CLOSE.tooMany);
    expect(terminal.frames.length).toBeLessThanOrEqual(LIMITS.messagesPerSecond + 2);
  });

  it("are no fault of a user whose device answers each", async () => {
    const { peer } = await connectDevice();
    const client = await connectUser();
    await openShell(client);
    lowerLimit();
    for (let sent = 0; sent < 2 * LIMITS.messagesPerSecond; sent += 50) {
      for (let i = 0; i < 50; i += 1) client.send(frame(PROTO.shell, "shell", "x"));
      await client.until(() => client.frames.length === 1 + sent + 50 || client.closed !== undefined);
    }
    expect([client.closed, peer.closed]).toEqual([undefined, undefined]);
  });
});

describe("what is on its way to a slow reader is bounded", () => {
  const MESSAGE_BYTES = 8000;
  const payload = (size: number, sid = "") =>
    encodeFrame(makeFrame({ proto: PROTO.portForward, typ: "forward", sid, body: new Uint8Array(size) }));

  it("closes the socket of a user whose device does not keep up [differs: floods]", async () => {
    const silent = await silentDevice();
    const [bad, good] = [await connectUser(), await connectUser()];
    if (!LONG) Object.assign(LIMITS, { aheadBytes: 2 * 1024 * 1024 });
    await flood(bad, 10_000, payload(MESSAGE_BYTES));
    expect(bad.closed).toEqual({ code: 1013, reason: "device does not keep up" });
    const bytes = silent.messages.reduce((sum, message) => sum + message.byteLength, 0);
    expect(bytes).toBeLessThanOrEqual(LIMITS.aheadBytes + 2 * 8192);
    expect([good.closed, silent.closed]).toEqual([undefined, undefined]);
  });

  it("ends the session of a user who does not keep up, and tells the device [differs: floods]", async () => {
    const { peer, fake } = await connectDevice();
    const client = await connectUser();
    client.send(frame(PROTO.control, "open"));
    await client.until(() => client.frames.length === 1);
    const message = payload(1024 * 1024, client.frames[0]!.sid);
    for (let i = 0; i < 20 && !client.closed; i += 1) peer.send(message);
    await client.until(() => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1008, reason: "client does not keep up" });
    await peer.until(() => fake.sent("close").length === 1);
    expect(peer.closed).toBeUndefined();
  });

  it("breaks a transfer off whose device sends more than it was asked for", async () => {
    const { peer, fake } = await connectDevice();
    fake.files.set("/a", new Uint8Array(1_000_000));
    const onMessage = fake.onMessage.bind(fake);
    vi.spyOn(fake, "onMessage").mockImplementation((message) => {
      onMessage(message);
      const { typ, sid } = fake.received.at(-1)!;
      if (typ === "stat")
        for (let i = 0; i < 500; i += 1) peer.send(frame(PROTO.fileTransfer, "file_chunk", "x", sid));
    });
    const url = `https://edgemend.test${DEVICECONNECT}/devices/${device.id}/download?path=/a`;
    const headers = { Authorization: `Bearer ${user.token}` };
    const answer = await server.fetch(new Request(url, { headers }));
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect(peer.closed).toBeUndefined();
  });
});

it("a socket of a version that nobody speaks is refused before it counts as open", async () => {
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Version": "99" };
  const answer = await server.call("GET", "/api/devices/v1/deviceconnect/connect", {
    token: device.token,
    headers,
  });
  expect([answer.status, answer.json().error]).toEqual([400, "unsupported version of WebSocket"]);
  const { status } = (
    await server.call("GET", `${DEVICECONNECT}/devices/${device.id}`, { token: user.token })
  ).json();
  expect(status).toBe("disconnected");
});
