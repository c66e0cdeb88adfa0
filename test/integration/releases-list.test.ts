import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  ARTIFACTS,
  bucketObjects,
  idOf,
  NO_ROWS,
  storageRows,
  upload,
} from "../support/artifacts.ts";
import { afterStart, type Answer, env, Server } from "../support/server.ts";

const V1 = "/api/management/v1/deployments/deployments/releases";
const V2 = "/api/management/v2/deployments/deployments/releases";
const SOFTWARE = "/api/management/v1alpha1/deployments/software";
const ALL = "/api/management/v2/deployments/releases/all";

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const call = (method: string, path: string, json?: unknown): Promise<Answer> =>
  server.call(method, path, { token: user.token, json });
const get = (path: string) => call("GET", path);
const namesOf = async (path: string) => {
  const answer = await get(path);
  expect(answer.status).toBe(200);
  return answer.json<{ name?: string; Name?: string }[]>().map(({ name, Name }) => name ?? Name);
};
const fault = (answer: Answer) => [answer.status, answer.json().error];

const add = async (spec: Parameters<typeof anArtifact>[0], description = "", who = user) => {
  const id = idOf(await upload(server, await anArtifact(spec), who, [["description", description]]));
  server.advance(1000);
  return id;
};

const DEPLOYMENT = "5c9dbd4e-6a49-4f0e-9f0c-0a3a3e9f8f11";

/** A deployment of a release, arranged in the store. */
const deploy = (artifactName: string) =>
  env.DB.batch([
    env.DB.prepare(
      "INSERT INTO deployments (tenant_id, seq, deployment_id, kind, name, artifact_name, created_ms, scope, fingerprint) VALUES ('default', 1, ?, 'software', 'roll out', ?, 0, 'list', 'f')",
    ).bind(DEPLOYMENT, artifactName),
    env.DB.prepare(
      "INSERT INTO deployment_counters (tenant_id, seq, stage, opens_ms, max_devices, remaining, unseen) VALUES ('default', 1, 1, 0, 1, 1, 1)",
    ),
  ]);

const finishDeployment = () => env.DB.prepare("UPDATE deployment_counters SET stage = 2").run();

