import { beforeEach, describe, expect, it } from "vitest";
import { UPLOAD_PART_BYTES } from "../../src/storage/uploads.ts";
import { runSweeps, EVERY_MINUTE } from "../../src/app/sweeps.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  ARTIFACTS,
  bucketObjects,
  idOf,
  noise,
  NO_ROWS,
  statusesOf,
  storageRows,
  upload,
} from "../support/artifacts.ts";
import { afterStart, type Answer, env, Server } from "../support/server.ts";

const DIRECT = `${ARTIFACTS}/directupload`;
const UNKNOWN = "3c9dbd4e-6a49-4f0e-9f0c-0a3a3e9f8f10";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

interface Link {
  id: string;
  uri: string;
  expire: string;
  part_size: number;
}

const request = async (json?: unknown): Promise<Link> => {
  const answer = await server.call("POST", DIRECT, { token: user.token, json });
  expect(answer.status).toBe(200);
  return answer.json<Link & Record<string, unknown>>();
};
const put = (uri: string, bytes: Uint8Array<ArrayBuffer>, part?: number): Promise<Answer> =>
  server.call("PUT", part === undefined ? uri : `${uri}&part=${part}`, {
    headers: {
      "Content-Type": "application/vnd.mender-artifact",
      "Content-Length": String(bytes.length),
    },
    body: bytes,
  });
const complete = (
  id: string,
  call: { json?: unknown; body?: string; headers?: Record<string, string> } = {},
) => server.call("POST", `${DIRECT}/${id}/complete`, { token: user.token, ...call });
const follow = async (id: string) =>
  (await server.call("GET", `${DIRECT}/${id}`, { token: user.token })).json<{
    state: string;
    error?: string;
    uri: string;
    parts: unknown[];
  }>();
const artifact = (id: string) => server.call("GET", `${ARTIFACTS}/${id}`, { token: user.token });
const fault = (answer: Answer) => [answer.status, answer.json().error];

const stored = async () => {
  const [object] = await bucketObjects();
  return new Uint8Array(await (await env.ARTIFACTS.get(object!.key))!.arrayBuffer());
};

/** An artifact of two full parts and a bit. */
const aLargeArtifact = () =>
  anArtifact({ files: [{ name: "image", content: noise(2 * UPLOAD_PART_BYTES + 1000) }] });
const partOf = (bytes: Uint8Array<ArrayBuffer>, part: number) =>
  bytes.slice((part - 1) * UPLOAD_PART_BYTES, part * UPLOAD_PART_BYTES);

