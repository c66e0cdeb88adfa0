import { systemNow } from "../../src/platform/clock.ts";
import { beforeEach, describe, expect, it } from "vitest";
import type { OperatorActor } from "../../src/platform/actor.ts";
import { DEFAULT_TENANT } from "../../src/platform/ids.ts";
import { sweepOrphans } from "../../src/storage/orphans.ts";
import { ObjectUpload, sweepUploads } from "../../src/storage/index.ts";
import { uploadArtifact } from "../../src/releases/upload.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  ARTIFACTS,
  bucketObjects,
  formOf,
  idOf,
  noise,
  statusesOf,
  NO_ROWS,
  storageRows,
  upload,
} from "../support/artifacts.ts";
import { afterStart, type Answer, env, FURTHER, Server } from "../support/server.ts";

const operator: OperatorActor = { kind: "operator", tenant: DEFAULT_TENANT };

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const linkTo = async (id: string) =>
  (await server.call("GET", `${ARTIFACTS}/${id}/download`, { token: user.token })).json<{
    uri: string;
    expire: string;
    method: string;
  }>();

/** An answer whose body is bytes. */
const fetchBytes = async (uri: string, headers: Record<string, string> = {}, method = "GET") => {
  const response = await server.fetch(new Request(uri, { method, headers }));
  return {
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
};

describe("a download link", () => {
  it("lives 15 minutes and is on the own host [differs: own-host-links]", async () => {
    const id = idOf(await upload(server, await anArtifact(), user));
    const link = await linkTo(id);
    expect(link).toEqual({
      uri: expect.stringContaining(
        `https://edgemend.test/api/devices/v1/deployments/download/artifacts/default/${id}?`,
      ),
      expire: afterStart(15 * 60_000),
      method: "GET",
    });
  });

  it("gives the whole artifact without any token", async () => {
    const bytes = await anArtifact();
    const id = idOf(await upload(server, bytes, user));
    const answer = await fetchBytes((await linkTo(id)).uri);
    expect(answer.status).toBe(200);
    expect(answer.bytes).toEqual(bytes);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "application/vnd.mender-artifact",
      "content-length": String(bytes.length),
      "accept-ranges": "bytes",
      "content-disposition": 'attachment; filename="release-1.mender"',
      "cache-control": "private, no-transform",
      etag: `"${id}"`,
    });
    expect(answer.headers.has("content-encoding")).toBe(false);
    expect(answer.headers.has("content-range")).toBe(false);
  });

  it("answers HEAD without a body", async () => {
    const bytes = await anArtifact();
    const { uri } = await linkTo(idOf(await upload(server, bytes, user)));
    const answer = await fetchBytes(uri, {}, "HEAD");
    expect([answer.status, answer.headers.get("content-length"), answer.bytes.length]).toEqual([
      200,
      String(bytes.length),
      0,
    ]);
  });

  it("ends when it expires [differs: link-faults]", async () => {
    const { uri } = await linkTo(idOf(await upload(server, await anArtifact(), user)));
    server.advance(15 * 60_000 - 1);
    expect((await fetchBytes(uri)).status).toBe(200);
    server.advance(1);
    const answer = await server.call("GET", uri);
    expect([answer.status, answer.json().error]).toEqual([403, "URL expired"]);
  });

  it.each([
    ["another artifact", (uri: string) => uri.replace(/artifacts\/default\/./, "artifacts/default/0")],
    ["another tenant", (uri: string) => uri.replace("artifacts/default", "artifacts/other")],
    ["a later end", (uri: string) => uri.replace(/expire=20\d\d/, "expire=2999")],
  ])("does not open %s [differs: link-faults]", async (_, change) => {
    const id = "1c9dbd4e-6a49-4f0e-9f0c-0a3a3e9f8f10";
    idOf(await upload(server, await anArtifact(), user, [["artifact_id", id]]));
    const answer = await server.call("GET", change((await linkTo(id)).uri));
    expect([answer.status, answer.json().error]).toEqual([403, "signature invalid"]);
  });

  it("needs its signature", async () => {
    const answer = await server.call("GET", "/api/devices/v1/deployments/download/artifacts/default/a");
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "invalid request parameters: x-men-expire: cannot be blank; x-men-signature: cannot be blank.",
    ]);
  });

  it("answers 404 when the artifact is gone", async () => {
    const id = idOf(await upload(server, await anArtifact(), user));
    const { uri } = await linkTo(id);
    await server.call("DELETE", `${ARTIFACTS}/${id}`, { token: user.token });
    const answer = await server.call("GET", uri);
    expect([answer.status, answer.json().error]).toEqual([404, "Resource not found"]);
  });

  it("asks the database once for many ranges", async () => {
    const { uri } = await linkTo(idOf(await upload(server, await anArtifact(), user)));
    const costs: number[] = [];
    for (let first = 0; first < 4096; first += 1024) {
      const { headers } = await fetchBytes(uri, { Range: `bytes=${first}-${first + 1023}` });
      costs.push(Number(/trips=(\d+)/.exec(headers.get("server-timing") ?? "")?.[1]));
    }
    expect(costs).toEqual([1 + FURTHER, 0, 0, 0]);
  });

  it.each([
    [
      'my "best" app',
      `attachment; filename="my \\"best\\" app.mender"; filename*=UTF-8''my%20%22best%22%20app.mender`,
    ],
    ["größe", `attachment; filename="gr__e.mender"; filename*=UTF-8''gr%C3%B6%C3%9Fe.mender`],
    ["50%", `attachment; filename="50%.mender"; filename*=UTF-8''50%25.mender`],
  ])("names the file of %s safely [differs: file-names]", async (name, disposition) => {
    const { uri } = await linkTo(idOf(await upload(server, await anArtifact({ name }), user)));
    expect((await fetchBytes(uri)).headers.get("content-disposition")).toBe(disposition);
  });
});

