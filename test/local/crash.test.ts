import { randomBytes } from "node:crypto";
import { request, type ClientRequest } from "node:http";
import { afterAll, describe, expect, test } from "vitest";
import { writeArtifact } from "../../src/artifact/write.ts";
import { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { carryOut } from "../../src/device-simulator/update.ts";
import { storedObjects } from "./object-store.ts";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";
import { isSo, until } from "./until.ts";

afterAll(cleanUp);

const MIB = 1024 * 1024;
const DEVICES = 8;
const TORN = ["torn-1", "torn-2", "torn-3", "torn-4", "torn-5", "torn-6"];

async function artifactOf(name: string, bytes: number): Promise<Buffer> {
  const content = randomBytes(bytes);
  const spec = {
    name,
    deviceTypes: ["board"],
    payloadType: "single-file",
    files: [{ name: "file", content }],
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await writeArtifact(spec)).chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const HEAD = Buffer.from(
  '--edge\r\nContent-Disposition: form-data; name="artifact"; filename="a.mender"\r\n' +
    "Content-Type: application/octet-stream\r\n\r\n",
);
const TAIL = Buffer.from("\r\n--edge--\r\n");

/** The beginning of an upload that can be left where it is. */
function beginUpload(server: LocalServer, token: string): ClientRequest {
  const sent = request(`${server.ready.url}/api/management/v1/deployments/artifacts`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "multipart/form-data; boundary=edge" },
  });
  sent.on("error", () => {});
  sent.write(HEAD);
  return sent;
}

const upload = (server: LocalServer, token: string, artifact: Buffer) =>
  new Promise<number | undefined>((done, fail) => {
    const sent = beginUpload(server, token);
    sent.on("response", (reply) => done(reply.resume().statusCode));
    sent.on("error", fail);
    sent.end(Buffer.concat([artifact, TAIL]));
  });

interface Artifact {
  name: string;
  size: number;
}

describe("a server that is killed with -9 and started again", () => {
  const data = newFolder();
  let server: LocalServer;
  let operator: Operator;
  let devices: SimulatedDevice[];
  let small: Buffer;
  let deployment: string;

  /** In the same place, where nothing of the old server may be left. */
  async function startAgain(by: "node" | "npm" = "node"): Promise<void> {
    const start = by === "npm" ? LocalServer.startByNpm : LocalServer.start;
    server = await start(data, server.ports);
    operator = operator.at(server);
  }

  const artifacts = () => operator.get<Artifact[]>("/v1/deployments/artifacts");
  const storageUsed = async () =>
    (await operator.get<{ usage: number }>("/v1/deployments/limits/storage")).usage;

  test("keeps nothing of an upload that it was in the middle of", async () => {
    server = await LocalServer.start(data);
    operator = await Operator.login(server, server.ready.adminPassword!);
    const large = await artifactOf("large", 12 * MIB);
    beginUpload(server, operator.token).write(large.subarray(0, 10 * MIB));
    await until("a stored part", () => isSo(storedObjects(data).openParts > 0));
    await server.kill();
    await startAgain("npm");
    expect(await artifacts()).toEqual([]);
    expect(await storageUsed()).toBe(0);
    expect(storedObjects(data)).toEqual({ sizes: [], openParts: 0 });
    expect(await upload(server, operator.token, large)).toBe(201);
    expect(await storageUsed()).toBe(large.length);
    expect(storedObjects(data)).toEqual({ sizes: [large.length], openParts: 0 });
  });

  test("has all that it acknowledged, to the last moment, when npm is killed in front of it", async () => {
    small = await artifactOf("small", 10_000);
    devices = Array.from({ length: DEVICES }, newDevice);
    expect(await Promise.all(devices.map((device) => device.authenticate()))).not.toContain(true);
    await operator.acceptAll();
    expect(await upload(server, operator.token, small)).toBe(201);
    await server.kill();
    await startAgain("npm");
    expect(await Promise.all(devices.map((device) => device.authenticate()))).not.toContain(false);
    const sizes = new Map((await artifacts()).map(({ name, size }) => [name, size]));
    expect([...sizes.keys()].toSorted()).toEqual(["large", "small"]);
    expect(sizes.get("small")).toBe(small.length);
  });

  const newDevice = () => new SimulatedDevice({ serverUrl: server.ready.url, deviceType: "board" });

  test("has every report and upload wholly or not at all when it is killed among many", async () => {
    const ids = devices.map(({ id }) => id!);
    const body = { name: "d", artifact_name: "small", devices: ids };
    expect((await operator.call("POST", "/v1/deployments/deployments", body)).status).toBe(201);
    const offers = await Promise.all(devices.map((device) => device.askForUpdate()));
    deployment = offers[0]!.id;
    await Promise.all(devices.map((device) => device.reportStatus(deployment, "downloading")));

    const torn = await Promise.all(TORN.map((name) => artifactOf(name, 10_000)));
    const acknowledged = new Set<string>();
    const note = (what: string) => (taken: boolean) => taken && acknowledged.add(what);
    const requests = [
      ...devices.map((device) => device.reportStatus(deployment, "installing").then(note(device.id!))),
      ...torn.map((artifact, n) =>
        upload(server, operator.token, artifact).then((status) => note(TORN[n]!)(status === 201)),
      ),
    ];
    await Promise.any(requests);
    await server.kill();
    await Promise.allSettled(requests);
    expect(acknowledged.size).toBeGreaterThan(0);
    await startAgain();
    await expectWholeReports(acknowledged);
    await expectWholeUploads(acknowledged);
  });

  async function expectWholeReports(acknowledged: Set<string>): Promise<void> {
    const path = `/v1/deployments/deployments/${deployment}`;
    const states = await operator.get<{ id: string; status: string }[]>(`${path}/devices`);
    expect(states).toHaveLength(DEVICES);
    for (const { id, status } of states)
      expect(acknowledged.has(id) ? ["installing"] : ["downloading", "installing"]).toContain(status);
    const counts = await operator.get<Record<string, number>>(`${path}/statistics`);
    const count = (status: string) => states.filter((state) => state.status === status).length;
    expect(counts).toMatchObject({ downloading: count("downloading"), installing: count("installing") });
    expect(counts).toMatchObject({ pending: 0, success: 0, failure: 0 });
  }

  async function expectWholeUploads(acknowledged: Set<string>): Promise<void> {
    const stored = await artifacts();
    const names = stored.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["large", "small", ...TORN.filter((name) => acknowledged.has(name))]),
    );
    expect(storedObjects(data)).toEqual({
      sizes: stored.map(({ size }) => size).toSorted((a, b) => a - b),
      openParts: 0,
    });
    expect(await storageUsed()).toBe(stored.reduce((sum, { size }) => sum + size, 0));
  }

  test("goes on with the deployment where it was", async () => {
    const outcomes = await Promise.all(
      devices.map(async (device) => carryOut(device, (await device.askForUpdate())!)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(devices.map(() => "success"));
    expect(await operator.get(`/v1/deployments/deployments/${deployment}`)).toMatchObject({
      status: "finished",
      statistics: { status: { success: DEVICES, installing: 0, downloading: 0 } },
    });
    for (const device of devices) device.close();
    expect(await server.stop()).toBe(0);
  });
});
