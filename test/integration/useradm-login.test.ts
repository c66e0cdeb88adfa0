import { hashSync } from "bcryptjs";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import {
  countFailureStatements,
  forgetOldLoginFailures,
  throttledLogin,
} from "../../src/useradm/throttle.ts";
import { inLine, MAX_IN_LINE } from "../../src/useradm/login-concurrency.ts";
import { aUser, logIn as logInTo, type TestUser } from "../support/actors.ts";
import { statusesOf } from "../support/artifacts.ts";
import { refusal, rowsOf } from "../support/answers.ts";
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
  logInTo(server, email, password, options);

describe("login", () => {
  let user: TestUser;
  beforeEach(async () => {
    user = await aUser(server, { password: PASSWORD, tenant: "acme" });
  });

  it("answers the bare token as exactly application/jwt [differs: user-token-claims]", async () => {
    const answer = await logIn(user.email.toUpperCase(), PASSWORD, {
      json: { no_expiry: false, token2fa: "" },
    });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/jwt"]);
    const nowS = server.now / 1000;
    expect(decodeProtectedHeader(answer.text)).toEqual({ alg: "EdDSA", typ: "JWT" });
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
      "mender.trial": false,
      "mender.addons": ["configure", "troubleshoot", "monitor"].map((name) => ({ name, enabled: true })),
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
    // Two of them are the entry of the audit log.
    expect(cost.written).toBeLessThanOrEqual(4);
  });

  it("is on record, and of refusals the first, second, fourth, eighth within an hour", async () => {
    const told = async () =>
      (
        await rowsOf(
          `SELECT actor_id, action, change FROM audit_log WHERE action LIKE 'sign_in%' ORDER BY time_ms, id`,
        )
      ).map(({ actor_id, action, change }) => [actor_id, action, change]);
    await logIn(user.email, PASSWORD, { address: "192.0.2.1" });
    const signedIn = [user.id, "sign_in", "From 192.0.2.1"];
    expect(await told()).toEqual([signedIn]);
    await logIn("nobody@example.com", PASSWORD);
    for (let i = 0; i < 9; i += 1) {
      server.advance(60_000);
      await logIn(user.email, "wrong", { address: `192.0.2.${i + 2}` });
    }
    expect(await told()).toEqual([
      signedIn,
      ["system", "sign_in_refused", "From 192.0.2.2"],
      ["system", "sign_in_refused", "From 192.0.2.3; 2 within the hour"],
      ["system", "sign_in_refused", "From 192.0.2.5; 4 within the hour"],
      ["system", "sign_in_refused", "From 192.0.2.9; 8 within the hour"],
    ]);
    expect(await rowsOf("SELECT 1 FROM audit_log WHERE plain = 1 AND object_type = 'user'")).toEqual([]);
  });

  it("keeps the ten newest sessions of a user and all personal tokens", async () => {
    await call(user, "POST", "/settings/tokens", { name: "ci" });
    server.advance(1000);
    const insert = env.DB.prepare(
      "INSERT INTO user_tokens (tenant_id, user_id, token_id, created_ms) VALUES (?, ?, ?, ?)",
    );
    await env.DB.batch(
      Array.from({ length: 9 }, (_, i) => insert.bind(user.tenant, user.id, `session ${i}`, server.now)),
    );
    const { text: token } = await logIn(user.email, PASSWORD);
    const live = await rowsOf(`SELECT name FROM user_tokens WHERE user_id = '${user.id}'`);
    expect(live.filter(({ name }) => name === null)).toHaveLength(10);
    expect(live.filter(({ name }) => name === "ci")).toHaveLength(1);
    expect((await call(user, "GET", "/users/me")).status).toBe(401);
    expect((await call({ token }, "GET", "/users/me")).status).toBe(200);
  });

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

  it.each(["$2a$", "$2b$", "$2y$"])(
    "let in with prefix %s and are replaced at login [differs: long-passwords]",
    async (prefix) => {
      expect((await importUser("old@example.com", PASSWORD, prefix)).status).toBe(201);
      expect((await logIn("old@example.com", `${PASSWORD}!`)).status).toBe(401);
      expect(await hashOf("old@example.com")).toContain(prefix);
      expect((await logIn("old@example.com", PASSWORD)).status).toBe(200);
      expect(await hashOf("old@example.com")).toMatch(/^\$scrypt\$ln=10,r=8,p=3\$/);
      expect((await logIn("old@example.com", PASSWORD)).status).toBe(200);
    },
  );

  it("do not match a longer password that begins with theirs", async () => {
    const full = "x".repeat(72);
    await importUser("old@example.com", full);
    expect((await logIn("old@example.com", `${full}y`)).status).toBe(401);
  });
});

