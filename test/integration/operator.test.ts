import { reset } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, logIn as logInTo } from "../support/actors.ts";
import { auditOf } from "../support/answers.ts";
import { env, OPERATOR_TOKEN, served, Server } from "../support/server.ts";

const BASE = "/api/operator/v1";
const PASSWORD = "correct horse battery";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

const operate = (method: string, path: string, json?: unknown) =>
  server.call(method, BASE + path, { token: OPERATOR_TOKEN, json });

const logIn = (email: string, password: string) => logInTo(server, email, password);

describe("setup", () => {
  it("makes the default tenant and the first administrator on an empty database, once", async () => {
    await reset();

    const first = (await operate("POST", "/setup", {})).json<{
      applied: string[];
      tenant: Record<string, string>;
      admin: { email: string; password: string };
    }>();
    expect(first.applied).toContain("0001_foundation.sql");
    expect(first.tenant).toMatchObject({ id: "default", status: "active", plan: "enterprise" });
    expect((await logIn(first.admin.email, first.admin.password)).status).toBe(200);

    const second = (await operate("POST", "/setup", {})).json();
    expect(second).toEqual({ applied: [], tenant: first.tenant });
  });

  it("takes the administrator it is given and does not tell the password back", async () => {
    const answer = await operate("POST", "/setup", { email: "Me@Example.com", password: PASSWORD });
    expect(answer.json()).toMatchObject({ admin: { email: "me@example.com" } });
    expect(answer.text).not.toContain(PASSWORD);
    expect((await logIn("me@example.com", PASSWORD)).status).toBe(200);
  });
});

describe("migrate", () => {
  it("applies nothing twice and makes the default tenant", async () => {
    expect((await operate("POST", "/migrate")).json()).toMatchObject({ applied: [] });
    expect((await operate("GET", "/tenants/default")).json()).toMatchObject({ name: "Default", limits: {} });
  });
});

describe("users", () => {
  beforeEach(async () => {
    await operate("POST", "/migrate");
  });

  it("creates one with a given id and roles that can log in", async () => {
    const answer = await operate("POST", "/users", {
      email: "a@example.com",
      password: PASSWORD,
      id: "u1",
      roles: ["RBAC_ROLE_OBSERVER"],
    });
    expect(answer.status).toBe(201);
    expect(answer.json()).toEqual({ id: "u1", email: "a@example.com", tenant: "default" });
    const { text: token } = await logIn("a@example.com", PASSWORD);
    const me = await server.call("GET", "/api/management/v1/useradm/users/me", { token });
    expect(me.json()).toMatchObject({ id: "u1", roles: ["RBAC_ROLE_OBSERVER"] });
  });

  it.each([
    [{ email: "x" }, 400, "email: must be a valid email address; password: cannot be blank."],
    [{ email: "a@b.de", password: "short" }, 422, "password: must be minimum 8 characters long"],
    [{ email: "a@b.de", password: PASSWORD, id: "Me" }, 400, "id: must not be me."],
    [{ email: "a@b.de", password: PASSWORD, tenant: "nobody" }, 404, "tenant not found"],
    [{ email: "a@b.de", password: PASSWORD, roles: ["KING"] }, 400, "roles: must be roles that exist."],
  ])("refuses %j", async (json, status, error) => {
    const answer = await operate("POST", "/users", json);
    expect([answer.status, answer.json().error]).toEqual([status, error]);
  });

  it("refuses an id or an email that is taken", async () => {
    await operate("POST", "/users", { email: "a@example.com", password: PASSWORD, id: "u1" });
    const id = await operate("POST", "/users", { email: "b@example.com", password: PASSWORD, id: "u1" });
    expect([id.status, id.json().error]).toEqual([409, "user with a given id already exists"]);
    const email = await operate("POST", "/users", { email: "a@example.com", password: PASSWORD });
    expect([email.status, email.json().error]).toEqual([422, "user with a given email already exists"]);
  });

  it("sets a password, which ends all sessions", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const answer = await operate("PUT", "/users/password", { email: user.email, password: "another secret" });
    expect(answer.json()).toEqual({ id: user.id, email: user.email, tenant: "default" });
    const me = await server.call("GET", "/api/management/v1/useradm/users/me", { token: user.token });
    expect(me.status).toBe(401);
    expect((await logIn(user.email, PASSWORD)).status).toBe(401);
    expect((await logIn(user.email, "another secret")).status).toBe(200);
  });

  it("vouches for an address, once, and for nobody's not", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const vouch = (email: unknown) => operate("PUT", "/users/verified", { email });
    const answer = await vouch(user.email);
    expect([answer.status, answer.json()]).toEqual([
      200,
      { id: user.id, email: user.email, tenant: "default" },
    ]);
    const me = await server.call("GET", "/api/management/v1/useradm/users/me", { token: user.token });
    expect(me.json()).toMatchObject({ verified: true });
    await vouch(user.email);
    expect(await auditOf(user.id)).toEqual([
      { actor_id: "operator", action: "update", change: `Vouched for ${user.email}` },
    ]);
    expect((await vouch("no@example.com")).status).toBe(404);
    expect((await vouch("no address")).status).toBe(400);
  });

  it("says 404 for the password of nobody", async () => {
    const answer = await operate("PUT", "/users/password", { email: "no@example.com", password: PASSWORD });
    expect([answer.status, answer.json().error]).toEqual([404, "user not found"]);
  });
});

