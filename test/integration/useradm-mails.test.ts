import { hashSync } from "bcryptjs";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { LINK_LIFE_MS, forgetOldAccountLinks } from "../../src/useradm/account-secrets.ts";
import type { Env } from "../../src/platform/env.ts";
import { MailRefused } from "../../src/platform/mail.ts";
import { aUser, logIn as logInTo, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { linkIn, Mailbox } from "../support/mailbox.ts";
import { OPERATOR_TOKEN, Server } from "../support/server.ts";

const BASE = "/api/management/v1/useradm";
const PASSWORD = "correct horse battery";
const NEW_PASSWORD = "staple for the horse";
const DEAD_LINK = "the link is unknown, was used, or has expired";
const MINUTE_MS = 60_000;
const JSON_TYPE = { "Content-Type": "application/json" };

let server: Server;
let mailbox: Mailbox;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  mailbox = new Mailbox(server);
  user = await aUser(server, { email: "ada@example.com", password: PASSWORD });
});

/** Settings are read once from their bindings. */
function configure(settings: Partial<Env>): void {
  server = Object.assign(server, { env: { ...server.env, ...settings } });
}

const post = (path: string, json?: unknown, who?: { token: string }, address?: string) =>
  server.call("POST", BASE + path, { token: who?.token, json, address });
const me = async (who: { token: string } = user) =>
  (await server.call("GET", `${BASE}/users/me`, { token: who.token })).json();
const logIn = async (email: string, password: string) => (await logInTo(server, email, password)).status;

const startVerification = (email = user.email) => post("/auth/verify-email/start", { email });
const completeVerification = (secret_hash: string) => post("/auth/verify-email/complete", { secret_hash });
const startReset = (email = user.email, address?: string) =>
  post("/auth/password-reset/start", { email }, undefined, address);
const completeReset = (secret_hash: string, password = NEW_PASSWORD) =>
  post("/auth/password-reset/complete", { secret_hash, password });
const startChange = (email: string, current_password: unknown = PASSWORD, who = user) =>
  post("/users/me/email-change/start", { email, current_password }, who);
const completeChange = (secret_hash: string) => post("/users/me/email-change/complete", { secret_hash });
const pendingChange = () =>
  server.call("GET", `${BASE}/users/me/email-change/pending`, { token: user.token });

describe("verifying an address", () => {
  it("works by the link in a mail, once", async () => {
    expect(await me()).toMatchObject({ verified: false });
    const started = await startVerification("Ada@Example.com");
    expect([started.status, started.text]).toEqual([202, ""]);
    const [mail, ...more] = await mailbox.open();
    expect(more).toEqual([]);
    expect(mail).toEqual({
      from: "no-reply@edgemend.test",
      to: ["ada@example.com"],
      subject: "Verify your email address",
      text: expect.stringContaining("It works once, for 3 days."),
    });
    const secret = linkIn(mail!, "activate");
    expect(await me()).toMatchObject({ verified: false });
    const completed = await completeVerification(secret);
    expect([completed.status, completed.text]).toEqual([204, ""]);
    expect(await me()).toMatchObject({ verified: true });
    expect(refusal(await completeVerification(secret))).toEqual([410, "the link was used or has expired"]);
    await startVerification();
    expect(await mailbox.open()).toEqual([]);
  });

  it("says 410 to a link that is too old, and 400 to one that never was", async () => {
    await startVerification();
    const secret = await mailbox.link("activate");
    server.advance(LINK_LIFE_MS.verify - 1);
    expect((await completeVerification(`${secret}a`)).status).toBe(400);
    server.advance(1);
    expect((await completeVerification(secret)).status).toBe(410);
    expect(refusal(await completeVerification("3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001"))).toEqual([
      400,
      DEAD_LINK,
    ]);
    expect(await me()).toMatchObject({ verified: false });
  });

  it("proves no address that the user got meanwhile", async () => {
    await startVerification();
    const secret = await mailbox.link("activate");
    await server.call("PUT", `${BASE}/users/me`, {
      token: user.token,
      json: { email: "eve@example.com", current_password: PASSWORD },
    });
    expect((await completeVerification(secret)).status).toBe(400);
    expect(await me()).toMatchObject({ email: "eve@example.com", verified: false });
  });

  it("is open to as many at once as follow the link, and one succeeds", async () => {
    await startVerification();
    const secret = await mailbox.link("activate");
    const answers = await Promise.all([completeVerification(secret), completeVerification(secret)]);
    expect(statusesOf(answers)[0]).toBe(204);
    expect(statusesOf(answers)[1]).toBeGreaterThanOrEqual(400);
  });
});