describe("login throttling [differs: login-pauses]", () => {
  const fail = (email: string, address?: string) => logIn(email, "a wrong guess", { address });
  /** Failures as the login counts them, without the work of checking a password. */
  const arrangeFailures = async (times: number, email: string, address?: string) => {
    const { directory } = await server.deps();
    for (let i = 0; i < times; i += 1)
      await directory.batch(countFailureStatements(throttledLogin({ email, network: address }), server.now));
  };
  const failTimes = async (times: number, email: string) => {
    for (let i = 0; i < times; i += 1) expect((await fail(email)).status).toBe(401);
  };
  const someone = () => `${crypto.randomUUID()}@example.com`;

  it("pauses a client at an account after five failures, longer with each, whether it exists or not", async () => {
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
  });

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
    // By address, by account, and by both.
    expect(counts.map(({ failures }) => failures)).toEqual([2, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("does not take the web interface's empty password for a try", async () => {
    const user = await aUser(server, { password: PASSWORD });
    for (let i = 0; i < 40; i += 1) {
      const answer = await logIn(user.email, "", { address: "192.0.2.9" });
      expect([...refusal(answer), answer.cost.trips]).toEqual([401, "unauthorized", 1]);
    }
    expect((await logIn(user.email, PASSWORD)).status).toBe(200);
  });

  it("lets no guess of a burst in once the failures count", async () => {
    const user = await aUser(server, { password: PASSWORD });
    await arrangeFailures(3, user.email);
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => fail(user.email)),
      logIn(user.email, PASSWORD),
    ]);
    expect(answers.map(({ status }) => status)).not.toContain(200);
    expect((await logIn(user.email, PASSWORD)).status).toBe(429);
  });

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
    expect(await rowsOf("SELECT 1 FROM login_failures")).toHaveLength(2);
  });
});