describe("tenants", () => {
  const create = async (name = "Acme", user = "acme@example.com") =>
    (await operate("POST", "/tenants", { name, user, password: PASSWORD })).json<{
      id: string;
      tenant_token: string;
      user: { id: string };
    }>();

  it("creates one with its first user", async () => {
    const tenant = await create();
    expect(tenant).toMatchObject({ name: "Acme", status: "active", plan: "enterprise" });
    expect(tenant.id).toMatch(/^[0-9a-f]{24}$/);
    expect((await logIn("acme@example.com", PASSWORD)).status).toBe(200);
    const shown = (await operate("GET", `/tenants/${tenant.id}`)).json();
    expect(shown).toMatchObject({ tenant_token: tenant.tenant_token, limits: {} });
  });

  it("makes neither tenant nor user when the email is taken", async () => {
    await create();
    const answer = await operate("POST", "/tenants", {
      name: "Other",
      user: "acme@example.com",
      password: PASSWORD,
    });
    expect([answer.status, answer.json().error]).toEqual([422, "user with a given email already exists"]);
    expect((await operate("GET", "/tenants")).json()).toHaveLength(1);
  });

  it("lists them in pages", async () => {
    const ids = [(await create("A", "a@example.com")).id, (await create("B", "b@example.com")).id].sort();
    const first = (await operate("GET", "/tenants?limit=1")).json<{ id: string }[]>();
    const second = (await operate("GET", `/tenants?limit=1&after=${first[0]!.id}`)).json<{ id: string }[]>();
    expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
  });

  it("ends the tokens of users and devices of a suspended tenant at once and for good", async () => {
    const tenant = await create();
    const user = await aUser(server, { tenant: tenant.id });
    const device = await aDevice(server, { tenant: tenant.id });
    const me = () => server.call("GET", "/api/management/v1/useradm/users/me", { token: user.token });
    const poll = () =>
      server.call(
        "GET",
        "/api/devices/v1/deployments/device/deployments/next?artifact_name=a&device_type=b",
        {
          token: device.token,
        },
      );
    const elsewhere = await aUser(server);
    const other = () => server.call("GET", "/api/management/v1/useradm/users/me", { token: elsewhere.token });
    expect((await me()).status).toBe(200);

    const answer = await operate("PUT", `/tenants/${tenant.id}/status`, { status: "suspended" });
    expect(answer.json()).toMatchObject({ status: "suspended" });
    expect((await me()).status).toBe(401);
    const refused = await poll();
    expect([refused.status, refused.text]).toEqual([401, ""]);
    const login = await logIn("acme@example.com", PASSWORD);
    expect([login.status, login.json().error]).toEqual([401, "tenant account suspended"]);

    await operate("PUT", `/tenants/${tenant.id}/status`, { status: "active" });
    expect((await me()).status).toBe(401);
    expect((await poll()).status).toBe(401);
    expect((await logIn("acme@example.com", PASSWORD)).status).toBe(200);
    expect((await other()).status).toBe(200);
  });

  it("lets no login that was under way outlast a suspension", async () => {
    const tenant = await create();
    const status = (word: string) => operate("PUT", `/tenants/${tenant.id}/status`, { status: word });
    const [login] = await Promise.all([logIn("acme@example.com", PASSWORD), status("suspended")]);
    await status("active");
    expect([200, 401]).toContain(login.status);
    const me = await server.call("GET", "/api/management/v1/useradm/users/me", { token: login.text });
    expect(me.status).toBe(401);
  });

  it("does not tell a guesser that a tenant is suspended", async () => {
    const tenant = await create();
    await operate("PUT", `/tenants/${tenant.id}/status`, { status: "suspended" });
    const login = await logIn("acme@example.com", "a wrong guess");
    expect([login.status, login.json().error]).toEqual([401, "unauthorized"]);
  });

  it("sets limits", async () => {
    const tenant = await create();
    await operate("PUT", `/tenants/${tenant.id}/limits/max_devices`, { value: 5 });
    const answer = await operate("PUT", `/tenants/${tenant.id}/limits/max_devices`, { value: 7 });
    expect(answer.json()).toMatchObject({ limits: { max_devices: 7 } });
  });

  it("records status and limit changes once in the audit log", async () => {
    const tenant = await create();
    for (let i = 0; i < 2; i += 1) {
      await operate("PUT", `/tenants/${tenant.id}/status`, { status: "suspended" });
      await operate("PUT", `/tenants/${tenant.id}/limits/max_devices`, { value: 5 });
    }
    const { results } = await env.DB.prepare(
      "SELECT action, change FROM audit_log WHERE object_type = 'tenant'",
    ).all();
    expect(results).toHaveLength(3);
    expect(results).toContainEqual({ action: "create", change: null });
    expect(results).toContainEqual({ action: "update", change: "status: suspended" });
    expect(results).toContainEqual({ action: "update", change: "max_devices: 5" });
  });

  it.each([
    ["PUT", "/tenants/nobody/status", { status: "suspended" }, 404, "tenant not found"],
    ["PUT", "/tenants/nobody/limits/max_devices", { value: 1 }, 404, "tenant not found"],
    ["GET", "/tenants/nobody", undefined, 404, "tenant not found"],
    ["PUT", "/tenants/default/status", { status: "gone" }, 400, "status: must be active or suspended."],
    ["PUT", "/tenants/default/limits/max_devices", { value: "x" }, 400, "value: must be a whole number."],
    [
      "POST",
      "/tenants",
      { name: "" },
      400,
      "name: cannot be blank; password: cannot be blank; user: cannot be blank.",
    ],
  ])("refuses %s %s %j", async (method, path, json, status, error) => {
    const answer = await operate(method, path, json);
    expect([answer.status, answer.json().error]).toEqual([status, error]);
  });
});

