import { encode } from "@msgpack/msgpack";
import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { makeFrame, PROTO, type Frame } from "../../src/deviceconnect/frame.ts";
import { writeInt64, writeSmall, writeText } from "../../src/deviceconnect/msgpack.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { FakeDevice } from "../support/fake-device.ts";
import { env, Server } from "../support/server.ts";
import { DEVICECONNECT, deviceSocket, Peer, userSocket } from "../support/sockets.ts";

/** One message and who sends it; it is awaited by the other side before the next. */
type Step = ["user" | "device", Frame];

const text = (value: string) => new TextEncoder().encode(value);
const status = (value: number): [string, Uint8Array] => ["status", writeSmall(value)];
const size = (width: number, height: number): [string, Uint8Array][] => [
  ["terminal_width", writeSmall(width)],
  ["terminal_height", writeSmall(height)],
];
const offset = (value: number): [string, Uint8Array][] => [["offset", writeInt64(value)]];

const shell = (typ: string, props: [string, Uint8Array][] = [], body = "") =>
  makeFrame({ proto: PROTO.shell, typ, props, body: text(body) });
const control = (typ: string, body?: object) =>
  makeFrame({ proto: PROTO.control, typ, ...(body && { body: encode(body) }) });
const file = (typ: string, props: [string, Uint8Array][], body?: Uint8Array) =>
  makeFrame({ proto: PROTO.fileTransfer, typ, props, ...(body && { body }) });
const port = (typ: string, body?: Uint8Array) =>
  makeFrame({
    proto: PROTO.portForward,
    typ,
    props: [["connection_id", writeText("5a1e0c00-6f6c-11ee-8b2a-0242ac120002")]],
    ...(body && { body }),
  });

const handshake: Step[] = [
  ["user", control("open", { versions: [1] })],
  ["device", control("accept", { version: 1, protocols: [1, 2, 3, 4] })],
];

/** Protocol notes, deviceconnect 7, and what the server tells the device once the user has gone. */
const SEQUENCES: Record<string, { steps: Step[]; farewell: string[] }> = {
  "a terminal of the command line": {
    steps: [
      ["user", shell("new", size(80, 40))],
      ["device", shell("new", [status(1)], "Shell started")],
      ["device", shell("shell", [status(1)], "# ")],
      ["user", shell("shell", [], "l")],
      ["device", shell("shell", [status(1)], "l")],
      ["device", shell("ping", [status(3), ["timeout", writeSmall(65)]])],
      ["user", shell("pong")],
      ["user", shell("resize", size(132, 43))],
      ["user", shell("stop")],
      ["device", shell("stop", [status(1)])],
    ],
    farewell: [],
  },
  "a terminal of the web UI": {
    steps: [
      ["user", shell("new")],
      ["device", shell("new", [status(1)], "Shell started")],
      ["user", shell("resize", size(100, 30))],
      ["user", shell("shell", [], "exit\n")],
      ["device", shell("stop", [status(1)])],
      ["user", shell("stop")],
      ["device", shell("stop", [status(2)], "session not found")],
    ],
    farewell: [],
  },
  "a terminal whose user vanishes": {
    steps: [
      ["user", shell("new")],
      ["device", shell("new", [status(1)], "Shell started")],
      ["device", shell("shell", [status(1)], "# ")],
    ],
    farewell: ["stop"],
  },
  "a terminal that is refused": {
    steps: [
      ["user", shell("new")],
      ["device", shell("new", [status(2)], "user has too many open sessions")],
    ],
    farewell: ["stop"],
  },
  "a forwarded port that the user closes": {
    steps: [
      ...handshake,
      ["user", port("new", encode({ remote_host: "localhost", remote_port: 22, protocol: "tcp" }))],
      ["device", port("new")],
      ["user", port("forward", text("SSH-2.0-client"))],
      ["device", port("ack")],
      ["device", port("forward", text("SSH-2.0-server"))],
      ["user", port("ack")],
      ["device", control("ping")],
      ["user", control("pong")],
      ["user", port("stop")],
      ["device", port("stop")],
      ["user", control("close")],
    ],
    farewell: [],
  },
  "a forwarded port that the device closes": {
    steps: [
      ...handshake,
      ["user", port("new", encode({ remote_host: "localhost", remote_port: 22, protocol: "tcp" }))],
      ["device", port("new")],
      ["device", port("forward", text("bye"))],
      ["user", port("ack")],
      ["device", port("stop")],
    ],
    farewell: ["close"],
  },
  "a file that a client sends by itself": {
    steps: [
      ...handshake,
      ["user", file("put_file", [], encode({ path: "/tmp/a" }))],
      ["device", file("ack", offset(0))],
      ["user", file("file_chunk", offset(0), text("hello"))],
      ["device", file("ack", offset(0))],
      ["user", file("file_chunk", offset(5))],
      ["device", file("ack", offset(5))],
    ],
    farewell: ["close"],
  },
  "a file that a client fetches by itself": {
    steps: [
      ...handshake,
      ["user", file("stat", [], encode({ path: "/tmp/a" }))],
      ["device", file("file_info", [], encode({ path: "/tmp/a", size: 5 }))],
      ["user", file("get_file", [], encode({ path: "/tmp/a" }))],
      ["device", file("file_chunk", offset(0), text("hello"))],
      ["device", file("file_chunk", offset(5))],
      ["user", file("ack", offset(5))],
    ],
    farewell: ["close"],
  },
  "a session that ends for want of an answer": {
    steps: [
      ...handshake,
      ["device", control("ping")],
      ["device", control("error", { err: "session timeout", close: true })],
    ],
    farewell: ["close"],
  },
};

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const stub = () =>
  env.DEVICE_CONNECTION.get(env.DEVICE_CONNECTION.idFromName(`${device.tenant}/${device.id}`));