describe("a stranger who guesses", () => {
  const [HERE, THERE] = ["192.0.2.7", "198.51.100.1"];
  const guess = (email: string, call: Call = {}) => logIn(email, "a wrong guess", call);
  const cookieOf = (answer: Answer) => answer.headers.get("set-cookie")?.split(";")[0] ?? "";

  it("does not lock the user out who comes from somewhere else", async () => {
    const user = await aUser(server, { password: PASSWORD });
    for (let i = 0; i < 5; i += 1) expect((await guess(user.email, { address: THERE })).status).toBe(401);
    expect((await guess(user.email, { address: THERE })).status).toBe(429);
    expect((await logIn(user.email, PASSWORD, { address: THERE })).status).toBe(429);
    expect((await logIn(user.email, PASSWORD, { address: HERE })).status).toBe(200);
  });

  it("does not lock out the browser of the user next to them [differs: known-device-cookie]", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const first = await logIn(user.email, PASSWORD, { address: HERE });
    expect(first.headers.get("set-cookie")).toMatch(
      /^known_device=[^;]+; Max-Age=15552000; Path=\/api\/management\/v1\/useradm\/auth\/login; HttpOnly; Secure; SameSite=Strict$/,
    );
    const headers = { Cookie: cookieOf(first) };
    for (let i = 0; i < 6; i += 1) await guess(user.email, { address: HERE });
    expect((await logIn(user.email, PASSWORD, { address: HERE })).status).toBe(429);
    expect((await logIn(user.email, PASSWORD, { address: HERE, headers })).status).toBe(200);
  });

  it("gains nothing from a cookie but tries that are counted as well", async () => {
    const [user, other] = [
      await aUser(server, { password: PASSWORD }),
      await aUser(server, { password: PASSWORD }),
    ];
    const cookie = cookieOf(await logIn(user.email, PASSWORD));
    for (let i = 0; i < 5; i += 1)
      expect((await guess(user.email, { headers: { Cookie: cookie } })).status).toBe(401);
    expect((await guess(user.email, { headers: { Cookie: cookie } })).status).toBe(429);
    // Neither for another account, nor changed, nor after its time.
    for (let i = 0; i < 5; i += 1) await guess(other.email, { headers: { Cookie: cookie } });
    expect((await guess(other.email, { headers: { Cookie: cookie } })).status).toBe(429);
    server.advance(3_600_001);
    const forged = cookie.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
    for (let i = 0; i < 5; i += 1) await guess(user.email, { headers: { Cookie: forged } });
    expect((await logIn(user.email, PASSWORD)).status).toBe(429);
  });

  it("with many addresses slows others at that account by seconds only", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const { directory } = await server.deps();
    for (let i = 0; i < 80; i += 1)
      await directory.batch(
        countFailureStatements(throttledLogin({ email: user.email, network: `2001:db8:0:${i}` }), server.now),
      );
    const paused = await logIn(user.email, PASSWORD, { address: HERE });
    expect([paused.status, paused.headers.get("retry-after")]).toEqual([429, "5"]);
    server.advance(5000);
    expect((await logIn(user.email, PASSWORD, { address: HERE })).status).toBe(200);
  });

  it("cannot name another address on a server that nobody stands in front of", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const pretend = (i: number) => ({
      address: THERE,
      headers: { "CF-Connecting-IP": `192.0.2.${i}`, "X-Forwarded-For": `192.0.2.${i}` },
    });
    for (let i = 0; i < 5; i += 1) expect((await guess(user.email, pretend(i))).status).toBe(401);
    expect((await guess(user.email, pretend(9))).status).toBe(429);
  });

  it("is told apart behind the operator's own proxy, and by the platform's edge", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const settings = [
      { env: { ...server.env, TRUSTED_PROXIES: THERE }, name: "X-Forwarded-For" },
      { env: { ...server.env, LOCAL: "false" }, name: "CF-Connecting-IP" },
    ];
    for (const { env: bindings, name } of settings) {
      const from = (address: string) => ({
        address: THERE,
        headers: { [name]: address, Authorization: `Basic ${btoa(`${user.email}:a wrong guess`)}` },
      });
      const ask = (address: string) =>
        server.call("POST", "/api/management/v1/useradm/auth/login", from(address), bindings);
      const client = name === "X-Forwarded-For" ? "203.0.113.66, 203.0.113.5" : "203.0.113.6";
      for (let i = 0; i < 5; i += 1) expect((await ask(client)).status).toBe(401);
      expect((await ask(client)).status).toBe(429);
      expect((await ask(HERE)).status).toBe(401);
      server.advance(3_600_001);
    }
  });
});

describe("many logins at once [differs: logins-at-once]", () => {
  it("are refused when there are too many, without counting as failures", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const deps = await server.deps();
    let end = () => {};
    const ended = new Promise<void>((done) => (end = done));
    const line = Array.from({ length: MAX_IN_LINE }, (_, i) => inLine(deps, `network ${i}`, () => ended));
    const isRefused = (answer: Answer) => {
      expect(refusal(answer)).toEqual([503, "service unavailable"]);
      expect(answer.headers.get("retry-after")).toBe("3");
      expect(answer.cost.written).toBe(0);
    };
    isRefused(await logIn(user.email, PASSWORD));
    isRefused(await logIn("nobody@example.com", PASSWORD));
    end();
    await Promise.all(line);
    expect((await logIn(user.email, PASSWORD)).status).toBe(200);
    expect(await rowsOf("SELECT * FROM login_failures")).toEqual([]);
  });

  it("of one address leave room for others", async () => {
    const user = await aUser(server, { password: PASSWORD });
    const ask = (address: string) => logIn(user.email, PASSWORD, { address });
    const crowd = Array.from({ length: 8 }, () => ask("192.0.2.7"));
    const [other, ...answers] = await Promise.all([ask("192.0.2.8"), ...crowd]);
    expect(other?.status).toBe(200);
    expect(statusesOf(answers)).toEqual([200, 200, 200, 200, 200, 503, 503, 503]);
  });
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
