import { createHash } from "node:crypto";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aUser, logIn, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { env, Server, type Answer } from "../support/server.ts";
import {
  addProvider,
  begin,
  isToken,
  METADATA,
  outcome,
  outsideIs,
  USERADM,
  type Begun,
} from "../support/single-sign-on.ts";

const ISSUER = "https://id.example.com";
const CLIENT = { client_id: "edgemend", client_secret: "s3cret of the client" };
const SETTINGS = { name: "ours", ...CLIENT, well_known_url: `${ISSUER}/.well-known/openid-configuration` };
const EMAIL = "ada@example.com";

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

/** A provider of which every part of the answer can be wrong. */
class Provider {
  readonly keys = new Map<string, Keys>();
  readonly asked: string[] = [];
  discovery: Record<string, unknown> = {};
  claims: Record<string, unknown> = {};
  /** Makes another token of the claims. */
  sign: ((claims: Record<string, unknown>) => Promise<string>) | undefined;
  /** What the client has to have proved. */
  challenge = "";
  #codes = new Set<string>();

  static async make(): Promise<Provider> {
    const provider = new Provider();
    await provider.addKey("one");
    return provider;
  }

  async addKey(kid: string): Promise<void> {
    this.keys.set(kid, await generateKeyPair("ES256"));
  }

  newCode(): string {
    const code = crypto.randomUUID();
    this.#codes.add(code);
    return code;
  }

  async #jwks(): Promise<{ keys: JWK[] }> {
    const keys = [...this.keys].map(async ([kid, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      kid,
    }));
    return { keys: await Promise.all(keys) };
  }

  async #token(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    const proof = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isClient = request.headers.get("authorization")?.startsWith("Basic ");
    if (!isClient || proof !== this.challenge || !this.#codes.delete(form.get("code") ?? ""))
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    const [kid, { privateKey }] = [...this.keys].at(-1)!;
    const id_token = this.sign
      ? await this.sign(this.claims)
      : await new SignJWT(this.claims).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
    return Response.json({ access_token: "a", token_type: "Bearer", id_token });
  }

  answer = async (url: URL, request: Request): Promise<Response> => {
    this.asked.push(url.pathname);
    if (url.pathname === "/jwks") return Response.json(await this.#jwks());
    if (url.pathname === "/token") return this.#token(request);
    return Response.json({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/auth`,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/jwks`,
      id_token_signing_alg_values_supported: ["ES256", "RS256", "HS256", "none"],
      ...this.discovery,
    });
  };
}

let server: Server;
let admin: TestUser;
let provider: Provider;
let id: string;