/** What both sides were sent, to the byte, with the same name for every session. */
const transcript = (messages: readonly Uint8Array[], sid: string) =>
  messages.map((message) => Buffer.from(message).toString("latin1").replaceAll(sid, "-".repeat(sid.length)));

/** Plays a sequence over sockets of its own; the object is evicted before the given step, or before the user goes. */
async function play({ steps, farewell }: (typeof SEQUENCES)[string], evictBefore?: number) {
  device = await aDevice(server); // one that is owed nothing
  const remote = new Peer(await deviceSocket(server, device));
  const local = new Peer(await userSocket(server, user, device));
  const sid = () => remote.frames[0]?.sid ?? "";
  for (const [i, [from, frame]] of steps.entries()) {
    if (i === evictBefore) await evictDurableObject(stub());
    const [sender, receiver] = from === "user" ? [local, remote] : [remote, local];
    const before = receiver.messages.length;
    sender.send(from === "user" ? frame : { ...frame, sid: sid() });
    await receiver.until(() => receiver.messages.length > before);
  }
  if (evictBefore === steps.length) await evictDurableObject(stub());
  const before = remote.messages.length;
  local.close();
  await remote.until(() => remote.messages.length === before + farewell.length);
  expect(remote.frames.slice(before).map(({ typ }) => typ)).toEqual(farewell);
  await local.until(() => local.closed !== undefined);
  return {
    toDevice: transcript(remote.messages, sid()),
    toUser: transcript(local.messages, sid()),
    closed: local.closed,
  };
}

