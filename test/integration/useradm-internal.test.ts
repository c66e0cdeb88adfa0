import { hashSync } from "bcryptjs";
import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, logIn as logInTo, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { env, OPERATOR_TOKEN, Server, type Call } from "../support/server.ts";
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

  it("tells that it is alive and healthy", async () => {
    for (const path of ["/alive", "/health"]) expect((await operate("GET", path)).status).toBe(204);
  });

  it("is unhealthy without its database", async () => {
    const down = (): never => {
      throw new Error("down");
    };
    const broken = { ...env, DB: { prepare: down } as unknown as D1Database };
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
    expect(answer.cost).toMatchObject({ trips: 1, statements: 1, written: 0 });
  });

  it("is no device, and a device is no user", async () => {
    const device = await aDevice(server);
    expect(refusal(await call(device, "GET", "/users/me"))).toEqual([401, "unauthorized"]);
  });
});