beforeEach(async () => {
  server = await Server.start();
  provider = await Provider.make();
  outsideIs(provider.answer);
  admin = await aUser(server);
  id = await addProvider(server, admin.token, { json: SETTINGS });
  await aUser(server, { email: EMAIL });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What a good token says in answer to this beginning. */
function claimsFor({ location }: Begun): Record<string, unknown> {
  const nowS = server.now / 1000;
  return {
    iss: ISSUER,
    aud: CLIENT.client_id,
    sub: "subject of ada",
    email: EMAIL,
    nonce: location.searchParams.get("nonce"),
    iat: nowS,
    exp: nowS + 60,
  };
}

interface Trick {
  claims?: (claims: Record<string, unknown>) => void;
  query?: (query: URLSearchParams) => void;
  sign?: (claims: Record<string, unknown>) => Promise<string>;
  cookie?: string;
  challenge?: string;
  headers?: Record<string, string>;
}

const come = (query: URLSearchParams, cookie: string, headers = {}): Promise<Answer> =>
  server.call("GET", `${USERADM}/oidc/${id}/login?${query}`, { headers: { Cookie: cookie, ...headers } });

/** Goes to the provider and comes back with its answer, with something wrong about it. */
async function signIn(trick: Trick = {}, begun?: Begun): Promise<Answer> {
  const started = begun ?? (await begin(server, `/oidc/${id}/start`));
  provider.claims = claimsFor(started);
  trick.claims?.(provider.claims);
  provider.sign = trick.sign;
  provider.challenge = trick.challenge ?? started.location.searchParams.get("code_challenge") ?? "";
  const query = new URLSearchParams({
    state: started.location.searchParams.get("state") ?? "",
    code: provider.newCode(),
  });
  trick.query?.(query);
  return come(query, trick.cookie ?? started.cookie, trick.headers);
}

const signedBy =
  (key: Keys["privateKey"] | Uint8Array, header: { alg: string; kid?: string }) => (claims: object) =>
    new SignJWT({ ...claims }).setProtectedHeader(header).sign(key);

describe("a provider of OpenID Connect", () => {
  it("is asked for a code with PKCE, state and nonce [differs: oidc-code-flow]", async () => {
    const { location, cookie } = await begin(server, `/oidc/${id}/start`);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      response_type: "code",
      client_id: "edgemend",
      redirect_uri: `https://edgemend.test${USERADM}/oidc/${id}/login`,
      scope: "openid email profile",
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    expect(cookie).toMatch(/^sso_\w{16}=/);
    expect(await rowsOf("SELECT * FROM sso_answered")).toEqual([]);
  });

  it("signs a user in for a day, who is its subject from then on, whatever the address", async () => {
    const first = await signIn();
    expect([first.status, first.headers.get("location")]).toEqual([302, "https://edgemend.test/ui/"]);
    const token = outcome(first);
    const me = await server.call("GET", `${USERADM}/users/me`, { token });
    expect(me.json()).toMatchObject({
      email: EMAIL,
      verified: true,
      sso: [{ id, kind: "sso/oidc", subject: "subject of ada" }],
    });
    server.advance(86_400_000);
    expect((await server.call("GET", `${USERADM}/users/me`, { token })).status).toBe(401);
    expect(isToken(outcome(await signIn({ claims: (c) => (c.email = "ada@elsewhere.org") })))).toBe(true);
    expect(outcome(await signIn({ claims: (c) => (c.sub = "another") }))).toBe(
      "the user of this address is somebody else at the provider",
    );
  });

  it("gets nobody in with an answer that does not hold", async () => {
    const own = await generateKeyPair("ES256");
    const weak = await generateKeyPair("RS256");
    const { publicKey } = provider.keys.get("one")!;
    const pem = new TextEncoder().encode(await exportSPKI(publicKey));
    const jwk = await exportJWK(own.publicKey);
    const tricks: Record<string, Trick> = {
      "another state": { query: (q) => q.set("state", "x".repeat(43)) },
      "no state": { query: (q) => q.delete("state") },
      "state twice": { query: (q) => q.append("state", "again") },
      "no cookie": { cookie: "" },
      "a cookie of one's own": { cookie: "sso_x=1" },
      "another nonce": { claims: (c) => (c.nonce = "other") },
      "no nonce": { claims: (c) => delete c.nonce },
      "another issuer in the answer": { query: (q) => q.set("iss", "https://evil.example.com") },
      "another issuer in the token": { claims: (c) => (c.iss = "https://evil.example.com") },
      "another audience": { claims: (c) => (c.aud = "somebody") },
      "several audiences, for somebody else": {
        claims: (c) => Object.assign(c, { aud: ["edgemend", "x"], azp: "x" }),
      },
      "no audience": { claims: (c) => delete c.aud },
      expired: { claims: (c) => (c.exp = server.now / 1000 - 120) },
      "without end": { claims: (c) => delete c.exp },
      "no subject": { claims: (c) => delete c.sub },
      "an empty subject": { claims: (c) => (c.sub = "") },
      "a subject that is no text": { claims: (c) => (c.sub = { a: 1 }) },
      "no address": { claims: (c) => delete c.email },
      "an address that is none": { claims: (c) => (c.email = ["ada@example.com"]) },
      "an address that is not verified": { claims: (c) => (c.email_verified = false) },
      "alg none": { sign: async (claims) => new UnsecuredJWT(claims).encode() },
      "HS256 with the public key": { sign: signedBy(pem, { alg: "HS256", kid: "one" }) },
      "HS256 with the secret of the client": {
        sign: signedBy(new TextEncoder().encode(CLIENT.client_secret), { alg: "HS256" }),
      },
      "a key of one's own": { sign: signedBy(own.privateKey, { alg: "ES256", kid: "one" }) },
      "an unknown key": { sign: signedBy(own.privateKey, { alg: "ES256", kid: "nobody" }) },
      "a key in the header": {
        sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: "ES256", jwk }).sign(own.privateKey),
      },
      "another kind of key": { sign: signedBy(weak.privateKey, { alg: "RS256", kid: "one" }) },
      "no token": { sign: async () => "" },
      "no JWT": { sign: async () => "a.b.c" },
      "a refusal": { query: (q) => q.set("error", "access_denied") },
      "no code": { query: (q) => q.delete("code") },
      "a code of another sign-in": { challenge: "of another verifier" },
      "a code that was used": { query: (q) => q.set("code", "used") },
    };
    const wrong: string[] = [];
    for (const [name, trick] of Object.entries(tricks)) {
      server.advance(3_700_000); // refusals of an hour add up
      const answer = await signIn(trick);
      const fine =
        answer.status === 400 && !answer.headers.getSetCookie().some((one) => one.startsWith("JWT="));
      if (!fine) wrong.push(`${name}: ${answer.status} ${answer.text}`);
    }
    expect(wrong).toEqual([]);
    expect(await rowsOf("SELECT * FROM sso_identities")).toEqual([]);
    expect(isToken(outcome(await signIn()))).toBe(true);
  });

  it("has each of its answers taken once, also of two at once, and not too late", async () => {
    const begun = await begin(server, `/oidc/${id}/start`);
    expect(isToken(outcome(await signIn({}, begun)))).toBe(true);
    expect(outcome(await signIn({}, begun))).toBe("this answer of the provider was used before");
    const other = await begin(server, `/oidc/${id}/start`);
    const both = await Promise.all([signIn({}, other), signIn({}, other)]);
    expect(both.filter((one) => isToken(outcome(one)))).toHaveLength(1);
    const late = await begin(server, `/oidc/${id}/start`);
    server.advance(600_000);
    expect(outcome(await signIn({}, late))).toBe(
      "the sign-in was not begun in this browser, or too long ago",
    );
  });

  it("is asked for its keys once, and once more when it signs by a new one", async () => {
    await signIn();
    await signIn();
    const reads = () => provider.asked.filter((path) => path === "/jwks").length;
    expect(reads()).toBe(1);
    await provider.addKey("two");
    expect(isToken(outcome(await signIn()))).toBe(true);
    expect(reads()).toBe(2);
    const own = await generateKeyPair("ES256");
    await signIn({ sign: signedBy(own.privateKey, { alg: "ES256", kid: "nobody" }) });
    expect(reads()).toBe(3);
  });

  it("is read anew once a day, and cannot become another issuer", async () => {
    provider.discovery = { authorization_endpoint: `${ISSUER}/new` };
    const path = async () => (await begin(server, `/oidc/${id}/start`)).location.pathname;
    expect([await path(), await path()]).toEqual(["/auth", "/auth"]);
    server.advance(86_400_000);
    expect([await path(), await path()]).toEqual(["/auth", "/new"]);
    provider.discovery = { issuer: "https://evil.example.com", authorization_endpoint: `${ISSUER}/evil` };
    server.advance(86_400_000);
    expect([await path(), await path()]).toEqual(["/new", "/new"]);
  });

  it("vouches for nobody of another tenant, nor for whoever has a password", async () => {
    await aUser(server, { tenant: "other", email: "eve@example.com" });
    await aUser(server, { email: "grace@example.com", password: "correct horse battery" });
    expect(outcome(await signIn({ claims: (c) => (c.email = "eve@example.com") }))).toBe(
      "there is no user of this address here",
    );
    expect(outcome(await signIn({ claims: (c) => (c.email = "grace@example.com") }))).toBe(
      "the user of this address signs in with a password",
    );
  });

  it("lets in nobody who is suspended, nor later by what it said meanwhile", async () => {
    expect(isToken(outcome(await signIn()))).toBe(true);
    await rowsOf(`UPDATE users SET suspended_ms = 1 WHERE email = '${EMAIL}'`);
    await rowsOf("DELETE FROM user_tokens");
    expect(outcome(await signIn())).toBe("your account is suspended");
    expect(await rowsOf("SELECT token_id FROM user_tokens")).toEqual([]);
    await rowsOf(`UPDATE users SET suspended_ms = NULL WHERE email = '${EMAIL}'`);
    expect(isToken(outcome(await signIn()))).toBe(true);
  });

  it("makes users with roles by their groups, where it is told to [differs: sso-provisioning]", async () => {
    const newcomer = (groups: unknown) => ({
      claims: (c: Record<string, unknown>) =>
        Object.assign(c, { sub: "bob", email: "bob@example.com", groups }),
    });
    expect(outcome(await signIn(newcomer(["ops"])))).toBe("there is no user of this address here");
    const mapping = {
      create_users: true,
      roles_attribute: "groups",
      roles: { ops: ["RBAC_ROLE_CI"], all: ["RBAC_ROLE_PERMIT_ALL"] },
      default_roles: [],
    };
    const set = await server.call("PUT", `${METADATA}/${id}/mapping`, { token: admin.token, json: mapping });
    expect(set.status).toBe(204);
    expect(outcome(await signIn(newcomer(["none", "__proto__"])))).toBe(
      "the provider gives you no role here",
    );
    const rolesOf = async (groups: unknown) => {
      const token = outcome(await signIn(newcomer(groups)));
      return (await server.call("GET", `${USERADM}/users/me`, { token })).json().roles;
    };
    expect(await rolesOf("ops")).toEqual(["RBAC_ROLE_CI"]);
    expect(await rolesOf(["all", "ops", 5])).toEqual(["RBAC_ROLE_PERMIT_ALL", "RBAC_ROLE_CI"]);
    await server.deliverEvents();
    const told = await server.call("GET", "/api/management/v1/events?type=user.created", {
      token: admin.token,
    });
    expect(told.json<{ events: { data: object }[] }>().events.map(({ data }) => data)).toEqual([
      { by: "system" },
    ]);
    const unknown = { ...mapping, roles: { ops: ["GONE"] } };
    expect(
      (await server.call("PUT", `${METADATA}/${id}/mapping`, { token: admin.token, json: unknown })).status,
    ).toBe(400);
  });

  it("leaves a trace of who came and who did not", async () => {
    await signIn();
    await signIn({ claims: (c) => (c.nonce = "other") });
    expect(
      await rowsOf(
        "SELECT action, object_type, change FROM audit_log WHERE action LIKE 'sign_in%' OR action = 'auth_method_change' ORDER BY time_ms, id",
      ),
    ).toEqual([
      {
        action: "auth_method_change",
        object_type: "user",
        change: `Signs in as subject of ada of ${ISSUER}`,
      },
      { action: "sign_in", object_type: "user", change: "From an unknown address" },
      {
        action: "sign_in_refused",
        object_type: "sso_provider",
        change: "From an unknown address: the answer of the provider does not hold",
      },
    ]);
  });

  it("leads people back to the login form, which tells why", async () => {
    const answer = await signIn({ claims: (c) => (c.nonce = "other"), headers: { Accept: "text/html" } });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "https://edgemend.test/ui/"]);
    expect(answer.headers.getSetCookie().join()).toContain("error=the%20answer%20of%20the%20provider");
  });

  it("pauses a network whose answers do not hold", async () => {
    for (let i = 0; i < 30; i++) await come(new URLSearchParams({ state: "x" }), "");
    expect((await come(new URLSearchParams({ state: "x" }), "")).status).toBe(429);
  });
});

