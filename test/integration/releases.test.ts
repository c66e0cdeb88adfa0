import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  ARTIFACTS,
  bucketObjects,
  formOf,
  idOf,
  NO_ROWS,
  noise,
  statusesOf,
  storageRows,
  upload,
} from "../support/artifacts.ts";
import { afterStart, env, OPERATOR_TOKEN, Server } from "../support/server.ts";

const UNKNOWN = "3c9dbd4e-6a49-4f0e-9f0c-0a3a3e9f8f10";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const get = (path: string) => server.call("GET", path, { token: user.token });

const outboxKinds = async () =>
  (await env.DB.prepare("SELECT kind FROM outbox ORDER BY id").all<{ kind: string }>()).results.map(
    ({ kind }) => kind,
  );

const auditActions = async () =>
  (
    await env.DB.prepare(
      "SELECT action, object_type, object_id, object FROM audit_log ORDER BY time_ms, id",
    ).all()
  ).results;

describe("uploading an artifact", () => {
  it("stores the bytes as they came and answers where the artifact is", async () => {
    const bytes = await anArtifact();
    const answer = await upload(server, bytes, user);
    expect([answer.status, answer.text]).toEqual([201, ""]);
    const location = answer.headers.get("location");
    expect(location).toMatch(/^\/api\/management\/v1\/deployments\/artifacts\/[0-9a-f-]{36}$/);
    const [object] = await bucketObjects();
    const stored = await env.ARTIFACTS.get(object!.key);
    expect(new Uint8Array(await stored!.arrayBuffer())).toEqual(bytes);
    expect(stored!.httpMetadata?.contentType).toBe("application/vnd.mender-artifact");
    expect(object!.key).toMatch(/^default\//);
  });

  it("shows every field of the artifact", async () => {
    const content = new TextEncoder().encode("hello\n");
    const bytes = await anArtifact({
      group: "group-a",
      dependsOnNames: ["release-0"],
      depends: { "rootfs-image.version": ["1", "2"] },
      metaData: { colour: "blue", size: { w: 1 } },
    });
    const id = idOf(await upload(server, bytes, user));
    const artifact = await get(`${ARTIFACTS}/${id}`);
    expect(artifact.json()).toEqual({
      id,
      description: "made by a test",
      name: "release-1",
      device_types_compatible: ["raspberrypi4"],
      info: { format: "mender", version: 3 },
      signed: false,
      updates: [
        {
          type_info: { type: "single-file" },
          files: [
            {
              name: "hello.txt",
              size: 6,
              checksum: createHash("sha256").update(content).digest("hex"),
              date: "1970-01-01T00:00:00Z",
            },
          ],
          metadata: { colour: "blue", size: { w: 1 } },
          meta_data: [
            { Key: "colour", Value: "blue" },
            { Key: "size", Value: { w: 1 } },
          ],
        },
      ],
      artifact_provides: {
        artifact_name: "release-1",
        artifact_group: "group-a",
        "rootfs-image.single-file.version": "release-1",
      },
      artifact_depends: {
        device_type: ["raspberrypi4"],
        artifact_name: ["release-0"],
        "rootfs-image.version": ["1", "2"],
      },
      clears_artifact_provides: ["rootfs-image.single-file.*"],
      size: bytes.length,
      modified: afterStart(),
    });
  });

  it("records the upload for the audit", async () => {
    const id = idOf(await upload(server, await anArtifact(), user));
    expect(await auditActions()).toEqual([
      {
        action: "upload",
        object_type: "artifact",
        object_id: id,
        object: '{"artifact":{"name":"release-1"}}',
      },
    ]);
    expect(await outboxKinds()).toEqual([]);
  });

  it("takes the id, skips unknown parts and reads names in any case", async () => {
    const answer = await upload(server, await anArtifact(), user, [
      ["ARTIFACT_ID", UNKNOWN],
      ["colour", "blue"],
    ]);
    expect(idOf(answer)).toBe(UNKNOWN);
    expect((await get(`${ARTIFACTS}/${UNKNOWN}`)).json()).toMatchObject({ description: "" });
  });

  it("never looks at what follows the file", async () => {
    const body = formOf([
      ["artifact", await anArtifact()],
      ["description", "too late"],
    ]);
    const id = idOf(await server.call("POST", ARTIFACTS, { token: user.token, body }));
    expect((await get(`${ARTIFACTS}/${id}`)).json()).toMatchObject({ description: "" });
  });

  it("stores an artifact of several parts of the storage exactly", async () => {
    const content = noise(20 * 1024 * 1024 + 12_345);
    const bytes = await anArtifact({ files: [{ name: "image", content }] });
    idOf(await upload(server, bytes, user));
    const [object] = await bucketObjects();
    const stored = await (await env.ARTIFACTS.get(object!.key))!.arrayBuffer();
    const digest = (data: ArrayBuffer | Uint8Array) =>
      createHash("sha256").update(new Uint8Array(data)).digest("hex");
    expect([object!.size, digest(stored)]).toEqual([bytes.length, digest(bytes)]);
  });

  it("costs a fixed number of round trips whatever the size", async () => {
    const small = await upload(server, await anArtifact(), user);
    const content = noise(5 * 1024 * 1024);
    const large = await upload(
      server,
      await anArtifact({ name: "release-2", files: [{ name: "image", content }] }),
      user,
    );
    expect([small.status, small.cost.trips]).toEqual([201, 6]);
    // One more to look for the same payload.
    expect([large.status, large.cost.trips]).toEqual([201, 7]);
  });

  it("lets an operator upload into a tenant by the internal path", async () => {
    const other = await aUser(server, { tenant: "t-other" });
    const path = "/api/internal/v1/deployments/tenants/t-other/artifacts";
    const answer = await upload(server, await anArtifact(), { token: OPERATOR_TOKEN, path });
    expect(answer.headers.get("location")).toBe(`${path}/${idOf(answer)}`);
    const seen = await server.call("GET", `${ARTIFACTS}/${idOf(answer)}`, { token: other.token });
    expect(seen.status).toBe(200);
    expect((await get(`${ARTIFACTS}/${idOf(answer)}`)).status).toBe(404);
  });
});

describe("an upload that is refused leaves nothing", () => {
  const refuse = async (answer: { status: number; json: () => Record<string, unknown> }) => {
    expect(await bucketObjects()).toEqual([]);
    expect(await storageRows()).toEqual(NO_ROWS);
    expect(await outboxKinds()).toEqual([]);
    expect(await auditActions()).toEqual([]);
    return [answer.status, answer.json().error];
  };

  it("with a wrong checksum", async () => {
    const bytes = await anArtifact();
    const at = Buffer.from(bytes).lastIndexOf("hello\n");
    bytes.set([0x48], at);
    const [status, error] = await refuse(await upload(server, bytes, user));
    expect(status).toBe(400);
    expect(error).toMatch(/^invalid checksum; expected: \[[0-9a-f]{64}\]; actual: \[[0-9a-f]{64}\]$/);
  });

  it("cut off in the middle of several parts", async () => {
    const bytes = await anArtifact({ files: [{ name: "image", content: noise(18 * 1024 * 1024) }] });
    const answer = await upload(server, bytes.slice(0, 17 * 1024 * 1024), user, []);
    const [status, error] = await refuse(answer);
    expect(status).toBe(400);
    expect(error).toMatch(/^reading artifact error: .*unexpected EOF$/);
  });

  it("with fewer bytes than announced", async () => {
    const bytes = await anArtifact();
    const answer = await upload(server, bytes, user, [["size", String(bytes.length + 1)]]);
    expect(await refuse(answer)).toEqual([400, "unexpected EOF"]);
  });

  it("with a surplus after the end of the archive", async () => {
    const bytes = await anArtifact();
    const longer = new Uint8Array(bytes.length + 512);
    longer.set(bytes);
    const answer = await upload(server, longer, user, [["size", String(bytes.length)]]);
    expect(await refuse(answer)).toEqual([413, "Artifact file too large"]);
  });

  it("with more bytes than announced", async () => {
    for (const size of ["1", "3000", "8000"]) {
      const answer = await upload(server, await anArtifact(), user, [["size", size]]);
      expect(await refuse(answer)).toEqual([413, "Artifact file too large"]);
    }
  });

  it.each([
    ["an announced size over the limit", ["size", "10737418241"], "Artifact file too large"],
    ["a size that is no number", ["size", "many"], 'strconv.ParseInt: parsing "many": invalid syntax'],
    ["an endless size", ["size", "1".repeat(21)], "size: the length must be no more than 20."],
    ["an id that is none", ["artifact_id", "abc"], "artifact_id is not a valid UUID"],
    [
      "an endless description",
      ["description", "x".repeat(4097)],
      "description: the length must be no more than 4096.",
    ],
  ] as const)("with %s", async (_, field, text) => {
    const answer = await upload(server, await anArtifact(), user, [[field[0], field[1]]]);
    expect(await refuse(answer)).toEqual([400, text]);
  });

  it("without the file", async () => {
    const answer = await server.call("POST", ARTIFACTS, {
      token: user.token,
      body: formOf([["description", "x"]]),
    });
    expect(await refuse(answer)).toEqual([400, "request does not contain the artifact file"]);
  });

  it("with a body that ends within the file", async () => {
    const bytes = Buffer.from(await anArtifact()).subarray(0, 7000);
    const head =
      '--b\r\nContent-Disposition: form-data; name="artifact"; filename="a"\r\nContent-Type: application/octet-stream\r\n\r\n';
    const answer = await server.call("POST", ARTIFACTS, {
      token: user.token,
      headers: { "Content-Type": "multipart/form-data; boundary=b" },
      body: Buffer.concat([Buffer.from(head), bytes]),
    });
    expect(await refuse(answer)).toEqual([400, "multipart: the body ends before its last boundary"]);
  });

  it("as multipart/mixed is taken like any form", async () => {
    const form = new Response(formOf([["artifact", await anArtifact()]]));
    const type = form.headers.get("content-type")!.replace("form-data", "mixed");
    const body = await form.arrayBuffer();
    const call = { token: user.token, headers: { "Content-Type": type }, body };
    expect((await server.call("POST", ARTIFACTS, call)).status).toBe(201);
  });

  it.each([
    ["application/json", 415, "Bad Content-Type, expected 'multipart/form-data', 'multipart/mixed'"],
    ["multipart/form-data", 400, "no multipart boundary param in Content-Type"],
    ["nonsense", 400, 'Invalid value for Content-Type header: mime: malformed media type "nonsense"'],
  ])("of content type %s", async (type, status, text) => {
    const answer = await server.call("POST", ARTIFACTS, {
      token: user.token,
      headers: { "Content-Type": type },
      body: "x",
    });
    expect(await refuse(answer)).toEqual([status, text]);
  });

  it("with more combinations of depends than the server holds [differs: depends-combinations]", async () => {
    const many = Array.from({ length: 40 }, (_, i) => `v${i}`);
    const bytes = await anArtifact({ depends: { a: many, b: many } });
    expect(await refuse(await upload(server, bytes, user))).toEqual([
      422,
      "more than 1024 combinations of depends values",
    ]);
  });

  it("whose declared body is larger than any artifact", async () => {
    const answer = await server.call("POST", ARTIFACTS, {
      token: user.token,
      headers: { "Content-Type": "multipart/form-data; boundary=b", "Content-Length": "99999999999" },
      body: "x",
    });
    expect(await refuse(answer)).toEqual([413, "http: request body too large"]);
  });

  it("from a role that may not upload", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const answer = await upload(server, await anArtifact(), observer);
    expect(await refuse(answer)).toEqual([403, "forbidden by role-based access control"]);
  });
});

