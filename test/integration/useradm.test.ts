import { hashSync } from "bcryptjs";
import { decodeJwt } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { countFailureStatements, forgetOldLoginFailures, throttledBy } from "../../src/useradm/throttle.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { env, OPERATOR_TOKEN, Server, type Answer, type Call } from "../support/server.ts";

const BASE = "/api/management/v1/useradm";
const PASSWORD = "correct horse battery";
const MINUTE_MS = 60_000;

let server: Server;
let admin: TestUser;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});

const call = (user: { token: string } | undefined, method: string, path: string, json?: unknown) =>
  server.call(method, BASE + path, { token: user?.token, json });

const logIn = (email: string, password: string, options: Call = {}) =>
  server.call("POST", `${BASE}/auth/login`, {
    ...options,
    headers: { Authorization: `Basic ${btoa(`${email}:${password}`)}`, ...options.headers },
  });

const refusal = (answer: Answer) => [answer.status, answer.json().error];

const rowsOf = async (sql: string) => (await env.DB.prepare(sql).all<Record<string, unknown>>()).results;
const auditOf = (objectId: string) =>
  rowsOf(`SELECT actor_id, action, change FROM audit_log WHERE object_id = '${objectId}'`);
const eventsOf = async (subject: string) =>
  (await rowsOf(`SELECT kind FROM outbox WHERE subject = '${subject}' ORDER BY id`)).map(({ kind }) => kind);