describe("a release", () => {
  it("gathers the artifacts of one name", async () => {
    const ids = [
      await add({ deviceTypes: ["a"] }, "one"),
      await add({ deviceTypes: ["b"], payloadType: "script" }),
    ];
    const release = (await get(`${V2}/release-1`)).json<{ artifacts: { id: string }[] }>();
    expect(release).toMatchObject({
      name: "release-1",
      modified: afterStart(1000),
      tags: [],
      notes: "",
      artifacts_count: 2,
    });
    expect(release.artifacts.map(({ id }) => id)).toEqual(ids);
    expect(release.artifacts[0]).toEqual((await get(`${ARTIFACTS}/${release.artifacts[0]!.id}`)).json());
  });

  it("shows its artifacts in the order in which they came, in every list", async () => {
    const ids: string[] = [];
    for (const type of ["e", "d", "c", "b", "a"]) {
      // Two may come within one millisecond.
      ids.push(idOf(await upload(server, await anArtifact({ deviceTypes: [type] }), user)));
    }
    const idsOf = (artifacts: { id: string }[]) => artifacts.map(({ id }) => id);
    const [release] = (await get(V2)).json<{ artifacts: { id: string }[] }[]>();
    expect(idsOf(release!.artifacts)).toEqual(ids);
    expect(idsOf((await get(`${V2}/release-1`)).json<typeof release>()!.artifacts)).toEqual(ids);
    expect(idsOf((await get(`${ARTIFACTS}/list?sort=name:asc`)).json())).toEqual(ids);
    expect(idsOf((await get(`${ARTIFACTS}/list?sort=modified:desc`)).json())).toEqual(ids.toReversed());
  });

  it("shrinks with its artifacts and vanishes with the last", async () => {
    const ids = [await add({ deviceTypes: ["a"] }), await add({ deviceTypes: ["b"] })];
    await call("DELETE", `${ARTIFACTS}/${ids[0]}`);
    expect((await get(`${V2}/release-1`)).json()).toMatchObject({
      artifacts_count: 1,
      modified: afterStart(2000),
    });
    await call("DELETE", `${ARTIFACTS}/${ids[1]}`);
    expect(fault(await get(`${V2}/release-1`))).toEqual([404, "release not found"]);
    expect(await namesOf(V2)).toEqual([]);
  });

  it("may have a name of any characters", async () => {
    await add({ name: "a/b c%+ö?" });
    const path = `${V2}/${encodeURIComponent("a/b c%+ö?")}`;
    expect((await get(path)).json()).toMatchObject({ name: "a/b c%+ö?" });
    expect((await call("PATCH", path, { notes: "x" })).status).toBe(204);
    expect((await call("PUT", `${path}/tags`, ["x"])).status).toBe(204);
  });

  it("has notes that can be written and cleared", async () => {
    await add({});
    const answer = await call("PATCH", `${V2}/release-1`, { notes: "für alle: größer, ✓" });
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await get(`${V2}/release-1`)).json().notes).toBe("für alle: größer, ✓");
    await call("PATCH", `${V2}/release-1`, {});
    expect((await get(`${V2}/release-1`)).json().notes).toBe("");
  });

  it.each([
    [{ notes: "two\nlines" }, "invalid request body: invalid character '\\n' at offset 3"],
    [{ notes: "ö\u0007" }, "invalid request body: invalid character '\\u0007' at offset 2"],
    [{ notes: "ö".repeat(513) }, "invalid request body: release notes too long"],
  ])("refuses notes like %j", async (body, text) => {
    await add({});
    expect(fault(await call("PATCH", `${V2}/release-1`, body))).toEqual([400, text]);
  });

  it("has tags in lower case without repetitions", async () => {
    await add({});
    const answer = await call("PUT", `${V2}/release-1/tags`, ["Demo", "demo", "v1.0_x-y"]);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await get(`${V2}/release-1`)).json().tags).toEqual(["demo", "v1.0_x-y"]);
    await call("PUT", `${V2}/release-1/tags`, ["other"]);
    expect((await get(`${ALL}/tags`)).json()).toEqual(["other"]);
    await call("PUT", `${V2}/release-1/tags`, []);
    expect((await get(`${ALL}/tags`)).json()).toEqual([]);
  });

  it("keeps tags and notes when an artifact joins it", async () => {
    await add({});
    await call("PUT", `${V2}/release-1/tags`, ["demo"]);
    await call("PATCH", `${V2}/release-1`, { notes: "good" });
    await add({ deviceTypes: ["other"] });
    expect((await get(`${V2}/release-1`)).json()).toMatchObject({ tags: ["demo"], notes: "good" });
  });

  const many = (count: number) => Array.from({ length: count }, (_, i) => `tag-${i}`);
  it.each([
    [many(21), "malformed JSON in request body: the total number of tags per exceeded maximum of 20"],
    [["a b"], "malformed JSON in request body: invalid character ' ' at offset 1"],
    [["ö"], "malformed JSON in request body: invalid character 'ö' at offset 0"],
    [[""], "malformed JSON in request body: tag cannot be blank"],
    [["t".repeat(1025)], "malformed JSON in request body: tag must be less than 1024 characters"],
    [[1], /^malformed JSON in request body: /],
    [{ a: 1 }, /^malformed JSON in request body: /],
  ])("refuses tags like %j", async (tags, text) => {
    await add({});
    const answer = await call("PUT", `${V2}/release-1/tags`, tags);
    expect(answer.status).toBe(400);
    expect(answer.json().error).toEqual(typeof text === "string" ? text : expect.stringMatching(text));
  });

  it("cannot have a tag that makes too many in all", async () => {
    for (let i = 0; i < 6; i++) await add({ name: `r${i}` });
    for (let i = 0; i < 5; i++) {
      const tags = Array.from({ length: 20 }, (_, j) => `t${i}-${j}`);
      expect((await call("PUT", `${V2}/r${i}/tags`, tags)).status).toBe(204);
    }
    expect(fault(await call("PUT", `${V2}/r5/tags`, ["one-more"]))).toEqual([
      409,
      "the total number of unique tags (100) has been exceeded",
    ]);
    expect((await call("PUT", `${V2}/r5/tags`, ["t0-0"])).status).toBe(204);
  });

  it.each([
    ["GET", ""],
    ["PATCH", ""],
    ["PUT", "/tags"],
  ])("%s%s answers 404 for one unknown or of another tenant", async (method, path) => {
    await add({ name: "theirs" }, "", await aUser(server, { tenant: "t-other" }));
    const json = { PATCH: { notes: "x" }, PUT: ["x"], GET: undefined }[method];
    for (const name of ["unknown", "theirs"]) {
      expect(fault(await call(method, `${V2}/${name}${path}`, json))).toEqual([404, "release not found"]);
    }
  });

  it("records what was changed", async () => {
    await add({});
    await call("PATCH", `${V2}/release-1`, { notes: "good" });
    await call("PUT", `${V2}/release-1/tags`, ["demo"]);
    await call("PATCH", `${V2}/unknown`, { notes: "good" });
    const { results } = await env.DB.prepare(
      "SELECT object_id, change FROM audit_log WHERE object_type = 'release' ORDER BY time_ms, id",
    ).all();
    expect(results).toEqual([
      { object_id: "release-1", change: "notes: good" },
      { object_id: "release-1", change: "tags: demo" },
    ]);
  });
});

