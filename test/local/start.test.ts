import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { get } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, run } from "./server-process.ts";

afterAll(cleanUp);

const overTls = (server: LocalServer, ca: string, host = "localhost") =>
  new Promise<string>((done, fail) => {
    const url = new URL("/healthz", server.ready.httpsUrl);
    url.hostname = host;
    const sent = get(url.href, { ca }, (reply) => {
      let text = "";
      reply.on("data", (chunk: Buffer) => (text += chunk.toString()));
      reply.on("end", () => done(`${reply.statusCode} ${text}`));
    });
    sent.on("error", fail);
  });

const upgradeOverTls = (server: LocalServer, path: string, token: string) =>
  new Promise<string>((done, fail) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    };
    const sent = get(server.ready.httpsUrl + path, { ca: server.ca, headers }, (reply) =>
      fail(new Error(`no upgrade but ${reply.statusCode}`)),
    );
    sent.on("upgrade", (reply, socket) => {
      done(`${reply.statusCode} ${reply.headers.upgrade}`);
      socket.destroy();
    });
    sent.on("error", fail);
  });

const freePort = () =>
  new Promise<number>((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });

/** What clients of the HTTPS port hear from the beginning until the server is ready, each kind once. */
async function firstReplies(data: string, port: number, ready: Promise<unknown>): Promise<string[]> {
  // Before this the port is only tried out.
  while (!existsSync(join(data, "state"))) await wait(20);
  const heard = new Set<string>();
  const ask = () =>
    new Promise<string>((done) => {
      const sent = get(`https://127.0.0.1:${port}/healthz`, { rejectUnauthorized: false }, (reply) =>
        done(String(reply.resume().statusCode)),
      );
      sent.on("error", (cause: NodeJS.ErrnoException) => done(cause.code ?? cause.message));
    });
  for (let isReady = false; !isReady;) {
    isReady = await Promise.race([ready.then(() => true), wait(20, false)]);
    heard.add(await ask());
  }
  return [...heard];
}

const PAGE = 4096;