describe("name and depends of an artifact are unique", () => {
  const conflictOf = (answer: { status: number; json: () => Record<string, unknown> }) => [
    answer.status,
    answer.json().error,
    answer.json().metadata,
  ];

  it("says which combination clashes and keeps nothing of the second", async () => {
    idOf(await upload(server, await anArtifact({ deviceTypes: ["a", "b"] }), user));
    const objects = await bucketObjects();
    const answer = await upload(server, await anArtifact({ deviceTypes: ["c", "b"] }), user);
    expect(conflictOf(answer)).toEqual([
      409,
      "an artifact with the same name and depends already exists",
      { conflict: { device_type: "b" } },
    ]);
    expect(await bucketObjects()).toEqual(objects);
    expect(await storageRows()).toMatchObject({ objects: 1, artifacts: 1 });
  });

  it("tells artifacts apart by device type, by a further key and by name", async () => {
    const specs = [
      {},
      { deviceTypes: ["other"] },
      { depends: { "rootfs-image.version": "1" } },
      { depends: { "rootfs-image.version": ["2", "3"] } },
      { name: "release-2" },
    ];
    for (const spec of specs) idOf(await upload(server, await anArtifact(spec), user));
    const clash = await upload(server, await anArtifact({ depends: { "rootfs-image.version": "3" } }), user);
    expect(conflictOf(clash)[2]).toEqual({
      conflict: { device_type: "raspberrypi4", "rootfs-image.version": "3" },
    });
  });

  it("lets the same artifact be in two tenants", async () => {
    const other = await aUser(server, { tenant: "t-other" });
    idOf(await upload(server, await anArtifact(), user));
    idOf(await upload(server, await anArtifact(), other));
    expect(await bucketObjects()).toHaveLength(2);
  });

  it("lets one of two equal uploads at once win, and stores one object", async () => {
    const bytes = await anArtifact({ files: [{ name: "image", content: noise(300_000) }] });
    const answers = await Promise.all([upload(server, bytes, user), upload(server, bytes, user)]);
    expect(statusesOf(answers)).toEqual([201, 409]);
    expect(await bucketObjects()).toHaveLength(1);
    expect(await storageRows()).toMatchObject({ objects: 1, artifacts: 1 });
  });

  it("refuses an id that is taken", async () => {
    idOf(await upload(server, await anArtifact(), user, [["artifact_id", UNKNOWN]]));
    const answer = await upload(server, await anArtifact({ name: "release-2" }), user, [
      ["artifact_id", UNKNOWN],
    ]);
    expect([answer.status, answer.json().error]).toEqual([
      409,
      "an artifact with the same id already exists",
    ]);
    expect(await bucketObjects()).toHaveLength(1);
  });
});

