import { encode } from "@msgpack/msgpack";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { makeFrame, PROTO } from "../../src/deviceconnect/frame.ts";
import { aDevice, aUser, logIn, type TestDevice, type TestUser } from "../support/actors.ts";
import { asDatabases, env, OPERATOR_TOKEN, served, Server } from "../support/server.ts";
import { connectFake, connectUser, DEVICECONNECT, Peer, upgrade, uploadForm } from "../support/sockets.ts";

let server: Server;
let admin: TestUser;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
  user = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
  device = await aDevice(server);
});

const USERADM = "/api/management/v1/useradm";
const TOO_MANY = { code: 1008, reason: "too many messages" };
const REVOKED = { code: 1008, reason: "access revoked" };

/** The longest that a message may pass on an earlier look at rights. */
const HOLD_MS = 3000;

const stub = () =>
  env.DEVICE_CONNECTION.get(env.DEVICE_CONNECTION.idFromName(`${device.tenant}/${device.id}`));
const connectPath = () => `${DEVICECONNECT}/devices/${device.id}/connect`;

const shell = (typ: string) => makeFrame({ proto: PROTO.shell, typ });
const file = (typ: string, path: string) =>
  makeFrame({ proto: PROTO.fileTransfer, typ, body: encode({ path }) });
const port = makeFrame({ proto: PROTO.portForward, typ: "new" });
const control = makeFrame({ proto: PROTO.control, typ: "open", body: encode({ versions: [1] }) });

/** One message of each protocol that a session may be for. */
const FIRST = {
  terminal: shell("new"),
  "file transfer": file("stat", "/a"),
  "port forward": port,
  none: control,
};

const removeUser = (of: TestUser) =>
  server.call("DELETE", `${USERADM}/users/${of.id}`, { token: admin.token });

async function openSession(first = FIRST.terminal, as = user) {
  const { fake, peer: remote } = await connectFake(server, device);
  fake.files.set("/a", new Uint8Array(1));
  const local = await connectUser(server, as, device);
  local.send(first);
  await remote.until(() => fake.received.length > 0);
  return { fake, remote, local };
}

const untilClosed = async (peer: Peer) => {
  await peer.until(() => peer.closed !== undefined);
  return peer.closed;
};

const auditActions = async () => {
  const { results } = await env.DB.prepare(
    "SELECT action FROM audit_log WHERE object_type = 'device' ORDER BY action",
  ).all<{ action: string }>();
  return results.map(({ action }) => action);
};

