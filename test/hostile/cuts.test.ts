import { createHash, randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Instructions, SimulatedDevice } from "../../src/device-simulator/device.ts";
import { cleanUp } from "../local/server-process.ts";
import { artifact, FILES, HEADER_INFO } from "../support/artifact-samples.ts";
import { many, tell } from "./support/form.ts";
import { Installation, type Tenant } from "./support/installation.ts";

/** Connections are cut after each hundredth of what is sent; the short form takes some of them. */
const CUTS = Array.from({ length: many(100, 5) }, (_, index) => (index + 0.5) / many(100, 5));

const MANAGEMENT = "/api/management/v1/deployments";
const RELEASE = "cut-release";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const file = artifact({
  headerInfo: {
    ...HEADER_INFO,
    artifact_provides: { artifact_name: RELEASE },
    artifact_depends: { device_type: ["pi4"] },
  },
  files: [...FILES, { name: "image", content: randomBytes(300_000) }],
});

let installation: Installation;
let tenant: Tenant;
let device: SimulatedDevice;

beforeAll(async () => {
  installation = await Installation.start();
  tenant = await installation.tenant();
  device = await installation.device(tenant);
});
afterAll(async () => {
  device.close();
  await cleanUp();
});

const manage = (method: string, path: string, body?: unknown) =>
  installation.wire.json(method, MANAGEMENT + path, tenant.manager.token, body);
const listOf = async (path: string) => JSON.parse((await manage("GET", path)).text) as unknown[];

/** The whole request as bytes, so that it can be cut anywhere behind its head. */
function request(method: string, path: string, token: string, type: string, body: Uint8Array) {
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${installation.wire.host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { head, body };
}

async function cut({ head, body }: ReturnType<typeof request>, share: number): Promise<void> {
  const socket = await installation.wire.begin(
    Buffer.concat([Buffer.from(head), body.subarray(0, Math.floor(body.length * share))]),
  );
  socket.destroy();
}

function upload() {
  const form = '--cut\r\nContent-Disposition: form-data; name="artifact"; filename="a.mender"\r\n\r\n';
  const body = Buffer.concat([Buffer.from(form), file, Buffer.from("\r\n--cut--\r\n")]);
  const type = "multipart/form-data; boundary=cut";
  return request("POST", `${MANAGEMENT}/artifacts`, tenant.manager.token, type, body);
}

it("an artifact's upload that is cut anywhere leaves nothing, and the whole one is taken", async () => {
  for (const share of CUTS) await cut(upload(), share);
  expect(await listOf("/artifacts")).toEqual([]);
  const { body } = upload();
  const headers = { "Content-Type": "multipart/form-data; boundary=cut" };
  const { token } = tenant.manager;
  const whole = () => installation.wire.send("POST", `${MANAGEMENT}/artifacts`, { token, headers, body });
  let answer = await whole();
  // Those who hung up hold places of the tenant until their bodies are overdue.
  for (; answer.status === 429; answer = await whole())
    await wait(Number(answer.header("retry-after")) * 1000);
  expect(answer.status, answer.text).toBe(201);
  expect(await listOf("/artifacts")).toHaveLength(1);
  tell(`upload cut at ${CUTS.length} places: nothing left`);
});

async function instructions(): Promise<Instructions> {
  const made = await manage("POST", "/deployments", {
    name: "cut",
    artifact_name: RELEASE,
    devices: [device.id],
  });
  expect(made.status, made.text).toBe(201);
  const told = await device.askForUpdate();
  if (!told) throw new Error("the device is told nothing");
  return told;
}

/** Reads from an offset until so many bytes have come, and hangs up. */
async function bytesUpTo(uri: string, from: number, upTo: number): Promise<Buffer> {
  const headers = from === 0 ? {} : { Range: `bytes=${from}-` };
  const reply = await device.transport.send("GET", uri, { headers });
  expect(reply.status).toBe(from === 0 ? 200 : 206);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of reply.body) {
    const bytes = (chunk as Buffer).subarray(0, upTo - from - length); // no encoding is set
    chunks.push(bytes);
    length += bytes.length;
    if (from + length >= upTo) break; // which destroys the connection
  }
  return Buffer.concat(chunks);
}

it("a download that is cut anywhere goes on where it was, to the same bytes", async () => {
  const { artifact: told } = await instructions();
  const pieces: Buffer[] = [];
  let offset = 0;
  for (const share of [...CUTS, 1]) {
    const upTo = Math.max(offset + 1, Math.floor(file.length * share));
    const piece = await bytesUpTo(told.source.uri, offset, Math.min(upTo, file.length));
    pieces.push(piece);
    offset += piece.length;
  }
  expect(sha256(Buffer.concat(pieces))).toBe(sha256(file));
  tell(`download cut at ${CUTS.length} places: the same ${file.length} bytes`);
});

it("a log that is cut anywhere is not written, and the whole one is", async () => {
  const told = await device.askForUpdate();
  const id = told?.id ?? "";
  expect(await device.reportStatus(id, "failure")).toBe(true);
  const messages = Array.from({ length: 500 }, (_, n) => ({
    timestamp: new Date().toISOString(),
    level: "error",
    message: `line ${n}`,
  }));
  const path = `/api/devices/v1/deployments/device/deployments/${id}/log`;
  const body = Buffer.from(JSON.stringify({ messages }));
  for (const share of CUTS)
    await cut(request("PUT", path, device.token ?? "", "application/json", body), share);
  const log = `/deployments/${id}/devices/${device.id}/log`;
  expect((await manage("GET", log)).status).toBe(404);
  await device.sendLog(id, messages);
  const whole = await manage("GET", log);
  expect([whole.status, whole.text.trim().split("\n").length]).toEqual([200, messages.length]);
  tell(`log cut at ${CUTS.length} places: nothing half-written`);
});