describe("login", () => {
  let user: TestUser;
  beforeEach(async () => {
    user = await aUser(server, { password: PASSWORD, tenant: "acme" });
  });

  it("answers the bare token as exactly application/jwt", async () => {
    const answer = await logIn(user.email.toUpperCase(), PASSWORD, {
      json: { no_expiry: false, token2fa: "" },
    });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/jwt"]);
    const nowS = server.now / 1000;
    expect(decodeJwt(answer.text)).toEqual({
      jti: expect.any(String),
      sub: user.id,
      iss: "mender.useradm",
      iat: nowS,
      exp: nowS + 604_800,
      scp: "mender.*",
      "mender.user": true,
      "mender.tenant": "acme",
      "mender.plan": "enterprise",
    });
    const me = await call({ token: answer.text }, "GET", "/users/me");
    expect(me.json()).toMatchObject({ id: user.id, login_ts: new Date(server.now).toISOString() });
  });

  it("takes the empty JSON body of the command-line client", async () => {
    const answer = await logIn(user.email, PASSWORD, {
      headers: { "Content-Type": "application/json" },
      body: "",
    });
    expect(answer.status).toBe(200);
  });

  it("takes no body at all, an unknown member and a password with colons and letters beyond ASCII", async () => {
    expect((await logIn(user.email, PASSWORD)).status).toBe(200);
    expect((await logIn(user.email, PASSWORD, { json: { more: 1 } })).status).toBe(200);
    const other = await aUser(server, { password: "pass:wörd:ü" });
    const basic = Buffer.from(`${other.email}:pass:wörd:ü`).toString("base64");
    expect((await logIn("", "", { headers: { Authorization: `basic ${basic}` } })).status).toBe(200);
  });

  it("leaves out exp for a session without expiry, which outlives all others", async () => {
    const { text: token } = await logIn(user.email, PASSWORD, { json: { no_expiry: true } });
    expect(decodeJwt(token)).not.toHaveProperty("exp");
    const { text: ordinary } = await logIn(user.email, PASSWORD);
    server.advance(604_800_000);
    expect((await call({ token }, "GET", "/users/me")).status).toBe(200);
    expect(refusal(await call({ token: ordinary }, "GET", "/users/me"))).toEqual([401, "invalid jwt"]);
  });

  it.each([
    ["nothing", {}],
    ["another scheme", { Authorization: "Bearer abc" }],
    ["no base64", { Authorization: "Basic *" }],
    ["no colon", { Authorization: `Basic ${btoa("abc")}` }],
  ])("refuses %s as credentials", async (_, headers) => {
    const answer = await server.call("POST", `${BASE}/auth/login`, {
      headers: headers as Record<string, string>,
    });
    expect(refusal(answer)).toEqual([401, "invalid or missing auth header"]);
  });

  it("refuses an unknown user and a wrong password alike", async () => {
    const headers = { "X-MEN-RequestID": "r" };
    const unknown = await logIn("nobody@example.com", PASSWORD, { headers });
    const wrong = await logIn(user.email, `${PASSWORD}?`, { headers });
    const none = await logIn(admin.email, PASSWORD, { headers });
    expect(refusal(unknown)).toEqual([401, "unauthorized"]);
    for (const answer of [wrong, none]) {
      expect(answer.text).toBe(unknown.text);
      expect({ ...answer.cost, read: 0 }).toEqual({ ...unknown.cost, read: 0 });
      expect([...answer.headers.keys()]).toEqual([...unknown.headers.keys()]);
    }
  });

  it.each([
    ["{", "application/json", 400],
    ['{"no_expiry":"yes"}', "application/json", 400],
    ["[]", "application/json", 400],
    ["{}", "text/plain", 415],
  ])("refuses the body %s of type %s", async (body, type, status) => {
    const answer = await logIn(user.email, PASSWORD, { headers: { "Content-Type": type }, body });
    expect([answer.status, typeof answer.json().error]).toEqual([status, "string"]);
  });

  it("costs two round trips and few rows", async () => {
    const { cost } = await logIn(user.email, PASSWORD);
    expect(cost.trips).toBe(2);
    expect(cost.written).toBeLessThanOrEqual(2);
  });

  it("keeps the ten newest sessions of a user and all personal tokens", async () => {
    await call(user, "POST", "/settings/tokens", { name: "ci" });
    server.advance(1000);
    const tokens: string[] = [];
    for (let i = 0; i < 11; i += 1) tokens.push((await logIn(user.email, PASSWORD)).text);
    const live = await rowsOf(`SELECT name FROM user_tokens WHERE user_id = '${user.id}'`);
    expect(live.filter(({ name }) => name === null)).toHaveLength(10);
    expect(live.filter(({ name }) => name === "ci")).toHaveLength(1);
    expect((await call(user, "GET", "/users/me")).status).toBe(401);
    expect((await call({ token: tokens.at(-1)! }, "GET", "/users/me")).status).toBe(200);
  }, 20_000);

  it("stores nothing that a token can be made from", async () => {
    const { text: token } = await logIn(user.email, PASSWORD);
    const [, , signature = ""] = token.split(".");
    for (const table of ["users", "user_tokens", "audit_log", "outbox"]) {
      const stored = JSON.stringify(await rowsOf(`SELECT * FROM ${table}`));
      expect(stored).not.toContain(signature);
      expect(stored).not.toContain(PASSWORD);
    }
  });
});

describe("imported bcrypt hashes", () => {
  const importUser = (email: string, password: string, prefix = "$2a$") =>
    server.call("POST", "/api/internal/v1/useradm/tenants/default/users", {
      token: OPERATOR_TOKEN,
      json: { email, password_hash: hashSync(password, 4).replace(/^\$2.\$/, prefix) },
    });
  const hashOf = async (email: string) =>
    env.DB.prepare("SELECT password_hash AS h FROM users WHERE email = ?").bind(email).first<string>("h");

  it.each(["$2a$", "$2b$", "$2y$"])("let in with prefix %s and are replaced at login", async (prefix) => {
    expect((await importUser("old@example.com", PASSWORD, prefix)).status).toBe(201);
    expect((await logIn("old@example.com", `${PASSWORD}!`)).status).toBe(401);
    expect(await hashOf("old@example.com")).toContain(prefix);
    expect((await logIn("old@example.com", PASSWORD)).status).toBe(200);
    expect(await hashOf("old@example.com")).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect((await logIn("old@example.com", PASSWORD)).status).toBe(200);
  });

  it("do not match a longer password that begins with theirs", async () => {
    const full = "x".repeat(72);
    await importUser("old@example.com", full);
    expect((await logIn("old@example.com", `${full}y`)).status).toBe(401);
  });
});

