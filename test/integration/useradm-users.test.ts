import { beforeEach, describe, expect, it } from "vitest";
import { aUser, logIn as logInTo, type TestUser } from "../support/actors.ts";
import { auditOf, eventsOf, refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { env, Server, type Call } from "../support/server.ts";

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

describe("users", () => {
  const create = (json: unknown, by = admin) => call(by, "POST", "/users", json);

  it("are created and can log in", async () => {
    const answer = await create({ id: "mine", email: "New.User@Example.com", password: PASSWORD });
    expect([answer.status, answer.text]).toEqual([201, ""]);
    const location = answer.headers.get("location")!;
    expect(location).toMatch(/^\/api\/management\/v1\/useradm\/users\/[0-9a-f-]{36}$/);
    const at = new Date(server.now).toISOString();
    const id = location.split("/").at(-1)!;
    expect((await server.call("GET", location, { token: admin.token })).json()).toEqual({
      id,
      email: "new.user@example.com",
      created_ts: at,
      updated_ts: at,
      verified: false,
      tfa_status: "disabled",
      roles: ["RBAC_ROLE_PERMIT_ALL"],
    });
    expect((await logIn("new.user@example.com", PASSWORD)).status).toBe(200);
    expect(await auditOf(id)).toEqual([{ actor_id: admin.id, action: "create", change: null }]);
    expect(await eventsOf(id)).toEqual([]);
  });

  it.each([
    [{}, 400, "email: cannot be blank; password: cannot be blank."],
    [{ email: "", password: PASSWORD }, 400, "email: cannot be blank."],
    [{ email: "nobody", password: PASSWORD }, 400, "email: must be a valid email address."],
    [{ email: "a@b", password: PASSWORD }, 400, "email: must be a valid email address."],
    [{ email: "ä@example.com", password: PASSWORD }, 400, "email: must be a valid email address."],
    [{ email: "a..b@example.com", password: PASSWORD }, 400, "email: must be a valid email address."],
    [{ email: 'a"<b>@example.com', password: PASSWORD }, 400, "email: must be a valid email address."],
    [
      { email: `${"a".repeat(250)}@example.com`, password: PASSWORD },
      400,
      "email: the length must be no more than 256.",
    ],
    [
      { email: "a@example.com", password: "x".repeat(257) },
      400,
      "password: the length must be no more than 256.",
    ],
    [{ email: 5, password: ["x"] }, 400, "email: cannot be blank; password: cannot be blank."],
    [{ email: "a@example.com", password: "1234567" }, 422, "password: must be minimum 8 characters long"],
    [{ email: "a@example.com", password: "EXAMPLE.COM" }, 422, "password is too similar to the email"],
    [
      { email: "a@example.com", password: PASSWORD, roles: ["KING"] },
      400,
      "roles: must be roles that exist.",
    ],
  ])("are not created from %j", async (json, status, error) => {
    expect(refusal(await create(json))).toEqual([status, error]);
    expect(await rowsOf("SELECT 1 FROM users")).toHaveLength(1);
  });

  it("take passwords of 73 to 256 characters [differs: long-passwords]", async () => {
    await create({ email: "a@example.com", password: "xy".repeat(128) });
    expect((await logIn("a@example.com", "xy".repeat(128))).status).toBe(200);
    expect((await logIn("a@example.com", "xy".repeat(100))).status).toBe(401);
  });

  it("have an email of their own in the whole installation, also when two are created at once", async () => {
    const elsewhere = await aUser(server, { tenant: "acme" });
    const json = { email: "a@example.com", password: PASSWORD };
    const answers = await Promise.all([create(json), create({ ...json, email: "A@example.com" }, elsewhere)]);
    expect(statusesOf(answers)).toEqual([201, 422]);
    const refused = answers.find(({ status }) => status === 422)!;
    expect(refused.json().error).toBe("user with a given email already exists");
    expect(await rowsOf("SELECT 1 FROM users WHERE email = 'a@example.com'")).toHaveLength(1);
    expect(await rowsOf("SELECT 1 FROM audit_log WHERE action = 'create'")).toHaveLength(1);
  });

  it("are listed without pages, filtered by id, email and times", async () => {
    server.advance(1000);
    const second = await aUser(server);
    await aUser(server, { tenant: "acme" });
    const list = async (query: string) =>
      (await call(admin, "GET", `/users${query}`)).json<{ id: string }[]>().map(({ id }) => id);
    const secondS = server.now / 1000;
    expect(await list("")).toEqual([admin.id, second.id]);
    expect(await list(`?id=${second.id}`)).toEqual([second.id]);
    expect(await list(`?id=${second.id}&id=${admin.id}&id=x`)).toEqual([admin.id, second.id]);
    expect(await list(`?email=${second.email.toUpperCase()}`)).toEqual([second.id]);
    expect(await list(`?created_after=${secondS - 1}`)).toEqual([second.id]);
    expect(await list(`?created_before=${secondS}`)).toEqual([admin.id]);
    expect(await list(`?updated_after=${secondS}`)).toEqual([]);
    expect(await list(`?updated_before=${secondS + 1}&id=${admin.id}`)).toEqual([admin.id]);
    const answer = await call(admin, "GET", "/users");
    expect(answer.headers.has("link")).toBe(false);
  });

  it("are not listed for a bad time", async () => {
    expect(refusal(await call(admin, "GET", "/users?created_after=x"))).toEqual([
      400,
      'api: invalid form values: invalid form parameter "created_after": "x" is not a number of seconds',
    ]);
  });

  it("are not found when unknown or in another tenant", async () => {
    const elsewhere = await aUser(server, { tenant: "acme" });
    for (const id of ["nobody", elsewhere.id, "ME"])
      expect(refusal(await call(admin, "GET", `/users/${id}`))).toEqual([404, "user not found"]);
  });

  it("are deleted with their tokens and settings", async () => {
    const user = await aUser(server);
    await call(user, "POST", "/settings/me", { a: 1 });
    expect((await call(admin, "DELETE", `/users/${user.id}`)).status).toBe(204);
    expect((await call(user, "GET", "/users/me")).status).toBe(401);
    for (const table of ["users", "user_tokens"])
      expect(await rowsOf(`SELECT 1 FROM ${table} WHERE user_id = '${user.id}'`)).toEqual([]);
    expect(await rowsOf("SELECT 1 FROM settings")).toEqual([]);
    expect(await auditOf(user.id)).toEqual([{ actor_id: admin.id, action: "delete", change: null }]);
    expect(await eventsOf(user.id)).toEqual(["user.deleted"]);
  });

  it("may be unknown or elsewhere when deleted", async () => {
    const elsewhere = await aUser(server, { tenant: "acme" });
    for (const id of ["me", "nobody", elsewhere.id])
      expect((await call(admin, "DELETE", `/users/${id}`)).status).toBe(204);
    for (const user of [admin, elsewhere]) expect((await call(user, "GET", "/users/me")).status).toBe(200);
    expect(await rowsOf("SELECT 1 FROM audit_log")).toEqual([]);
  });

  it("cannot delete themselves [differs: last-administrator]", async () => {
    await aUser(server);
    expect(refusal(await call(admin, "DELETE", `/users/${admin.id}`))).toEqual([
      422,
      "users cannot delete themselves",
    ]);
  });

  it("cannot delete each other at once [differs: last-administrator]", async () => {
    const other = await aUser(server, { roles: ["RBAC_ROLE_PERMIT_ALL"] });
    await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const answers = await Promise.all([
      call(admin, "DELETE", `/users/${other.id}`),
      call(other, "DELETE", `/users/${admin.id}`),
    ]);
    const left = await rowsOf("SELECT user_id FROM users WHERE roles <> '[\"RBAC_ROLE_OBSERVER\"]'");
    expect(left).toHaveLength(1);
    expect(answers.map(({ status }) => status)).toContain(204);
  });
});

describe("user updates", () => {
  let user: TestUser;
  beforeEach(async () => {
    user = await aUser(server, { password: PASSWORD, email: "user@example.com" });
  });
  const put = (json: unknown, by: TestUser = user, id = "me") => call(by, "PUT", `/users/${id}`, json);

  it("change the own password, keep the session of the call and end all other tokens", async () => {
    const { text: other } = await logIn(user.email, PASSWORD);
    const { text: personal } = await call(user, "POST", "/settings/tokens", { name: "ci" });
    const answer = await put({ password: "a better secret", current_password: PASSWORD }, user, "Me");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await call(user, "GET", "/users/me")).status).toBe(200);
    for (const token of [other, personal])
      expect((await call({ token }, "GET", "/users/me")).status).toBe(401);
    expect((await call(admin, "GET", "/users/me")).status).toBe(200);
    expect((await logIn(user.email, PASSWORD)).status).toBe(401);
    expect((await logIn(user.email, "a better secret")).status).toBe(200);
    expect(await auditOf(user.id)).toEqual([{ actor_id: user.id, action: "password_change", change: null }]);
    expect(await eventsOf(user.id)).toEqual(["account.notice", "user.updated", "account.notice"]);
  });

  it("change the own email", async () => {
    await put({ email: "Renamed@example.com", current_password: PASSWORD }, user, user.id);
    expect((await call(user, "GET", "/users/me")).json()).toMatchObject({ email: "renamed@example.com" });
    expect((await auditOf(user.id))[0]).toMatchObject({
      action: "update",
      change: "Updated user user@example.com:\n-email: user@example.com\n+email: renamed@example.com",
    });
  });

  it("change another's email and roles, which ends all tokens of that user", async () => {
    server.advance(1000);
    const answer = await put({ email: "b@example.com", roles: ["RBAC_ROLE_OBSERVER"] }, admin, user.id);
    expect(answer.status).toBe(204);
    expect((await call(user, "GET", "/users/me")).status).toBe(401);
    expect((await call(admin, "GET", `/users/${user.id}`)).json()).toMatchObject({
      email: "b@example.com",
      roles: ["RBAC_ROLE_OBSERVER"],
      updated_ts: new Date(server.now).toISOString(),
    });
  });

  it.each([
    [{}, 400, "no update information provided"],
    [{ email: "", password: "" }, 400, "no update information provided"],
    [{ email: "x", current_password: PASSWORD }, 400, "email: must be a valid email address."],
    [{ password: "short", current_password: PASSWORD }, 422, "password: must be minimum 8 characters long"],
    [{ password: "user@example", current_password: PASSWORD }, 422, "password is too similar to the email"],
    [{ password: "a better secret" }, 422, "current password mismatch"],
    [{ password: "a better secret", current_password: "wrong" }, 422, "current password mismatch"],
    [{ email: "b@example.com" }, 422, "current password mismatch"],
  ])("of oneself refuse %j", async (json, status, error) => {
    expect(refusal(await put(json))).toEqual([status, error]);
    expect((await call(user, "GET", "/users/me")).json()).toMatchObject({ email: "user@example.com" });
  });

  it("refuse another's password, an unknown user, another tenant's and a taken email", async () => {
    const elsewhere = await aUser(server, { tenant: "acme" });
    expect(refusal(await put({ password: "a better secret" }, admin, user.id))).toEqual([
      422,
      "password cannot be modified",
    ]);
    for (const id of ["nobody", elsewhere.id])
      expect(refusal(await put({ email: "b@example.com" }, admin, id))).toEqual([404, "user not found"]);
    expect(refusal(await put({ email: elsewhere.email }, admin, user.id))).toEqual([
      422,
      "user with a given email already exists",
    ]);
    expect((await call(elsewhere, "GET", "/users/me")).status).toBe(200);
  });

  it("all count when there are many at once [differs: updates-at-once]", async () => {
    // One user's requests beyond 32 at once are told to come later.
    const emails = Array.from({ length: 16 }, (_, i) => `b${i}@example.com`);
    const roles = [[], ["RBAC_ROLE_OBSERVER"]];
    const answers = await Promise.all(
      emails.flatMap((email, i) => [
        put({ email }, admin, user.id),
        put({ roles: roles[i % 2] }, admin, user.id),
      ]),
    );
    expect(new Set(statusesOf(answers))).toEqual(new Set([204]));
    const changes = (await auditOf(user.id)).map(({ change }) => String(change));
    expect(emails.filter((email) => changes.some((change) => change.includes(email)))).toEqual(emails);
  });

  it("pause guesses at the current password like those at login", async () => {
    const guess = () => put({ password: "a better secret", current_password: "wrong" });
    for (let i = 0; i < 5; i += 1) expect((await guess()).status).toBe(422);
    const paused = await guess();
    expect([...refusal(paused), paused.headers.get("retry-after")]).toEqual([429, "too many requests", "1"]);
  });

  it("leave one administrator [differs: last-administrator]", async () => {
    const observer = ["RBAC_ROLE_OBSERVER"];
    const answers = await Promise.all([
      put({ roles: observer }, admin, user.id),
      put({ roles: observer }, user, admin.id),
    ]);
    const last = (await call(admin, "GET", "/users/me")).status === 200 ? admin : user;
    expect(answers.map(({ status }) => status)).toContain(204);
    const lastAnswer = await put({ roles: observer }, last);
    expect([lastAnswer.status, lastAnswer.text]).toEqual([
      422,
      expect.stringContaining("the last administrator must keep all permissions"),
    ]);
    expect((await put({ roles: ["RBAC_ROLE_PERMIT_ALL"] }, last)).status).toBe(204);
  });

  it("leave one administrator whom no role confines to some devices [differs: last-administrator]", async () => {
    const [all, V2] = ["RBAC_ROLE_PERMIT_ALL", "/api/management/v2/useradm/roles"];
    const write = (method: string, path: string, json: object) =>
      server.call(method, path, { token: admin.token, json });
    const permissions = [{ action: "VIEW_DEVICE", object: { type: "DEVICE_GROUP", value: "lab" } }];
    expect((await write("POST", V2, { name: "confining", permissions })).status).toBe(201);
    expect((await write("POST", V2, { name: "plain" })).status).toBe(201);
    expect((await put({ roles: [all, "confining"] }, admin, user.id)).status).toBe(204);
    expect((await put({ roles: [all, "plain"] }, admin)).status).toBe(204);
    const refusals = [
      await put({ roles: ["plain"] }, admin),
      await put({ roles: [all, "confining"] }, admin),
      await write("PUT", `${V2}/plain`, { name: "plain", permissions }),
    ];
    const told = [422, "the last administrator must keep all permissions"];
    expect(refusals.map((answer) => refusal(answer))).toEqual([told, told, told]);
    expect((await put({ roles: [all] }, admin, user.id)).status).toBe(204);
    expect((await write("PUT", `${V2}/plain`, { name: "plain", permissions })).status).toBe(200);
  });
});