describe("a right that ends takes the session with it, by event:", () => {
  const setRoles = (roles: string[]) =>
    server.call("PUT", `${USERADM}/users/${user.id}`, { token: admin.token, json: { roles } });

  it.each(Object.keys(FIRST) as (keyof typeof FIRST)[])("deletion, %s", async (protocol) => {
    const { local } = await openSession(FIRST[protocol]);
    expect((await removeUser(user)).status).toBe(204);
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual(REVOKED);
  });

  it("log-out", async () => {
    const { local } = await openSession();
    await server.call("POST", `${USERADM}/auth/logout`, { token: user.token });
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual(REVOKED);
  });

  it("another role, and not the sessions of others", async () => {
    const { local } = await openSession();
    const other = await connectUser(server, admin, device);
    expect((await setRoles(["RBAC_ROLE_OBSERVER"])).status).toBe(204);
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual(REVOKED);
    expect(other.closed).toBeUndefined();
  });

  it("a second factor that is demanded of a role, and not the sessions of others", async () => {
    const other = await aUser(server);
    const { local, fake } = await openSession();
    const theirs = await connectUser(server, other, device);
    theirs.send(FIRST.terminal);
    await expect.poll(() => fake.received.length).toBeGreaterThan(1);
    const json = { require_2fa: false, require_2fa_roles: ["RBAC_ROLE_REMOTE_TERMINAL"] };
    await server.call("PUT", `${USERADM}/settings/sign-in`, { token: admin.token, json });
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual(REVOKED);
    expect(theirs.closed).toBeUndefined();
  });

  it("all user tokens of the tenant", async () => {
    const { local } = await openSession();
    const answer = await server.call("DELETE", `/api/internal/v1/useradm/tokens?tenant_id=default`, {
      token: OPERATOR_TOKEN,
    });
    expect(answer.status).toBe(204);
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual(REVOKED);
  });

  it("another password, in the sessions of other tokens", async () => {
    const email = "changes@example.com";
    const changes = await aUser(server, { email, password: "correct horse" });
    const { local } = await openSession(FIRST.terminal, changes);
    const { text: token } = await logIn(server, email, "correct horse");
    const json = { password: "battery staple", current_password: "correct horse" };
    expect((await server.call("PUT", `${USERADM}/users/me`, { token, json })).status).toBe(204);
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual(REVOKED);
  });

  it("another key of the device that is accepted", async () => {
    const { remote } = await openSession();
    await env.DB.prepare(
      "INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms) VALUES ('default', 'newer', ?, 'newer', 'newer', 'pending', ?)",
    )
      .bind(device.id, server.now)
      .run();
    const path = `/api/management/v2/devauth/devices/${device.id}/auth/newer/status`;
    const answer = await server.call("PUT", path, { token: admin.token, json: { status: "accepted" } });
    expect(answer.status).toBe(204);
    await server.deliverEvents();
    expect(await untilClosed(remote)).toEqual(REVOKED);
  });

  it("a session that newer logins push out", async () => {
    const email = "many@example.com";
    const many = await aUser(server, { email, password: "correct horse" });
    const { local } = await openSession(FIRST.terminal, many);
    server.advance(1000);
    for (let i = 0; i < 10; i++) expect((await logIn(server, email, "correct horse")).status).toBe(200);
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual(REVOKED);
  });

  it.each(["this device", "all devices"])("tokens of %s, which may come back", async (whose) => {
    const { remote } = await openSession();
    const query = `tenant_id=default${whose === "this device" ? `&device_id=${device.id}` : ""}`;
    const answer = await server.call("DELETE", `/api/internal/v1/devauth/tokens?${query}`, {
      token: OPERATOR_TOKEN,
    });
    expect(answer.status).toBe(204);
    await server.deliverEvents();
    expect(await untilClosed(remote)).toEqual(REVOKED);
  });

  it("a transfer under way whose client says nothing", async () => {
    const { fake, peer } = await connectFake(server, device);
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) =>
        controller.enqueue(
          new TextEncoder().encode(
            '--b\r\nContent-Disposition: form-data; name="path"\r\n\r\n/tmp/a\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhello',
          ),
        ),
    });
    const answer = server.call("PUT", `${DEVICECONNECT}/devices/${device.id}/upload`, {
      token: user.token,
      body: endless,
      headers: { "Content-Type": "multipart/form-data; boundary=b" },
    });
    await peer.until(() => fake.sent("put_file").length > 0);
    await removeUser(user);
    await server.deliverEvents();
    expect((await answer).status).toBe(401);
    await peer.until(() => fake.sent("close").length > 0);
    expect(fake.files.has("/tmp/a")).toBe(false);
  });
});

describe("without any event", () => {
  it.each(Object.keys(FIRST) as (keyof typeof FIRST)[])(
    "the next message is not passed on: %s",
    async (protocol) => {
      const { fake, local } = await openSession(FIRST[protocol]);
      const before = fake.received.length;
      await removeUser(user);
      server.advance(HOLD_MS);
      local.send(file("get_file", "/a"));
      expect(await untilClosed(local)).toEqual(REVOKED);
      expect(fake.sent("get_file")).toEqual([]);
      expect(fake.received.length).toBeGreaterThanOrEqual(before);
    },
  );

  it("what the device says next does not reach the user", async () => {
    const { remote, local } = await openSession();
    await local.until(() => local.frames.length > 0);
    const { sid } = local.frames[0]!;
    await removeUser(user);
    server.advance(HOLD_MS);
    remote.send({ ...shell("shell"), sid, body: new TextEncoder().encode("secret") });
    expect(await untilClosed(local)).toEqual(REVOKED);
    expect(local.frames.map(({ typ }) => typ)).not.toContain("shell");
  });

  it("the end of the tokens ends the sockets of both", async () => {
    const { remote, local } = await openSession();
    await env.DB.prepare("UPDATE user_tokens SET expires_ms = ?")
      .bind(server.now + 60_000)
      .run();
    const second = await connectUser(server, user, device);
    server.advance(60_000);
    await runDurableObjectAlarm(stub());
    expect(await untilClosed(second)).toEqual({ code: 1008, reason: "token expired" });
    expect(await untilClosed(local)).toEqual(REVOKED);
    server.advance(604_800_000);
    await runDurableObjectAlarm(stub());
    expect(await untilClosed(remote)).toEqual({ code: 1008, reason: "token expired" });
  });
});

