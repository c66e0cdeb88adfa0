import { HOTP, Secret } from "otpauth";
import { beforeEach, describe, expect, it } from "vitest";
import { unseal } from "../../src/platform/seal.ts";
import { aDevice, aTenant, aUser, logIn, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { connectFake, connectUser } from "../support/sockets.ts";

const BASE = "/api/management/v1/useradm";
const PASSWORD = "correct horse battery";
const OBSERVER = "RBAC_ROLE_OBSERVER";
const PERMIT_ALL = "RBAC_ROLE_PERMIT_ALL";

const STEP_MS = 30_000;
const codeOf = (secret: string) =>
  new HOTP({ secret: Secret.fromBase32(secret) }).generate({ counter: Math.floor(server.now / STEP_MS) });

let server: Server;
/** Of the tenant that invites. */
let host: TestUser;
/** At home elsewhere. */
let ann: TestUser;
beforeEach(async () => {
  server = await Server.start();
  host = await aUser(server, { tenant: "host" });
  ann = await aUser(server, { tenant: "home", password: PASSWORD, isVerified: true });
  await aUser(server, { tenant: "home" });
});

type By = { token: string };
const call = (by: By | undefined, method: string, path: string, json?: unknown) =>
  server.call(method, BASE + path, { token: by?.token, json });
const assign = (by: By = host, id = ann.id, body: unknown = { tenant_ids: [host.tenant] }) =>
  call(by, "POST", `/users/${id}/assign`, body);
const switchTo = (tenant: string, by: By = ann) => call(by, "GET", `/users/tenants/${tenant}/token`);

interface Wire {
  id: string;
  email: string;
  roles: string[];
  tfa_status: string;
  tenant_id?: string;
  tenants?: { id: string; name: string }[];
}
const me = async (by: By) => (await call(by, "GET", "/users/me")).json<Wire>();
const tenantsOf = async (by: By) => (await me(by)).tenants?.map(({ id }) => id);
const users = async (by: By) => (await call(by, "GET", "/users")).json<Wire[]>();

/** Ann's token of the other tenant. */
const asGuest = async (role?: string): Promise<By> => {
  const body = { tenant_ids: [host.tenant], ...(role !== undefined && { role }) };
  expect((await assign(host, ann.id, body)).status).toBe(200);
  const answer = await switchTo(host.tenant);
  expect(answer.status).toBe(200);
  return { token: answer.text };
};

describe("a guest of a tenant", () => {
  it("is invited by id or address as an observer, listed, and switches there and back as the web UI does", async () => {
    expect((await assign(host, ann.email.toUpperCase())).status).toBe(200);
    expect((await assign()).status).toBe(200); // once more changes nothing
    expect((await users(host)).map(({ id, roles }) => [id, roles])).toEqual(
      expect.arrayContaining([
        [host.id, [PERMIT_ALL]],
        [ann.id, [OBSERVER]],
      ]),
    );
    const filtered = await call(host, "GET", `/users?email=${ann.email}`);
    expect(filtered.json<Wire[]>().map(({ id }) => id)).toEqual([ann.id]);
    expect(await me(ann)).toMatchObject({
      roles: [PERMIT_ALL],
      tenant_id: "home",
      tenant_ids: ["home", "host"],
      tenants: [
        { id: "home", name: "tenant home" },
        { id: "host", name: "tenant host" },
      ],
    });
    const switched = await switchTo(host.tenant);
    expect(switched.headers.get("content-type")).toBe("application/jwt");
    const guest = { token: switched.text };
    expect(await me(guest)).toMatchObject({ id: ann.id, roles: [OBSERVER], tenant_id: "home" });
    const devices = "/api/management/v2/devauth/devices";
    await aDevice(server, { tenant: "host" });
    expect((await server.call("GET", devices, guest)).json<unknown[]>()).toHaveLength(1);
    expect((await server.call("GET", devices, ann)).json<unknown[]>()).toHaveLength(0);
    expect((await call(guest, "POST", "/users", {})).status).toBe(403);
    const back = { token: (await switchTo("home", guest)).text };
    expect((await me(back)).roles).toEqual([PERMIT_ALL]);
    expect((await logIn(server, ann.email, PASSWORD)).status).toBe(200);
  });

  it("has other roles there than at home, each asked for where it is good, at no further trip", async () => {
    const guest = await asGuest();
    const before = await call(ann, "GET", "/settings");
    expect((await call(guest, "GET", "/settings")).cost.trips).toBe(before.cost.trips);
    expect((await call(host, "PUT", `/users/${ann.id}`, { roles: [PERMIT_ALL] })).status).toBe(204);
    expect((await call(guest, "GET", "/users/me")).status).toBe(401); // a change of roles ends tokens, as at home
    const admin = { token: (await switchTo(host.tenant)).text };
    expect((await call(admin, "GET", "/limits")).json()).toEqual({ users: { count: 2, max: -1 } });
    expect((await users(ann)).find(({ id }) => id === ann.id)?.roles).toEqual([PERMIT_ALL]);
    expect((await call(admin, "PUT", `/users/${host.id}`, { roles: [OBSERVER] })).status).toBe(204);
    const last = await call(admin, "PUT", "/users/me", { roles: [OBSERVER] });
    expect(refusal(last)).toEqual([422, "the last administrator cannot be deleted"]);
    expect((await call(host, "PUT", `/users/${ann.id}`, { roles: ["nothing"] })).status).toBe(401);
    const unknown = await call(admin, "PUT", "/users/me", { roles: ["nothing", PERMIT_ALL] });
    expect(refusal(unknown)).toEqual([400, "roles: must be roles that exist."]);
  });

  it("keeps its account to itself: the other tenant changes neither address, password nor second factor", async () => {
    await asGuest();
    const refused = [422, "the account of a guest cannot be modified"];
    const path = `/users/${ann.id}`;
    expect(refusal(await call(host, "PUT", path, { email: "taken@example.com" }))).toEqual(refused);
    expect(refusal(await call(host, "PUT", path, { password: "another password" }))).toEqual(refused);
    const mixed = { roles: [PERMIT_ALL], email: "taken@example.com" };
    expect(refusal(await call(host, "PUT", path, mixed))).toEqual(refused);
    expect((await call(host, "POST", `${path}/2fa/disable`)).status).toBe(404);
    expect((await call(host, "POST", `${path}/2fa/enable`)).status).toBe(404);
    expect((await users(host)).find(({ id }) => id === ann.id)).toMatchObject({
      email: ann.email,
      roles: [OBSERVER],
    });
    expect((await logIn(server, ann.email, PASSWORD)).status).toBe(200);
  });

  it("changes its account from wherever it works; a new password ends the tokens of all tenants but that of the call", async () => {
    const guest = await asGuest();
    expect((await call(guest, "POST", "/users/me/2fa/enable")).status).toBe(200);
    expect((await me(ann)).tfa_status).toBe("unverified");
    expect((await call(guest, "GET", "/2faqr")).status).toBe(200);
    expect((await call(guest, "POST", "/users/me/2fa/disable")).status).toBe(200);
    const wrong = { password: "another password", current_password: "no" };
    expect(refusal(await call(guest, "PUT", "/users/me", wrong))).toEqual([422, "current password mismatch"]);
    const right = { password: "another password", current_password: PASSWORD };
    expect((await call(guest, "PUT", "/users/me", right)).status).toBe(204);
    expect(statusesOf([await call(guest, "GET", "/users/me"), await call(ann, "GET", "/users/me")])).toEqual([
      200, 401,
    ]);
    expect((await logIn(server, ann.email, "another password")).status).toBe(200);
    const mail = { email: "ann.new@example.com", current_password: "another password" };
    expect((await call(guest, "POST", "/users/me/email-change/start", mail)).status).toBe(202);
    expect((await call(guest, "GET", "/users/me/email-change/pending")).status).toBe(200);
  });

  it("is held to the rights of a role that only the other tenant has", async () => {
    const role = { name: "Both", permission_sets_with_scope: [{ name: "ReadUsers" }] };
    const roles = "/api/management/v2/useradm/roles";
    expect((await server.call("POST", roles, { token: host.token, json: role })).status).toBe(201);
    expect(refusal(await assign(host, ann.id, { tenant_ids: ["host"], role: "Missing" }))).toEqual([
      400,
      "roles: must be roles that exist.",
    ]);
    const guest = await asGuest("Both");
    expect((await call(guest, "GET", "/users")).status).toBe(200);
    expect((await call(guest, "POST", "/users", {})).status).toBe(403);
  });
});

describe("a place in a tenant ends", () => {
  it("by removal: its tokens and sockets at once, the account stays", async () => {
    const guest = await asGuest("RBAC_ROLE_REMOTE_TERMINAL");
    const device = await aDevice(server, { tenant: "host" });
    await connectFake(server, device);
    const socket = await connectUser(server, guest as TestUser, device);
    expect((await call(host, "DELETE", `/users/${ann.id}`)).status).toBe(204);
    await server.deliverEvents();
    await socket.until(() => socket.closed !== undefined);
    expect((await call(guest, "GET", "/users/me")).status).toBe(401);
    expect(refusal(await switchTo("host"))).toEqual([404, "tenant not found"]);
    expect(await tenantsOf(ann)).toEqual(["home"]);
    expect((await logIn(server, ann.email, PASSWORD)).status).toBe(200);
    expect((await users(host)).map(({ id }) => id)).toEqual([host.id]);
    await assign();
    expect((await call(guest, "GET", "/users/me")).status).toBe(401);
    const entries = await rowsOf(
      `SELECT action FROM audit_log WHERE tenant_id = 'host' AND object_id = '${ann.id}'`,
    );
    const actions = entries.map(({ action }) => String(action)).toSorted();
    expect(actions).toEqual(["create", "create", "delete", "sign_in"]);
  });

  it("by suspension of the tenant, which ends its tokens only and is told by 403, not 401", async () => {
    const guest = await asGuest();
    const status = { token: OPERATOR_TOKEN, json: { status: "suspended" } };
    await server.call("PUT", "/api/internal/v1/tenantadm/tenants/host/status", status);
    expect((await call(guest, "GET", "/users/me")).status).toBe(401);
    expect(await tenantsOf(ann)).toEqual(["home"]);
    expect(refusal(await switchTo("host"))).toEqual([403, "tenant account suspended"]);
  });

  it("at home: the account moves to where it is a guest, with its password and second factor [differs: home-moves]", async () => {
    const guest = await asGuest();
    await aTenant(server, "third");
    const internal = { token: OPERATOR_TOKEN, json: { tenant_ids: ["third"] } };
    expect(
      (await server.call("POST", `/api/internal/v1/useradm/users/${ann.id}/assign`, internal)).status,
    ).toBe(200);
    const secret = await enrol(guest);
    const { results } = await env.DB.prepare(
      "SELECT token_id FROM user_tokens WHERE tenant_id = 'home'",
    ).all();
    expect(results.length).toBeGreaterThan(1);
    const [admin] = (await users(ann)).filter(({ id }) => id !== ann.id);
    expect(admin).toBeDefined();
    const other = await aUser(server, { tenant: "home" });
    expect((await call(other, "DELETE", `/users/${ann.id}`)).status).toBe(204);
    expect((await call(ann, "GET", "/users/me")).status).toBe(401);
    expect(await me(guest)).toMatchObject({ tenant_id: "host", roles: [OBSERVER], tfa_status: "enabled" });
    expect(await tenantsOf(guest)).toEqual(["host", "third"]);
    server.advance(60_000);
    const code = { json: { token2fa: codeOf(secret) } };
    const entered = await logIn(server, ann.email, PASSWORD, code);
    expect(entered.status).toBe(200);
    expect((await users(other)).some(({ id }) => id === ann.id)).toBe(false);
    expect((await call(other, "DELETE", `/users/${ann.id}`)).status).toBe(204);
    expect(await tenantsOf({ token: entered.text })).toEqual(["host", "third"]);
  });

  it("with the tenant: a home that is removed leaves the account to the next, and nothing of itself", async () => {
    const guest = await asGuest();
    const path = "/api/internal/v1/tenantadm/tenants/home";
    expect((await server.call("DELETE", path, { token: OPERATOR_TOKEN })).status).toBe(204);
    await server.deliverEvents();
    expect(await me(guest)).toMatchObject({ tenant_id: "host", tenants: [{ id: "host" }] });
    const { results } = await env.DB.prepare("SELECT * FROM memberships").all();
    expect(results).toEqual([]);
    expect((await logIn(server, ann.email, PASSWORD)).status).toBe(200);
  });

  async function enrol(by: By): Promise<string> {
    const { keys } = await server.deps();
    expect((await call(by, "POST", "/users/me/2fa/enable")).status).toBe(200);
    const row = await env.DB.prepare("SELECT tfa_secret FROM users WHERE user_id = ?")
      .bind(ann.id)
      .first<{ tfa_secret: string }>();
    const secret = (await unseal(keys, row!.tfa_secret, `second factor home ${ann.id}`))!;
    const token2fa = codeOf(secret);
    expect((await call(by, "PUT", "/2faverify", { token2fa })).status).toBe(202);
    return secret;
  }
});

describe("nobody", () => {
  it("is assigned by whom, to what or as what it must not be [differs: assign-own-tenant]", async () => {
    const observer = await aUser(server, { tenant: "host", roles: [OBSERVER] });
    expect((await assign(observer)).status).toBe(403);
    expect((await assign(host, ann.id, { tenant_ids: ["home"] })).status).toBe(403);
    expect((await assign(host, ann.id, { tenant_ids: ["host", "home"] })).status).toBe(403);
    expect(refusal(await assign(host, "nobody@example.com"))).toEqual([404, "user not found"]);
    for (const body of [{}, { tenant_ids: [] }, { tenant_ids: "host" }, { tenant_ids: [1] }, null])
      expect((await assign(host, ann.id, body)).status).toBe(400);
    const internal = (json: unknown) =>
      server.call("POST", `/api/internal/v1/useradm/users/${ann.id}/assign`, { token: OPERATOR_TOKEN, json });
    expect(refusal(await internal({ tenant_ids: ["host", "none"] }))).toEqual([404, "tenant not found"]);
    await env.DB.prepare("UPDATE tenants SET plan = 'professional' WHERE tenant_id = 'host'").run();
    expect((await assign()).status).toBe(403);
    expect(await tenantsOf(ann)).toEqual(["home"]);
  });

  it("switches to a tenant it has no place in, or by a personal token [differs: switch-session]", async () => {
    await assign();
    const made = await call(ann, "POST", "/settings/tokens", { name: "script", expires_in: 0 });
    expect(refusal(await switchTo("host", { token: made.text }))).toEqual([
      403,
      "only a session can be switched to another tenant",
    ]);
    expect(refusal(await switchTo("host", await aUser(server, { tenant: "home" })))).toEqual([
      404,
      "tenant not found",
    ]);
    expect((await switchTo("none")).status).toBe(404);
  });

  it("goes beyond the users that a tenant may have, however many are assigned at once", async () => {
    const bob = await aUser(server, { tenant: "home" });
    const limit = { token: OPERATOR_TOKEN, json: { value: 2 } };
    await server.call("PUT", "/api/operator/v1/tenants/host/limits/max_users", limit);
    expect(statusesOf(await Promise.all([assign(host, ann.id), assign(host, bob.id)]))).toEqual([200, 422]);
    const created = await call(host, "POST", "/users", { email: "new@example.com", password: PASSWORD });
    expect(created.status).toBe(422);
  });

  it("takes the last administrator of a tenant, also where that is a guest", async () => {
    await asGuest(PERMIT_ALL);
    const admin = { token: (await switchTo("host")).text };
    expect((await call(admin, "DELETE", `/users/${host.id}`)).status).toBe(204);
    expect((await call(admin, "DELETE", `/users/${ann.id}`)).status).toBe(422);
    const reader = await aUser(server, { tenant: "host", roles: [OBSERVER] });
    expect((await call(reader, "DELETE", `/users/${ann.id}`)).status).toBe(403);
  });
});