describe("a server on an empty folder", () => {
  const data = newFolder();
  let first: LocalServer;
  let second: LocalServer;
  let operator: Operator;

  test("says in one JSON line where it is and how to log in", async () => {
    first = await LocalServer.start(data);
    expect(first.stdout.trim().split("\n")).toHaveLength(1);
    expect(first.ready).toEqual({
      url: expect.stringMatching(/^http:\/\/localhost:\d+$/),
      httpsUrl: expect.stringMatching(/^https:\/\/localhost:\d+$/),
      caFile: join(data, "ca.pem"),
      adminEmail: "admin@example.com",
      adminPassword: expect.stringMatching(/.{16,}/),
      tenantToken: expect.stringMatching(/.{16,}/),
      operatorToken: expect.stringMatching(/.{16,}/),
      mailFolder: join(data, "mail"),
    });
    operator = await Operator.login(first, first.ready.adminPassword!);
    expect(await operator.get("/v1/useradm/users/me")).toMatchObject({ email: "admin@example.com" });
  });

  test("serves HTTPS to whoever trusts its authority, under each of its names", async () => {
    expect(await overTls(first, first.ca)).toBe("200 OK");
    expect(await overTls(first, first.ca, "127.0.0.1")).toBe("200 OK");
    await expect(overTls(first, "")).rejects.toThrow("self-signed certificate in certificate chain");
  });

  test("serves the page of its API and the script in it", async () => {
    const page = await (await fetch(`${first.ready.url}/api/docs`)).text();
    const [, script = ""] = /<script src="([^"]+)">/.exec(page) ?? [];
    const viewer = await fetch(first.ready.url + script);
    expect([viewer.status, viewer.headers.get("content-type")]).toEqual([
      200,
      "text/javascript; charset=utf-8",
    ]);
    expect((await viewer.text()).length).toBeGreaterThan(500_000);
  });

  test("lets a device hold its socket over HTTPS", async () => {
    const device = new SimulatedDevice({
      serverUrl: first.ready.httpsUrl,
      ca: first.ca,
      deviceType: "board",
    });
    expect(await device.authenticate()).toBe(false);
    await operator.acceptAll();
    expect(await device.authenticate()).toBe(true);
    expect(await upgradeOverTls(first, "/api/devices/v1/deviceconnect/connect", device.token!)).toBe(
      "101 websocket",
    );
    device.close();
  });

  test("keeps its secrets from other users of the machine", () => {
    const files = readdirSync(data).filter((name) => statSync(join(data, name)).isFile());
    expect(files).toEqual(expect.arrayContaining(["signing-key.pem", "ca-key.pem", "server.json"]));
    expect(files.filter((name) => (statSync(join(data, name)).mode & 0o077) !== 0)).toEqual([]);
  });

  test("shares its folder and its ports with no other", async () => {
    const sameFolder = await run("serve", ["--port", "0", "--https-port", "0", "--data", data]);
    expect(sameFolder).toMatchObject({ code: 1, stdout: "" });
    expect(sameFolder.stderr).toMatch(
      /^npm start: \S+ is in use by the server at http:\S+ \(process \d+\)\n$/,
    );
    const samePort = await run("serve", [
      "--port",
      first.ports[1]!,
      "--https-port",
      "0",
      "--data",
      newFolder(),
    ]);
    expect(samePort).toMatchObject({ code: 1, stdout: "" });
    expect(samePort.stderr).toMatch(
      /^npm start: 127\.0\.0\.1:\d+ is in use by another program; choose another with --port\n$/,
    );
  });

  test("stops on Ctrl-C, and starts again with all its data and no new password", async () => {
    const ca = first.ca;
    expect(await first.stop("SIGINT")).toBe(0);
    await expect(fetch(first.ready.url)).rejects.toThrow("fetch failed");
    expect(readdirSync(data)).not.toContain("server.json");
    second = await LocalServer.startByNpm(data, ["--admin", "late@example.com:correct horse"]);
    const { adminEmail, tenantToken, operatorToken, caFile } = first.ready;
    expect(second.ready).toMatchObject({ adminEmail, tenantToken, operatorToken, caFile });
    expect(second.ready).not.toHaveProperty("adminPassword");
    expect(second.ca).toBe(ca);
    expect(await operator.at(second).get("/v1/useradm/users/me")).toMatchObject({ email: adminEmail });
  });

  test("stands beside another one that knows nothing of it", async () => {
    const admin = ["--admin", "other@example.com:correct horse battery"];
    const token = ["--operator-token", "token-of-the-other-one"];
    const httpsPort = await freePort();
    const ports = ["--port", "0", "--https-port", String(httpsPort)];
    const otherData = newFolder();
    const starting = LocalServer.start(otherData, [...ports, ...admin, ...token]);
    expect(await firstReplies(otherData, httpsPort, starting)).toEqual(["ECONNREFUSED", "200"]);
    const other = await starting;
    expect(other.ready).toMatchObject({
      adminEmail: "other@example.com",
      operatorToken: "token-of-the-other-one",
    });
    expect(other.ready.tenantToken).not.toBe(second.ready.tenantToken);
    const stranger = await operator.at(other).call("GET", "/v1/useradm/users/me");
    expect(stranger.status).toBe(401);
    await Operator.login(other, "correct horse battery");
    expect((await operator.at(second).call("GET", "/v1/useradm/users/me")).status).toBe(200);
    expect(await other.stop("SIGTERM")).toBe(0);
  });

  test("is told to stop by npm, which passes its exit code on", async () => {
    expect(await second.stop("SIGTERM")).toBe(0);
    await expect(fetch(second.ready.url)).rejects.toThrow("fetch failed");
    expect(second.stderr).toMatch(
      /^npm start: --admin is for a new data folder, and \S+ has its users: [^\n]+\n$/,
    );
  });

  test("is not started on a database with damaged pages, and says so in one line", async () => {
    const folder = join(data, "state/d1/miniflare-D1DatabaseObject");
    const file = readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))!;
    const path = join(folder, file);
    const whole = new DatabaseSync(path);
    whole.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    whole.close();
    // All but the first page, which lists the others.
    const rest = statSync(path).size - PAGE;
    const database = openSync(path, "r+");
    writeSync(database, randomBytes(rest), 0, rest, PAGE);
    closeSync(database);
    expect(await run("serve", ["--port", "0", "--https-port", "0", "--data", data])).toEqual({
      code: 1,
      stdout: "",
      stderr: `npm start: ${data} has a damaged database: put a copy of the folder back, or choose another with --data\n`,
    });
  });
});

test("a command line it cannot follow is answered in one line", async () => {
  const ended = await run("serve", ["--prot", "1"]);
  expect(ended).toEqual({ code: 1, stdout: "", stderr: "npm start: Unknown option '--prot'\n" });
});

test("a Node that is too old is told so", async () => {
  const old = `Object.defineProperty(process.versions, "node", { value: "20.19.0" });`;
  const ended = await run("serve", [], ["--import", `data:text/javascript,${encodeURIComponent(old)}`]);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain("need Node 22.18 or newer; this is 20.19.0");
});
