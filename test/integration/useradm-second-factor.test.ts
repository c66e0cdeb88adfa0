import { generateKeyPairSync } from "node:crypto";
import { HOTP, Secret } from "otpauth";
import { beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../../src/platform/env.ts";
import { unseal } from "../../src/platform/seal.ts";
import { resealFactors } from "../../src/useradm/index.ts";
import { aUser, logIn as logInTo, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { Mailbox } from "../support/mailbox.ts";
import { Server } from "../support/server.ts";

const BASE = "/api/management/v1/useradm";
const PASSWORD = "correct horse battery";
const WRONG = [401, "2fa code is wrong or was used already"];
const STEP_MS = 30_000;

let server: Server;
let mailbox: Mailbox;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  mailbox = new Mailbox(server);
  user = await aUser(server, { email: "ada@example.com", password: PASSWORD, isVerified: true });
});

const call = (method: string, path: string, json?: unknown, who: { token: string } = user) =>
  server.call(method, BASE + path, { token: who.token, json });
const statusOf = async (who: TestUser = user) =>
  (await call("GET", "/users/me", undefined, who)).json().tfa_status;
const logIn = (token2fa?: string, password = PASSWORD, address?: string) =>
  logInTo(server, user.email, password, { json: { token2fa, no_expiry: false }, address });

/** The secret as the user's authenticator got it; the picture itself is a matter of a unit test. */
async function secretOf(who: TestUser = user): Promise<string> {
  const [row] = await rowsOf(`SELECT tfa_secret FROM users WHERE user_id = '${who.id}'`);
  const { keys } = await server.deps();
  return (await unseal(keys, String(row!.tfa_secret), `second factor ${who.tenant} ${who.id}`))!;
}

/** An authenticator written by others. */
const codeOf = (secret: string, steps = 0) =>
  new HOTP({ secret: Secret.fromBase32(secret) }).generate({
    counter: Math.floor(server.now / STEP_MS) + steps,
  });

async function enrol(who: TestUser = user): Promise<string> {
  expect((await call("POST", "/users/me/2fa/enable", undefined, who)).status).toBe(200);
  const secret = await secretOf(who);
  const answer = await call("PUT", "/2faverify", { token2fa: codeOf(secret) }, who);
  expect([answer.status, answer.text]).toEqual([202, ""]);
  return secret;
}