describe("lists of releases", () => {
  beforeEach(async () => {
    await add({ name: "beta", deviceTypes: ["pi"], payloadType: "script" }, "second one");
    await add({ name: "Alpha", deviceTypes: ["bone"] }, "First one");
    await add({ name: "gamma", deviceTypes: ["pi"] });
    await add({ name: "gamma", deviceTypes: ["bone"] });
    await call("PUT", `${V2}/beta/tags`, ["demo", "old"]);
    await call("PUT", `${V2}/gamma/tags`, ["demo"]);
    await add({ name: "foreign" }, "", await aUser(server, { tenant: "t-other" }));
  });

  it.each([
    ["", ["Alpha", "beta", "gamma"]],
    ["?name=ALPH", ["Alpha"]],
    ["?name=a&tag=demo", ["beta", "gamma"]],
    ["?tag=OLD&tag=none", ["beta"]],
    ["?update_type=script", ["beta"]],
    ["?update_type=single-file", ["Alpha", "gamma"]],
    ["?sort=name:desc", ["gamma", "beta", "Alpha"]],
    ["?sort=modified:desc", ["gamma", "Alpha", "beta"]],
    ["?sort=modified:asc", ["beta", "Alpha", "gamma"]],
    ["?sort=artifacts_count:desc", ["gamma", "beta", "Alpha"]],
    ["?sort=tags:asc", ["Alpha", "beta", "gamma"]],
    ["?sort=tags:desc", ["beta", "gamma", "Alpha"]],
  ])("hold what %s asks for, in all versions", async (query, names) => {
    expect(await namesOf(V2 + query)).toEqual(names);
    expect(await namesOf(`${V1}/list${query}`)).toEqual(names);
    expect(await namesOf(V1 + query)).toEqual(names);
  });

  it.each([
    ["?description=ONE", ["Alpha", "beta"]],
    ["?device_type=pi", ["beta", "gamma"]],
    ["?device_type=p", []],
  ])("of version 1 also by %s", async (query, names) => {
    expect(await namesOf(V1 + query)).toEqual(names);
  });

  it("of version 1 capitalise what was there from the start", async () => {
    const [first] = (await get(V1)).json<Record<string, unknown>[]>();
    expect(first).toEqual({
      Name: "Alpha",
      Modified: afterStart(1000),
      Artifacts: [expect.objectContaining({ name: "Alpha", description: "First one" })],
      ArtifactsCount: 1,
      tags: [],
      notes: "",
    });
  });

  it("of version 2 hold the artifacts of each release", async () => {
    const releases = (await get(`${V2}?sort=name:desc`)).json<{ artifacts: { name: string }[] }[]>();
    expect(releases.map(({ artifacts }) => artifacts.map(({ name }) => name))).toEqual([
      ["gamma", "gamma"],
      ["beta"],
      ["Alpha"],
    ]);
  });

  it("come in pages with links and the total", async () => {
    for (const path of [V2, `${V1}/list`, SOFTWARE]) {
      const answer = await get(`${path}?per_page=1&page=2`);
      expect(await namesOf(`${path}?per_page=1&page=2`)).toEqual(["beta"]);
      expect(answer.headers.get("x-total-count")).toBe("3");
      expect(answer.headers.get("link")).toContain(`<${path}?page=3&per_page=1>; rel="next"`);
    }
  });

  it("refuse page sizes over the limit", async () => {
    for (const path of [V2, `${V1}/list`, SOFTWARE]) {
      expect(fault(await get(`${path}?per_page=501`))).toEqual([
        400,
        'parameter "per_page" above limit (max: 500)',
      ]);
    }
  });

  it("are found by parts and beginnings in any letter case of any script [differs: text-case]", async () => {
    await add({ name: "Änderung-1", deviceTypes: ["gerät"] }, "Größe ΧΩΡΙΣ");
    for (const query of [
      "?name=änder",
      "?name=ÄNDER",
      "?name=DERUNG",
      "?description=GRÖ",
      "?description=χωρις",
    ])
      expect(await namesOf(V1 + query), query).toEqual(["Änderung-1"]);
    expect(await namesOf(`${V1}?name=ander`)).toEqual([]);
    for (const query of ["?name_prefix=ÄND", "?name_prefix=änd"])
      expect(await namesOf(SOFTWARE + query), query).toEqual(["Änderung-1"]);
    const artifacts = "/api/management/v2/deployments/artifacts";
    for (const query of ["?name=änd*", "?name=ÄND*", "?description=GRÖ*", "?device_type=GER*"])
      expect(await namesOf(artifacts + query), query).toEqual(["Änderung-1"]);
    const long = Array.from(
      { length: 150 },
      (_, i) => String.fromCodePoint(0x430 + (i % 32)) + String.fromCodePoint(0x561 + (i % 38)),
    );
    expect(await namesOf(`${V1}?name=${encodeURIComponent(long.join(""))}`)).toEqual([]);
  });

  it("of software leave the artifacts out", async () => {
    const software = (await get(`${SOFTWARE}?sort=name:desc`)).json<unknown[]>();
    expect(software[0]).toEqual({
      name: "gamma",
      kind: "release",
      modified: afterStart(3000),
      tags: ["demo"],
      notes: "",
      compatible_types: ["bone", "pi"],
    });
  });

  it.each([
    ["?name=beta&name=Alpha&name=none&kind=release", ["Alpha", "beta"]],
    ["?name_prefix=ga", ["gamma"]],
    ["?name_prefix=am", []],
    ["?tag=demo", ["beta", "gamma"]],
    ["?update_type=script", ["beta"]],
    ["?kind=manifest", []],
  ])("of software hold what %s asks for", async (query, names) => {
    expect(await namesOf(SOFTWARE + query)).toEqual(names);
  });

  it.each([
    ["?name=a&name_prefix=b", "name and name_prefix are mutually exclusive"],
    ["?kind=firmware", "kind: must be a valid value."],
  ])("of software refuse %s", async (query, text) => {
    expect(fault(await get(SOFTWARE + query))).toEqual([400, text]);
  });

  it("of tags and update types are of this tenant alone", async () => {
    expect((await get(`${ALL}/tags`)).json()).toEqual(["demo", "old"]);
    expect((await get(`${SOFTWARE}/tags?kind=release`)).json()).toEqual(["demo", "old"]);
    expect((await get(`${SOFTWARE}/tags?kind=manifest`)).json()).toEqual([]);
    expect((await get(`${ALL}/types`)).json()).toEqual(["script", "single-file"]);
    await call("DELETE", `${V2}?name=beta`);
    expect((await get(`${ALL}/types`)).json()).toEqual(["script", "single-file"]);
    expect((await get(`${ALL}/tags`)).json()).toEqual(["demo"]);
  });
});

