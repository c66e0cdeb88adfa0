import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";
import { readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeArtifact } from "../../src/artifact/write.ts";
import { storedObjects } from "./object-store.ts";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";
import { isSo, until } from "./until.ts";

afterAll(cleanUp);

const MIB = 1024 * 1024;
const DIRECT = "/v1/deployments/artifacts/directupload";

async function artifactOf(name: string, bytes: number): Promise<Buffer> {
  const written = await writeArtifact({
    name,
    deviceTypes: ["board"],
    payloadType: "single-file",
    files: [{ name: "file", content: randomBytes(bytes) }],
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of written.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

interface Link {
  id: string;
  uri: string;
  part_size: number;
}

interface Status {
  state: "open" | "verifying" | "done" | "failed";
  parts: { part: number; size: number }[];
  uri: string;
  error?: string;
}

interface Artifact {
  id: string;
  name: string;
  size: number;
}

/** How often jobs have begun to verify uploads, read from the file of the database beside the server. */
function verifications(data: string): number {
  const folder = join(data, "state/d1/miniflare-D1DatabaseObject");
  const file = readdirSync(folder).find((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  const database = new DatabaseSync(join(folder, file!), { readOnly: true, timeout: 5000 });
  try {
    return Number(database.prepare("SELECT sum(attempts) AS sum FROM uploads").get()?.sum);
  } finally {
    database.close();
  }
}

describe("an upload by link to a server that is cut off and killed", () => {
  const data = newFolder();
  let server: LocalServer;
  let operator: Operator;

  beforeAll(async () => {
    server = await LocalServer.start(data);
    operator = await Operator.login(server, server.ready.adminPassword!);
  });

  const killAndStart = async () => {
    await server.kill();
    server = await LocalServer.start(data, server.ports);
    operator = operator.at(server);
  };

  const open = async (): Promise<Link> => (await operator.call("POST", DIRECT)).json() as Promise<Link>;
  const statusOf = (id: string) => operator.get<Status>(`${DIRECT}/${id}`);
  const complete = async (id: string, body?: unknown) =>
    (await operator.call("POST", `${DIRECT}/${id}/complete`, body)).status;
  const partsThere = async (id: string) => (await statusOf(id)).parts.map(({ part }) => part);

  const partOf = (artifact: Buffer, { part_size: size }: Link, part: number) =>
    artifact.subarray((part - 1) * size, part * size);
  const put = async (link: Link, artifact: Buffer, part: number) => {
    const body = new Uint8Array(partOf(artifact, link, part));
    const answer = await fetch(`${link.uri}&part=${part}`, { method: "PUT", body });
    expect([answer.status, await answer.text()]).toEqual([200, JSON.stringify({ part, size: body.length })]);
  };

  /** Sends the first half of a part and then nothing. */
  async function putHalf(link: Link, artifact: Buffer, part: number): Promise<() => void> {
    const bytes = partOf(artifact, link, part);
    const sent = request(`${link.uri}&part=${part}`, {
      method: "PUT",
      headers: { "Content-Length": bytes.length },
    });
    sent.on("error", () => {});
    await new Promise<unknown>((done) => sent.write(bytes.subarray(0, bytes.length / 2), done));
    return () => sent.destroy();
  }

  const artifacts = () => operator.get<Artifact[]>("/v1/deployments/artifacts");

  /** Each of these is an artifact, byte by byte, verified and recorded once, and nothing else is stored. */
  async function expectExactly(expected: Record<string, Buffer>): Promise<void> {
    const found = await artifacts();
    const names = Object.keys(expected).toSorted();
    expect(found.map(({ name }) => name).toSorted()).toEqual(names);
    for (const { id, name } of found) {
      const { uri } = await operator.get<{ uri: string }>(`/v1/deployments/artifacts/${id}/download`);
      const bytes = new Uint8Array(await (await fetch(uri)).arrayBuffer());
      expect([name, digest(bytes)]).toEqual([name, digest(expected[name]!)]);
    }
    const releases = await operator.get<{ artifacts_count: number }[]>(
      "/v2/deployments/deployments/releases",
    );
    expect(releases.map(({ artifacts_count: count }) => count)).toEqual(names.map(() => 1));
    const log = await operator.get<{ action: string; object: { type: string } }[]>("/v1/auditlogs/logs");
    const added = log.filter(({ action, object }) => action === "upload" && object.type === "artifact");
    expect(added).toHaveLength(names.length);
    const sizes = Object.values(expected)
      .map(({ length }) => length)
      .toSorted((a, b) => a - b);
    expect(storedObjects(data)).toEqual({ sizes, openParts: 0 });
    const { usage } = await operator.get<{ usage: number }>("/v1/deployments/limits/storage");
    expect(usage).toBe(sizes.reduce((sum, size) => sum + size, 0));
  }

  const done: Record<string, Buffer> = {};

  test("goes on after a cut with the parts that are missing", async () => {
    const artifact = await artifactOf("cut", 33 * MIB);
    const link = await open();
    await put(link, artifact, 1);
    const cut = await putHalf(link, artifact, 2);
    cut();
    expect(await partsThere(link.id)).toEqual([1]);
    expect(await complete(link.id, {})).toBe(202);
    await until("the refusal", async () => isSo((await statusOf(link.id)).state === "failed"));

    const again = await open();
    await Promise.all([put(again, artifact, 3), put(again, artifact, 1)]);
    (await putHalf(again, artifact, 2))();
    expect(await partsThere(again.id)).toEqual([1, 3]);
    expect(await complete(again.id)).toBe(400);
    await put(again, artifact, 2);
    expect(await complete(again.id)).toBe(202);
    await until("the artifact", async () => isSo((await statusOf(again.id)).state === "done"));
    done.cut = artifact;
    await expectExactly(done);
  });

  test("goes on after the server was killed in the middle of a part", async () => {
    const artifact = await artifactOf("killed", 17 * MIB);
    const link = await open();
    await put(link, artifact, 2);
    await putHalf(link, artifact, 1);
    await killAndStart();
    expect(await statusOf(link.id)).toMatchObject({ state: "open", parts: [{ part: 2 }] });
    await put(link, artifact, 1);
    expect(await complete(link.id)).toBe(202);
    await until("the artifact", async () => isSo((await statusOf(link.id)).state === "done"));
    done.killed = artifact;
    await expectExactly(done);
  });

  test("is verified once when the server is killed at any point of that", async () => {
    let interrupted = 0;
    for (const moment of ["sealed", "begun"]) {
      const name = `verified-${moment}`;
      const artifact = await artifactOf(name, 17 * MIB);
      const link = await open();
      for (const part of [1, 2]) await put(link, artifact, part);
      const before = verifications(data);
      expect(await complete(link.id)).toBe(202);
      if (moment === "begun") await until("a job", () => isSo(verifications(data) > before));
      await killAndStart();
      await until("the artifact", async () => isSo((await statusOf(link.id)).state === "done"));
      if (verifications(data) > before + 1) interrupted++;
      done[name] = artifact;
    }
    expect(interrupted).toBeGreaterThan(0);
    await expectExactly(done);
  });

  test("believes nothing of what is said about it, and keeps nothing that is no artifact", async () => {
    const link = await open();
    const garbage = randomBytes(17 * MIB);
    await put(link, garbage, 1);
    await put(link, garbage, 2);
    const claims = { size: garbage.length, updates: [{ type_info: { type: "rootfs-image" }, files: [] }] };
    expect(await complete(link.id, claims)).toBe(202);
    const status = await until("the refusal", async () => {
      const seen = await statusOf(link.id);
      return seen.state === "failed" ? seen : undefined;
    });
    expect(status.error).toMatch(/./);
    const torn = await artifactOf("torn", 2 * MIB);
    torn[MIB]! ^= 1;
    const other = await open();
    expect((await fetch(other.uri, { method: "PUT", body: new Uint8Array(torn) })).status).toBe(200);
    expect(await complete(other.id)).toBe(202);
    await until("the refusal", async () => isSo((await statusOf(other.id)).state === "failed"));
    await expectExactly(done);
  });
});