describe("resetting a password", () => {
  it("works by the link in a mail, once, and ends all sessions and tokens", async () => {
    const { text: token } = await post("/settings/tokens", { name: "ci" }, user);
    await mailbox.open();
    expect((await startReset()).status).toBe(202);
    const [mail] = await mailbox.open();
    expect(mail).toMatchObject({
      from: "no-reply@edgemend.test",
      to: [user.email],
      subject: "Reset your password",
    });
    const secret = linkIn(mail!, "password");
    const completed = await completeReset(secret);
    expect([completed.status, completed.text]).toEqual([202, ""]);
    for (const old of [user.token, token])
      expect((await server.call("GET", `${BASE}/users/me`, { token: old })).status).toBe(401);
    expect([await logIn(user.email, PASSWORD), await logIn(user.email, NEW_PASSWORD)]).toEqual([401, 200]);
    expect(refusal(await completeReset(secret, PASSWORD))).toEqual([400, DEAD_LINK]);
    expect(await logIn(user.email, NEW_PASSWORD)).toBe(200);
    expect(await auditOf(user.id)).toEqual([{ actor_id: user.id, action: "password_change", change: null }]);
  });

  it("tells the user, and proves the address [differs: reset-proves-address]", async () => {
    await startReset();
    await completeReset(await mailbox.link("password"));
    expect(await mailbox.open()).toMatchObject([{ to: [user.email], subject: "Your password has changed" }]);
    const { text: token } = await logInTo(server, user.email, NEW_PASSWORD);
    expect(await me({ token })).toMatchObject({ verified: true });
  });

  it("refuses a password that breaks the rules, and the link stays good", async () => {
    await startReset();
    const secret = await mailbox.link("password");
    expect(refusal(await completeReset(secret, "short"))).toEqual([
      422,
      "password: must be minimum 8 characters long",
    ]);
    expect(refusal(await completeReset(secret, "ada@example"))).toEqual([
      422,
      "password is too similar to the email",
    ]);
    expect((await completeReset(secret)).status).toBe(202);
  });

  it("does nothing by a link that is too old or for something else", async () => {
    await startReset();
    const secret = await mailbox.link("password");
    await startVerification();
    const other = await mailbox.link("activate");
    expect(refusal(await completeReset(other))).toEqual([400, DEAD_LINK]);
    expect((await completeVerification(secret)).status).toBe(400);
    expect((await completeChange(secret)).status).toBe(400);
    server.advance(LINK_LIFE_MS.reset);
    expect(refusal(await completeReset(secret))).toEqual([400, DEAD_LINK]);
    expect(await logIn(user.email, PASSWORD)).toBe(200);
  });

  it("sets one password if two follow the link at once", async () => {
    await startReset();
    const secret = await mailbox.link("password");
    const passwords = ["first of the two", "second of the two"];
    const answers = await Promise.all(passwords.map((password) => completeReset(secret, password)));
    expect(statusesOf(answers)).toEqual([202, 400]);
    const logins = [];
    for (const password of passwords) logins.push(await logIn(user.email, password));
    expect(new Set(logins)).toEqual(new Set([200, 401]));
  });

  it("voids the other links, a change of address among them", async () => {
    await startReset();
    const first = await mailbox.link("password");
    await startChange("eve@example.com");
    const change = await mailbox.link("email-change");
    await startReset();
    const second = await mailbox.link("password");
    expect((await completeReset(first)).status).toBe(202);
    expect([(await completeReset(second)).status, (await completeChange(change)).status]).toEqual([400, 400]);
    expect(await logIn(user.email, NEW_PASSWORD)).toBe(200);
  });

  it("voids nothing where somebody else only asks again", async () => {
    await startReset();
    const first = await mailbox.link("password");
    await startReset();
    await mailbox.open();
    expect((await completeReset(first)).status).toBe(202);
  });

  it("does nothing for a suspended tenant", async () => {
    await startReset();
    const secret = await mailbox.link("password");
    await server.call("PUT", "/api/operator/v1/tenants/default/status", {
      token: OPERATOR_TOKEN,
      json: { status: "suspended" },
    });
    await startReset();
    expect(await mailbox.open()).toEqual([]);
    expect(refusal(await completeReset(secret))).toEqual([400, DEAD_LINK]);
  });
});

