import { runInDurableObject } from "cloudflare:test";
import { encode } from "@msgpack/msgpack";
import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_MINUTE, EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { removeLogs } from "../../src/deployments/logs.ts";
import { makeFrame, PROTO } from "../../src/deviceconnect/frame.ts";
import { MAX_EVENT_BYTES, Recorder } from "../../src/deviceconnect/recorder.ts";
import { MAX_PATH_CHARACTERS } from "../../src/deviceconnect/transfer.ts";
import { MAX_ATTRIBUTE_BYTES } from "../../src/inventory/limits.ts";
import { rows } from "../../src/platform/database.ts";
import { asDeviceId, asTenantId } from "../../src/platform/ids.ts";
import { DATABASE, HTTP, INVOCATION, STORAGE } from "../../src/platform/limits.ts";
import { aDevice, aTenant, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
import { FakeDevice } from "../support/fake-device.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { connectFake, DEVICECONNECT, deviceSocket, Peer, userSocket } from "../support/sockets.ts";
import { Given, strictBucket, strictStorage } from "../support/strict-storage.ts";
import { asOperator, jobOf, notify, register, start, WORKFLOW } from "../support/workflows.ts";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const fault = (answer: { status: number; json: () => { error?: string } }) => [
  answer.status,
  answer.json().error,
];

describe("a value of the database", () => {
  /** Each takes five bytes on the wire and 22 in the database. */
  const NUMBERS = 90_000;

  /** The text of an input that takes so many bytes as it is stored. */
  const inputOf = (bytes: number) => {
    const stored = (who: string) => JSON.stringify({ who, n: Array.from({ length: NUMBERS }, () => 1e20) });
    const who = "w".repeat(bytes - stored("").length);
    return JSON.stringify({ who, n: [] }).replace("[]", `[${"1e20,".repeat(NUMBERS - 1)}1e20]`);
  };
  const startWith = (bytes: number) =>
    server.call("POST", `${WORKFLOW}/notify`, {
      token: OPERATOR_TOKEN,
      body: inputOf(bytes),
      headers: { "Content-Type": "application/json" },
    });

  it("grows to the last byte, and the request is refused for one more [limit: DATABASE.valueBytes] [differs: value-size]", async () => {
    await register(server, notify());
    expect((await startWith(DATABASE.valueBytes)).status).toBe(201);
    expect(fault(await startWith(DATABASE.valueBytes + 1))).toEqual([
      413,
      "the request is too large to be stored",
    ]);
    expect(await rowsOf("SELECT octet_length(input) AS bytes FROM jobs")).toEqual([
      { bytes: DATABASE.valueBytes },
    ]);
  });

  it("is no reason for a step of a workflow to fail that sends more", async () => {
    const large = "${workflow.input.text}".repeat(5);
    await register(
      server,
      notify({ inputParameters: ["text"] }, { uri: "https://h.example.com/", json: undefined, body: large }),
    );
    const original = globalThis.fetch;
    globalThis.fetch = async () => new Response("taken");
    try {
      const id = await start(server, "notify", { text: "x".repeat(500_000) });
      await server.deliverEvents();
      const job = await jobOf(server, id);
      expect([job.status, job.results]).toMatchObject(["done", [{ success: true }]]);
    } finally {
      globalThis.fetch = original;
    }
  });

  it("has room for all attributes of a device, whoever writes them", async () => {
    const device = await aDevice(server);
    const path = `/api/internal/v1/inventory/tenants/default/device/${device.id}/attribute/scope`;
    const write = (scope: string, length: number) =>
      asOperator(server, "PATCH", `${path}/${scope}`, [{ name: "a", value: "v".repeat(length) }]);
    const stored = async () =>
      (await rowsOf("SELECT octet_length(attributes) AS bytes FROM inventory_devices"))[0]!.bytes as number;
    expect((await write("one", 1_000_000)).status).toBe(200);
    expect((await write("two", 0)).status).toBe(200);
    const room = MAX_ATTRIBUTE_BYTES - (await stored());
    const full = "the size of the attributes of the device is above the limit";
    expect(fault(await write("two", room + 1))).toEqual([400, full]);
    expect((await write("two", room)).status).toBe(200);
    expect(await stored()).toBe(MAX_ATTRIBUTE_BYTES);
    const report = (value: string) =>
      server.call("PATCH", "/api/devices/v1/inventory/device/attributes", {
        token: device.token,
        json: [{ name: "b", value }],
      });
    expect((await report("more")).status).toBe(400);
    expect((await write("two", 0)).status).toBe(200);
    expect((await report("more")).status).toBe(200);
  });
});

describe("a statement", () => {
  const run = async (text: string, count: number) => {
    const { directory } = await server.deps();
    const parameters = sql.join(
      Array.from({ length: count }, (_, i) => sql`${i}`),
      sql`, `,
    );
    return directory.one(rows(sql`SELECT ${parameters} ${sql.raw(text)}`));
  };
  const refused = { kind: "bad_request", publicMessage: "the request has too many conditions" };

  it("takes so many parameters and no more [limit: DATABASE.parameters]", async () => {
    expect(await run("", DATABASE.parameters)).toHaveLength(1);
    await expect(run("", DATABASE.parameters + 1)).rejects.toMatchObject(refused);
  });

  it("is so long and no longer [limit: DATABASE.statementBytes]", async () => {
    const comment = (bytes: number) => `/*${"x".repeat(bytes - "SELECT ? /**/".length)}*/`;
    expect(await run(comment(DATABASE.statementBytes), 1)).toHaveLength(1);
    await expect(run(comment(DATABASE.statementBytes + 1), 1)).rejects.toMatchObject(refused);
  });

  const KINDS: Record<string, unknown> = {
    $eq: "ä".repeat(300),
    $ne: "b",
    $gt: "c",
    $lte: 4,
    $in: ["a", 1, true, "x".repeat(300)],
    $nin: ["a", 1, false],
    $exists: false,
    $regex: "^a.*[0-9]$",
  };

  it.each(Object.entries(KINDS))("of the largest search by %s takes them", async (type, value) => {
    await aDevice(server);
    const scope = "inventory";
    const filters = Array.from({ length: 15 }, (_, i) => ({ scope, attribute: `a${i}`, type, value }));
    const sort = Array.from({ length: 5 }, (_, i) => ({ scope, attribute: `s${i}`, order: "desc" }));
    const json = { filters, sort, text: "one two three four", device_ids: ["d"], page: 2, per_page: 500 };
    const answer = await server.call("POST", "/api/management/v2/inventory/filters/search", {
      token: user.token,
      json,
    });
    expect([answer.status, answer.json()]).toEqual([200, []]);
  });
});

describe("an address", () => {
  const PATHS = [
    "/api/management/v1/inventory/devices",
    "/api/devices/v1/deployments/device/deployments/next",
  ];

  it.each(PATHS)(
    "of %s is so long and no longer [limit: HTTP.urlBytes] [differs: long-address]",
    async (path) => {
      const start = `https://edgemend.test${path}?x=`;
      const ask = (bytes: number) => server.call("GET", start + "y".repeat(bytes - start.length));
      expect((await ask(HTTP.urlBytes)).status).toBe(401);
      const long = await ask(HTTP.urlBytes + 1);
      expect(fault(long)).toEqual([414, "the address is too long"]);
      expect(long.headers.get("x-men-requestid")).toBe(long.json().request_id);
    },
  );

  it("of another page is one that can be asked for", async () => {
    const ask = (count: number) =>
      server.call("GET", `${PATHS[0]}?x=${"(".repeat(count)}`, { token: user.token });
    expect((await ask(5000)).headers.get("link")).toContain("%28");
    expect(fault(await ask(6000))).toEqual([400, "the query is too long for links to pages"]);
  });
});

describe("headers of an answer", () => {
  /** A device that calls every file by this path. */
  async function calling(path: string): Promise<TestDevice> {
    const device = await aDevice(server);
    const body = encode({ path, size: 0, uid: 0, gid: 0, mode: 0o644 });
    const fake: FakeDevice = new FakeDevice((message) => peer.send(message));
    const peer: Peer = new Peer(await deviceSocket(server, device), (message) => {
      const asked = peer.frames.at(-1)!;
      if (asked.typ !== "stat") return fake.onMessage(message);
      peer.send(makeFrame({ proto: PROTO.fileTransfer, typ: "file_info", sid: asked.sid, body }));
    });
    return device;
  }

  const look = async (path: string) => {
    const device = await calling(path);
    return server.call("HEAD", `${DEVICECONNECT}/devices/${device.id}/download?path=/f`, {
      token: user.token,
    });
  };

  it("have room for the longest path of a file [limit: HTTP.headerBytes]", async () => {
    const answer = await look("\u0001".repeat(MAX_PATH_CHARACTERS));
    const bytes = [...answer.headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    expect([answer.status, bytes <= HTTP.headerBytes]).toEqual([200, true]);
    expect((await look("p".repeat(MAX_PATH_CHARACTERS + 1))).status).toBe(502);
  });
});

describe("the storage of an object", () => {
  const session = {
    tenant: asTenantId("default"),
    device: asDeviceId("d"),
    sid: "s",
    user: "u",
    email: "e",
    startedMs: 0,
  };

  /** Records into a storage that refuses what the platform does. */
  async function recording(work: (recorder: Recorder) => Promise<void>) {
    const given = new Given();
    const deps = await server.deps();
    const head = env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("a storage"));
    await runInDurableObject(head, async (_, { storage }) => {
      const recorder = new Recorder(strictStorage(storage, given), async () => deps);
      await recorder.open(session, { kind: "connection" });
      await work(recorder);
      await recorder.end("s", 1);
    });
    return given;
  }

  it("takes what a device shows at once, however much that is [limit: OBJECT.valueBytes]", async () => {
    const given = await recording((recorder) =>
      recorder.add("s", { kind: "output", offsetMs: 0, data: new Uint8Array(3 * MAX_EVENT_BYTES).fill(97) }),
    );
    expect(given.entryBytes).toBeGreaterThan(MAX_EVENT_BYTES);
    const cast = await server.call("GET", `${DEVICECONNECT}/sessions/s/recording`, { token: user.token });
    expect(cast.text.match(/(?<=")a+(?="])/g)?.join("")).toHaveLength(3 * MAX_EVENT_BYTES);
  });

  it("is relieved of so many keys at a time [limit: OBJECT.keysAtOnce]", async () => {
    const given = await recording(async (recorder) => {
      for (let i = 0; i < 129; i++)
        await recorder.add("s", { kind: "output", offsetMs: 0, data: new Uint8Array(1).fill(97) });
    });
    expect(given.keys).toBe(128);
    const cast = await server.call("GET", `${DEVICECONNECT}/sessions/s/recording`, { token: user.token });
    expect(cast.text.match(/"a"/g)).toHaveLength(129);
  });

  it("keeps a terminal's large output from its device to its recording", async () => {
    const device = await aDevice(server);
    const { peer } = await connectFake(server, device);
    const terminal = new Peer(await userSocket(server, user, device));
    terminal.send(makeFrame({ proto: PROTO.shell, typ: "new" }));
    await terminal.until(() => terminal.frames.length === 1);
    const { sid } = terminal.frames[0]!;
    const body = new Uint8Array(3_000_000).fill(97);
    peer.send(makeFrame({ proto: PROTO.shell, typ: "shell", sid, body }));
    await terminal.until(() => terminal.frames.length === 2);
    const path = `${DEVICECONNECT}/devices/${device.id}/sessions/${sid}`;
    expect((await server.call("DELETE", path, { token: user.token })).status).toBe(204);
    const cast = await server.call("GET", `${DEVICECONNECT}/sessions/${sid}/recording`, {
      token: user.token,
    });
    expect(cast.text.match(/(?<=")a+(?="])/g)?.join("")).toHaveLength(body.length);
  });
});