describe("a direct upload", () => {
  it("gives a link, takes the bytes and makes the artifact in the background [differs: own-host-links, direct-upload, always-verified]", async () => {
    const bytes = await anArtifact();
    const link = await request();
    expect(link).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      uri: expect.stringContaining(`https://edgemend.test/api/storage/v1/uploads/default/${link.id}?`),
      expire: afterStart(3_600_000),
      method: "PUT",
      header: {},
      part_size: UPLOAD_PART_BYTES,
    });
    expect((await put(link.uri, bytes)).status).toBe(200);
    const metadata = { size: 1, updates: [{ type_info: { type: null }, files: [{ name: "wrong" }] }] };
    const completed = await complete(link.id, { json: metadata });
    expect([completed.status, completed.text]).toEqual([202, ""]);
    expect((await artifact(link.id)).status).toBe(404);
    await server.deliverEvents();
    const made = (await artifact(link.id)).json<Record<string, unknown>>();
    expect(made).toMatchObject({ name: "release-1", size: bytes.length });
    expect(made).toHaveProperty("description", "");
    expect(made.updates).toMatchObject([
      { type_info: { type: "single-file" }, files: [{ name: "hello.txt" }] },
    ]);
    expect(await stored()).toEqual(bytes);
    expect((await follow(link.id)).state).toBe("done");
  });

  it("takes exactly what mender-cli sends", async () => {
    const bytes = await anArtifact();
    const cli = { "User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip" };
    const asked = await server.call("POST", DIRECT, {
      token: user.token,
      headers: { ...cli, "Content-Type": "application/json", "Content-Length": "0" },
    });
    expect([asked.status, asked.headers.get("content-type")]).toEqual([200, "application/json"]);
    const link = asked.json<Link & { header: Record<string, string> }>();
    const sent = await server.call("PUT", link.uri, {
      body: bytes,
      headers: {
        ...cli,
        ...link.header,
        "Content-Type": "application/vnd.mender-artifact",
        "Content-Length": String(bytes.length),
      },
    });
    expect(sent.status).toBeLessThan(300);
    const file = {
      name: "hello.txt",
      checksum: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
      size: 6,
      date: "2021-01-01T00:00:00Z",
    };
    const metadata = { size: bytes.length, updates: [{ type_info: { type: null }, files: [file] }] };
    const headers = { ...cli, "Content-Type": "application/json" };
    expect((await complete(link.id, { headers, json: metadata })).status).toBe(202);
    await server.deliverEvents();
    expect((await artifact(link.id)).json()).toMatchObject({ name: "release-1", size: bytes.length });
  });

  it("is audited in the name of the user who asked for it", async () => {
    const link = await request({ description: "by link" });
    await put(link.uri, await anArtifact());
    await complete(link.id);
    await server.deliverEvents();
    expect((await artifact(link.id)).json().description).toBe("by link");
    const entry = await env.DB.prepare(
      "SELECT actor_id, action, object_id FROM audit_log WHERE action = 'upload'",
    ).first();
    expect(entry).toEqual({ actor_id: user.id, action: "upload", object_id: link.id });
  });

  it("takes the last bytes when they are sent twice", async () => {
    const link = await request();
    await put(link.uri, noise(5000));
    await put(link.uri, await anArtifact());
    expect(await bucketObjects()).toHaveLength(1);
    await complete(link.id);
    await server.deliverEvents();
    expect((await artifact(link.id)).status).toBe(200);
  });

  it.each([
    ["malformed JSON", '{"size":', "application/json"],
    ["endless JSON", JSON.stringify({ updates: "x".repeat(10_000) }), "application/json; charset=utf-8"],
  ])("does not care for %s at completion", async (_, body, type) => {
    const link = await request();
    await put(link.uri, await anArtifact());
    expect(
      (
        await complete(link.id, {
          body,
          headers: { "Content-Type": type, "Content-Length": String(body.length) },
        })
      ).status,
    ).toBe(202);
  });

  it("is completed once, with something sent, by the right tenant", async () => {
    const empty = await request();
    expect(fault(await complete(empty.id))).toEqual([404, "Resource not found"]);
    expect(fault(await complete(UNKNOWN))).toEqual([404, "Resource not found"]);
    expect(fault(await complete("not-an-id"))).toEqual([404, "Resource not found"]);
    const link = await request();
    await put(link.uri, await anArtifact());
    const other = await aUser(server, { tenant: "t-other" });
    const foreign = await server.call("POST", `${DIRECT}/${link.id}/complete`, { token: other.token });
    expect(foreign.status).toBe(404);
    const type = { headers: { "Content-Type": "text/plain", "Content-Length": "1" }, body: "x" };
    expect((await complete(link.id, type)).status).toBe(415);
    const answers = await Promise.all([complete(link.id), complete(link.id)]);
    expect(statusesOf(answers)).toEqual([202, 404]);
    expect((await complete(link.id)).status).toBe(404);
  });

  it("that is no artifact leaves the reason and nothing else [differs: direct-upload, always-verified]", async () => {
    const link = await request();
    await put(link.uri, noise(5000));
    const headers = { "Content-Type": "application/json" };
    expect((await complete(link.id, { body: "{", headers })).status).toBe(202);
    await server.deliverEvents();
    expect(await follow(link.id)).toMatchObject({
      state: "failed",
      error: expect.stringMatching(/^reading artifact error: .*invalid tar header$/),
    });
    expect(await bucketObjects()).toEqual([]);
    expect(await storageRows()).toEqual({ ...NO_ROWS, uploads: 1 });
    server.advance(2 * 24 * 3_600_000);
    await runSweeps(await server.deps(), EVERY_MINUTE);
    expect(await storageRows()).toEqual(NO_ROWS);
  });

  it("that clashes with an artifact is refused", async () => {
    idOf(await upload(server, await anArtifact(), user));
    const link = await request();
    await put(link.uri, await anArtifact());
    await complete(link.id);
    await server.deliverEvents();
    expect(await follow(link.id)).toMatchObject({
      state: "failed",
      error: "an artifact with the same name and depends already exists",
    });
    expect(await bucketObjects()).toHaveLength(1);
  });

  it("takes no bytes after it is completed", async () => {
    const bytes = await anArtifact();
    const link = await request();
    await put(link.uri, bytes);
    await complete(link.id);
    expect(fault(await put(link.uri, noise(5000)))).toEqual([404, "Resource not found"]);
    expect(fault(await put(link.uri, noise(5000), 1))).toEqual([404, "Resource not found"]);
    await server.deliverEvents();
    expect(await stored()).toEqual(bytes);
  });

  it("needs its link", async () => {
    const link = await request();
    const other = await request();
    const bytes = await anArtifact();
    const forged = link.uri.replace(link.id, other.id);
    expect(fault(await put(forged, bytes))).toEqual([403, "signature invalid"]);
    expect(fault(await put(link.uri.split("?")[0]!, bytes))[0]).toBe(400);
    server.advance(3_600_000);
    expect(fault(await put(link.uri, bytes))).toEqual([403, "URL expired"]);
    expect((await complete(link.id)).status).toBe(404);
    expect(await bucketObjects()).toEqual([]);
  });

  it("wants the length announced and not too large", async () => {
    const link = await request();
    const empty = await server.call("PUT", link.uri, { headers: { "Content-Length": "0" }, body: "" });
    expect(fault(empty)).toEqual([400, "Content-Length is required"]);
    const huge = await server.call("PUT", link.uri, {
      headers: { "Content-Length": String(6 * 1024 ** 3) },
      body: "x",
    });
    expect(fault(huge)).toEqual([
      413,
      `one request may carry at most ${5 * 1024 ** 3} bytes: send parts of ${UPLOAD_PART_BYTES} bytes with the query member part=1, 2, …`,
    ]);
  });

  it("has the size of an artifact at most [differs: direct-upload-size]", async () => {
    const bindings = { ...server.env, MAX_ARTIFACT_BYTES: "1000" };
    const announce = (size: number) =>
      server.call("POST", DIRECT, { token: user.token, json: { size } }, bindings);
    expect((await announce(1000)).status).toBe(200);
    expect(fault(await announce(1001))).toEqual([413, "Artifact file too large"]);
  });

  it("can be cancelled", async () => {
    const link = await request();
    await put(link.uri, await anArtifact());
    const cancel = () => server.call("DELETE", `${DIRECT}/${link.id}`, { token: user.token });
    expect((await cancel()).status).toBe(204);
    expect(await bucketObjects()).toEqual([]);
    expect((await cancel()).status).toBe(404);
    expect((await complete(link.id)).status).toBe(404);
  });

  it("is swept when nobody completes it", async () => {
    const whole = await request();
    await put(whole.uri, await anArtifact());
    const inParts = await request();
    await put(inParts.uri, noise(UPLOAD_PART_BYTES), 1);
    await request();
    server.advance(3_600_000 + 11 * 60_000);
    await runSweeps(await server.deps(), EVERY_MINUTE);
    expect(await bucketObjects()).toEqual([]);
    expect(await storageRows()).toMatchObject({ objects: 0 });
    expect(await follow(inParts.id)).toMatchObject({
      state: "failed",
      error: "the upload was not completed in time",
    });
  });

  it("counts against the limit of the tenant before and after it is sent [differs: direct-upload-size]", async () => {
    const bytes = await anArtifact();
    const limitTo = (limit: number) =>
      env.DB.prepare("INSERT OR REPLACE INTO tenant_limits VALUES ('default', 'storage', ?)")
        .bind(limit)
        .run();
    await limitTo(bytes.length - 1);
    const announced = await server.call("POST", DIRECT, { token: user.token, json: { size: bytes.length } });
    expect(announced.status).toBe(413);
    const link = await request();
    expect((await put(link.uri, bytes)).status).toBe(413);
    expect((await put(link.uri, noise(10), 2)).status).toBe(413);
    await limitTo(bytes.length);
    expect((await put(link.uri, bytes)).status).toBe(200);
    await limitTo(bytes.length - 1);
    await complete(link.id);
    await server.deliverEvents();
    expect(await follow(link.id)).toMatchObject({
      state: "failed",
      error: `storage limit exceeded: 0 of ${bytes.length - 1} bytes are in use`,
    });
    expect(await bucketObjects()).toEqual([]);
  });

  it("is limited in number [differs: open-uploads]", async () => {
    for (let i = 0; i < 100; i++) await request();
    const answer = await server.call("POST", DIRECT, { token: user.token });
    expect(fault(answer)).toEqual([429, "there are 100 open uploads already"]);
    expect(await storageRows()).toMatchObject({ uploads: 100, objects: 100 });
  });
});