describe("ranges of a download", () => {
  const SIZE = 5 * 1024;
  const expectRange = async (uri: string, bytes: Uint8Array, range: string, expected: string) => {
    const answer = await fetchBytes(uri, { Range: range });
    const contentRange = answer.headers.get("content-range");
    const length = Number(answer.headers.get("content-length"));
    if (expected === "whole") {
      expect([answer.status, contentRange, length]).toEqual([200, null, bytes.length]);
      expect(answer.bytes).toEqual(bytes);
    } else if (expected === "none") {
      expect([answer.status, contentRange]).toEqual([416, `bytes */${bytes.length}`]);
    } else {
      const [first = 0, last = 0] = expected.split("-").map(Number);
      expect([answer.status, contentRange, length]).toEqual([
        206,
        `bytes ${first}-${last}/${bytes.length}`,
        last - first + 1,
      ]);
      expect(answer.bytes).toEqual(bytes.slice(first, last + 1));
    }
  };

  it("follow the table of the notes", async () => {
    const bytes = await anArtifact({ files: [{ name: "a", content: noise(100) }] });
    const { uri } = await linkTo(idOf(await upload(server, bytes, user)));
    const last = bytes.length - 1;
    expect(bytes.length).toBeGreaterThan(SIZE);
    for (const [range, expected] of [
      ["bytes=0-2047", "0-2047"],
      ["bytes=0-0", "0-0"],
      [`bytes=${last}-${last}`, `${last}-${last}`],
      [`bytes=1000-${last}`, `1000-${last}`],
      ["bytes=1000-", `1000-${last}`],
      ["bytes=0-", `0-${last}`],
      ["bytes=4000-999999999", `4000-${last}`],
      ["bytes=-100", `${last - 99}-${last}`],
      ["bytes=-999999", `0-${last}`],
      ["BYTES = 1 - 2", "1-2"],
      ["bytes=-0", "none"],
      [`bytes=${bytes.length}-`, "none"],
      ["bytes=999999999999999999999-", "none"],
      ["bytes=5-2", "whole"],
      ["bytes=0-1,4-5", "whole"],
      ["bytes=", "whole"],
      ["bytes=-", "whole"],
      ["bytes=a-b", "whole"],
      ["lines=1-2", "whole"],
    ] as const) {
      await expectRange(uri, bytes, range, expected);
    }
  });

  it("put together give the artifact back, as a small device asks for it", async () => {
    const bytes = await anArtifact();
    const { uri } = await linkTo(idOf(await upload(server, bytes, user)));
    const pieces: Uint8Array[] = [];
    for (let first = 0; first < bytes.length; first += 2048) {
      const answer = await fetchBytes(uri, { Range: `bytes=${first}-${first + 2047}` });
      expect(answer.status).toBe(206);
      pieces.push(answer.bytes);
    }
    expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
  });

  it("are honoured only for the entity that If-Range names", async () => {
    const id = idOf(await upload(server, await anArtifact(), user));
    const { uri } = await linkTo(id);
    const withTag = (tag: string) => fetchBytes(uri, { Range: "bytes=0-9", "If-Range": tag });
    expect((await withTag(`"${id}"`)).status).toBe(206);
    expect((await withTag('"other"')).status).toBe(200);
  });
});