describe("the object storage", () => {
  it("is relieved of so many keys at a time [limit: STORAGE.keysAtOnce]", async () => {
    const deps = await server.deps();
    const keys = Array.from({ length: STORAGE.keysAtOnce + 1 }, (_, i) => `logs/default/x/${i}`);
    await Promise.all(keys.map((key) => env.ARTIFACTS.put(key, "")));
    await removeLogs({ ...deps, bucket: strictBucket(deps.bucket) }, asTenantId("default"), "x");
    expect((await env.ARTIFACTS.list()).objects).toEqual([]);
  });

  it("removes objects whose key is as long as it takes; longer ones are none [limit: STORAGE.keyBytes]", async () => {
    const keys = [STORAGE.keyBytes, STORAGE.keyBytes + 1].map((length) => "k".repeat(length));
    await env.ARTIFACTS.put(keys[0]!, "bytes");
    for (const key of keys)
      await env.DB.prepare(
        "INSERT INTO objects (tenant_id, object_key, state, alive_ms) VALUES ('default', ?, 'writing', 0)",
      )
        .bind(key)
        .run();
    const swept = await asOperator(server, "POST", "/api/operator/v1/sweep-uploads");
    expect(swept.json()).toEqual({ removed: 2 });
    expect((await env.ARTIFACTS.list()).objects).toEqual([]);
  });

  it("takes so many bytes in one request [limit: STORAGE.putBytes]", async () => {
    const bindings = { ...server.env, MAX_BODY_BYTES: String(10 * STORAGE.putBytes) };
    const opened = await server.call("POST", "/api/management/v1/deployments/artifacts/directupload", {
      token: user.token,
    });
    const put = (bytes: number) =>
      server.call(
        "PUT",
        opened.json<{ uri: string }>().uri,
        { headers: { "Content-Length": String(bytes) }, body: "x" },
        bindings,
      );
    expect(fault(await put(STORAGE.putBytes + 1))).toEqual([
      413,
      expect.stringContaining(`at most ${STORAGE.putBytes} bytes`),
    ]);
    expect((await put(STORAGE.putBytes)).status).not.toBe(413);
  });
});

