import { beforeEach, describe, expect, it } from "vitest";
import { forgetOldEntries, sealLogs } from "../../src/audit/index.ts";
import { addAudit } from "../../src/platform/audit.ts";
import type { Actor } from "../../src/platform/actor.ts";
import { aDevice, aTenant, aUser, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { afterStart, env, Server, tenantsIn } from "../support/server.ts";
import { NO_RIGHTS } from "../../src/platform/rights.ts";

const LOGS = "/api/management/v1/auditlogs/logs";
const DAY_MS = 86_400_000;

interface Entry {
  time: string;
  action: string;
  actor: Record<string, string>;
  object: Record<string, unknown>;
}

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
});

const asActor = (by: TestUser): Actor => ({
  kind: "user",
  tenant: by.tenant,
  user: by.id as never,
  email: by.email,
  token: "",
  roles: [],
  rights: NO_RIGHTS,
});

async function record(action: string, type = "device", id = "d1", extra = {}, by = asActor(user)) {
  const deps = await server.deps();
  // What is known of users is known in the directory.
  const database = type === "user" ? deps.directory : tenantsIn(deps);
  await database.one(addAudit(by, { action, object: { type, id, ...extra } }, server.now));
}

/** Most tests make actions up, which the plain list leaves out. */
const get = (query = "", by = user) =>
  server.call("GET", `${LOGS}${query}${query.includes("?") ? "&" : "?"}extended=true`, { token: by.token });
const actions = async (query = "") => (await get(query)).json<Entry[]>().map(({ action }) => action);

