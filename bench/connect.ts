import { generateKeyPairSync, sign } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { writeArtifact } from "../src/artifact/write.ts";
import { encodeFrame, makeFrame, PROTO } from "../src/deviceconnect/frame.ts";
import { FakeDevice } from "../test/support/fake-device.ts";
import { DeviceSocket } from "./device-socket.ts";
import { livingObjects } from "./living-objects.ts";
import { freePort, inParallel, percentile, startLocalServer, type LocalServer } from "./local-server.ts";

/**
 * Remote access against the local server: what a keystroke costs beyond a bare echo, how fast files go, how soon a
 * deployment is known to every connected device, and what idle sockets cost.
 */
const FLEETS = [1, 100, 1000];
const IDLE = 2000;
const KEYSTROKES = 300;
const FILE_BYTES = 32 * 1024 * 1024;

const shell = (typ: string, body: string) =>
  encodeFrame(makeFrame({ proto: PROTO.shell, typ, body: Buffer.from(body) }));

interface BenchDevice {
  id: string;
  token: string;
}

const call = (server: LocalServer, method: string, path: string, json?: unknown) =>
  fetch(server.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${server.token}`,
      ...(json !== undefined && { "Content-Type": "application/json" }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });

/** A device that is accepted before it first asks, so that one request gives it a token. */
async function admit(server: LocalServer, index: number): Promise<BenchDevice> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const pubkey = publicKey.export({ format: "pem", type: "spki" }).toString();
  const identity = { mac: `bench-${index}` };
  const preauthorized = await call(server, "POST", "/api/management/v2/devauth/devices", {
    identity_data: identity,
    pubkey,
  });
  if (preauthorized.status !== 201) throw new Error(`preauthorize: ${preauthorized.status}`);
  const body = JSON.stringify({ id_data: JSON.stringify(identity), pubkey });
  const answer = await fetch(`${server.url}/api/devices/v1/authentication/auth_requests`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-MEN-Signature": sign(null, Buffer.from(body), privateKey).toString("base64"),
    },
    body,
  });
  const token = await answer.text();
  if (answer.status !== 200) throw new Error(`authenticate: ${answer.status} ${token}`);
  const claims: { sub: string } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return { id: claims.sub, token };
}

class ConnectedDevice {
  readonly fake: FakeDevice;
  readonly socket: DeviceSocket;
  onUpdateCheck: () => void = () => {};

  constructor(socket: DeviceSocket) {
    this.socket = socket;
    this.fake = new FakeDevice((message) => socket.send(message));
    socket.onMessage = (message) => {
      this.fake.onMessage(message);
      if (this.fake.received.pop()?.typ === "check-update") this.onUpdateCheck();
    };
  }
}

const connect = async (server: LocalServer, device: BenchDevice) =>
  new ConnectedDevice(
    await DeviceSocket.open(`${server.url}/api/devices/v1/deviceconnect/connect`, device.token),
  );

/** Round trips of one message at a time, in milliseconds. */
async function roundTrips(socket: DeviceSocket, message: Uint8Array): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < KEYSTROKES; i += 1) {
    const before = performance.now();
    const answered = socket.next();
    socket.send(message);
    await answered;
    samples.push(performance.now() - before);
  }
  return samples.slice(KEYSTROKES / 10);
}

/** A socket whose other end sends everything back, on the same runtime. */
async function echoServer() {
  const port = await freePort();
  const script = `export default { fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.addEventListener("message", ({ data }) => server.send(data));
    return new Response(null, { status: 101, webSocket: client });
  } }`;
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      workers: [{ name: "echo", modules: true, script, unsafeDirectSockets: [{ host: "127.0.0.1", port }] }],
    }),
  );
  await runtime.ready;
  return { url: `http://127.0.0.1:${port}/`, stop: () => runtime.dispose() };
}

async function keystrokes(server: LocalServer, device: BenchDevice): Promise<number[]> {
  const terminal = await DeviceSocket.open(
    `${server.url}/api/management/v1/deviceconnect/devices/${device.id}/connect`,
    server.token,
  );
  const started = terminal.next();
  terminal.send(shell("new", ""));
  await started;
  const samples = await roundTrips(terminal, shell("shell", "x"));
  terminal.close();
  return samples;
}

const megabytesPerSecond = (bytes: number, ms: number) => (bytes / 1e6 / (ms / 1000)).toFixed(1);

async function files(server: LocalServer, device: BenchDevice): Promise<[up: string, down: string]> {
  const form = new FormData();
  form.append("path", "/tmp/bench");
  form.append("file", new Blob([new Uint8Array(FILE_BYTES).fill(7)]), "bench");
  const base = `${server.url}/api/management/v1/deviceconnect/devices/${device.id}`;
  const headers = { Authorization: `Bearer ${server.token}` };
  const start = performance.now();
  const sent = await fetch(`${base}/upload`, { method: "PUT", headers, body: form });
  if (sent.status !== 201) throw new Error(`upload: ${sent.status} ${await sent.text()}`);
  const between = performance.now();
  const received = await fetch(`${base}/download?path=/tmp/bench`, { headers });
  const size = (await received.arrayBuffer()).byteLength;
  if (size !== FILE_BYTES) throw new Error(`download: ${size} of ${FILE_BYTES} bytes`);
  return [
    megabytesPerSecond(FILE_BYTES, between - start),
    megabytesPerSecond(FILE_BYTES, performance.now() - between),
  ];
}