describe("equal payloads", () => {
  const content = noise(3 * 1024 * 1024);
  const aVariant = (deviceType: string) =>
    anArtifact({ deviceTypes: [deviceType], files: [{ name: "image", content }] });

  const usage = async () =>
    (await env.DB.prepare("SELECT bytes FROM storage_usage").first<{ bytes: number }>())?.bytes ?? 0;

  it("are stored once and downloaded whole [differs: stored-once]", async () => {
    const [first, second] = [await aVariant("a"), await aVariant("bb")];
    idOf(await upload(server, first, user));
    const id = idOf(await upload(server, second, user));
    const objects = await bucketObjects();
    const stored = objects.reduce((sum, { size }) => sum + size, 0);
    expect(objects).toHaveLength(2);
    expect(stored).toBeLessThan(first.length + 20_000);
    expect(await usage()).toBe(stored);
    const { uri } = await linkTo(id);
    const whole = await fetchBytes(uri);
    expect(whole.headers.get("content-length")).toBe(String(second.length));
    expect(Buffer.from(whole.bytes).equals(Buffer.from(second))).toBe(true);
    const middle = await fetchBytes(uri, { Range: `bytes=100-${second.length - 101}` });
    expect(Buffer.from(middle.bytes).equals(Buffer.from(second.slice(100, -100)))).toBe(true);
  });

  it.each([
    ["first", 0],
    ["second", 1],
  ])("outlive the %s of their artifacts", async (_, gone) => {
    const variants = [await aVariant("a"), await aVariant("bb")];
    const ids: string[] = [];
    for (const bytes of variants) ids.push(idOf(await upload(server, bytes, user)));
    const remove = async (id: string) => {
      expect((await server.call("DELETE", `${ARTIFACTS}/${id}`, { token: user.token })).status).toBe(204);
      await server.deliverEvents();
    };
    await remove(ids[gone]!);
    const { uri } = await linkTo(ids[1 - gone]!);
    expect(Buffer.from((await fetchBytes(uri)).bytes).equals(Buffer.from(variants[1 - gone]!))).toBe(true);
    await remove(ids[1 - gone]!);
    expect([await bucketObjects(), await usage(), await storageRows()]).toEqual([[], 0, NO_ROWS]);
  });

  it("are not shared between tenants", async () => {
    const other = await aUser(server, { tenant: "t-other" });
    idOf(await upload(server, await aVariant("a"), user));
    idOf(await upload(server, await aVariant("bb"), other));
    const large = (await bucketObjects()).filter(({ size }) => size > content.length);
    expect(large).toHaveLength(2);
  });

  it("leave nothing of an artifact that is refused", async () => {
    idOf(await upload(server, await aVariant("a"), user));
    const before = [await bucketObjects(), await usage()];
    const clash = await upload(server, await aVariant("a"), user);
    expect(clash.status).toBe(409);
    expect([await bucketObjects(), await usage()]).toEqual(before);
  });
});