describe("audit log", () => {
  it("shows who did what to which object and how it changed", async () => {
    const database = tenantsIn(await server.deps());
    const object = { type: "deployment", id: "x", detail: { deployment: { name: "n", artifact_name: "a" } } };
    const meta = { session_id: ["s"] };
    await database.one(
      addAudit(asActor(user), { action: "create", object, change: "why", meta }, server.now),
    );
    const [entry] = (await get()).json<Entry[]>();
    expect(entry).toEqual({
      time: expect.stringMatching(new RegExp(`^${afterStart().replace(".000Z", "\\.000\\d{3}Z")}$`)),
      action: "create",
      actor: { id: user.id, type: "user", email: user.email },
      object: { id: "x", type: "deployment", deployment: { name: "n", artifact_name: "a" } },
      change: "why",
      meta,
    });
  });

  it("records what the routes do", async () => {
    const { headers } = await server.call("POST", "/api/management/v1/useradm/users", {
      token: user.token,
      json: { email: "new@example.com", password: "correct horse battery" },
    });
    const id = headers.get("location")!.split("/").at(-1);
    expect((await get("?object_type=user&sort=asc")).json()).toEqual([
      expect.objectContaining({
        action: "create",
        object: { id, type: "user", user: { email: "new@example.com" } },
      }),
    ]);
  });

  it("is newest first, ten a page, with total and links", async () => {
    for (let i = 0; i < 12; i += 1) {
      await record(`a${i}`);
      server.advance(1000);
    }
    const first = await get();
    expect(first.json<Entry[]>().map(({ action }) => action)).toEqual(
      Array.from({ length: 10 }, (_, i) => `a${11 - i}`),
    );
    expect(first.headers.get("x-total-count")).toBe("12");
    expect(first.headers.get("link")).toContain('page=2&per_page=10>; rel="next"');
    expect(await actions("?page=2")).toEqual(["a1", "a0"]);
    expect(await actions("?sort=asc&per_page=2")).toEqual(["a0", "a1"]);
    expect(await actions("?page=5")).toEqual([]);
  });

  it("counts no further than ten thousand entries, in pages of five hundred at most [differs: audit-total, audit-page]", async () => {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
       INSERT INTO audit_log (tenant_id, time_ms, id, actor_type, actor_id, action, object_type, object_id, object)
       SELECT 'default', ?1 - i, i, 'user', 'u', 'a', 'device', 'd', '{}' FROM n`,
    )
      .bind(server.now)
      .run();
    const page = await get("?per_page=500");
    expect(page.headers.get("x-total-count")).toBe("10000");
    expect(page.json()).toHaveLength(500);
    expect(refusal(await get("?per_page=501"))).toEqual([400, 'parameter "per_page" above limit (max: 500)']);
  });

  it("gives entries of one moment times of their own, in order", async () => {
    for (let i = 0; i < 20; i += 1) await record("same");
    const times = (await get("?per_page=500&sort=asc")).json<Entry[]>().map(({ time }) => time);
    expect(new Set(times).size).toBe(20);
  });

  it("is filtered by actor, object, deployment and times that include their whole second", async () => {
    await record("one", "device", "d1");
    server.advance(1500);
    const other = await aUser(server);
    await record("two", "deployment", "d2", { detail: { deployment: { name: "roll out" } } }, asActor(other));
    const s = Math.floor(server.now / 1000);
    expect(await actions(`?actor_id=${other.id}`)).toEqual(["two"]);
    expect(await actions(`?actor_email=${user.email.toUpperCase()}`)).toEqual(["one"]);
    expect(await actions("?actor_type=device")).toEqual([]);
    expect(await actions("?object_id=d1&object_type=device")).toEqual(["one"]);
    expect(await actions("?object_deployment_name=roll%20out")).toEqual(["two"]);
    expect(await actions(`?created_after=${s}&created_before=${s}`)).toEqual(["two"]);
    expect(await actions(`?created_before=${s - 1}&unknown=1`)).toEqual(["one"]);
  });

  it.each([
    ["?page=x", 'invalid page query: "x"'],
    ["?created_after=x", 'invalid created_after query: "x"'],
    ["?sort=up", "sort: must be asc or desc."],
  ])("refuses %s", async (query, error) => {
    expect(refusal(await get(query))).toEqual([400, error]);
  });

  it("is one tenant's and not for every role", async () => {
    await record("secret");
    const stranger = await aUser(server, { tenant: "acme" });
    expect((await get("", stranger)).json()).toEqual([]);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    for (const path of ["", "/export"])
      expect(refusal(await get(path, observer))).toEqual([403, "forbidden by role-based access control"]);
  });

  it("costs one round trip beside the check of the user and writes nothing", async () => {
    await record("one");
    expect((await get()).cost).toMatchObject({ trips: 2, written: 0 });
  });

  it("forgets what is older than a year, in every tenant", async () => {
    const acme = await aTenant(server, "acme");
    for (let i = 0; i < 3; i += 1) await record("old");
    await record("old", "device", "d1", {}, { kind: "operator", tenant: acme });
    server.advance(366 * DAY_MS);
    await record("new");
    await sealLogs(await server.deps());
    await forgetOldEntries(await server.deps());
    expect(await rowsOf("SELECT action FROM audit_log")).toEqual([{ action: "new" }]);
  });
});

describe("audit log export", () => {
  const lines = async (query = "?") => (await get(`/export${query}`)).text.split("\r\n");

  it("is CSV with a header and one line an entry, for a browser's cookie too", async () => {
    await record("create", "deployment", "x", {
      detail: { deployment: { name: 'a "b", c', artifact_name: "v1" } },
    });
    const headers = { Cookie: `JWT=${user.token}` };
    const answer = await server.call("GET", `${LOGS}/export?limit=20000&extended=true`, { headers });
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const [head, line, end] = answer.text.split("\r\n");
    expect(head).toBe(
      "action,actor.id,actor.type,actor.email,actor.identity_data,object.id,object.type,object.user.email,object.deployment.name,object.deployment.artifact_name,change,time",
    );
    expect(line).toMatch(/^create,[^,]+,user,[^,]+,,x,deployment,,"a ""b"", c",v1,,20\d\d-/);
    expect(end).toBe("");
  });

  it("makes no cell a formula", async () => {
    for (const name of ["=1+1", "+1", "-1", "@x", "\t=1"])
      await record("create", "deployment", "x", { detail: { deployment: { name } } });
    const [, ...rows] = (await lines("?sort=asc")).map((line) => line.split(",")[8]);
    expect(rows.slice(0, 5)).toEqual(["'=1+1", "'+1", "'-1", "'@x", "'\t=1"]);
  });

  it("goes over pages of the log without losing or repeating a line", async () => {
    const database = tenantsIn(await server.deps());
    const entry = (i: number) => ({ action: "a", object: { type: "device", id: `d${i}` } });
    await database.batch(
      Array.from({ length: 1203 }, (_, i) => addAudit(asActor(user), entry(i), server.now + (i % 7))),
    );
    for (const sort of ["asc", "desc"]) {
      const ids = (await lines(`?sort=${sort}`)).slice(1, -1).map((line) => line.split(",")[5]);
      expect(new Set(ids).size).toBe(1203);
      expect(ids).toHaveLength(1203);
    }
    expect((await lines("?limit=700")).length).toBe(702);
    expect((await lines("?limit=0")).length).toBe(2);
  });

  it("is whole without a limit, and JSON lines if asked for [differs: audit-export]", async () => {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20500)
       INSERT INTO audit_log (tenant_id, time_ms, id, actor_type, actor_id, action, object_type, object_id, object)
       SELECT 'default', ?1 - i, i, 'user', 'u', 'a', 'device', 'd' || i, '{}' FROM n`,
    )
      .bind(server.now)
      .run();
    expect(await lines()).toHaveLength(20_502);
    expect(await lines("?limit=20100")).toHaveLength(20_102);
    const answer = await get("/export?format=jsonl&object_id=d7");
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect(answer.text.endsWith("}\n")).toBe(true);
    expect([JSON.parse(answer.text)]).toEqual((await get("?object_id=d7")).json());
    expect(refusal(await get("/export?format=xml"))).toEqual([400, "format: must be csv or jsonl."]);
  });

  it("takes another separator, leaves out a column and filters", async () => {
    await record("one", "device", "d1");
    await record("two", "device", "d2");
    const [head, line, end] = await lines("?format_separator=_&ignore=actor_id&object_id=d2");
    expect(head).toMatch(/^action,actor_type,/);
    expect([line?.split(",")[0], end]).toEqual(["two", ""]);
  });
});