async function artifactChunks(): Promise<Uint8Array<ArrayBuffer>[]> {
  const file = { name: "a", content: new TextEncoder().encode("a\n") };
  const written = await writeArtifact({
    name: "bench",
    deviceTypes: ["bench"],
    payloadType: "bench",
    files: [file],
  });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of written.chunks()) chunks.push(new Uint8Array(chunk));
  return chunks;
}

/** Milliseconds from the answer to a new deployment until the last connected device was told to ask. */
async function nudge(server: LocalServer, devices: readonly ConnectedDevice[]): Promise<number> {
  const form = new FormData();
  form.append("artifact", new Blob(await artifactChunks()), "artifact.mender");
  const headers = { Authorization: `Bearer ${server.token}` };
  const uploaded = await fetch(`${server.url}/api/management/v1/deployments/artifacts`, {
    method: "POST",
    headers,
    body: form,
  });
  if (uploaded.status !== 201) throw new Error(`artifact: ${uploaded.status} ${await uploaded.text()}`);
  const told = Promise.all(
    devices.map((device) => new Promise<void>((resolve) => (device.onUpdateCheck = resolve))),
  );
  const definition = { name: "bench", artifact_name: "bench", all_devices: true };
  const made = await call(server, "POST", "/api/management/v1/deployments/deployments", definition);
  const start = performance.now();
  if (made.status !== 201) throw new Error(`deployment: ${made.status} ${await made.text()}`);
  await told;
  return performance.now() - start;
}

/** The runtime evicts an object that has been silent for ten seconds. */
const EVICTED_WITHIN_MS = 60_000;

/** Waits until no object runs any more, and shows that the sockets are still there and what wakes up for a message. */
async function idleSockets(connected: readonly ConnectedDevice[], inspectPort: number): Promise<void> {
  // Each object has one of these. Its own class has another name once it is bundled.
  const running = () => livingObjects(inspectPort, "Transfers");
  const start = performance.now();
  row("idle sockets", "held", "objects");
  const held = () => String(connected.filter(({ socket }) => socket.isOpen).length);
  row("  right after connecting", held(), String(await running()));
  let left = Number.POSITIVE_INFINITY;
  while (left > 0 && performance.now() - start < EVICTED_WITHIN_MS) {
    await pause(5000);
    left = await running();
  }
  row(`  ${((performance.now() - start) / 1000).toFixed(0)} s later`, held(), String(left));
  const woken = connected.slice(0, 10);
  for (const { socket } of woken) socket.send(shell("stop", ""));
  await pause(1000);
  row(`  after a message of ${woken.length} devices`, held(), String(await running()));
}

const row = (name: string, ...values: (string | number)[]) =>
  console.log(
    name.padEnd(44) +
      values
        .map((value) => String(typeof value === "number" ? value.toFixed(2) : value).padStart(12))
        .join(""),
  );

async function main(): Promise<void> {
  const echo = await echoServer();
  const inspectPort = await freePort();
  const server = await startLocalServer(undefined, {}, ["--inspector-port", String(inspectPort)]);
  try {
    const devices = await inParallel(
      Array.from({ length: IDLE }, (_, i) => i),
      8,
      (index) => admit(server, index),
    );
    const baseline = await roundTrips(await DeviceSocket.open(echo.url), shell("shell", "x"));
    row("keystroke round trip, ms", "p50", "p99");
    row("  bare echo socket", percentile(baseline, 0.5), percentile(baseline, 0.99));
    const connected: ConnectedDevice[] = [];
    for (const fleet of FLEETS) {
      connected.push(
        ...(await inParallel(devices.slice(connected.length, fleet), 16, (device) =>
          connect(server, device),
        )),
      );
      const [first] = devices;
      if (!first) throw new Error("no device");
      const samples = await keystrokes(server, first);
      row(`  terminal, ${fleet} devices connected`, percentile(samples, 0.5), percentile(samples, 0.99));
      row(
        "    added",
        percentile(samples, 0.5) - percentile(baseline, 0.5),
        percentile(samples, 0.99) - percentile(baseline, 0.99),
      );
      if (fleet === FLEETS[0]) {
        const [up, down] = await files(server, first);
        row(`file of ${FILE_BYTES / 2 ** 20} MiB, MB/s`, "up", "down");
        row("  through one device", up, down);
      }
    }
    row(`nudge of ${connected.length} connected devices, ms`, await nudge(server, connected));
    connected.push(
      ...(await inParallel(devices.slice(connected.length), 16, (device) => connect(server, device))),
    );
    await idleSockets(connected, inspectPort);
  } finally {
    await server.stop();
    await echo.stop();
  }
}

await main();
process.exit(0);