describe("login throttling", () => {
  const fail = (email: string, address?: string) =>
    logIn(email, "a wrong guess", { headers: address ? { "CF-Connecting-IP": address } : {} });
  /** Failures as the login counts them, without the work of checking a password. */
  const arrangeFailures = async (times: number, email: string, address?: string) => {
    const { directory } = await server.deps();
    for (let i = 0; i < times; i += 1)
      await directory.batch(countFailureStatements(throttledBy(email, address), server.now));
  };
  const failTimes = async (times: number, email: string) => {
    for (let i = 0; i < times; i += 1) expect((await fail(email)).status).toBe(401);
  };
  const someone = () => `${crypto.randomUUID()}@example.com`;

  it("pauses an account after five failures, longer with each, whether it exists or not", async () => {
    const user = await aUser(server, { password: PASSWORD });
    for (const email of [user.email, someone()]) {
      await failTimes(5, email);
      const paused = await fail(email);
      expect(refusal(paused)).toEqual([429, "too many requests"]);
      expect(paused.headers.get("retry-after")).toBe("1");
      server.advance(1000);
      await failTimes(1, email);
      expect((await fail(email)).headers.get("retry-after")).toBe("2");
      server.advance(2000);
    }
    expect((await logIn(user.email, PASSWORD)).status).toBe(200);
  }, 20_000);

  it("refuses the right password during the pause and forgets failures after a login", async () => {
    const user = await aUser(server, { password: PASSWORD });
    await arrangeFailures(5, user.email);
    expect((await logIn(user.email, PASSWORD)).status).toBe(429);
    server.advance(1000);
    expect((await logIn(user.email, PASSWORD)).status).toBe(200);
    await arrangeFailures(4, user.email);
    expect((await logIn(user.email, PASSWORD)).status).toBe(200);
  });

  it("touches no storage while it remembers a pause, and writes nothing when it must look", async () => {
    const email = someone();
    await arrangeFailures(9, email);
    const first = await fail(email);
    expect([first.status, first.cost.trips, first.cost.written]).toEqual([429, 1, 0]);
    const second = await fail(email);
    expect([second.status, second.cost.trips]).toEqual([429, 0]);
    server.advance(6000);
    const third = await fail(email);
    expect([third.status, third.cost.trips]).toEqual([429, 1]);
  });

  it("pauses at most five minutes", async () => {
    const email = someone();
    await arrangeFailures(60, email);
    expect((await fail(email)).headers.get("retry-after")).toBe("300");
  });

  it("pauses an address after thirty failures at any accounts, others not", async () => {
    for (let i = 0; i < 30; i += 1) await arrangeFailures(1, someone(), "192.0.2.7");
    expect((await fail(someone(), "192.0.2.7")).status).toBe(429);
    expect((await fail(someone(), "192.0.2.8")).status).toBe(401);
  });

  it("counts a network of IPv6 as one address", async () => {
    await fail(someone(), "2001:db8:1:2:aaaa::1");
    await fail(someone(), "2001:db8:1:2::2");
    await fail(someone(), "2001:DB8:1:3::2");
    const counts = await rowsOf("SELECT failures FROM login_failures ORDER BY failures DESC");
    expect(counts.map(({ failures }) => failures)).toEqual([2, 1, 1, 1, 1]);
  });

  it("does not take the web interface's empty password for a try, nor ask the database", async () => {
    const user = await aUser(server, { password: PASSWORD });
    for (let i = 0; i < 40; i += 1) {
      const answer = await logIn(user.email, "", { headers: { "CF-Connecting-IP": "192.0.2.9" } });
      expect([...refusal(answer), answer.cost.trips]).toEqual([401, "unauthorized", 0]);
    }
    expect((await logIn(user.email, PASSWORD)).status).toBe(200);
  });

  it("lets no guess of a burst in once the failures count", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () => fail(user.email)),
      logIn(user.email, PASSWORD),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401, 401]);
  }, 20_000);

  it("starts anew after an hour and sweeps what is older", async () => {
    const email = someone();
    await arrangeFailures(4, email);
    server.advance(61 * MINUTE_MS);
    await failTimes(2, email);
    await arrangeFailures(1, someone());
    server.advance(59 * MINUTE_MS);
    await arrangeFailures(1, someone());
    server.advance(2 * MINUTE_MS);
    await forgetOldLoginFailures(await server.deps());
    expect(await rowsOf("SELECT 1 FROM login_failures")).toHaveLength(1);
  }, 20_000);
});