describe("an upload in parts", () => {
  it("comes in any order, again and at once, and makes the artifact", async () => {
    const bytes = await aLargeArtifact();
    const link = await request({ size: bytes.length });
    expect((await put(link.uri, partOf(bytes, 3), 3)).json()).toEqual({
      part: 3,
      size: bytes.length - 2 * UPLOAD_PART_BYTES,
    });
    await put(link.uri, noise(UPLOAD_PART_BYTES, 7), 1);
    const answers = await Promise.all([
      put(link.uri, partOf(bytes, 1), 1),
      put(link.uri, partOf(bytes, 2), 2),
    ]);
    expect(statusesOf(answers)).toEqual([200, 200]);
    expect((await complete(link.id)).status).toBe(202);
    await server.deliverEvents();
    expect((await follow(link.id)).error).toBeUndefined();
    expect((await artifact(link.id)).json()).toMatchObject({ size: bytes.length });
    expect(Buffer.from(await stored()).equals(Buffer.from(bytes))).toBe(true);
  });

  it("goes on after a cut with what is missing, even by a fresh link [differs: direct-upload]", async () => {
    const bytes = await aLargeArtifact();
    const link = await request();
    await put(link.uri, partOf(bytes, 1), 1);
    server.advance(3_599_000);
    const seen = await server.call("GET", link.uri);
    expect(seen.json()).toMatchObject({ state: "open", parts: [{ part: 1, size: UPLOAD_PART_BYTES }] });
    await put(link.uri, partOf(bytes, 2), 2);
    server.advance(60_000);
    expect((await put(link.uri, partOf(bytes, 3), 3)).status).toBe(403);
    const { uri } = await follow(link.id);
    expect((await put(uri, partOf(bytes, 3), 3)).status).toBe(200);
    expect((await complete(link.id)).status).toBe(202);
    await server.deliverEvents();
    expect((await artifact(link.id)).status).toBe(200);
  });

  it.each([
    ["a gap", [1, 3], 3],
    ["a short part in the middle", [1, -2, 3], 2],
  ])("is not complete with %s", async (_, parts, around) => {
    const link = await request();
    for (const part of parts) {
      await put(link.uri, noise(part < 0 ? 100 : UPLOAD_PART_BYTES), Math.abs(part));
    }
    expect(fault(await complete(link.id))).toEqual([
      400,
      `parts are missing or of another size than ${UPLOAD_PART_BYTES} bytes around part ${around}`,
    ]);
    expect((await follow(link.id)).state).toBe("open");
  });

  it.each(["0", "10001", "x", "-1", "1.5"])("has no part %s", async (part) => {
    const link = await request();
    const answer = await server.call("PUT", `${link.uri}&part=${part}`, { body: "x" });
    expect(fault(answer)).toEqual([
      400,
      "invalid request parameters: part: must be a number from 1 to 10000.",
    ]);
  });

  it("refuses a part larger than a part", async () => {
    const link = await request();
    expect(fault(await put(link.uri, noise(UPLOAD_PART_BYTES + 1), 1))[0]).toBe(413);
  });

  it("ends when the whole is sent instead", async () => {
    const link = await request();
    await put(link.uri, noise(100), 1);
    await put(link.uri, await anArtifact());
    expect(fault(await put(link.uri, noise(100), 2))).toEqual([
      409,
      "the artifact was sent as a whole already",
    ]);
    await complete(link.id);
    await server.deliverEvents();
    expect((await artifact(link.id)).status).toBe(200);
    expect(await bucketObjects()).toHaveLength(1);
  });

  it("leaves nothing when it is cancelled", async () => {
    const link = await request();
    await put(link.uri, noise(UPLOAD_PART_BYTES), 1);
    await server.call("DELETE", `${DIRECT}/${link.id}`, { token: user.token });
    expect(await storageRows()).toMatchObject({ objects: 0 });
    expect(fault(await put(link.uri, noise(100), 2))).toEqual([404, "Resource not found"]);
  });
});

