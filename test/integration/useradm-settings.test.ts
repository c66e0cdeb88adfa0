import { decodeJwt } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { aUser, type TestUser } from "../support/actors.ts";
import { auditOf, eventsOf, refusal, statusesOf } from "../support/answers.ts";
import { Server } from "../support/server.ts";

const BASE = "/api/management/v1/useradm";
const MINUTE_MS = 60_000;

let server: Server;
let admin: TestUser;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});

const call = (user: { token: string } | undefined, method: string, path: string, json?: unknown) =>
  server.call(method, BASE + path, { token: user?.token, json });

describe("settings", () => {
  const post = (path: string, json: unknown, etag?: string, by = admin) =>
    server.call("POST", BASE + path, {
      token: by.token,
      json,
      headers: etag === undefined ? {} : { "If-Match": etag },
    });
  const etagOf = async (path: string) => (await call(admin, "GET", path)).headers.get("etag")!;

  describe.each(["/settings", "/settings/me"])("%s", (path) => {
    it("starts as an empty object without a tag", async () => {
      const answer = await call(admin, "GET", path);
      expect([answer.status, answer.json(), answer.headers.get("etag")]).toEqual([200, {}, null]);
    });

    it("is replaced as a whole and keeps what it does not know", async () => {
      await post(path, { a: 1, b: 2 });
      const document = { deep: { list: [1, null, "x"] }, "2fa": "enabled", constructor: 1 };
      const answer = await post(path, document);
      expect([answer.status, answer.text, answer.headers.get("etag")]).toEqual([201, "", null]);
      const read = await call(admin, "GET", path);
      expect(read.json()).toEqual(document);
      expect(read.headers.get("etag")).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    });

    it("takes its tag bare, quoted, weak and as a star, and refuses another", async () => {
      await post(path, { n: 0 }, "whatever");
      const forms = [(e: string) => e, (e: string) => `"${e}"`, (e: string) => `W/"${e}"`, () => "*"];
      for (const [n, form] of forms.entries())
        expect((await post(path, { n: n + 1 }, form(await etagOf(path)))).status).toBe(201);
      const stale = await etagOf(path);
      await post(path, { n: 9 });
      expect(refusal(await post(path, { n: 10 }, stale))).toEqual([412, "ETag doesn't match"]);
      expect((await call(admin, "GET", path)).json()).toEqual({ n: 9 });
    });

    it("lets one of two writers with the same tag win", async () => {
      for (const start of [undefined, { n: 0 }]) {
        if (start) await post(path, start);
        const etag = start ? await etagOf(path) : "none yet";
        const answers = await Promise.all([post(path, { n: 1 }, etag), post(path, { n: 2 }, etag)]);
        expect(statusesOf(answers)).toEqual([201, 412]);
      }
    });

    it("is not written again when nothing changed", async () => {
      await post(path, { a: 1 });
      const etag = await etagOf(path);
      const again = await post(path, { a: 1 }, etag);
      expect([again.status, again.cost.written]).toEqual([201, 0]);
      expect(await etagOf(path)).toBe(etag);
    });

    it.each([
      ["{", "cannot parse request body as json"],
      ["", "cannot parse request body as json"],
      ["[1]", "cannot parse request body as json"],
      ["null", "cannot parse request body as json"],
      [JSON.stringify({ a: "x".repeat(4097) }), "Values: (a: the length must be no more than 4096)."],
      [JSON.stringify({ ["k".repeat(129)]: 1 }), "Values: (key: the length must be no more than 128)."],
      [
        JSON.stringify(Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [i, i]))),
        "Values: the length must be no more than 1024.",
      ],
    ])("refuses the body %.20s", async (body, error) => {
      const headers = { "Content-Type": "application/json" };
      const answer = await server.call("POST", BASE + path, { token: admin.token, body, headers });
      expect(refusal(answer)).toEqual([400, error]);
      expect((await call(admin, "GET", path)).json()).toEqual({});
    });
  });

  it("belong to a user or to the whole tenant, and to no other", async () => {
    const [colleague, stranger] = [await aUser(server), await aUser(server, { tenant: "acme" })];
    await post("/settings", { shared: true });
    await post("/settings/me", { own: true });
    expect((await call(colleague, "GET", "/settings")).json()).toEqual({ shared: true });
    expect((await call(colleague, "GET", "/settings/me")).json()).toEqual({});
    expect((await call(stranger, "GET", "/settings")).json()).toEqual({});
  });

  it("of the tenant are audited by key and not by value", async () => {
    await post("/settings", { id_attribute: "secret value" });
    await post("/settings", { id_attribute: "secret value" });
    await post("/settings/me", { a: 1 });
    expect(await auditOf("default")).toEqual([
      { actor_id: admin.id, action: "update", change: "Updated settings: id_attribute" },
    ]);
  });
});