describe("a server that died within an upload", () => {
  /** What a killed request leaves: the record, and perhaps an object or an upload in parts. */
  const aDeadUpload = async (key: string, left: "nothing" | "object" | "parts") => {
    let multipart: string | null = null;
    if (left === "object") await env.ARTIFACTS.put(key, noise(100));
    if (left === "parts") {
      const started = await env.ARTIFACTS.createMultipartUpload(key);
      await started.uploadPart(1, noise(5 * 1024 * 1024));
      multipart = started.uploadId;
    }
    await env.DB.prepare(
      "INSERT INTO objects (tenant_id, object_key, state, multipart_id, alive_ms) VALUES ('default', ?, 'writing', ?, ?)",
    )
      .bind(key, multipart, server.now)
      .run();
    return multipart;
  };

  it("sweeps whatever it left", async () => {
    await aDeadUpload("default/none", "nothing");
    await aDeadUpload("default/object", "object");
    const multipart = await aDeadUpload("default/parts", "parts");
    const swept = await sweepUploads(await server.deps(), { deadBeforeMs: server.now + 1 });
    expect(swept).toEqual({ removed: 3 });
    expect(await bucketObjects()).toEqual([]);
    expect(await storageRows()).toEqual(NO_ROWS);
    const resumed = env.ARTIFACTS.resumeMultipartUpload("default/parts", multipart!);
    await expect(resumed.uploadPart(2, noise(10))).rejects.toThrow("10024");
  });

  it("leaves alone what is alive and what is stored", async () => {
    idOf(await upload(server, await anArtifact(), user));
    await aDeadUpload("default/alive", "object");
    expect(await sweepUploads(await server.deps(), { deadBeforeMs: server.now })).toEqual({ removed: 0 });
    expect(await bucketObjects()).toHaveLength(2);
  });

  it("repeats a removal that was cut short", async () => {
    await aDeadUpload("default/object", "object");
    await env.DB.prepare("UPDATE objects SET state = 'doomed'").run();
    await env.ARTIFACTS.delete("default/object");
    await sweepUploads(await server.deps(), { deadBeforeMs: 0 });
    expect(await storageRows()).toEqual(NO_ROWS);
  });
});

describe("a long upload", () => {
  it("says that it is alive, and ends when it was given up", async () => {
    const deps = await server.deps();
    const tenant = user.tenant;
    const going = await ObjectUpload.begin(deps, tenant);
    for (let minute = 0; minute < 30; minute++) {
      server.advance(60_000);
      await going.write(noise(10));
      await sweepUploads(deps, { deadBeforeMs: server.now - 10 * 60_000 });
    }
    expect(await storageRows()).toMatchObject({ objects: 1 });
    server.advance(11 * 60_000);
    await sweepUploads(deps, { deadBeforeMs: server.now - 10 * 60_000 });
    await expect(going.write(noise(10))).rejects.toThrow(
      "the upload was given up because it made no progress",
    );
    await going.abandon();
    expect([await storageRows(), await bucketObjects()]).toEqual([NO_ROWS, []]);
  });

  it.each([
    ["small", 100, "put"],
    ["large", 9 * 1024 * 1024, "createMultipartUpload"],
  ] as const)("that is %s and given up at its end makes no artifact", async (_, size, last) => {
    const deps = await server.deps();
    const sweepAll = () => sweepUploads(deps, { deadBeforeMs: server.now + 1 });
    const { bucket } = deps;
    deps.bucket = new Proxy(bucket, {
      get: (target, name: keyof R2Bucket) =>
        name === last
          ? async (...input: Parameters<R2Bucket["put"]>) => {
              await sweepAll();
              return (target[name] as R2Bucket["put"])(...input);
            }
          : target[name].bind(target),
    });
    const form = new Response(
      formOf([["artifact", await anArtifact({ files: [{ name: "image", content: noise(size) }] })]]),
    );
    const uploading = uploadArtifact(deps, operator, {
      stream: form.body!,
      contentType: form.headers.get("content-type") ?? "",
      declaredBytes: undefined,
    });
    await expect(uploading).rejects.toThrow("the upload was given up because it made no progress");
    expect([await storageRows(), await bucketObjects()]).toEqual([NO_ROWS, []]);
  });

  it("is told the other way when the platform lets no such body through", async () => {
    const deps = await server.deps();
    deps.settings = { ...deps.settings, MAX_BODY_BYTES: 1000 };
    const form = new Response(formOf([["artifact", await anArtifact()]]));
    const uploading = uploadArtifact(deps, operator, {
      stream: form.body!,
      contentType: form.headers.get("content-type") ?? "",
      declaredBytes: 1001,
    });
    await expect(uploading).rejects.toMatchObject({
      status: 413,
      publicMessage:
        "request bodies are limited to 1000 bytes: upload larger artifacts by POST /api/management/v1/deployments/artifacts/directupload",
    });
  });
});

