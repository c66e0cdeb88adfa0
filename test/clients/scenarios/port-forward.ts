import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import type { Bench } from "../bench.ts";

const KIBI = 1024;
const WITHIN_MS = 60_000;

/** Services next to the device that send back what they get. */
async function echoes() {
  const tcp = createServer((socket) => {
    // A peer that hangs up is no fault of the service.
    socket.pipe(socket).on("error", () => {});
  });
  const udp = createSocket("udp4");
  udp.on("message", (message, { port, address }) => udp.send(message, port, address));
  tcp.listen(0, "127.0.0.1");
  udp.bind(0, "127.0.0.1");
  await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
  // A listening TCP server on a port has an address of this kind.
  const ports = { tcp: (tcp.address() as AddressInfo).port, udp: udp.address().port };
  return { ports, close: () => (tcp.close(), udp.close()) };
}

/** The first so many bytes that come back over TCP for these. */
async function exchanged(port: number, bytes: Buffer, count = bytes.length): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  const timer = setTimeout(() => socket.destroy(new Error("no answer in time")), WITHIN_MS);
  socket.write(bytes);
  const pieces: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) {
    pieces.push(piece);
    if (pieces.reduce((sum, { length }) => sum + length, 0) >= count) break;
  }
  clearTimeout(timer);
  return Buffer.concat(pieces);
}

async function answer(port: number, message: Buffer): Promise<Buffer> {
  const socket = createSocket("udp4");
  socket.send(message, port, "127.0.0.1");
  const [reply] = (await once(socket, "message", { signal: AbortSignal.timeout(WITHIN_MS) })) as [Buffer]; // by its documentation
  socket.close();
  return reply;
}

/** A service next to the device that answers the first words with so many bytes and hangs up. */
async function talker(answer: Buffer) {
  const tcp = createServer((socket) => {
    socket.on("error", () => {}); // a peer that hangs up first
    socket.once("data", () => socket.end(answer));
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  return { port: (tcp.address() as AddressInfo).port, close: () => tcp.close() }; // as above
}

/**
 * The service on the device ends each connection: the user has all it said, and can go on. That it has ended mender-cli
 * keeps from the user, so it is the user who hangs up.
 */
export async function hangingUp(bench: Bench): Promise<void> {
  const { id } = await bench.reachable({ name: "brief-device", deviceType: "brief-board" });
  const answer = randomBytes(100 * KIBI);
  const [service, others] = [await talker(answer), await echoes()];
  const said = async (port: number) =>
    (await exchanged(port, Buffer.from("hello"), answer.length)).equals(answer);
  try {
    const { local } = await bench.forward(id, { tcp: service.port, udp: others.ports.udp });
    for (let connection = 0; connection < 3; connection += 1)
      assert.ok(await said(local.tcp), "all that the service said");
    const together = await Promise.all([1, 2, 3].map(() => said(local.tcp)));
    assert.deepEqual(together, [true, true, true]);
  } finally {
    service.close();
    others.close();
  }
}

/** Several connections at once over TCP, and datagrams over UDP. */
export async function portForward(bench: Bench): Promise<void> {
  const { id } = await bench.reachable({ name: "port-device", deviceType: "port-board" });
  const services = await echoes();
  try {
    const { local } = await bench.forward(id, services.ports);
    await Promise.all(
      [1, 2, 3].map(async () => {
        const bytes = randomBytes(512 * KIBI);
        assert.ok((await exchanged(local.tcp, bytes)).equals(bytes), "TCP brings back what was sent");
      }),
    );
    for (const length of [1, 1400, 4096]) {
      const message = randomBytes(length);
      assert.deepEqual(await answer(local.udp, message), message);
    }
  } finally {
    services.close();
  }
}