describe("tokens", () => {
  it("signs any claims on a local server", async () => {
    const user = await aUser(server);
    const answer = await operate("POST", "/tokens", {
      claims: { sub: user.id, jti: "never stored", "mender.user": true },
    });
    expect(answer.status).toBe(200);
    const { token } = answer.json<{ token: string }>();
    const me = await server.call("GET", "/api/management/v1/useradm/users/me", { token });
    expect([me.status, me.json().error]).toEqual([401, "unauthorized"]);
  });

  it("does not exist on a deployed server", async () => {
    const call = { token: OPERATOR_TOKEN, json: { claims: {} } };
    const answer = await server.call("POST", `${BASE}/tokens`, call, { ...served, LOCAL: "false" });
    expect([answer.status, answer.json().error]).toEqual([404, "not found"]);
  });
});

describe("factory reset", () => {
  it("leaves no row but the default tenant and no object", async () => {
    await aUser(server, { tenant: "acme" });
    await env.ARTIFACTS.put("acme/a", "bytes");
    const answer = await operate("POST", "/factory-reset", {});
    expect(answer.json()).toMatchObject({ objects: 1 });
    expect((await env.ARTIFACTS.list()).objects).toEqual([]);
    const users = await env.DB.prepare("SELECT COUNT(*) AS n FROM users").first("n");
    expect(users).toBe(0);
    expect((await operate("GET", "/tenants")).json<{ id: string }[]>().map(({ id }) => id)).toEqual([
      "default",
    ]);
    expect((await operate("POST", "/setup", {})).json()).toHaveProperty("admin");
  });

  it("ends device tokens, also for checks that need no database", async () => {
    const { token } = await aDevice(server);
    const check = () =>
      server.call(
        "GET",
        "/api/devices/v1/deployments/device/deployments/next?artifact_name=a&device_type=b",
        { token },
      );
    expect((await check()).status).toBe(204);
    await operate("POST", "/factory-reset", {});
    expect((await check()).status).toBe(401);
  });

  it("wants the host name on a deployed server", async () => {
    const reset = (json: unknown) =>
      server.call(
        "POST",
        `${BASE}/factory-reset`,
        { token: OPERATOR_TOKEN, json },
        { ...served, LOCAL: "false" },
      );
    for (const json of [{}, { host: "other.test" }]) {
      const answer = await reset(json);
      expect([answer.status, answer.json().error]).toEqual([
        422,
        "confirm with the host name of this server",
      ]);
    }
    expect((await reset({ host: "edgemend.test" })).status).toBe(200);
  });
});

describe("access", () => {
  const paths: [string, string][] = [
    ["GET", "/tenants"],
    ["POST", "/factory-reset"],
    ["POST", "/setup"],
  ];

  it.each(paths)("lets nobody but the operator call %s %s", async (method, path) => {
    const user = await aUser(server);
    for (const token of [undefined, user.token, "operator-token-of-the-testz"])
      expect((await server.call(method, BASE + path, { token })).status).toBe(401);
  });

  it.each(paths)("hides %s %s where no operator token is configured", async (method, path) => {
    const { OPERATOR_TOKEN: _, ...bindings } = served;
    for (const token of [undefined, OPERATOR_TOKEN, "undefined", ""])
      expect((await server.call(method, BASE + path, { token }, bindings)).status).toBe(404);
  });
});