describe("the duties of a run", () => {
  const BACKLOG = 400;
  const DAY_MS = 86_400_000;

  async function fill() {
    const tenants = Array.from({ length: BACKLOG }, (_, i) => `t-${String(i).padStart(3, "0")}`);
    for (const tenant of tenants) await aTenant(server, tenant);
    const insert = (text: string) => tenants.map((tenant) => env.DB.prepare(text).bind(tenant));
    await env.DB.batch([
      ...insert(
        "INSERT INTO objects (tenant_id, object_key, state, alive_ms) VALUES (?1, ?1 || '/o', 'doomed', 0)",
      ),
      ...insert(
        "INSERT INTO uploads (tenant_id, upload_id, state, object_key, actor, expires_ms) VALUES (?1, ?1, 'open', 'k', '{}', 0)",
      ),
      ...insert(
        `INSERT INTO audit_log (tenant_id, time_ms, id, actor_type, actor_id, action, object_type, object_id, object)
         VALUES (?1, 0, 'entry', 'user', 'u', 'create', 'device', 'd', '{}')`,
      ),
      ...insert(
        `INSERT INTO device_sessions (tenant_id, session_id, device_id, user_id, user_email, kind, started_ms)
         VALUES (?1, ?1, 'd', 'u', 'e', 'terminal', 0)`,
      ),
      ...insert(
        `INSERT INTO artifact_generations
           (tenant_id, artifact_id, name, device_types, payload, actor, source_key, size, sha256, created_ms)
         VALUES (?1, ?1, 'n', '[]', '{}', '{}', 'k', 1, 's', 0)`,
      ),
    ]);
    await Promise.all(
      tenants.map((tenant) => env.ARTIFACTS.put(`${tenant}/11111111-1111-4111-8111-111111111111`, "")),
    );
    const { objects } = await env.ARTIFACTS.list({ limit: 1 });
    server.now = Math.max(server.now, objects[0]!.uploaded.getTime()) + 3 * DAY_MS;
  }

  const left = async () => {
    const tables = ["objects", "artifact_generations", "device_sessions"];
    const counts = tables.map((table) => `(SELECT count(*) FROM ${table})`).join(" + ");
    const [row] = await rowsOf(`SELECT ${counts} + (SELECT count(*) FROM audit_log WHERE time_ms = 0)
      + (SELECT count(*) FROM uploads WHERE state = 'open') AS rows`);
    return Number(row!.rows) + (await env.ARTIFACTS.list({ prefix: "t-" })).objects.length;
  };

  it("stay within one invocation, and come to an end over several [limit: INVOCATION.databaseCalls]", async () => {
    await fill();
    for (let runs = 0; (await left()) > 0; runs++) {
      expect(runs).toBeLessThan(10);
      for (const sweeps of [EVERY_MINUTE, EVERY_NIGHT]) {
        const deps = await server.deps();
        await runSweeps(deps, sweeps);
        expect(deps.cost.roundTrips).toBeLessThanOrEqual(INVOCATION.databaseCalls);
      }
    }
  });
});
