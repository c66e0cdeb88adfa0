import { hashSync } from "bcryptjs";
import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, logIn as logInTo, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { type Call, FURTHER, OPERATOR_TOKEN, served, Server } from "../support/server.ts";
import { WIRE_ROUTES } from "../support/wire-routes.ts";

const BASE = "/api/management/v1/useradm";
const PASSWORD = "correct horse battery";

let server: Server;
let admin: TestUser;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});

const call = (user: { token: string } | undefined, method: string, path: string, json?: unknown) =>
  server.call(method, BASE + path, { token: user?.token, json });

const logIn = (email: string, password: string, options: Call = {}) =>
  logInTo(server, email, password, options);

describe("internal API", () => {
  const INTERNAL = "/api/internal/v1/useradm";
  const operate = (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
    server.call(method, INTERNAL + path, { token: OPERATOR_TOKEN, json, headers });

  const users = "/tenants/default/users";
  const magic = (id: string) => server.call("GET", `${BASE}/auth/magic/${id}`);
  const cookieOf = (answer: { headers: Headers }) =>
    answer.headers
      .getSetCookie()
      .find((one) => one.startsWith("JWT="))
      ?.split(";")[0]
      ?.slice(4);

  it("makes a user whom an id logs in, once and soon [differs: magic-life]", async () => {
    const id = crypto.randomUUID();
    const bob = { email: "bob@example.com", password: PASSWORD };
    expect((await operate("POST", users, { ...bob, magic_id: id })).status).toBe(201);
    expect(JSON.stringify(await rowsOf("SELECT * FROM account_secrets"))).not.toContain(id);
    expect(refusal(await operate("POST", users, { ...bob, email: "eve@example.com", magic_id: id }))).toEqual(
      [409, "the magic_id is taken"],
    );
    const both = await Promise.all([magic(id.toUpperCase()), magic(id)]);
    expect(statusesOf(both)).toEqual([307, 401]);
    const done = both.find(({ status }) => status === 307)!;
    expect(done.headers.get("location")).toBe("https://edgemend.test/ui/");
    const me = await call({ token: cookieOf(done) ?? "" }, "GET", "/users/me");
    expect(me.json()).toMatchObject({ email: "bob@example.com", verified: true });
    expect(refusal(await magic(id))).toEqual([401, "unauthorized"]);
    for (const wrong of ["x", "null", ""]) expect((await magic(wrong)).status).not.toBe(307);
    for (const magic_id of ["x", 1, {}])
      expect((await operate("POST", users, { ...bob, email: "eve@example.com", magic_id })).status).toBe(400);
  });

  it("lets nobody in by such an id who could not log in, and none by guessing", async () => {
    const made = async (name: string) => {
      const id = crypto.randomUUID();
      const json = { email: `${name}@example.com`, password: PASSWORD, magic_id: id };
      expect((await operate("POST", users, json)).status).toBe(201);
      return id;
    };
    const change = (name: string, sql: string) =>
      rowsOf(`UPDATE users SET ${sql} WHERE email = '${name}@example.com'`);
    const ids = [
      await made("late"),
      await made("factor"),
      await made("off"),
      await made("moved"),
      await made("fine"),
    ];
    await change("factor", "tfa_status = 'enabled'");
    await change("off", "suspended_ms = 1");
    await change("moved", "email = 'gone@example.com'");
    for (const id of ids.slice(1, 4)) expect(refusal(await magic(id))).toEqual([401, "unauthorized"]);
    expect((await magic(ids[4]!)).status).toBe(307);
    server.advance(15 * 60_000);
    expect(refusal(await magic(ids[0]!))).toEqual([401, "unauthorized"]);
    const reset = await server.call("POST", `${BASE}/auth/password-reset/complete`, {
      json: { secret_hash: ids[0], password: PASSWORD },
    });
    expect(reset.status).toBe(400);
    const guesses = [];
    for (let n = 0; n < 30; n++) guesses.push((await magic(crypto.randomUUID())).status);
    expect(guesses.at(-1)).toBe(429);
  });

  it("makes users for whom a provider of the tenant vouches, and finds them by that [differs: internal-login]", async () => {
    const settings = {
      issuer: "https://id.example.com",
      authorization_endpoint: "https://id.example.com/auth",
      token_endpoint: "https://id.example.com/token",
      jwks_uri: "https://id.example.com/jwks",
    };
    const added = await call(admin, "POST", "/sso/idp/metadata", { name: "ours", client_id: "c", settings });
    const provider = added.headers.get("location")?.split("/").at(-1) ?? "";
    const bob = { email: "bob@example.com", login: { [provider]: "subject of bob" } };
    expect((await operate("POST", users, bob)).status).toBe(201);
    const found = async (query: string) => {
      const answer = await operate("GET", `/users?${query}`);
      return [
        answer.json<{ email: string }[]>().map(({ email }) => email),
        answer.headers.get("x-total-count"),
      ];
    };
    for (const query of [
      `sso_provider_id=${provider}`,
      "sso_subject=subject%20of%20bob",
      `sso_provider_id=${provider}&sso_subject=subject%20of%20bob`,
    ])
      expect([query, await found(query)]).toEqual([query, [["bob@example.com"], "1"]]);
    expect(await found(`sso_provider_id=${provider}&sso_subject=nobody`)).toEqual([[], "0"]);
    expect(await found("sso_provider_id=oauth2/github")).toEqual([[], "0"]);
    const eve = { ...bob, email: "eve@example.com" };
    expect(refusal(await operate("POST", users, eve))).toEqual([409, "the login is taken"]);
    const wrong = [{ github: "1" }, { [provider]: "" }, { [provider]: 1 }, [], "x"];
    for (const login of wrong)
      expect([login, (await operate("POST", users, { ...eve, login })).status]).toEqual([login, 400]);
    const elsewhere = await aUser(server, { tenant: "acme" });
    const theirs = await operate("POST", `/tenants/${elsewhere.tenant}/users`, eve);
    expect(refusal(theirs)).toEqual([400, "login: must name identity providers of the tenant."]);
    expect(await rowsOf("SELECT 1 FROM users WHERE email = 'eve@example.com'")).toEqual([]);
  });

  it("tells that it is alive and healthy", async () => {
    for (const path of ["/alive", "/health"]) expect((await operate("GET", path)).status).toBe(204);
  });

  it("is unhealthy without its database", async () => {
    const down = (): never => {
      throw new Error("down");
    };
    const broken = { ...served, DB: { prepare: down } as unknown as D1Database };
    const probe = (name: string) =>
      server.call("GET", `${INTERNAL}/${name}`, { token: OPERATOR_TOKEN }, broken);
    expect(refusal(await probe("health"))).toEqual([503, "service unavailable"]);
    expect((await probe("alive")).status).toBe(204);
  });

  it.each(["GET", "POST"])(
    "verifies a forwarded user token by %s [differs: verify-forwarded]",
    async (method) => {
      const device = await aDevice(server);
      const verify = (token: string) =>
        operate(method, "/auth/verify", undefined, {
          "X-Forwarded-Uri": "/api/management/v1/useradm/users",
          "X-Forwarded-Method": "GET",
          Cookie: `JWT=${token}`,
        });
      const live = await verify(admin.token);
      expect([live.status, live.text]).toEqual([200, ""]);
      expect(refusal(await verify(device.token))).toEqual([401, "unauthorized"]);
      await call(admin, "POST", "/auth/logout");
      expect(refusal(await verify(admin.token))).toEqual([401, "unauthorized"]);
      expect((await operate(method, "/auth/verify")).status).toBe(400);
    },
  );

  it.each(["GET", "POST"])("verifies a user token in Authorization by %s", async (method) => {
    const verify = (call: Call) => server.call(method, `${INTERNAL}/auth/verify`, call);
    const headers = { "X-Forwarded-Uri": "/api/management/v1/useradm/users", "X-Forwarded-Method": "GET" };
    expect((await verify({ headers, token: admin.token })).status).toBe(200);
    expect((await verify({ headers, token: (await aDevice(server)).token })).status).toBe(401);
    expect(refusal(await verify({ headers }))).toEqual([401, "Authorization not present in header"]);
    expect(refusal(await verify({}))).toEqual([401, "Authorization not present in header"]);
  });

  it("refuses what the user of a forwarded token may not do [differs: verify-forwarded]", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const [here, there] = [await aDevice(server), await aDevice(server)];
    await inInventory(server, [here], "here");
    await inInventory(server, [there], "there");
    const scope = { type: "DeviceGroups", value: ["here"] };
    const role = { name: "here", permission_sets_with_scope: [{ name: "ReadDevices", scope }] };
    await server.call("POST", "/api/management/v2/useradm/roles", { token: admin.token, json: role });
    const confined = await aUser(server, { roles: ["here"] });
    const may = async ({ token }: { token: string }, method: string, uri: string) => {
      const headers = { "X-Forwarded-Uri": uri, "X-Forwarded-Method": method };
      return (await server.call("GET", `${INTERNAL}/auth/verify`, { headers, token })).status;
    };
    const devices = "/api/management/v1/inventory/devices";
    expect(await may(observer, "GET", `${devices}?page=2`)).toBe(200);
    expect(await may(observer, "delete", `${devices}/${here.id}`)).toBe(403);
    expect(await may(observer, "GET", "/api/management/v1/useradm/users")).toBe(403);
    expect(await may(observer, "GET", "/api/management/v1/useradm/users/me")).toBe(200);
    expect(await may(confined, "GET", `${devices}/${here.id}`)).toBe(200);
    expect(await may(confined, "GET", `${devices}/${there.id}`)).toBe(403);
    expect(await may(confined, "GET", `${devices}/${encodeURIComponent(there.id)}/../${there.id}`)).toBe(403);
    expect(await may(observer, "GET", "/api/management/v1/other/service")).toBe(403);
    expect(await may(admin, "GET", "/api/management/v1/other/service")).toBe(200);
    expect(await may(admin, "GET", "http://[")).toBe(400);
  });

  it.each(["useradm", "devauth", "deployments", "deviceconfig", "inventory"])(
    "makes a tenant by %s, once [differs: internal-tenants]",
    async (service) => {
      const path = `/api/internal/v1/${service}/tenants`;
      const prepare = (tenant_id: string) =>
        server.call("POST", path, { token: OPERATOR_TOKEN, json: { tenant_id } });
      for (let i = 0; i < 2; i++) expect((await prepare(`made-by-${service}`)).status).toBe(201);
      const shown = await server.call("GET", `/api/operator/v1/tenants/made-by-${service}`, {
        token: OPERATOR_TOKEN,
      });
      expect(shown.json()).toMatchObject({ id: `made-by-${service}`, status: "active" });
      expect((await prepare("a/b")).status).toBe(400);
    },
  );

  it("refuses a tenant without an id", async () => {
    expect(refusal(await operate("POST", "/tenants", {}))).toEqual([400, "tenant_id: cannot be blank."]);
  });

  it("keeps the users of a tenant", async () => {
    const [boss, user] = [await aUser(server, { tenant: "acme" }), await aUser(server, { tenant: "acme" })];
    const list = async (path: string) =>
      (await operate("GET", path))
        .json<{ id: string }[]>()
        .map(({ id }) => id)
        .toSorted();
    expect(await list("/tenants/acme/users")).toEqual([boss.id, user.id].toSorted());
    expect(await list(`/tenants/acme/users?id=${boss.id}`)).toEqual([boss.id]);
    expect(await list("/tenants//users")).toEqual([admin.id]);
    const created = await operate("POST", "/tenants/acme/users", {
      email: "c@example.com",
      password: PASSWORD,
    });
    expect([created.status, created.text]).toEqual([201, ""]);
    expect((await logIn("c@example.com", PASSWORD)).status).toBe(200);
    expect((await operate("DELETE", `/tenants/acme/users/${boss.id}`)).status).toBe(204);
    expect((await call(boss, "GET", "/users/me")).status).toBe(401);
    expect((await operate("DELETE", `/tenants/acme/users/${admin.id}`)).status).toBe(204);
    expect((await call(admin, "GET", "/users/me")).status).toBe(200);
  });

  it.each([
    [{ email: "c@example.com" }, 400, "password *or* password_hash must be provided"],
    [
      { email: "c@example.com", password: PASSWORD, password_hash: hashSync(PASSWORD, 4) },
      400,
      "password *or* password_hash must be provided",
    ],
    [
      { email: "c@example.com", password_hash: "plain" },
      400,
      "password_hash: must be a bcrypt or scrypt hash.",
    ],
    [
      { email: "c@example.com", password_hash: `$2a$31$${"a".repeat(53)}` },
      400,
      "password_hash: must be a bcrypt or scrypt hash.",
    ],
    [{ email: "c@example.com", password: "short" }, 422, "password: must be minimum 8 characters long"],
  ])("creates no user from %j", async (json, status, error) => {
    expect(refusal(await operate("POST", "/tenants/default/users", json))).toEqual([status, error]);
  });

  it("creates no user twice and none in a tenant that does not exist", async () => {
    const json = { email: admin.email, password: PASSWORD };
    expect(refusal(await operate("POST", "/tenants/default/users", json))).toEqual([
      422,
      "user with a given email already exists",
    ]);
    const nowhere = { email: "c@example.com", password: PASSWORD };
    expect(refusal(await operate("POST", "/tenants/nobody/users", nowhere))).toEqual([
      404,
      "tenant not found",
    ]);
  });

  it("revokes the tokens of a user or of a tenant", async () => {
    const [first, second] = [
      await aUser(server, { tenant: "acme" }),
      await aUser(server, { tenant: "acme" }),
    ];
    const statuses = () =>
      Promise.all([first, second, admin].map(async (by) => (await call(by, "GET", "/users/me")).status));
    expect((await operate("DELETE", `/tokens?tenant_id=acme&user_id=${first.id}`)).status).toBe(204);
    expect(await statuses()).toEqual([401, 200, 200]);
    expect((await operate("DELETE", "/tokens?tenant_id=acme")).status).toBe(204);
    expect(await statuses()).toEqual([401, 401, 200]);
    for (const query of ["", "?tenant_id="])
      expect(refusal(await operate("DELETE", `/tokens${query}`))).toEqual([
        400,
        "tenant_id must be provided",
      ]);
  });
});

describe("the OpenAPI document", () => {
  it("has every route of the open server's user administration", async () => {
    const { paths } = (await server.call("GET", "/api/openapi.json")).json<{
      paths: Record<string, Record<string, unknown>>;
    }>();
    const documented = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "{}")}`),
    );
    expect(WIRE_ROUTES.useradm!.filter((route) => !documented.includes(route))).toEqual([]);
  });
});

describe("a live user", () => {
  it("costs one round trip and no write", async () => {
    const answer = await call(admin, "GET", "/plans");
    expect(answer.cost).toMatchObject({ trips: 1, statements: 1 + FURTHER, written: 0 });
  });

  it("is no device, and a device is no user", async () => {
    const device = await aDevice(server);
    expect(refusal(await call(device, "GET", "/users/me"))).toEqual([401, "unauthorized"]);
  });
});