describe("logout", () => {
  it("ends the token of the call and no other", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const { text: token } = await logIn(user.email, PASSWORD);
    const answer = await call({ token }, "POST", "/auth/logout");
    expect([answer.status, answer.text]).toEqual([202, ""]);
    expect(refusal(await call({ token }, "GET", "/users/me"))).toEqual([401, "unauthorized"]);
    expect((await call(user, "GET", "/users/me")).status).toBe(200);
  });
});

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
    });
    expect((await logIn("new.user@example.com", PASSWORD)).status).toBe(200);
    expect(await auditOf(id)).toEqual([{ actor_id: admin.id, action: "create", change: null }]);
    expect(await eventsOf(id)).toEqual(["user.created"]);
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
      "roles.0: must be a role that exists.",
    ],
  ])("are not created from %j", async (json, status, error) => {
    expect(refusal(await create(json))).toEqual([status, error]);
    expect(await rowsOf("SELECT 1 FROM users")).toHaveLength(1);
  });

  it("take passwords of 73 to 256 characters", async () => {
    await create({ email: "a@example.com", password: "xy".repeat(128) });
    expect((await logIn("a@example.com", "xy".repeat(128))).status).toBe(200);
    expect((await logIn("a@example.com", "xy".repeat(100))).status).toBe(401);
  });

  it("have an email of their own in the whole installation, also when two are created at once", async () => {
    const elsewhere = await aUser(server, { tenant: "acme" });
    const json = { email: "a@example.com", password: PASSWORD };
    const answers = await Promise.all([create(json), create({ ...json, email: "A@example.com" }, elsewhere)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 422]);
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

  it("cannot delete themselves", async () => {
    await aUser(server);
    expect(refusal(await call(admin, "DELETE", `/users/${admin.id}`))).toEqual([
      422,
      "users cannot delete themselves",
    ]);
  });

  it("cannot delete each other at once", async () => {
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
    expect(await eventsOf(user.id)).toEqual(["user.updated"]);
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

  it("let one of two at once win", async () => {
    const answers = await Promise.all([
      put({ email: "b@example.com" }, admin, user.id),
      put({ email: "c@example.com" }, admin, user.id),
    ]);
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([204, 409]);
    const lost = answers.find(({ status }) => status === 409)!;
    expect(lost.json().error).toBe("entity tag did not match any records");
    expect(await auditOf(user.id)).toHaveLength(1);
  });

  it("pause guesses at the current password like those at login", async () => {
    const guess = () => put({ password: "a better secret", current_password: "wrong" });
    for (let i = 0; i < 5; i += 1) expect((await guess()).status).toBe(422);
    const paused = await guess();
    expect([...refusal(paused), paused.headers.get("retry-after")]).toEqual([429, "too many requests", "1"]);
  }, 20_000);

  it("leave one administrator", async () => {
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
        expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 412]);
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
    expect(await eventsOf(claims.jti!)).toEqual(["user.token.created"]);
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
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
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
  it("lists the one of the open server, paged", async () => {
    const [plan] = (await call(admin, "GET", "/plans")).json<Record<string, unknown>[]>();
    expect(plan).toMatchObject({ name: "Mender_Open_Source", display_name: "Mender" });
    expect((await call(admin, "GET", "/plan_binding")).json()).toEqual({ plan });
    expect((await call(admin, "GET", "/plans?page=2")).json()).toEqual([]);
    expect((await call(admin, "GET", "/plans?page=0")).status).toBe(400);
  });
});

describe("roles", () => {
  const forbidden = [403, "forbidden by role-based access control"];

  it.each([
    "RBAC_ROLE_OBSERVER",
    "RBAC_ROLE_CI",
    "RBAC_ROLE_DEPLOYMENTS_MANAGER",
    "RBAC_ROLE_REMOTE_TERMINAL",
  ])("%s manages itself and nobody else", async (role) => {
    const user = await aUser(server, { roles: [role], password: PASSWORD });
    const denied = [
      await call(user, "GET", "/users"),
      await call(user, "GET", `/users/${admin.id}`),
      await call(user, "POST", "/users", { email: "b@example.com", password: PASSWORD }),
      await call(user, "PUT", `/users/${admin.id}`, { email: "b@example.com" }),
      await call(user, "PUT", "/users/me", { roles: ["RBAC_ROLE_PERMIT_ALL"] }),
      await call(user, "PUT", `/users/${user.id}`, { roles: [] }),
      await call(user, "DELETE", `/users/${admin.id}`),
    ];
    expect(denied.map(refusal)).toEqual(denied.map(() => forbidden));
    const allowed = [
      await call(user, "GET", "/users/me"),
      await call(user, "GET", `/users/${user.id}`),
      await call(user, "GET", "/settings"),
      await call(user, "POST", "/settings", { a: 1 }),
      await call(user, "POST", "/settings/me", { a: 1 }),
      await call(user, "POST", "/settings/tokens", { name: "mine" }),
      await call(user, "PUT", "/users/me", { password: "a better secret", current_password: PASSWORD }),
      await call(user, "POST", "/auth/logout"),
    ];
    expect(allowed.map(({ status }) => status)).toEqual([200, 200, 200, 201, 201, 200, 204, 202]);
  });

  it("take effect for tokens already issued", async () => {
    const user = await aUser(server);
    await env.DB.prepare(`UPDATE users SET roles = '["RBAC_ROLE_OBSERVER"]' WHERE user_id = ?`)
      .bind(user.id)
      .run();
    expect(refusal(await call(user, "GET", "/users"))).toEqual(forbidden);
  });
});

describe("internal API", () => {
  const INTERNAL = "/api/internal/v1/useradm";
  const operate = (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
    server.call(method, INTERNAL + path, { token: OPERATOR_TOKEN, json, headers });

  it("tells that it is alive and healthy", async () => {
    for (const path of ["/alive", "/health"]) expect((await operate("GET", path)).status).toBe(204);
  });

  it("is unhealthy without its tables", async () => {
    await env.DB.prepare("DROP TABLE users").run();
    expect(refusal(await operate("GET", "/health"))).toEqual([503, "service unavailable"]);
    expect((await operate("GET", "/alive")).status).toBe(204);
  });

  it.each(["GET", "POST"])("verifies a forwarded user token by %s", async (method) => {
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
  });

  it("accepts a tenant without effect", async () => {
    expect((await operate("POST", "/tenants", { tenant_id: "new" })).status).toBe(201);
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

describe("a live user", () => {
  it("costs one round trip and no write", async () => {
    const answer = await call(admin, "GET", "/plan_binding");
    expect(answer.cost).toMatchObject({ trips: 1, statements: 1, written: 0 });
  });

  it("is no device, and a device is no user", async () => {
    const device = await aDevice(server);
    expect(refusal(await call(device, "GET", "/users/me"))).toEqual([401, "unauthorized"]);
  });

  it("keeps the open-source mode of the web interface", async () => {
    const answer = await server.call("GET", "/api/management/v1/tenantadm/user/tenant?tiers=true", {
      token: admin.token,
    });
    expect(answer.status).toBe(404);
  });
});