describe("deleting releases", () => {
  it("removes artifacts, records and objects [differs: release-objects]", async () => {
    await add({ name: "a", deviceTypes: ["x"] });
    await add({ name: "a", deviceTypes: ["y"] });
    await add({ name: "b" });
    const kept = await add({ name: "c" });
    const answer = await call("DELETE", `${V2}?name=a&name=b&name=unknown`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await namesOf(V2)).toEqual(["c"]);
    await server.deliverEvents();
    expect(await bucketObjects()).toHaveLength(1);
    await call("DELETE", `${ARTIFACTS}/${kept}`);
    await server.deliverEvents();
    expect([await bucketObjects(), await storageRows()]).toEqual([[], NO_ROWS]);
  });

  it("needs a name", async () => {
    expect(fault(await call("DELETE", V2))).toEqual([400, "at least one release name has to be provided"]);
  });

  it("refuses all while one is being deployed, and names the deployments", async () => {
    await add({ name: "a" });
    await add({ name: "b" });
    await deploy("b");
    const answer = await call("DELETE", `${V2}?name=a&name=b`);
    expect(answer.status).toBe(409);
    expect(answer.json()).toEqual({
      error: "release(s) used in active deployment",
      request_id: expect.any(String),
      active_deployments: [DEPLOYMENT],
    });
    expect(await namesOf(V2)).toEqual(["a", "b"]);
  });

  it("leaves releases of other tenants", async () => {
    const other = await aUser(server, { tenant: "t-other" });
    await add({ name: "a" }, "", other);
    expect((await call("DELETE", `${V2}?name=a`)).status).toBe(204);
    expect((await server.call("GET", `${V2}/a`, { token: other.token })).status).toBe(200);
  });
});

