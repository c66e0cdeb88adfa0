import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aTenant, aUser, logIn, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf } from "../support/answers.ts";
import { env, OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";
import { addProvider, METADATA, outsideIs, USERADM } from "../support/single-sign-on.ts";

const PASSWORD = "correct horse battery";
const RULES = `${USERADM}/sso/rules`;
const SERVER = {
  issuer: "https://id.example.com",
  authorization_endpoint: "https://id.example.com/auth",
  token_endpoint: "https://id.example.com/token",
  jwks_uri: "https://id.example.com/jwks",
};
const SETTINGS = { name: "ours", client_id: "edgemend", settings: SERVER };

let server: Server;
let admin: TestUser;
let ada: TestUser;

beforeEach(async () => {
  server = await Server.start();
  outsideIs(() => new Response(null, { status: 500 }));
  admin = await aUser(server, { password: PASSWORD });
  ada = await aUser(server, { email: "ada@example.com", password: PASSWORD, roles: ["RBAC_ROLE_CI"] });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const rule = (json: unknown): Promise<Answer> => server.call("PUT", RULES, { token: admin.token, json });
const byPassword = async ({ email }: TestUser) => (await logIn(server, email, PASSWORD)).status;

describe("forced single sign-on [differs: sso-forced]", () => {
  it("needs a provider and an administrator with a password", async () => {
    const forced = { forced: true, break_glass_user: admin.id };
    expect(refusal(await rule(forced))).toEqual([422, "there is no identity provider with metadata"]);
    await addProvider(server, admin.token, { json: SETTINGS });
    const bare = await aUser(server);
    for (const user of [ada.id, bare.id, "nobody"])
      expect((await rule({ forced: true, break_glass_user: user })).status).toBe(422);
    expect((await rule({ forced: true })).status).toBe(400);
    expect((await rule({ forced: "yes" })).status).toBe(400);
    expect((await rule(forced)).status).toBe(204);
    expect((await server.call("GET", RULES, { token: admin.token })).json()).toEqual(forced);
    expect(await auditOf("default")).toContainEqual({
      actor_id: admin.id,
      action: "update",
      change: `single sign-on: forced but for ${admin.id}`,
    });
  });

  it("takes the password of nobody but the one who breaks the glass", async () => {
    const id = await addProvider(server, admin.token, { json: SETTINGS });
    await rule({ forced: true, break_glass_user: admin.id });
    expect(refusal(await logIn(server, ada.email, PASSWORD))).toEqual([
      401,
      "single sign-on is required here",
    ]);
    expect(refusal(await logIn(server, ada.email, "wrong password"))).toEqual([401, "unauthorized"]);
    expect((await logIn(server, ada.email, "")).json()).toEqual({ id, kind: "sso/oidc" });
    expect([await byPassword(admin), (await logIn(server, admin.email, "")).status]).toEqual([200, 401]);
    expect((await server.call("GET", `${USERADM}/users/me`, { token: ada.token })).status).toBe(200);
    await rule({ forced: false });
    expect(await byPassword(ada)).toBe(200);
  });

  it("rests while there is no provider, no plan or nobody to break the glass", async () => {
    const id = await addProvider(server, admin.token, { json: SETTINGS });
    await rule({ forced: true, break_glass_user: admin.id });
    await env.DB.prepare("UPDATE tenants SET plan = 'os', trial_ends_ms = NULL").run();
    expect(await byPassword(ada)).toBe(200);
    await env.DB.prepare("UPDATE tenants SET plan = 'enterprise'").run();
    await env.DB.prepare("UPDATE users SET roles = '[]' WHERE user_id = ?").bind(admin.id).run();
    expect(await byPassword(ada)).toBe(200);
    await env.DB.prepare(`UPDATE users SET roles = '["RBAC_ROLE_PERMIT_ALL"]' WHERE user_id = ?`)
      .bind(admin.id)
      .run();
    expect(await byPassword(ada)).toBe(401);
    await server.call("DELETE", `${METADATA}/${id}`, { token: admin.token });
    expect(await byPassword(ada)).toBe(200);
  });
});

describe("a tenant that shares the providers of another", () => {
  const assign = (tenant: string, source_tenant_id: unknown) =>
    server.call("PUT", `/api/internal/v1/useradm/tenants/${tenant}/sso/assign`, {
      token: OPERATOR_TOKEN,
      json: { source_tenant_id },
    });

  it("uses them and changes none", async () => {
    const id = await addProvider(server, admin.token, { json: SETTINGS });
    const child = await aUser(server, { tenant: "child", email: "eve@example.com" });
    await addProvider(server, child.token, { json: SETTINGS });
    expect((await assign("child", "default")).status).toBe(200);
    expect((await assign("child", "default")).status).toBe(200);
    const call = (method: string, path: string, json?: unknown) =>
      server.call(method, path, { token: child.token, ...(json !== undefined && { json }) });
    expect((await call("GET", METADATA)).json()).toEqual([{ id, issuer: SERVER.issuer }]);
    expect((await logIn(server, "eve@example.com", "")).json()).toEqual({ id, kind: "sso/oidc" });
    expect((await call("POST", METADATA, SETTINGS)).status).toBe(409);
    expect((await call("PUT", `${METADATA}/${id}`, SETTINGS)).status).toBe(403);
    expect((await call("DELETE", `${METADATA}/${id}`)).status).toBe(403);
    expect((await call("PUT", `${METADATA}/${id}/mapping`, { create_users: true })).status).toBe(403);
    expect(await rowsOf("SELECT provider_id FROM sso_providers")).toEqual([{ provider_id: id }]);
  });

  it("has to be another one, of one that has any", async () => {
    await aTenant(server, "child");
    expect((await assign("child", "default")).status).toBe(404);
    expect((await assign("child", "child")).status).toBe(400);
    expect((await assign("child", 5)).status).toBe(400);
    expect((await assign("nowhere", "default")).status).toBe(404);
    await addProvider(server, admin.token, { json: SETTINGS });
    expect((await assign("child", "default")).status).toBe(201);
  });
});

describe("a user without a password", () => {
  it("can be made where a provider may vouch for them, and goes with all that is known of them", async () => {
    const make = () =>
      server.call("POST", `${USERADM}/users`, { token: admin.token, json: { email: "bob@example.com" } });
    expect(refusal(await make())).toEqual([400, "password: cannot be blank."]);
    const id = await addProvider(server, admin.token, { json: SETTINGS });
    const user = (await make()).headers.get("location")?.split("/").at(-1);
    await env.DB.prepare("INSERT INTO sso_identities VALUES ('default', 'i', 's', ?, ?, 'oidc', 1)")
      .bind(user, id)
      .run();
    await server.call("DELETE", `${USERADM}/users/${user}`, { token: admin.token });
    expect(await rowsOf("SELECT * FROM sso_identities")).toEqual([]);
  });
});