describe("the login form", () => {
  it("is told where a user signs in who has no password", async () => {
    const answer = await logIn(server, EMAIL, "");
    expect([answer.status, answer.headers.get("content-type"), answer.json()]).toEqual([
      200,
      "application/json",
      { id, kind: "sso/oidc" },
    ]);
    expect((await logIn(server, "nobody@example.com", "")).status).toBe(401);
    await server.call("DELETE", `${METADATA}/${id}`, { token: admin.token });
    expect((await logIn(server, EMAIL, "")).status).toBe(401);
  });
});

describe("settings of OpenID Connect", () => {
  const put = (json: unknown) => server.call("PUT", `${METADATA}/${id}`, { token: admin.token, json });
  const get = () => server.call("GET", `${METADATA}/${id}`, { token: admin.token });

  it("are shown with their secret masked, and keep it when the mask comes back [differs: sso-secret-masked]", async () => {
    const shown = await get();
    expect(shown.headers.get("content-type")).toBe("application/json");
    expect(shown.json()).toEqual({ ...SETTINGS, client_secret: "********" });
    expect((await put({ ...shown.json<object>(), name: "renamed" })).status).toBe(204);
    expect((await get()).json()).toMatchObject({ name: "renamed", client_secret: "********" });
    expect(isToken(outcome(await signIn()))).toBe(true);
    expect(JSON.stringify(await rowsOf("SELECT * FROM sso_providers"))).not.toContain("s3cret");
    expect((await server.call("GET", METADATA, { token: admin.token })).json()).toEqual([
      { id, issuer: ISSUER },
    ]);
  });

  it("are refused where they are wrong, and what was there stays", async () => {
    const bad: unknown[] = [
      {},
      { ...SETTINGS, name: "" },
      { ...SETTINGS, well_known_url: "javascript:alert(1)" },
      { ...SETTINGS, well_known_url: `${ISSUER}/elsewhere` },
      { ...SETTINGS, well_known_url: "https://other.example.com/.well-known/openid-configuration" },
      { ...SETTINGS, settings: {} },
      { name: "x", client_id: "y", settings: { issuer: ISSUER } },
      { ...SETTINGS, client_secret: "x".repeat(5000) },
    ];
    for (const json of bad) expect([json, (await put(json)).status]).toEqual([json, 400]);
    expect((await put([])).status).toBe(400);
    expect((await get()).json()).toMatchObject({ name: "ours" });
  });

  it("are another tenant's secret", async () => {
    const { token } = await aUser(server, { tenant: "other" });
    for (const method of ["GET", "DELETE"])
      expect((await server.call(method, `${METADATA}/${id}`, { token })).status).toBe(404);
    expect((await server.call("PUT", `${METADATA}/${id}`, { token, json: SETTINGS })).status).toBe(404);
  });

  it("belong to a plan", async () => {
    await env.DB.prepare("UPDATE tenants SET plan = 'os', trial_ends_ms = NULL").run();
    expect((await get()).status).toBe(403);
    expect((await server.call("GET", `${USERADM}/oidc/${id}/start`)).status).toBe(403);
    expect((await logIn(server, EMAIL, "")).status).toBe(401);
  });
});