describe("asking for a link", () => {
  const starts = ["/auth/verify-email/start", "/auth/password-reset/start"];

  it.each(starts)("%s answers alike and costs the same for an address of nobody", async (path) => {
    const headers = { "X-MEN-RequestID": "r" };
    const ask = (email: string) => server.call("POST", BASE + path, { json: { email }, headers });
    const [known, unknown] = [await ask(user.email), await ask("nobody@example.com")];
    expect([unknown.status, unknown.text]).toEqual([202, ""]);
    expect([...unknown.headers]).toEqual([...known.headers]);
    expect(unknown.cost).toEqual(known.cost);
    expect((await mailbox.open()).map(({ to }) => to)).toEqual([[user.email]]);
  });

  it.each(starts)("%s refuses what is no address", async (path) => {
    for (const json of [{ email: "" }, { email: 1 }, { email: "ada" }, {}, [], null])
      expect((await post(path, json)).status).toBe(400);
    expect((await server.call("POST", BASE + path, { body: "{", headers: JSON_TYPE })).status).toBe(400);
    expect(await mailbox.open()).toEqual([]);
  });

  it("takes no address that could end a header of the mail", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("\r\n", "\n", "\r", "\0", ",", ";", " ", "\u2028", "<", ">"),
        fc.nat({ max: 15 }),
        async (evil, at) => {
          const email = user.email.slice(0, at) + evil + user.email.slice(at);
          expect((await startReset(email)).status).toBe(400);
        },
      ),
      { numRuns: 40 },
    );
    expect(await mailbox.open()).toEqual([]);
  });

  it("is slow for who asks often, known address or not [differs: mail-pauses]", async () => {
    for (const email of [user.email, "nobody@example.com"]) {
      const answers = [];
      for (let n = 0; n < 6; n++) answers.push(await startReset(email));
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 429]);
      expect(answers.at(-1)?.headers.get("retry-after")).toBe("60");
    }
    expect(await mailbox.open()).toHaveLength(5);
    server.advance(MINUTE_MS);
    expect((await startReset()).status).toBe(202);
    expect((await startReset()).status).toBe(429);
  });

  it("is slow for a network that asks for many addresses", async () => {
    const ask = (n: number) => startReset(`user${n}@example.com`, "192.0.2.1");
    const statuses = [];
    for (let n = 0; n < 21; n++) statuses.push((await ask(n)).status);
    expect(statuses.slice(0, 20).every((status) => status === 202)).toBe(true);
    expect(statuses[20]).toBe(429);
    expect((await startReset("user30@example.com", "192.0.2.2")).status).toBe(202);
  });

  it("lets no more through that are sent at once", async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => startReset()));
    expect(answers.every(({ status }) => [202, 429].includes(status))).toBe(true);
    expect(await mailbox.open()).toHaveLength(5);
  });

  it("keeps nothing that a link can be made from", async () => {
    await startReset();
    const asked = JSON.stringify(await rowsOf("SELECT * FROM outbox"));
    const secret = await mailbox.link("password");
    const kept = JSON.stringify(await rowsOf("SELECT * FROM account_secrets"));
    for (const stored of [asked, kept]) {
      expect(stored).not.toContain(secret);
      expect(stored).not.toContain(secret.replaceAll("-", ""));
    }
  });

  it("sends one link however often the mail server fails", async () => {
    await startReset();
    mailbox.isAway = true;
    const events = await rowsOf("SELECT * FROM outbox");
    const { sendAskedLink } = await import("../../src/useradm/index.ts");
    const event = {
      id: String(events[0]!.id),
      tenant: "default" as never,
      kind: String(events[0]!.kind),
      subject: String(events[0]!.subject),
      data: JSON.parse(String(events[0]!.data)),
      atMs: server.now,
    };
    await expect(sendAskedLink(await server.deps(), event)).rejects.toThrow("away");
    mailbox.isAway = false;
    await sendAskedLink(await server.deps(), event);
    const [once] = mailbox.mails.splice(0);
    expect(linkIn(once!, "password")).toBe(await mailbox.link("password"));
    expect(await rowsOf("SELECT secret_id FROM account_secrets")).toHaveLength(1);
    await completeReset(linkIn(once!, "password"));
    mailbox.mails = [];
    await sendAskedLink(await server.deps(), event);
    expect(mailbox.mails.filter(({ subject }) => subject.startsWith("Reset"))).toHaveLength(1);
  });

  it("is not asked for anew where the mail server refuses a mail for good", async () => {
    let asked = 0;
    const send = async () => {
      asked += 1;
      throw new MailRefused("550 no such user");
    };
    configure({ EMAIL: { send } as unknown as SendEmail });
    await startReset();
    await server.deliverEvents();
    expect([asked, await rowsOf("SELECT * FROM outbox")]).toEqual([1, []]);
  });

  it("names the host that the installation names, and a sender of its own", async () => {
    configure({ PUBLIC_ORIGIN: "https://updates.acme.example", MAIL_FROM: "iot@acme.example" });
    await server.call("POST", `https://evil.example${BASE}/auth/password-reset/start`, {
      json: { email: user.email },
    });
    const [mail] = await mailbox.open();
    expect(mail).toMatchObject({ from: "iot@acme.example" });
    expect(mail?.text).toContain("https://updates.acme.example/ui/password/");
    expect(mail?.text).not.toContain("evil");
  });

  it("on a local server names its own address, whatever host a client names", async () => {
    configure({ LOCAL_ORIGIN: "http://localhost:8787" });
    await server.call("POST", `https://evil.example${BASE}/auth/password-reset/start`, {
      json: { email: user.email },
    });
    const [mail] = await mailbox.open();
    expect(mail).toMatchObject({ from: "no-reply@localhost" });
    expect(mail?.text).toContain("http://localhost:8787/ui/password/");
  });

  it("answers the same where nothing sends mails", async () => {
    delete server.env.EMAIL;
    expect((await startReset()).status).toBe(202);
    await server.deliverEvents();
    expect(await rowsOf("SELECT * FROM outbox")).toEqual([]);
  });
});