describe("a second factor", () => {
  it("goes from disabled by unverified to enabled and back [differs: totp-issuer]", async () => {
    expect(await statusOf()).toBe("disabled");
    expect((await call("GET", "/2faqr")).status).toBe(400);
    expect((await call("PUT", "/2faverify", { token2fa: "123456" })).status).toBe(400);
    expect((await call("POST", "/users/me/2fa/disable")).status).toBe(400);
    expect((await call("POST", "/users/me/2fa/enable")).status).toBe(200);
    expect(await statusOf()).toBe("unverified");
    const { qr } = (await call("GET", "/2faqr")).json<{ qr: string }>();
    expect([...Buffer.from(qr, "base64").subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect((await logIn()).status).toBe(200);
    expect(refusal(await call("PUT", "/2faverify", { token2fa: "000000" }))).toEqual(WRONG);
    expect((await call("PUT", "/2faverify", { token2fa: codeOf(await secretOf()) })).status).toBe(202);
    expect(await statusOf()).toBe("enabled");
    expect((await call("GET", "/2faqr")).status).toBe(400);
    expect(refusal(await call("POST", "/users/me/2fa/enable"))).toEqual([400, "2fa is enabled already"]);
    expect((await call("POST", "/users/me/2fa/disable")).status).toBe(200);
    expect(await statusOf()).toBe("disabled");
    expect((await logIn()).status).toBe(200);
    expect(await auditOf(user.id)).toEqual([
      { actor_id: user.id, action: "auth_method_change", change: "Enabled two-factor authentication" },
      { actor_id: user.id, action: "auth_method_change", change: "Disabled two-factor authentication" },
    ]);
    expect((await mailbox.open()).map(({ subject }) => subject)).toEqual([
      "Two-factor authentication is on",
      "Two-factor authentication is off",
    ]);
  });

  it("needs a verified address", async () => {
    const other = await aUser(server, { password: PASSWORD });
    const enable = () => call("POST", "/users/me/2fa/enable", undefined, other);
    expect(refusal(await enable())).toEqual([403, "the email address is not verified"]);
    expect((await call("POST", "/users/me/2fa/disable", undefined, other)).status).toBe(400);
  });

  it("that was not verified yet gets a new secret each time it is set up", async () => {
    await call("POST", "/users/me/2fa/enable");
    const first = await secretOf();
    expect((await call("POST", "/users/me/2fa/enable")).status).toBe(200);
    expect(await secretOf()).not.toBe(first);
    expect(refusal(await call("PUT", "/2faverify", { token2fa: codeOf(first) }))).toEqual(WRONG);
  });

  it("leaves the tokens from before alone, and personal ones ask for no code", async () => {
    await enrol();
    expect((await call("GET", "/users/me")).status).toBe(200);
    const { text: token } = await call("POST", "/settings/tokens", { name: "ci" });
    expect((await call("GET", "/users/me", undefined, { token })).status).toBe(200);
  });

  it.each([{}, { token2fa: "" }, { token2fa: 123456 }, { token2fa: "1".repeat(257) }, [], null])(
    "is not verified by %j",
    async (json) => {
      await call("POST", "/users/me/2fa/enable");
      expect((await call("PUT", "/2faverify", json)).status).toBe(400);
      expect(await statusOf()).toBe("unverified");
    },
  );

  it("of others is for those who manage users; all others hear 401", async () => {
    await enrol();
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    for (const what of ["enable", "disable"])
      expect((await call("POST", `/users/${user.id}/2fa/${what}`, undefined, observer)).status).toBe(401);
    const manager = await aUser(server);
    const stranger = await aUser(server, { tenant: "acme" });
    expect((await call("POST", `/users/${user.id}/2fa/disable`, undefined, stranger)).status).toBe(404);
    expect((await call("POST", `/users/${user.id}/2fa/disable`, undefined, manager)).status).toBe(200);
    expect(await statusOf()).toBe("disabled");
    expect((await auditOf(user.id)).at(-1)).toMatchObject({
      actor_id: manager.id,
      action: "auth_method_change",
    });
    const id = encodeURIComponent(user.id);
    expect((await call("POST", `/users/${id}/2fa/enable`)).status).toBe(200);
  });

  it("goes with the address it was set up for", async () => {
    await enrol();
    await call("PUT", "/users/me", { email: "eve@example.com", current_password: PASSWORD });
    expect(await statusOf()).toBe("disabled");
    expect((await logInTo(server, "eve@example.com", PASSWORD)).status).toBe(200);
    expect(await rowsOf(`SELECT tfa_secret, tfa_recovery FROM users WHERE user_id = '${user.id}'`)).toEqual([
      { tfa_secret: null, tfa_recovery: "[]" },
    ]);
  });

  it("is not skipped by a reset of the password", async () => {
    const secret = await enrol();
    await mailbox.open();
    await server.call("POST", `${BASE}/auth/password-reset/start`, { json: { email: user.email } });
    const secret_hash = await mailbox.link("password");
    const json = { secret_hash, password: "another password" };
    expect((await server.call("POST", `${BASE}/auth/password-reset/complete`, { json })).status).toBe(202);
    expect((await logIn("", "another password")).status).toBe(401);
    expect((await logIn(codeOf(secret), "another password")).status).toBe(200);
  });

  it("is not stored as anything that codes can be made from", async () => {
    const secret = await enrol();
    const stored = JSON.stringify([
      ...(await rowsOf("SELECT * FROM users")),
      ...(await rowsOf("SELECT * FROM outbox")),
    ]);
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(Buffer.from(Secret.fromBase32(secret).bytes).toString("base64url"));
  });
});

describe("a login with a second factor", () => {
  it("asks for the code with `2fa` in the text, once the password is right", async () => {
    await enrol();
    for (const none of [undefined, ""])
      expect(refusal(await logIn(none))).toEqual([401, "2fa code required"]);
    expect(refusal(await logIn("000000"))).toEqual(WRONG);
    expect(refusal(await logIn("", "wrong password"))).toEqual([401, "unauthorized"]);
    expect(refusal(await logIn("000000", "wrong password"))).toEqual([401, "unauthorized"]);
  });

  it("is on record where the code is wrong", async () => {
    await enrol();
    await logIn("");
    for (const code of ["000000", "000001"]) await logIn(code);
    const told = await rowsOf("SELECT change FROM audit_log WHERE action = 'sign_in_refused' ORDER BY id");
    const why = ": the second factor is wrong";
    expect(told.map(({ change }) => String(change).replace(/^From .*?(?=:)/, ""))).toEqual([
      why,
      `${why}; 2 within the hour`,
    ]);
  });

  it("takes the code that enrolled once more, and each code once", async () => {
    const secret = await enrol();
    const code = codeOf(secret);
    expect((await logIn(code)).status).toBe(200);
    expect(refusal(await logIn(code))).toEqual(WRONG);
    expect(refusal(await logIn(codeOf(secret, -1)))).toEqual(WRONG);
    server.advance(STEP_MS);
    expect((await logIn(codeOf(secret))).status).toBe(200);
  });

  it("takes a code of the step before and after", async () => {
    const secret = await enrol();
    expect(refusal(await logIn(codeOf(secret, -2)))).toEqual(WRONG);
    expect((await logIn(codeOf(secret, -1))).status).toBe(200);
    expect((await logIn(codeOf(secret, 1))).status).toBe(200);
    expect(refusal(await logIn(codeOf(secret, 2)))).toEqual(WRONG);
  });

  it("lets one of many in that send the same code at once", async () => {
    const secret = await enrol();
    const code = codeOf(secret);
    const answers = await Promise.all([logIn(code), logIn(code), logIn(code)]);
    expect(statusesOf(answers)).toEqual([200, 401, 401]);
  });

  it("is slow for who guesses codes, from wherever, and not for who gives none [differs: code-pauses]", async () => {
    const secret = await enrol();
    const attempts = [];
    for (let n = 0; n < 6; n++) {
      await logIn("");
      attempts.push((await logIn("000000", PASSWORD, `192.0.2.${n}`)).status);
    }
    expect(attempts).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await logIn(codeOf(secret))).status).toBe(429);
    expect((await logIn("")).status).toBe(401);
    server.advance(STEP_MS);
    expect((await logIn(codeOf(secret))).status).toBe(200);
    server.advance(STEP_MS);
    expect((await logIn("000000")).status).toBe(401);
  });

  it("costs no more round trips for users without one", async () => {
    expect((await logIn("")).cost.trips).toBe(2);
  });
});