describe("the job that verifies an upload", () => {
  const sealed = async (bytes: Uint8Array<ArrayBuffer>) => {
    const link = await request();
    await put(link.uri, bytes);
    await complete(link.id);
    return link.id;
  };
  it("starts over when the one before it died [differs: verification-resumed]", async () => {
    const id = await sealed(await anArtifact());
    await env.DB.prepare("UPDATE uploads SET leased_until_ms = 1, attempts = 1").run();
    await server.deliverEvents();
    expect((await artifact(id)).status).toBe(200);
  });

  it("finds parts joined by one that died after that [differs: verification-resumed]", async () => {
    const bytes = await aLargeArtifact();
    const link = await request();
    for (const part of [1, 2, 3]) await put(link.uri, partOf(bytes, part), part);
    await complete(link.id);
    const row = await env.DB.prepare("SELECT object_key, multipart_id FROM objects").first<{
      object_key: string;
      multipart_id: string;
    }>();
    const { results } = await env.DB.prepare("SELECT part, etag FROM upload_parts ORDER BY part").all<{
      part: number;
      etag: string;
    }>();
    await env.ARTIFACTS.resumeMultipartUpload(row!.object_key, row!.multipart_id).complete(
      results.map(({ part, etag }) => ({ partNumber: part, etag })),
    );
    await server.deliverEvents();
    expect((await artifact(link.id)).status).toBe(200);
  });

  it("gives up an upload that kills it again and again", async () => {
    const id = await sealed(await anArtifact());
    await env.DB.prepare("UPDATE uploads SET attempts = 5").run();
    await server.deliverEvents();
    expect(await follow(id)).toMatchObject({ state: "failed", error: "the artifact could not be verified" });
    expect(await bucketObjects()).toEqual([]);
  });

  it("does nothing for an event that comes twice", async () => {
    const id = await sealed(await anArtifact());
    const events = await env.DB.prepare("SELECT * FROM outbox").all<Record<string, string | number>>();
    await server.deliverEvents();
    for (const event of events.results) {
      const columns = Object.keys(event);
      await env.DB.prepare(
        `INSERT INTO outbox (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      )
        .bind(...Object.values(event))
        .run();
    }
    await server.deliverEvents();
    expect((await artifact(id)).status).toBe(200);
    expect(await bucketObjects()).toHaveLength(1);
  });
});

describe("direct uploads are refused to", () => {
  const routes: [string, string][] = [
    ["POST", DIRECT],
    ["POST", `${DIRECT}/${UNKNOWN}/complete`],
    ["GET", `${DIRECT}/${UNKNOWN}`],
    ["DELETE", `${DIRECT}/${UNKNOWN}`],
  ];
  it.each(routes)("%s %s without a token or the right", async (method, path) => {
    expect((await server.call(method, path)).status).toBe(401);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await server.call(method, path, { token: observer.token })).status).toBe(403);
  });
});