describe("the nightly look for objects without a record", () => {
  const DAY_MS = 24 * 3_600_000;
  const orphan = (tenant = "default") => `${tenant}/${crypto.randomUUID()}`;

  it("removes old ones and leaves what is recorded, young or of others [differs: orphan-objects]", async () => {
    idOf(await upload(server, await anArtifact(), user));
    const [kept] = await bucketObjects();
    await env.ARTIFACTS.put(orphan(), "x");
    await env.ARTIFACTS.put(`${orphan("t-other")}.tmp`, "x");
    const others = ["logs/default/d/e", "recordings/default/s/000001", "default/hand-made"];
    for (const key of others) await env.ARTIFACTS.put(key, "x");
    const deps = await server.deps();
    deps.now = () => systemNow();
    expect(await sweepOrphans(deps)).toEqual({ removed: 0 });
    deps.now = () => systemNow() + DAY_MS + 60_000;
    expect(await sweepOrphans(deps)).toEqual({ removed: 2 });
    expect((await bucketObjects()).map(({ key }) => key)).toEqual([...others, kept!.key].toSorted());
  });
});

const tooMuch = (answer: Answer) => [answer.status, answer.json().error];

describe("the storage limit of a tenant", () => {
  const limitTo = (bytes: number) =>
    env.DB.prepare(
      "INSERT OR REPLACE INTO tenant_limits (tenant_id, name, value) VALUES ('default', 'storage', ?)",
    )
      .bind(bytes)
      .run();

  it("refuses an announced size that does not fit before anything is stored", async () => {
    await limitTo(5000);
    const answer = await upload(server, await anArtifact(), user);
    expect(tooMuch(answer)).toEqual([413, "storage limit exceeded: 0 of 5000 bytes are in use"]);
    expect([await bucketObjects(), await storageRows()]).toEqual([[], NO_ROWS]);
  });

  it("stops an upload of unknown size where the room ends", async () => {
    await limitTo(5000);
    const answer = await upload(server, await anArtifact(), user, []);
    expect(tooMuch(answer)).toEqual([413, "storage limit exceeded: 0 of 5000 bytes are in use"]);
    expect([await bucketObjects(), await storageRows()]).toEqual([[], NO_ROWS]);
  });

  it("lets only one of two through that fit one by one", async () => {
    const artifacts = [await anArtifact({ name: "one" }), await anArtifact({ name: "two" })];
    await limitTo(artifacts[0]!.length + 100);
    const answers = await Promise.all(artifacts.map((bytes) => upload(server, bytes, user)));
    expect(statusesOf(answers)).toEqual([201, 413]);
    expect(await bucketObjects()).toHaveLength(1);
  });

  it("allows a delete when it was lowered below what is used, and uploads after that", async () => {
    const bytes = await anArtifact();
    const id = idOf(await upload(server, bytes, user));
    await limitTo(bytes.length);
    expect((await upload(server, await anArtifact({ name: "two" }), user)).status).toBe(413);
    await server.call("DELETE", `${ARTIFACTS}/${id}`, { token: user.token });
    expect((await upload(server, await anArtifact({ name: "two" }), user)).status).toBe(201);
  });
});