describe("one artifact", () => {
  it("is described anew", async () => {
    const id = idOf(await upload(server, await anArtifact(), user));
    server.advance(1000);
    const answer = await server.call("PUT", `${ARTIFACTS}/${id}`, {
      token: user.token,
      json: { description: "better" },
    });
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await get(`${ARTIFACTS}/${id}`)).json()).toMatchObject({
      description: "better",
      modified: afterStart(1000),
    });
    expect((await auditActions()).at(-1)).toMatchObject({ action: "update", object_id: id });
  });

  it.each([
    [
      { description: "x".repeat(4097) },
      "Validating request body: description: the length must be no more than 4096.",
    ],
    ["nonsense", /^Validating request body: /],
  ])("refuses a description like %j", async (body, text) => {
    const id = idOf(await upload(server, await anArtifact(), user));
    const call =
      typeof body === "string" ? { body, headers: { "Content-Type": "application/json" } } : { json: body };
    const answer = await server.call("PUT", `${ARTIFACTS}/${id}`, { token: user.token, ...call });
    expect(answer.status).toBe(400);
    expect(answer.json().error).toEqual(typeof text === "string" ? text : expect.stringMatching(text));
  });

  it("is deleted with its bytes and its release", async () => {
    const id = idOf(await upload(server, await anArtifact(), user));
    server.advance(1000);
    const answer = await server.call("DELETE", `${ARTIFACTS}/${id}`, { token: user.token });
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await get(`${ARTIFACTS}/${id}`)).status).toBe(404);
    await server.deliverEvents();
    expect(await bucketObjects()).toEqual([]);
    expect(await storageRows()).toEqual(NO_ROWS);
    expect((await auditActions()).at(-1)).toMatchObject({ action: "delete", object_id: id });
    idOf(await upload(server, await anArtifact(), user));
  });

  it("is deleted once by two at once", async () => {
    const id = idOf(await upload(server, await anArtifact(), user));
    const answers = await Promise.all(
      [1, 2].map(() => server.call("DELETE", `${ARTIFACTS}/${id}`, { token: user.token })),
    );
    expect(statusesOf(answers)).toEqual([204, 404]);
  });

  const each: [string, string, string][] = [
    ["GET", "", ""],
    ["PUT", "", '{"description":""}'],
    ["DELETE", "", ""],
    ["GET", "/download", ""],
  ];
  it.each(each)(
    "%s%s answers 404 for one unknown or of another tenant, 400 for no id",
    async (method, path, text) => {
      const other = await aUser(server, { tenant: "t-other" });
      const foreign = idOf(await upload(server, await anArtifact(), other));
      const json = text === "" ? undefined : JSON.parse(text);
      for (const [id, status, error] of [
        [UNKNOWN, 404, "Resource not found"],
        [foreign, 404, "Resource not found"],
        ["abc", 400, "ID is not a valid UUID"],
      ]) {
        const answer = await server.call(method, `${ARTIFACTS}/${id}${path}`, { token: user.token, json });
        expect([answer.status, answer.json().error]).toEqual([status, error]);
      }
      expect((await server.call("GET", `${ARTIFACTS}/${foreign}`, { token: other.token })).status).toBe(200);
    },
  );

  it.each(each)(
    "%s%s is refused without a token and to a role without the right",
    async (method, path, text) => {
      const json = text === "" ? undefined : JSON.parse(text);
      const url = `${ARTIFACTS}/${UNKNOWN}${path}`;
      expect((await server.call(method, url, { json })).status).toBe(401);
      const stranger = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
      expect((await server.call(method, url, { json, token: stranger.token })).status).toBe(403);
    },
  );
});