describe("recovery codes", () => {
  const make = (token2fa: string) => call("POST", "/users/me/2fa/recovery-codes", { token2fa });
  const left = async () => (await call("GET", "/users/me/2fa/recovery-codes")).json();

  it("log in once each in place of a code", async () => {
    const secret = await enrol();
    const made = await make(codeOf(secret));
    const { codes } = made.json<{ codes: string[] }>();
    expect([made.status, made.headers.get("cache-control"), codes.length]).toEqual([201, "no-store", 10]);
    expect(await left()).toEqual({ left: 10 });
    expect((await logIn(codes[0]!.toUpperCase())).status).toBe(200);
    expect(refusal(await logIn(codes[0]))).toEqual(WRONG);
    expect(await left()).toEqual({ left: 9 });
    const answers = await Promise.all([logIn(codes[1]), logIn(codes[1])]);
    expect(statusesOf(answers)).toEqual([200, 401]);
    expect((await logIn(codes[2]!.replaceAll("-", ""))).status).toBe(200);
    const stored = JSON.stringify(await rowsOf("SELECT * FROM users"));
    for (const code of codes) expect(stored).not.toContain(code.replaceAll("-", ""));
  });

  it("are made anew by a code only, which voids the former", async () => {
    expect((await make("123456")).status).toBe(400);
    const secret = await enrol();
    expect(refusal(await make("000000"))).toEqual(WRONG);
    const first = (await make(codeOf(secret))).json<{ codes: string[] }>().codes;
    const second = (await make(codeOf(secret))).json<{ codes: string[] }>().codes;
    expect(refusal(await logIn(first[0]))).toEqual(WRONG);
    expect((await logIn(second[0])).status).toBe(200);
    expect((await auditOf(user.id)).at(-1)).toMatchObject({ change: "Made new recovery codes" });
    expect((await mailbox.open()).at(-1)?.subject).toBe("New recovery codes");
  });
});