describe("a switch into a tenant that forces single sign-on [differs: sso-forced]", () => {
  const REFUSAL = [403, "single sign-on of this tenant is required to switch to it"];
  const glass = "correct horse battery";
  const switchTo = (tenant: string, token: string) =>
    server.call("GET", `${USERADM}/users/tenants/${tenant}/token`, { token });
  const assign = (by: TestUser, who: string) =>
    server.call("POST", `${USERADM}/users/${who}/assign`, {
      token: by.token,
      json: { tenant_ids: [by.tenant] },
    });
  let breaker: TestUser;
  let other: TestUser;

  beforeEach(async () => {
    breaker = await aUser(server, { password: glass });
    other = await aUser(server, { tenant: "other" });
    const rule = { forced: true, break_glass_user: breaker.id };
    const forced = await server.call("PUT", `${USERADM}/sso/rules`, { token: admin.token, json: rule });
    expect(forced.status).toBe(204);
  });

  it("takes a session that its provider has opened, there and back, and that of whoever breaks the glass", async () => {
    for (const who of [EMAIL, breaker.id]) expect((await assign(other, who)).status).toBe(200);
    for (const token of [outcome(await signIn()), (await logIn(server, breaker.email, glass)).text]) {
      const guest = (await switchTo("other", token)).text;
      const back = await switchTo("default", guest);
      expect(back.status).toBe(200);
      expect((await server.call("GET", `${USERADM}/users/me`, { token: back.text })).status).toBe(200);
    }
  });

  it("refuses a guest who came by another way, while the rule holds and the plan has it", async () => {
    expect((await assign(admin, other.id)).status).toBe(200);
    expect(refusal(await switchTo("default", other.token))).toEqual(REFUSAL);
    expect(
      await rowsOf(`SELECT * FROM user_tokens WHERE tenant_id = 'default' AND user_id = '${other.id}'`),
    ).toEqual([]);
    await env.DB.prepare("UPDATE tenants SET plan = 'os' WHERE tenant_id = 'default'").run();
    expect((await switchTo("default", other.token)).status).toBe(200);
    await env.DB.prepare("UPDATE tenants SET plan = 'enterprise'").run();
    expect(refusal(await switchTo("default", other.token))).toEqual(REFUSAL);
    await server.call("PUT", `${USERADM}/sso/rules`, { token: admin.token, json: { forced: false } });
    expect((await switchTo("default", other.token)).status).toBe(200);
  });

  it("takes a guest whose home shares the provider", async () => {
    await env.DB.prepare("INSERT INTO sso_shares VALUES ('other', 'default')").run();
    const guest = await aUser(server, { tenant: "other", email: "guest@example.com" });
    expect((await assign(admin, guest.id)).status).toBe(200);
    const came = outcome(
      await signIn({ claims: (claims) => Object.assign(claims, { sub: "guest", email: guest.email }) }),
    );
    expect((await switchTo("default", came)).status).toBe(200);
    expect(refusal(await switchTo("default", guest.token))).toEqual(REFUSAL);
  });
});