describe("lists of artifacts", () => {
  beforeEach(async () => {
    for (const [name, type, description] of [
      ["beta", "pi", "second one"],
      ["alpha", "bone", "First one"],
      ["alphabet", "pi-5", ""],
    ] as const) {
      const bytes = await anArtifact({ name, deviceTypes: [type] });
      idOf(await upload(server, bytes, user, [["description", description]]));
      server.advance(1000);
    }
    idOf(
      await upload(server, await anArtifact({ name: "foreign" }), await aUser(server, { tenant: "t-other" })),
    );
  });

  const namesOf = async (path: string) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    return answer.json<{ name: string }[]>().map(({ name }) => name);
  };

  it.each([
    ["", ["alpha", "alphabet", "beta"]],
    ["?name=ALPHA", ["alpha", "alphabet"]],
    ["?description=first", ["alpha"]],
    ["?device_type=PI", ["alphabet", "beta"]],
    ["?name=a&device_type=pi&description=second", ["beta"]],
    ["?name=%25", []],
  ])("contain what is asked for by %s", async (query, names) => {
    expect(await namesOf(`${ARTIFACTS}${query}`)).toEqual(names);
    expect(await namesOf(`${ARTIFACTS}/list${query}`)).toEqual(names);
  });

  it.each([
    ["name:desc", ["beta", "alphabet", "alpha"]],
    ["modified:asc", ["beta", "alpha", "alphabet"]],
    ["modified:desc", ["alphabet", "alpha", "beta"]],
    ["nonsense", ["alpha", "alphabet", "beta"]],
  ])("are sorted by %s", async (sort, names) => {
    expect(await namesOf(`${ARTIFACTS}/list?sort=${sort}`)).toEqual(names);
  });

  it("come in pages with links and the total", async () => {
    const answer = await get(`${ARTIFACTS}/list?page=2&per_page=1`);
    expect(answer.json<{ name: string }[]>().map(({ name }) => name)).toEqual(["alphabet"]);
    expect(answer.headers.get("x-total-count")).toBe("3");
    expect(answer.headers.get("link")).toBe(
      [1, 1, 3, 3]
        .map((page, i) => {
          const rel = ["first", "prev", "next", "last"][i];
          return `</api/management/v1/deployments/artifacts/list?page=${page}&per_page=1>; rel="${rel}"`;
        })
        .join(", "),
    );
  });

  it("come without pages up to five thousand [differs: unpaged-artifacts]", async () => {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
       INSERT INTO artifacts
         (tenant_id, artifact_id, name, device_types, update_types, image, layout, size, modified_ms)
       SELECT tenant_id, 'a-' || i, name, device_types, update_types, image, layout, size, modified_ms
       FROM n, (SELECT * FROM artifacts LIMIT 1)`,
    ).run();
    expect(await namesOf(ARTIFACTS)).toHaveLength(5000);
    expect((await get(`${ARTIFACTS}/list`)).headers.get("x-total-count")).toBe("5003");
  });

  it("take the default for a page size they do not know", async () => {
    expect(await namesOf(`${ARTIFACTS}/list?per_page=501&page=x`)).toHaveLength(3);
  });

  const V2 = "/api/management/v2/deployments/artifacts";
  it.each([
    ["?name=alpha", ["alpha"]],
    ["?name=alpha&name=beta", ["alpha", "beta"]],
    ["?name=alpha*", ["alpha", "alphabet"]],
    ["?name=alpha\\*", []],
    ["?device_type=pi", ["beta"]],
    ["?device_type=pi*", ["alphabet", "beta"]],
    ["?description=First*", ["alpha"]],
    ["?description=first*", ["alpha"]],
  ])("of version 2 match exactly or by prefix: %s", async (query, names) => {
    expect(await namesOf(V2 + query)).toEqual(names);
  });

  it("of version 2 link to the next page without a total", async () => {
    const answer = await get(`${V2}?per_page=2`);
    expect(answer.headers.get("x-total-count")).toBeNull();
    expect(answer.headers.get("link")).toContain('page=2&per_page=2>; rel="next"');
    expect((await get(`${V2}?per_page=2&page=2`)).headers.get("link")).not.toContain("next");
  });

  it.each([
    ["?name=a*&name=b", "invalid filter: cannot filter by both exact names and name prefix"],
    ["?per_page=501", "invalid filter: PerPage: must be no greater than 500."],
    ["?page=0", "invalid page query: value must be a non-zero positive integer"],
    [`?${"name=a&".repeat(101)}`, "invalid filter: Names: the length must be no more than 100."],
  ])("of version 2 refuse %s", async (query, text) => {
    const answer = await get(V2 + query);
    expect([answer.status, answer.json().error]).toEqual([400, text]);
  });

  it.each([ARTIFACTS, `${ARTIFACTS}/list`, V2])("%s needs a user who may read artifacts", async (path) => {
    expect((await server.call("GET", path)).status).toBe(401);
    const stranger = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
    expect((await server.call("GET", path, { token: stranger.token })).status).toBe(403);
  });
});