describe("changing the address", () => {
  it("asks the new address, and ends all sessions once it agrees", async () => {
    expect((await pendingChange()).status).toBe(204);
    expect((await startChange("Eve@example.com")).status).toBe(202);
    const pending = {
      new_email: "eve@example.com",
      created_ts: new Date(server.now).toISOString(),
      valid_until: new Date(server.now + LINK_LIFE_MS.email).toISOString(),
    };
    const answer = await pendingChange();
    expect([answer.status, answer.json()]).toEqual([200, pending]);
    expect(await me()).toMatchObject({ email: user.email, pending_email_change_request: pending });
    const [mail] = await mailbox.open();
    expect(mail?.to).toEqual(["eve@example.com"]);
    expect((await completeChange(linkIn(mail!, "email-change"))).status).toBe(204);
    expect((await server.call("GET", `${BASE}/users/me`, { token: user.token })).status).toBe(401);
    expect(await logIn(user.email, PASSWORD)).toBe(401);
    const { text: token } = await logInTo(server, "eve@example.com", PASSWORD);
    expect(await me({ token })).toMatchObject({ email: "eve@example.com", verified: true });
    expect(await me({ token })).not.toHaveProperty("pending_email_change_request");
    const [notice] = await mailbox.open();
    expect(notice).toMatchObject({ to: [user.email], subject: "Your email address has changed" });
    expect(notice?.text).toContain("eve@example.com");
    expect(await auditOf(user.id)).toEqual([
      {
        actor_id: user.id,
        action: "update",
        change: `Updated user ${user.email}:\n-email: ${user.email}\n+email: eve@example.com`,
      },
    ]);
  });

  it("can be given up, and one is pending at a time", async () => {
    await startChange("eve@example.com");
    expect(refusal(await startChange("bob@example.com"))).toEqual([
      409,
      "a change of the email address is pending already",
    ]);
    const secret = await mailbox.link("email-change");
    expect((await post("/users/me/email-change/cancel", undefined, user)).status).toBe(204);
    expect((await pendingChange()).status).toBe(204);
    expect(refusal(await completeChange(secret))).toEqual([400, DEAD_LINK]);
    expect((await post("/users/me/email-change/cancel", undefined, user)).status).toBe(204);
    expect((await startChange("bob@example.com")).status).toBe(202);
  });

  it("sends nothing if it is given up before the mail is sent", async () => {
    await startChange("eve@example.com");
    await post("/users/me/email-change/cancel", undefined, user);
    expect(await mailbox.open()).toEqual([]);
  });

  it("ends by itself", async () => {
    await startChange("eve@example.com");
    const secret = await mailbox.link("email-change");
    server.advance(LINK_LIFE_MS.email);
    expect((await pendingChange()).status).toBe(204);
    expect(refusal(await completeChange(secret))).toEqual([400, DEAD_LINK]);
    expect((await startChange("eve@example.com")).status).toBe(202);
  });

  it("needs the password and an address that is nobody's", async () => {
    const other = await aUser(server, { tenant: "acme", email: "taken@example.com" });
    expect(refusal(await startChange("eve@example.com", "wrong password"))).toEqual([
      422,
      "current password mismatch",
    ]);
    expect(refusal(await startChange("eve@example.com", null))).toEqual([422, "current password mismatch"]);
    expect(refusal(await startChange(other.email))).toEqual([422, "user with a given email already exists"]);
    expect((await startChange("no address")).status).toBe(400);
    expect(await mailbox.open()).toEqual([]);
  });

  it("answers 409 if the address became somebody's meanwhile", async () => {
    await startChange("eve@example.com");
    const secret = await mailbox.link("email-change");
    await aUser(server, { tenant: "acme", email: "eve@example.com" });
    expect(refusal(await completeChange(secret))).toEqual([409, "user with a given email already exists"]);
    expect(await me()).toMatchObject({ email: user.email });
  });
});