describe("the plain audit log", () => {
  const plain = async (query = "", by = user) =>
    (await server.call("GET", LOGS + query, { token: by.token })).json<Entry[]>();

  it("holds what the public document describes and no more; a filter asks for the rest [differs: audit-beyond]", async () => {
    const settings = { method: "POST", path: "/api/management/v1/useradm/settings" };
    const saved = await server.call(settings.method, settings.path, { token: user.token, json: { a: "b" } });
    expect(saved.status).toBe(201);
    await record("accept");
    await record("reject");
    await record("update", "device_filter", "f1");
    await record("update", "tenant", "default", {}, { kind: "operator", tenant: user.tenant });
    expect((await plain()).map(({ action, object }) => [action, object.type])).toEqual([
      ["reject", "device"],
    ]);
    expect(await plain("?object_type=device_filter")).toHaveLength(1);
    expect(await plain("?actor_type=operator")).toHaveLength(1);
    expect(await plain("?extended=true")).toHaveLength(5);
  });

  it("names the tenant, the user and the device of every entry", async () => {
    const device = await aDevice(server);
    await record("update", "tenant", "default");
    await record("update", "user", user.id);
    await record("reject", "device", device.id);
    await record("create", "deployment", "gone");
    await env.DB.prepare("UPDATE audit_log SET object = '{}' WHERE object_type = 'deployment'").run();
    expect((await plain("?sort=asc")).map(({ object }) => object)).toEqual([
      { type: "tenant", id: "default", tenant: { id: "default", name: "tenant default" } },
      { type: "user", id: user.id, user: { email: user.email } },
      { type: "device", id: device.id, device: { identity_data: expect.stringContaining("mac") } },
      { type: "deployment", id: "gone", deployment: { name: "", artifact_name: "" } },
    ]);
  });

  it("reads its page from an index that has nothing else", async () => {
    for (let i = 0; i < 50; i += 1) await record("accept");
    await record("reject");
    const { cost, json } = await server.call("GET", LOGS, { token: user.token });
    expect(json()).toHaveLength(1);
    // The user's own check and the tenant beside it; none of the fifty.
    expect(cost.read).toBeLessThan(10);
  });
});
