import { beforeEach, describe, expect, it } from "vitest";
import { forgetSpentChallenges } from "../../src/useradm/index.ts";
import { CHALLENGE_LIFE_MS } from "../../src/useradm/passkeys/challenges.ts";
import { aUser, logIn as logInTo, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { Authenticator, type Quirks } from "../support/authenticator.ts";
import { Mailbox } from "../support/mailbox.ts";
import { Server } from "../support/server.ts";

const BASE = "/api/management/v1/useradm";
const ORIGIN = "https://edgemend.test";
const PASSWORD = "correct horse battery";

type Creation = { challenge: string; user: { id: string }; rp: { id: string } };

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
const ask = (who: TestUser = user, current_password = PASSWORD) =>
  call("POST", "/users/me/passkeys/options", { current_password }, who);
const add = (credential: unknown, name = "phone", who: TestUser = user) =>
  call("POST", "/users/me/passkeys", { name, credential }, who);
const challenge = async () => (await server.call("POST", `${BASE}/auth/passkey/options`)).json<Creation>();
const signIn = (credential: unknown, address?: string) =>
  server.call("POST", `${BASE}/auth/passkey/login`, { json: { credential }, ...(address && { address }) });
const logIn = (options: object = {}) => logInTo(server, user.email, PASSWORD, { json: options });

async function aPasskey(who: TestUser = user, name = "phone"): Promise<Authenticator> {
  const device = new Authenticator(ORIGIN);
  const options = (await ask(who)).json<Creation>();
  expect((await add(device.create(options), name, who)).status).toBe(201);
  return device;
}

describe("passkeys", () => {
  it("are added, listed, renamed and removed, and their user hears of it", async () => {
    const options = await ask();
    expect([options.status, options.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(options.json()).toMatchObject({
      rp: { id: "edgemend.test" },
      user: { name: user.email },
      attestation: "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: [],
    });
    const device = new Authenticator(ORIGIN);
    const added = await add(device.create(options.json<Creation>()));
    const created_ts = new Date(server.now).toISOString();
    expect([added.status, added.json()]).toEqual([201, { id: device.id, name: "phone", created_ts }]);
    expect((await ask()).json()).toMatchObject({
      excludeCredentials: [{ type: "public-key", id: device.id, transports: ["internal"] }],
    });
    const one = `/users/me/passkeys/${device.id}`;
    expect((await call("PUT", one, { name: "My phone" })).status).toBe(204);
    expect((await call("GET", "/users/me/passkeys")).json()).toMatchObject([{ name: "My phone" }]);
    expect((await call("DELETE", one)).status).toBe(204);
    expect((await call("GET", "/users/me/passkeys")).json()).toEqual([]);
    for (const answer of [await call("DELETE", one), await call("PUT", one, { name: "x" })])
      expect(answer.status).toBe(404);
    expect((await auditOf(user.id)).map(({ action, change }) => [action, change])).toEqual([
      ["auth_method_change", "Added passkey phone"],
      ["auth_method_change", "Removed passkey My phone"],
    ]);
    expect((await mailbox.open()).map(({ subject }) => subject)).toEqual(["New passkey", "Passkey removed"]);
  });

  it("take the password again, and a verified address", async () => {
    expect((await ask(user, "wrong password")).status).toBe(422);
    expect((await call("POST", "/users/me/passkeys/options", {})).status).toBe(422);
    const unverified = await aUser(server, { password: PASSWORD });
    expect((await ask(unverified)).status).toBe(403);
    const withoutPassword = await aUser(server, { isVerified: true });
    expect((await ask(withoutPassword, "")).status).toBe(422);
  });

  it("of others are shown to who reads users, and removed by who manages them", async () => {
    const device = await aPasskey();
    const theirs = `/users/${user.id}/passkeys`;
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const stranger = await aUser(server, { tenant: "acme" });
    const manager = await aUser(server);
    expect((await call("GET", theirs, undefined, observer)).status).toBe(403);
    expect((await call("GET", theirs, undefined, stranger)).status).toBe(404);
    expect((await call("DELETE", `${theirs}/${device.id}`, undefined, stranger)).status).toBe(404);
    expect((await call("PUT", `/users/me/passkeys/${device.id}`, { name: "x" }, manager)).status).toBe(404);
    expect((await call("GET", theirs, undefined, manager)).json()).toHaveLength(1);
    expect((await call("DELETE", `${theirs}/${device.id}`, undefined, manager)).status).toBe(204);
  });

  it.each<[string, (options: Creation) => [Creation, Quirks]]>([
    ["another page", (options) => [options, { origin: "https://evil.test" }]],
    ["another host", (options) => [options, { rpId: "evil.test" }]],
    ["an unverified user", (options) => [options, { isUnverified: true }]],
    ["another act", (options) => [options, { type: "webauthn.get" }]],
    ["a challenge of its own", (options) => [{ ...options, challenge: "A".repeat(75) }, {}]],
    ["a changed challenge", (options) => [{ ...options, challenge: `B${options.challenge.slice(1)}` }, {}]],
    [
      "certificates",
      (options) => [
        options,
        { fmt: "packed", attestation: new Map([["x5c", [new Uint8Array(8)]]]) as Quirks["attestation"] & {} },
      ],
    ],
    ["a statement of another kind", (options) => [options, { fmt: "android-safetynet" }]],
  ])("from %s are refused", async (_, twist) => {
    const [options, quirks] = twist((await ask()).json<Creation>());
    expect((await add(new Authenticator(ORIGIN).create(options, quirks))).status).toBe(400);
    expect(await rowsOf("SELECT * FROM passkeys")).toEqual([]);
  });

  it("answer a challenge once, of their user, in time; and are known once", async () => {
    const options = (await ask()).json<Creation>();
    const device = new Authenticator(ORIGIN);
    const other = await aUser(server, { password: PASSWORD, isVerified: true });
    expect((await add(device.create(options), "phone", other)).status).toBe(400);
    const both = await Promise.all([
      add(device.create(options)),
      add(new Authenticator(ORIGIN).create(options)),
    ]);
    expect(statusesOf(both)).toEqual([201, 409]);
    const [{ passkey_id } = {}] = await rowsOf("SELECT passkey_id FROM passkeys");
    const again = device.id === passkey_id ? device : undefined;
    if (again) expect((await add(again.create((await ask(other)).json()), "p", other)).status).toBe(409);
    const late = (await ask()).json<Creation>();
    server.advance(CHALLENGE_LIFE_MS);
    expect((await add(new Authenticator(ORIGIN).create(late))).status).toBe(400);
    await forgetSpentChallenges(await server.deps());
    expect(await rowsOf("SELECT * FROM spent_challenges")).toEqual([]);
    const signingIn = await challenge();
    expect((await add(new Authenticator(ORIGIN).create({ ...late, ...signingIn }))).status).toBe(400);
  });

  it("are at most ten of a user", async () => {
    const spare = (await ask()).json<Creation>();
    for (let n = 0; n < 10; n++) await aPasskey(user, `key ${n}`);
    expect((await ask()).status).toBe(422);
    expect((await add(new Authenticator(ORIGIN).create(spare))).status).toBe(422);
  });

  it("go with the address they were made for, and with their user", async () => {
    const other = await aUser(server, { password: PASSWORD, isVerified: true });
    await aPasskey(other);
    const device = await aPasskey();
    await call("PUT", "/users/me", { email: "eve@example.com", current_password: PASSWORD });
    expect((await signIn(device.get(await challenge()))).status).toBe(401);
    expect(await rowsOf("SELECT user_id FROM passkeys")).toEqual([{ user_id: other.id }]);
    await call("DELETE", `/users/${other.id}`);
    expect(await rowsOf("SELECT user_id FROM passkeys")).toEqual([]);
  });

  it("belong to a host with a name", async () => {
    const at = `http://127.0.0.1:8080${BASE}/auth/passkey/options`;
    expect(refusal(await server.call("POST", at))).toEqual([
      422,
      "passkeys need a server with a name, not an address",
    ]);
    Object.assign(server, { env: { ...server.env, PUBLIC_ORIGIN: "https://updates.acme.example" } });
    expect(await challenge()).toMatchObject({ rpId: "updates.acme.example", allowCredentials: [] });
  });
});

describe("signing in with a passkey", () => {
  it("takes nothing else, also of a user with a second factor [differs: passkeys]", async () => {
    const device = await aPasskey();
    const answer = await signIn(device.get(await challenge()));
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/jwt"]);
    expect((await call("GET", "/users/me", undefined, { token: answer.text })).json()).toMatchObject({
      id: user.id,
    });
    await rowsOf("UPDATE users SET tfa_status = 'enabled'");
    expect((await signIn(device.get(await challenge()))).status).toBe(200);
    expect(await rowsOf("SELECT id FROM audit_log WHERE action = 'sign_in'")).toHaveLength(2);
    const [shown] = (await call("GET", "/users/me/passkeys")).json<{ last_used: string }[]>();
    expect(shown!.last_used).toBe(new Date(server.now).toISOString());
  });

  it("answers a challenge once, however many send the same answer at once", async () => {
    const device = await aPasskey();
    const answer = device.get(await challenge());
    expect(statusesOf(await Promise.all([signIn(answer), signIn(answer)]))).toEqual([200, 401]);
    expect((await signIn(answer)).status).toBe(401);
    const other = device.get(await challenge(), { counter: 0 });
    expect((await signIn(other)).status).toBe(401);
  });

  it("works where the device counts nothing, and each challenge once there too", async () => {
    const device = await aPasskey();
    const answer = device.get(await challenge(), { counter: 0 });
    expect(statusesOf(await Promise.all([signIn(answer), signIn(answer)]))).toEqual([200, 401]);
    expect((await signIn(device.get(await challenge(), { counter: 0 }))).status).toBe(200);
  });

  it.each<[string, Quirks]>([
    ["another page", { origin: "https://evil.test" }],
    ["another host", { rpId: "evil.test" }],
    ["an unverified user", { isUnverified: true }],
    ["another act", { type: "webauthn.create" }],
    ["another user", { userHandle: "b3RoZXI" }],
  ])("is refused from %s", async (_, quirks) => {
    const device = await aPasskey();
    expect(refusal(await signIn(device.get(await challenge(), quirks)))).toEqual([401, "unauthorized"]);
  });

  it("is refused with an old challenge, a foreign signature, or a passkey that is nobody's", async () => {
    const device = await aPasskey();
    const answer = device.get(await challenge());
    const foreign = new Authenticator(ORIGIN).get(await challenge(), { userHandle: null });
    const forged = { ...foreign, id: device.id, rawId: device.id };
    for (const wrong of [foreign, forged, { ...answer, response: { ...answer.response, signature: "AAAA" } }])
      expect(refusal(await signIn(wrong))).toEqual([401, "unauthorized"]);
    server.advance(CHALLENGE_LIFE_MS);
    expect((await signIn(answer)).status).toBe(401);
    for (const bad of [null, {}, [], "x", { ...answer, id: "<>" }, { ...answer, response: {} }])
      expect((await signIn(bad)).status).toBe(400);
  });

  it("is slow for who tries often, and for nobody else", async () => {
    const device = await aPasskey();
    const wrong = () => device.get({ challenge: "AAAA" });
    const statuses = [];
    for (let n = 0; n < 6; n++) statuses.push((await signIn(wrong(), "192.0.2.1")).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await signIn(device.get(await challenge()), "192.0.2.2")).status).toBe(200);
    expect((await logIn()).status).toBe(200);
  });

  it("is refused while the tenant is suspended", async () => {
    const device = await aPasskey();
    await rowsOf("UPDATE tenants SET status = 'suspended'");
    expect(refusal(await signIn(device.get(await challenge())))).toEqual([401, "tenant account suspended"]);
    expect(refusal(await logIn())).toEqual([401, "tenant account suspended"]);
    const told = await rowsOf("SELECT change FROM audit_log WHERE action = 'sign_in_refused' ORDER BY id");
    expect(told.map(({ change }) => change)).toEqual([
      expect.stringMatching(/: the tenant is suspended$/),
      expect.stringMatching(/: the tenant is suspended; 2 within the hour$/),
    ]);
  });
});

describe("a passkey as second factor", () => {
  const demand = (rule: object) => call("PUT", "/settings/sign-in", { require_2fa: false, ...rule });

  it("stands in for a code", async () => {
    const device = await aPasskey();
    expect((await logIn()).status).toBe(200);
    await rowsOf("UPDATE users SET tfa_status = 'enabled'");
    expect(refusal(await logIn())).toEqual([401, "2fa code required"]);
    const passkey = device.get(await challenge());
    expect(statusesOf(await Promise.all([logIn({ passkey }), logIn({ passkey })]))).toEqual([200, 401]);
    const others = await aPasskey(await aUser(server, { password: PASSWORD, isVerified: true }));
    expect((await logIn({ passkey: others.get(await challenge()) })).status).toBe(401);
  });

  it("is demanded beside the password where a second factor is, and counts as one", async () => {
    const device = await aPasskey();
    expect((await demand({ require_2fa: true })).status).toBe(204);
    expect((await call("GET", "/users")).status).toBe(200);
    expect(refusal(await logIn())).toEqual([401, "2fa passkey required"]);
    expect((await logIn({ token2fa: "123456" })).status).toBe(401);
    const { text: token } = await logIn({ passkey: device.get(await challenge()) });
    expect((await call("GET", "/users", undefined, { token })).status).toBe(200);
    await call("DELETE", `/users/me/passkeys/${device.id}`);
    expect((await call("GET", "/users", undefined, { token })).status).toBe(403);
    expect((await ask()).status).toBe(200);
  });
});

describe("a second factor demanded of a role", () => {
  const rule = { require_2fa: false, require_2fa_roles: ["RBAC_ROLE_OBSERVER"] };

  it("lets those who have the role do nothing without one but set one up", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_CI", "RBAC_ROLE_OBSERVER"] });
    const builder = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    const stranger = await aUser(server, { tenant: "acme", roles: ["RBAC_ROLE_OBSERVER"] });
    const releases = (who: TestUser) =>
      server.call("GET", "/api/management/v1/deployments/artifacts", { token: who.token });
    expect((await call("PUT", "/settings/sign-in", rule)).status).toBe(204);
    expect((await call("GET", "/settings/sign-in")).json()).toEqual(rule);
    for (const [who, status] of [
      [observer, 403],
      [builder, 200],
      [stranger, 200],
    ] as const)
      expect((await releases(who)).status).toBe(status);
    expect((await call("POST", "/users/me/2fa/enable", undefined, observer)).status).toBe(403);
    await rowsOf(`UPDATE users SET tfa_status = 'enabled' WHERE user_id = '${observer.id}'`);
    expect((await releases(observer)).status).toBe(200);
    expect((await auditOf("default")).at(-1)).toMatchObject({
      change: "require_2fa: false; of roles: RBAC_ROLE_OBSERVER",
    });
    await call("PUT", "/settings/sign-in", { require_2fa: false });
    expect((await call("GET", "/settings/sign-in")).json()).toEqual({ require_2fa: false });
  });

  it.each([{ require_2fa_roles: "x" }, { require_2fa_roles: [1] }, { require_2fa_roles: [""] }])(
    "is not set by %j",
    async (wrong) => {
      expect((await call("PUT", "/settings/sign-in", { require_2fa: true, ...wrong })).status).toBe(400);
    },
  );
});

describe("forced single sign-on", () => {
  it("takes the passkey of nobody but the one who breaks the glass, alone or beside a password", async () => {
    const breaker = await aUser(server, { email: "eve@example.com", password: PASSWORD, isVerified: true });
    const settings = {
      issuer: "https://id.example.com",
      authorization_endpoint: "https://id.example.com/auth",
      token_endpoint: "https://id.example.com/token",
      jwks_uri: "https://id.example.com/jwks",
    };
    const provider = { name: "ours", client_id: "edgemend", settings };
    expect((await call("POST", "/sso/idp/metadata", provider)).status).toBe(201);
    const [mine, theirs] = [await aPasskey(), await aPasskey(breaker)];
    const rule = { forced: true, break_glass_user: breaker.id };
    expect((await call("PUT", "/sso/rules", rule)).status).toBe(204);
    const refused = [401, "single sign-on is required here"];
    expect(refusal(await signIn(mine.get(await challenge())))).toEqual(refused);
    expect(refusal(await logIn({ passkey: mine.get(await challenge()) }))).toEqual(refused);
    expect((await signIn(theirs.get(await challenge()))).status).toBe(200);
    expect((await call("PUT", "/sso/rules", { forced: false })).status).toBe(204);
    expect((await signIn(mine.get(await challenge()))).status).toBe(200);
  });
});