describe("eviction between any two messages changes no byte of", () => {
  it.each(Object.keys(SEQUENCES))(
    "%s",
    async (name) => {
      const sequence = SEQUENCES[name]!;
      const undisturbed = await play(sequence);
      expect(undisturbed.toUser).toHaveLength(sequence.steps.filter(([from]) => from === "device").length);
      for (let before = 0; before <= sequence.steps.length; before += 1) {
        expect([before, await play(sequence, before)]).toEqual([before, undisturbed]);
      }
    },
    60_000,
  );

  it("a terminal whose device vanishes", async () => {
    for (let before = 0; before <= 2; before += 1) {
      const remote = new Peer(await deviceSocket(server, device));
      const local = new Peer(await userSocket(server, user, device));
      if (before === 0) await evictDurableObject(stub());
      local.send(shell("new"));
      await remote.until(() => remote.frames.some(({ typ }) => typ === "new"));
      if (before === 1) await evictDurableObject(stub());
      remote.send({ ...shell("new", [status(1)], "Shell started"), sid: remote.frames.at(-1)!.sid });
      await local.until(() => local.frames.length === 1);
      if (before === 2) await evictDurableObject(stub());
      remote.close();
      await local.until(() => local.closed !== undefined);
      expect(local.frames.map(({ typ }) => typ)).toEqual(["new", "stop"]);
      expect(local.closed).toEqual({ code: 1011, reason: "device disconnected" });
    }
  });

  it("a request to the device's update client", async () => {
    const remote = new Peer(await deviceSocket(server, device));
    const path = `${DEVICECONNECT}/devices/${device.id}/check-update`;
    const ask = async () => {
      const before = remote.messages.length;
      expect((await server.call("POST", path, { token: user.token })).status).toBe(202);
      await remote.until(() => remote.messages.length > before);
      return remote.messages.at(-1);
    };
    const undisturbed = await ask();
    await evictDurableObject(stub());
    expect(await ask()).toEqual(undisturbed);
    await evictDurableObject(stub());
    remote.send(makeFrame({ proto: PROTO.client, typ: "check-update", props: [status(1)] })); // for nobody
    expect(await ask()).toEqual(undisturbed);
  });
});

/**
 * A file transfer by HTTP cannot be parted from its object: the request that wants it is in the object until it is
 * answered, or its stream is read to the end, and an object is evicted only when nothing is in it. What is shown here is
 * that the wish to evict waits, wherever it comes.
 */
describe("a transfer by HTTP outlasts an eviction that is due before its message", () => {
  const content = crypto.getRandomValues(new Uint8Array(60_000));

  /** A device during whose transfer the object is to be evicted, as soon as so many messages have come to it. */
  async function deviceWithEviction(before: number) {
    let evicted: Promise<unknown> = Promise.resolve();
    let messages = 0;
    const fake: FakeDevice = new FakeDevice((message) => peer.send(message));
    const peer: Peer = new Peer(await deviceSocket(server, device), (message) => {
      messages += 1;
      if (messages === before) evicted = evictDurableObject(stub());
      fake.onMessage(message);
    });
    return { fake, evicted: () => evicted };
  }

  it("upload", async () => {
    const form = () => {
      const fields = new FormData();
      fields.append("path", "/tmp/a");
      fields.append("file", new File([content], "a"));
      return fields;
    };
    const path = `${DEVICECONNECT}/devices/${device.id}/upload`;
    const sent: string[][] = [];
    for (let before = 0; before <= 20; before += 1) {
      const { fake, evicted } = await deviceWithEviction(before);
      const answer = await server.call("PUT", path, { token: user.token, body: form() });
      expect([before, answer.status, answer.text]).toEqual([before, 201, ""]);
      expect(Buffer.compare(fake.files.get("/tmp/a")!, content)).toBe(0);
      await evicted();
      sent.push(fake.received.map(({ typ }) => typ));
      expect(sent.at(-1)).toHaveLength(20);
    }
    expect(new Set(sent.map((types) => types.join())).size).toBe(1);
  }, 60_000);

  it("download", async () => {
    const path = `${DEVICECONNECT}/devices/${device.id}/download?path=/tmp/a`;
    for (let before = 0; before <= 6; before += 1) {
      const { fake, evicted } = await deviceWithEviction(before);
      fake.files.set("/tmp/a", content);
      const request = new Request(`https://edgemend.test${path}`, {
        headers: { Authorization: `Bearer ${user.token}` },
      });
      const response = await server.fetch(request);
      expect([before, response.status]).toEqual([before, 200]);
      expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), content)).toBe(0);
      await evicted();
    }
  }, 60_000);
});