describe("every session has its place and is on record from the moment it opens", () => {
  const limitTo = (value: number) =>
    env.DB.prepare(
      "INSERT INTO tenant_limits (tenant_id, name, value) VALUES ('default', 'remote_sessions', ?)",
    )
      .bind(value)
      .run();

  it("one of six that open at once passes a limit of one", async () => {
    await limitTo(1);
    await connectFake(server, device);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => upgrade(server, connectPath(), user.token)),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      101, 422, 422, 422, 422, 422,
    ]);
    for (const { webSocket } of answers) if (webSocket) new Peer(webSocket);
  });

  it("files over HTTP count as well, and leave their place again", async () => {
    await limitTo(1);
    const { fake } = await connectFake(server, device);
    fake.files.set("/a", new Uint8Array(1));
    const path = `${DEVICECONNECT}/devices/${device.id}`;
    const put = () =>
      server.call("PUT", `${path}/upload`, {
        token: user.token,
        body: uploadForm({ path: "/b" }, new Uint8Array(1)),
      });
    expect((await put()).status).toBe(201);
    const held = await connectUser(server, user, device);
    expect([(await put()).status, (await put()).json().error]).toEqual([
      422,
      "maximum number of remote sessions reached",
    ]);
    held.close();
    await vi.waitUntil(async () => (await put()).status === 201);
  });

  it("a socket that says nothing is listed and audited", async () => {
    await connectFake(server, device);
    const silent = await connectUser(server, user, device);
    const path = `${DEVICECONNECT}/sessions`;
    const list = await server.call("GET", path, { token: user.token });
    expect(list.json()).toMatchObject([{ user_id: user.id, device_id: device.id, kind: "connection" }]);
    expect(await auditActions()).toEqual(["open_session"]);
    silent.close();
    await vi.waitUntil(async () => (await auditActions()).length === 2);
    expect(await auditActions()).toEqual(["close_session", "open_session"]);
  });

  it("each protocol and each file of a session is audited", async () => {
    const { fake, remote, local } = await openSession(file("put_file", "/b"));
    local.send(file("get_file", "/a"));
    local.send(port);
    local.send(shell("new"));
    await remote.until(() => fake.sent("new").length === 2);
    expect(await auditActions()).toEqual([
      "download_file",
      "open_filetransfer",
      "open_portforward",
      "open_session",
      "open_terminal",
      "upload_file",
    ]);
  });
});

describe("while the database is away", () => {
  /** Has the object of the device see a database whose batches do this. */
  const withDatabase = (batch: D1Database["batch"]) =>
    runInDurableObject(stub(), (object) => {
      const DB = { prepare: (sql: string) => env.DB.prepare(sql), batch } as D1Database;
      Object.assign(object, { env: { ...served, ...asDatabases(DB) } });
    });

  it("nothing is passed on, and who tries is told to come back", async () => {
    const { fake, local } = await openSession();
    await withDatabase(() => Promise.reject(new Error("D1 DB is overloaded.")));
    server.advance(HOLD_MS);
    local.send(file("get_file", "/a"));
    expect(await untilClosed(local)).toEqual({
      code: 1013,
      reason: "access cannot be verified, try again later",
    });
    expect(fake.sent("get_file")).toEqual([]);
    await withDatabase((statements) => env.DB.batch(statements));
    const again = await connectUser(server, user, device);
    again.send(FIRST["file transfer"]);
    await again.until(() => again.frames.length > 0);
  });

  it("a device with more than 1,000 messages that wait is cut off", async () => {
    const { remote, local } = await openSession();
    await local.until(() => local.frames.length > 0);
    const { sid } = local.frames[0]!;
    let come = () => {};
    const back = new Promise<void>((resolve) => (come = resolve));
    await withDatabase(async (statements) => {
      await back;
      return env.DB.batch(statements);
    });
    server.advance(HOLD_MS);
    const output = { ...shell("shell"), sid, body: new Uint8Array(1) };
    for (let i = 0; i <= 1000; i++) remote.send(output);
    expect(await untilClosed(remote)).toEqual(TOO_MANY);
    come();
  });
});