describe("a provider of OpenID Connect that signs somebody out [differs: oidc-logout]", () => {
  const EVENT = "http://schemas.openid.net/event/backchannel-logout";
  let tokens = 0;
  const claims = () => ({
    iss: ISSUER,
    aud: CLIENT.client_id,
    iat: server.now / 1000,
    exp: server.now / 1000 + 120,
    jti: `logout ${tokens++}`,
    events: { [EVENT]: {} },
  });
  const bySubject = () => ({ ...claims(), sub: "subject of ada" });
  const byProvider = (said: object, header: object = {}) => {
    const [kid, { privateKey }] = [...provider.keys].at(-1)!;
    return new SignJWT({ ...said })
      .setProtectedHeader({ alg: "ES256", kid, typ: "logout+jwt", ...header })
      .sign(privateKey);
  };
  const send = (token: string, at = id) =>
    server.call("POST", `${USERADM}/oidc/${at}/logout`, {
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ logout_token: token }).toString(),
    });
  const isOpen = async (token: string) =>
    (await server.call("GET", `${USERADM}/users/me`, { token })).status === 200;
  const withSid = (sid: string) => signIn({ claims: (c) => (c.sid = sid) }).then(outcome);

  it("ends one session by its name there, and all of a subject without", async () => {
    const own = (
      await logIn(
        server,
        (await aUser(server, { password: "correct horse battery" })).email,
        "correct horse battery",
      )
    ).text;
    const [one, two, three] = [await withSid("s1"), await withSid("s2"), await withSid("s3")];
    const first = await send(await byProvider({ ...claims(), sid: "s1" }));
    expect([first.status, first.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect([await isOpen(one), await isOpen(two)]).toEqual([false, true]);
    const stranger = await send(await byProvider({ ...claims(), sid: "s2", sub: "somebody else" }));
    expect([stranger.status, await isOpen(two)]).toEqual([200, true]);
    expect((await send(await byProvider(bySubject()))).status).toBe(200);
    expect([await isOpen(two), await isOpen(three), await isOpen(own)]).toEqual([false, false, true]);
    const told = await rowsOf(
      `SELECT actor_id, change FROM audit_log WHERE object_type = 'user_session' ORDER BY time_ms, id`,
    );
    expect(told).toEqual([1, 2].map(() => ({ actor_id: "system", change: `Signed out at ${ISSUER}` })));
    expect(
      await rowsOf("SELECT kind FROM outbox WHERE kind = 'user.tokens_ended' AND subject <> ''"),
    ).not.toEqual([]);
    expect(isToken(await withSid("s4"))).toBe(true);
  });

  it("ends sessions that were switched to another tenant from one of its, and those of other providers not", async () => {
    const [{ user_id: ada } = {}] = await rowsOf(`SELECT user_id FROM users WHERE email = '${EMAIL}'`);
    await aUser(server, { tenant: "acme" });
    await rowsOf(
      `INSERT INTO memberships (tenant_id, user_id, home_id, roles, created_ms) VALUES ('acme', '${String(ada)}', 'default', '[]', 1)`,
    );
    const token = await withSid("s1");
    const switched = await server.call("GET", `${USERADM}/users/tenants/acme/token`, { token });
    expect([switched.status, await isOpen(switched.text)]).toEqual([200, true]);
    const other = await addProvider(server, admin.token, { json: { ...SETTINGS, name: "other" } });
    expect((await send(await byProvider({ ...claims(), sid: "s1" }), other)).status).toBe(200);
    expect(await isOpen(token)).toBe(true);
    expect((await send(await byProvider(bySubject()))).status).toBe(200);
    expect([await isOpen(token), await isOpen(switched.text)]).toEqual([false, false]);
  });

  it("ends nothing by a token that does not hold", async () => {
    const token = await withSid("s1");
    const own = await generateKeyPair("ES256");
    const used = await byProvider({ ...claims(), sid: "s0" });
    expect((await send(used)).status).toBe(200);
    const told = (more: object, header?: object) => byProvider({ ...bySubject(), ...more }, header);
    const without = (name: string) => {
      const { [name]: _, ...rest } = bySubject() as Record<string, unknown>;
      return byProvider(rest);
    };
    const signed = (key: Keys["privateKey"] | Uint8Array, header: { alg: string; kid?: string }) =>
      signedBy(key, header)(bySubject());
    const tricks: Record<string, () => Promise<string>> = {
      "one that was used": async () => used,
      "another issuer": () => told({ iss: "https://evil.example.com" }),
      "another audience": () => told({ aud: "somebody" }),
      "an identity": () => without("events"),
      "another event": () => told({ events: { "http://x.example.com": {} } }),
      "events that are a text": () => told({ events: EVENT }),
      "a nonce": () => told({ nonce: "n" }),
      nobody: () => without("sub"),
      "no id": () => without("jti"),
      "no time": () => without("iat"),
      expired: () => told({ exp: server.now / 1000 - 120 }),
      old: () => told({ iat: server.now / 1000 - 600, exp: server.now / 1000 + 600 }),
      "of another type": () => told({}, { typ: "at+jwt" }),
      "a key of one's own": () => signed(own.privateKey, { alg: "ES256", kid: "one" }),
      "an unknown key": () => signed(own.privateKey, { alg: "ES256", kid: "nobody" }),
      "HS256 with the secret of the client": () =>
        signed(new TextEncoder().encode(CLIENT.client_secret), { alg: "HS256" }),
      "alg none": async () => new UnsecuredJWT(bySubject()).encode(),
      "no token": async () => "a.b.c",
      nothing: async () => "",
    };
    for (const [name, trick] of Object.entries(tricks)) {
      const text = await trick();
      expect([name, (await send(text)).status]).toEqual([name, 400]);
      await rowsOf("DELETE FROM login_failures");
    }
    expect(await isOpen(token)).toBe(true);
    const json = await server.call("POST", `${USERADM}/oidc/${id}/logout`, { json: { logout_token: "x" } });
    expect(json.status).toBe(415);
    expect((await send(await told({}), crypto.randomUUID())).status).toBe(404);
  });
});