describe("an artifact that is deployed", () => {
  it("is neither deleted while that lasts nor described anew ever after", async () => {
    const id = await add({ name: "a" });
    await deploy("a");
    expect(fault(await call("DELETE", `${ARTIFACTS}/${id}`))).toEqual([
      409,
      "Artifact is used in active deployment",
    ]);
    await finishDeployment();
    expect(fault(await call("PUT", `${ARTIFACTS}/${id}`, { description: "x" }))).toEqual([
      422,
      "Image has already been used in deployment",
    ]);
    expect((await call("DELETE", `${ARTIFACTS}/${id}`)).status).toBe(204);
  });
});

describe("releases are refused to", () => {
  const routes: [string, string, unknown][] = [
    ["GET", V1, undefined],
    ["GET", `${V1}/list`, undefined],
    ["GET", V2, undefined],
    ["DELETE", `${V2}?name=a`, undefined],
    ["GET", `${V2}/a`, undefined],
    ["PATCH", `${V2}/a`, { notes: "x" }],
    ["PUT", `${V2}/a/tags`, ["x"]],
    ["GET", `${ALL}/tags`, undefined],
    ["GET", `${ALL}/types`, undefined],
    ["GET", SOFTWARE, undefined],
    ["GET", `${SOFTWARE}/tags`, undefined],
  ];
  it.each(routes)("%s %s without a token or the right", async (method, path, json) => {
    expect((await server.call(method, path, { json })).status).toBe(401);
    const stranger = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
    expect((await server.call(method, path, { json, token: stranger.token })).status).toBe(403);
  });

  it("writes to one who may only read", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    for (const [method, path, json] of routes) {
      const answer = await server.call(method, path, { json, token: observer.token });
      expect(answer.status === 403).toBe(method !== "GET");
    }
  });
});