describe("personal access tokens", () => {
  const create = (json: unknown, by: { token: string } = admin) => call(by, "POST", "/settings/tokens", json);
  const list = async (by: { token: string } = admin) =>
    (await call(by, "GET", "/settings/tokens")).json<Record<string, string>[]>();

  it("are shown once, act as their owner and are listed without sessions", async () => {
    const answer = await create({ name: "ci", expires_in: 3600 });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/jwt"]);
    const claims = decodeJwt(answer.text);
    expect(claims).toMatchObject({ sub: admin.id, exp: server.now / 1000 + 3600, "mender.user": true });
    const [token, ...others] = await list();
    expect(others).toEqual([]);
    expect(token).toEqual({
      id: claims.jti,
      name: "ci",
      created_ts: new Date(server.now).toISOString(),
      expiration_date: new Date(server.now + 3_600_000).toISOString(),
    });
    const me = await call({ token: answer.text }, "GET", "/users/me");
    expect(me.json()).toMatchObject({ id: admin.id });
    expect(await auditOf(claims.jti!)).toEqual([{ actor_id: admin.id, action: "create", change: null }]);
    expect(await eventsOf(claims.jti!)).toEqual([]);
  });

  it.each([0, null, undefined])("never expire with expires_in %s", async (expires_in) => {
    const { text: token } = await create({ name: "ci", expires_in });
    expect(decodeJwt(token)).not.toHaveProperty("exp");
    server.advance(10 * 365 * 86_400_000);
    expect((await call({ token }, "GET", "/users/me")).status).toBe(200);
    expect((await list({ token }))[0]).not.toHaveProperty("expiration_date");
  });

  it("vanish when they expire and make room for others", async () => {
    for (let i = 0; i < 10; i += 1) await create({ name: `t${i}`, expires_in: 60 });
    server.advance(MINUTE_MS);
    expect(await list()).toEqual([]);
    expect((await create({ name: "t0" })).status).toBe(200);
  });

  it("stamp their last use at most every five minutes, outside the request's own round trip", async () => {
    const { text: token } = await create({ name: "ci" });
    const used = async () => (await list())[0]?.last_used;
    const first = await call({ token }, "GET", "/settings");
    expect([first.cost.trips, first.cost.written]).toEqual([2, 0]);
    const at = new Date(server.now).toISOString();
    expect(await used()).toBe(at);
    server.advance(4 * MINUTE_MS);
    await call({ token }, "GET", "/settings");
    expect(await used()).toBe(at);
    server.advance(MINUTE_MS);
    await call({ token }, "GET", "/settings");
    expect(await used()).toBe(new Date(server.now).toISOString());
  });

  it.each([
    [{}, "name: cannot be blank."],
    [{ name: "x".repeat(4097) }, "name: the length must be no more than 4096."],
    [{ name: "a", expires_in: -1 }, "expires_in: must be no less than 0."],
    [{ name: "a", expires_in: 31_536_001 }, "expires_in: must be no greater than 31536000."],
    [{ name: "a", expires_in: "1" }, "expires_in: must be a whole number of seconds."],
  ])("are not created from %.40j", async (json, error) => {
    expect(refusal(await create(json))).toEqual([400, error]);
    expect(await list()).toEqual([]);
  });

  it("have a name of their own per user, also when two are created at once", async () => {
    const answers = await Promise.all([create({ name: "ci" }), create({ name: "ci" })]);
    expect(statusesOf(answers)).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)!.json().error).toBe(
      "Personal Access Token with a given name already exists",
    );
    expect((await create({ name: "ci" }, await aUser(server))).status).toBe(200);
  });

  it("are ten at most, also when many are created at once", async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => create({ name: `t${i}` })));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(refusal)).toEqual(
      Array(2).fill([422, "maximum number of personal acess tokens reached for this user"]),
    );
    expect(await list()).toHaveLength(10);
  });

  it("are revoked by their owner only", async () => {
    const other = await aUser(server);
    const { text: token } = await create({ name: "ci" });
    const id = decodeJwt(token).jti!;
    expect((await call(other, "DELETE", `/settings/tokens/${id}`)).status).toBe(204);
    expect((await call({ token }, "GET", "/users/me")).status).toBe(200);
    for (const target of [id, id, "nothing"])
      expect((await call(admin, "DELETE", `/settings/tokens/${target}`)).status).toBe(204);
    expect((await call({ token }, "GET", "/users/me")).status).toBe(401);
    expect(await auditOf(id)).toHaveLength(2);
  });

  it("are revoked by the same call as one's own session", async () => {
    const id = decodeJwt(admin.token).jti!;
    expect((await call(admin, "DELETE", `/settings/tokens/${id}`)).status).toBe(204);
    expect((await call(admin, "GET", "/users/me")).status).toBe(401);
  });
});

describe("plans", () => {
  it("are listed, paged, and a tenant is told which is its own [differs: plan-names]", async () => {
    const plans = (await call(admin, "GET", "/plans")).json<{ name: string; features: object }[]>();
    expect(plans.map(({ name }) => name)).toEqual(["os", "professional", "enterprise"]);
    const { plan } = (await call(admin, "GET", "/plan_binding")).json<{ plan: unknown }>();
    expect(plan).toEqual(plans[2]);
    expect((await call(admin, "GET", "/plans?page=2")).json()).toEqual([]);
    expect((await call(admin, "GET", "/plans?page=0")).status).toBe(400);
  });
});