describe("a new user", () => {
  const create = (json: Record<string, unknown>) => post("/users", json, user);

  it("is invited by mail to set a password", async () => {
    const created = await create({ email: "bob@example.com", send_reset_password: true });
    expect(created.status).toBe(201);
    expect(await logIn("bob@example.com", "")).toBe(401);
    const [mail] = await mailbox.open();
    expect(mail).toMatchObject({ to: ["bob@example.com"], subject: "You are invited" });
    expect(mail?.text).toContain("for 7 days");
    expect((await completeReset(linkIn(mail!, "password"))).status).toBe(202);
    const { text: token } = await logInTo(server, "bob@example.com", NEW_PASSWORD);
    expect(await me({ token })).toMatchObject({ email: "bob@example.com", verified: true });
  });

  it("may have a password as well", async () => {
    await create({ email: "bob@example.com", password: PASSWORD, send_reset_password: true });
    expect(await logIn("bob@example.com", PASSWORD)).toBe(200);
    await mailbox.link("password");
  });

  it("gets no mail unless that is asked for, and then needs a password", async () => {
    await create({ email: "bob@example.com", password: PASSWORD });
    expect(await mailbox.open()).toEqual([]);
    for (const send_reset_password of [false, null, undefined])
      expect(refusal(await create({ email: "carl@example.com", send_reset_password }))).toEqual([
        400,
        "password: cannot be blank.",
      ]);
    expect((await create({ email: "carl@example.com", send_reset_password: "yes" })).status).toBe(400);
  });

  it("of the internal API is invited the same way, with a password, a hash or neither", async () => {
    const make = (json: Record<string, unknown>) =>
      server.call("POST", `/api/internal/v1/useradm/tenants/${user.tenant}/users`, {
        token: OPERATOR_TOKEN,
        json,
      });
    const send_reset_password = true;
    for (const own of [{}, { password: PASSWORD }, { password_hash: hashSync(PASSWORD, 4) }]) {
      const email = `${Object.keys(own)[0] ?? "nothing"}@example.com`;
      expect((await make({ email, ...own, send_reset_password })).status).toBe(201);
      expect((await completeReset(await mailbox.link("password"))).status).toBe(202);
      expect(await logIn(email, NEW_PASSWORD)).toBe(200);
      await mailbox.open(); // that the password has changed
    }
    for (const wrong of [false, null]) {
      const answer = await make({ email: "carl@example.com", send_reset_password: wrong });
      expect(refusal(answer)).toEqual([400, "password *or* password_hash must be provided"]);
    }
    expect((await make({ email: "carl@example.com", send_reset_password: "yes" })).status).toBe(400);
    await make({ email: "carl@example.com", password: PASSWORD });
    expect(await mailbox.open()).toEqual([]);
  });

  it("of the operator counts as verified [differs: operator-vouches]", async () => {
    await server.call("POST", "/api/operator/v1/users", {
      token: OPERATOR_TOKEN,
      json: { email: "bob@example.com", password: PASSWORD },
    });
    const { text: token } = await logInTo(server, "bob@example.com", PASSWORD);
    expect(await me({ token })).toMatchObject({ verified: true });
  });
});