describe("a tenant that demands a second factor", () => {
  const demand = (require_2fa: unknown, who = user) => call("PUT", "/settings/sign-in", { require_2fa }, who);

  it("lets users without one do nothing but what sets one up [differs: second-factor-demanded]", async () => {
    expect((await call("GET", "/settings/sign-in")).json()).toEqual({ require_2fa: false });
    expect((await demand(true)).status).toBe(204);
    expect((await call("GET", "/settings/sign-in")).json()).toEqual({ require_2fa: true });
    const text = "two-factor authentication is required here: set it up first";
    expect(refusal(await call("GET", "/users"))).toEqual([403, text]);
    expect(
      refusal(await server.call("GET", "/api/management/v1/inventory/devices", { token: user.token })),
    ).toEqual([403, text]);
    const { text: token } = await logIn();
    expect(refusal(await call("GET", "/users", undefined, { token }))).toEqual([403, text]);
    await enrol();
    for (const who of [user, { token }])
      expect((await call("GET", "/users", undefined, who)).status).toBe(200);
    await call("POST", "/users/me/2fa/disable");
    expect((await call("GET", "/users")).status).toBe(403);
  });

  it("is a matter of its administrators, and leaves others alone", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const stranger = await aUser(server, { tenant: "acme" });
    expect((await demand(true, observer)).status).toBe(403);
    for (const wrong of ["yes", 1, null, undefined]) expect((await demand(wrong)).status).toBe(400);
    await demand(true);
    expect((await call("GET", "/users", undefined, stranger)).status).toBe(200);
    expect(await auditOf("default")).toEqual([
      { actor_id: user.id, action: "update", change: "require_2fa: true" },
    ]);
    expect((await demand(false)).status).toBe(403);
    await enrol();
    expect((await demand(false)).status).toBe(204);
    expect((await call("GET", "/users", undefined, observer)).status).toBe(403);
  });
});

describe("a new signing key", () => {
  it("takes second factors over, so that the former can be given up", async () => {
    const secret = await enrol();
    const former = server.env.SIGNING_KEY!;
    const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const configure = (settings: Partial<Env>) =>
      Object.assign(server, { env: { ...server.env, ...settings } });
    configure({ SIGNING_KEY: pem, SIGNING_KEY_FALLBACK: former });
    expect((await logIn(codeOf(secret))).status).toBe(200);
    await resealFactors(await server.deps());
    const { SIGNING_KEY_FALLBACK: _, ...alone } = server.env;
    Object.assign(server, { env: alone });
    server.advance(STEP_MS);
    expect((await logIn(codeOf(secret))).status).toBe(200);
    configure({ SIGNING_KEY: former });
    server.advance(STEP_MS);
    expect(refusal(await logIn(codeOf(secret)))).toEqual(WRONG);
  });
});