describe("own update in version 2", () => {
  const path = "/api/management/v2/useradm/users/me";
  let user: TestUser;
  beforeEach(async () => {
    user = await aUser(server, { password: PASSWORD });
  });
  const put = (json: unknown) => server.call("PUT", path, { token: user.token, json });

  it("changes the password and nothing else", async () => {
    const json = { password: "a better secret", current_password: PASSWORD, email: "b@example.com" };
    expect((await put(json)).status).toBe(204);
    expect((await call(user, "GET", "/users/me")).json()).toMatchObject({ email: user.email });
    expect((await logIn(user.email, "a better secret")).status).toBe(200);
  });

  it("of nothing succeeds and ends the other tokens", async () => {
    const { text: token } = await logIn(user.email, PASSWORD);
    expect((await put({})).status).toBe(204);
    expect((await call({ token }, "GET", "/users/me")).status).toBe(401);
    expect((await call(user, "GET", "/users/me")).status).toBe(200);
  });

  it("refuses a wrong current password", async () => {
    expect(refusal(await put({ password: "a better secret" }))).toEqual([422, "current password mismatch"]);
  });
});

describe("roles", () => {
  const forbidden = [403, "forbidden by role-based access control"];

  it.each([
    "RBAC_ROLE_OBSERVER",
    "RBAC_ROLE_CI",
    "RBAC_ROLE_DEPLOYMENTS_MANAGER",
    "RBAC_ROLE_REMOTE_TERMINAL",
  ])("%s manages itself and nobody else [differs: restricted-users]", async (role) => {
    const user = await aUser(server, { roles: [role] });
    const denied = [
      await call(user, "GET", "/users"),
      await call(user, "GET", `/users/${admin.id}`),
      await call(user, "POST", "/users", { email: "b@example.com", password: PASSWORD }),
      await call(user, "PUT", `/users/${admin.id}`, { email: "b@example.com" }),
      await call(user, "PUT", "/users/me", { roles: ["RBAC_ROLE_PERMIT_ALL"] }),
      await call(user, "PUT", `/users/${user.id}`, { roles: [] }),
      await call(user, "DELETE", `/users/${admin.id}`),
      await call(user, "POST", "/settings", { a: 1 }),
      await call(user, "POST", "/settings/tokens", { name: "mine" }),
    ];
    expect(denied.map(refusal)).toEqual(denied.map(() => forbidden));
    const allowed = [
      await call(user, "GET", "/users/me"),
      await call(user, "GET", `/users/${user.id}`),
      await call(user, "GET", "/settings"),
      await call(user, "POST", "/settings/me", { a: 1 }),
      await call(user, "GET", "/settings/tokens"),
      await call(user, "POST", "/auth/logout"),
    ];
    expect(allowed.map(({ status }) => status)).toEqual([200, 200, 200, 201, 200, 202]);
  });

  it("let everybody change the own password", async () => {
    const user = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"], password: PASSWORD });
    const json = { password: "a better secret", current_password: PASSWORD };
    expect((await call(user, "PUT", "/users/me", json)).status).toBe(204);
  });

  it("take effect for tokens already issued", async () => {
    const user = await aUser(server);
    await env.DB.prepare(`UPDATE users SET roles = '["RBAC_ROLE_OBSERVER"]' WHERE user_id = ?`)
      .bind(user.id)
      .run();
    expect(refusal(await call(user, "GET", "/users"))).toEqual(forbidden);
  });
});