describe("a user is told by mail", () => {
  it("of a new password", async () => {
    const json = { password: NEW_PASSWORD, current_password: PASSWORD };
    await server.call("PUT", `${BASE}/users/me`, { token: user.token, json });
    const [mail] = await mailbox.open();
    expect(mail).toMatchObject({ to: [user.email], subject: "Your password has changed" });
    expect(mail?.text).not.toContain(NEW_PASSWORD);
  });

  it("of a new address, at the old one", async () => {
    const json = { email: "eve@example.com", current_password: PASSWORD };
    await server.call("PUT", `${BASE}/users/me`, { token: user.token, json });
    expect(await mailbox.open()).toMatchObject([{ to: [user.email] }]);
    expect(await me()).toMatchObject({ email: "eve@example.com", verified: false });
  });

  it("of a new personal token, by a name that stays within its line", async () => {
    const name = `ci\r\n\r\nYour account is at risk: call 555 ${"x".repeat(300)}`;
    const { text: token } = await post("/settings/tokens", { name }, user);
    const [mail] = await mailbox.open();
    expect(mail).toMatchObject({ to: [user.email], subject: "New personal access token" });
    expect(mail?.text).toContain('named "ci Your account is at risk');
    expect(mail?.text).not.toContain("x".repeat(100));
    expect(mail?.text).not.toContain(token);
  });

  it("of nothing else", async () => {
    const json = { roles: ["RBAC_ROLE_PERMIT_ALL"] };
    await server.call("PUT", `${BASE}/users/me`, { token: user.token, json });
    expect(await mailbox.open()).toEqual([]);
  });
});

describe("links that are over", () => {
  it("are forgotten after a week", async () => {
    await startVerification();
    const secret = await mailbox.link("activate");
    server.advance(LINK_LIFE_MS.verify + 7 * 86_400_000);
    await forgetOldAccountLinks(await server.deps());
    expect((await completeVerification(secret)).status).toBe(410);
    server.advance(1);
    await forgetOldAccountLinks(await server.deps());
    expect((await completeVerification(secret)).status).toBe(400);
  });

  it("go with their user", async () => {
    const other = await aUser(server, { email: "bob@example.com" });
    await startReset(other.email);
    await mailbox.open();
    await server.call("DELETE", `${BASE}/users/${other.id}`, { token: user.token });
    expect(await rowsOf("SELECT * FROM account_secrets")).toEqual([]);
  });
});
