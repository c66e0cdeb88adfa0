import { X509Certificate } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, run } from "./server-process.ts";

afterAll(cleanUp);

const overTls = (server: LocalServer, path: string, ca: string, host = "localhost") =>
  new Promise<string>((done, fail) => {
    const url = new URL(path, server.ready.httpsUrl);
    url.hostname = host;
    const sent = request(url.href, { ca }, (reply) => {
      let text = "";
      reply.on("data", (chunk: Buffer) => (text += chunk.toString()));
      reply.on("end", () => done(`${reply.statusCode} ${text}`));
    });
    sent.on("error", fail);
    sent.end();
  });

describe("a server on an empty folder", () => {
  const data = newFolder();
  let first: LocalServer;
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
    });
    operator = await Operator.login(first, first.ready.adminPassword!);
    expect(await operator.get("/v1/useradm/users/me")).toMatchObject({ email: "admin@example.com" });
  });

  test("serves HTTPS to whoever trusts its authority, under each of its names", async () => {
    expect(await overTls(first, "/healthz", first.ca)).toBe("200 OK");
    expect(await overTls(first, "/healthz", first.ca, "127.0.0.1")).toBe("200 OK");
    const stranger = await overTls(first, "/healthz", "").catch((cause: NodeJS.ErrnoException) => cause.code);
    expect(stranger).toBe("SELF_SIGNED_CERT_IN_CHAIN");
  });

  test("keeps its secrets from other users of the machine", () => {
    const files = readdirSync(data).filter((name) => statSync(join(data, name)).isFile());
    expect(files).toEqual(expect.arrayContaining(["signing-key.pem", "ca-key.pem", "server.json"]));
    expect(files.filter((name) => (statSync(join(data, name)).mode & 0o077) !== 0)).toEqual([]);
  });

  test("is alone on its folder and its ports", async () => {
    const sameFolder = await run("serve", ["--port", "0", "--https-port", "0", "--data", data]);
    expect(sameFolder).toMatchObject({ code: 1, stdout: "" });
    expect(sameFolder.stderr.trim()).toMatch(/^npm start: .* is in use by the server at http:.*\)$/);
    const samePort = await run("serve", [
      "--port",
      first.ports[1]!,
      "--https-port",
      "0",
      "--data",
      newFolder(),
    ]);
    expect(samePort).toMatchObject({ code: 1, stdout: "" });
    expect(samePort.stderr.trim()).toMatch(/^npm start: 127\.0\.0\.1:\d+ is in use by another program$/);
  });

  test("stops on Ctrl-C and starts again with all its data and no new password", async () => {
    const [ca, url] = [first.ca, first.ready.url];
    expect(await first.stop("SIGINT")).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
    const second = await LocalServer.start(data);
    const { adminPassword: _, url: __, httpsUrl: ___, ...kept } = first.ready;
    expect(second.ready).toMatchObject(kept);
    expect(second.ready).not.toHaveProperty("adminPassword");
    expect(second.ca).toBe(ca);
    expect(await operator.at(second).get("/v1/useradm/users/me")).toMatchObject({
      email: "admin@example.com",
    });
    expect(await second.stop("SIGTERM")).toBe(0);
  });
});

test("two servers run side by side and know nothing of each other", async () => {
  const [one, two] = await Promise.all([
    LocalServer.start(newFolder(), ["--admin", "one@example.com:correct horse one"]),
    LocalServer.start(newFolder(), [
      "--admin",
      "two@example.com:correct horse two",
      "--operator-token",
      "token of sixteen".replaceAll(" ", "-"),
    ]),
  ]);
  await Operator.login(one, "correct horse one");
  await Operator.login(two, "correct horse two");
  await expect(Operator.login(two, "correct horse one", "one@example.com")).rejects.toThrow("401");
  expect(one.ready.tenantToken).not.toBe(two.ready.tenantToken);
  expect(two.ready.operatorToken).toBe("token-of-sixteen");
  expect(new X509Certificate(one.ca).subject).not.toBe(new X509Certificate(two.ca).subject);
  await Promise.all([one.stop(), two.stop()]);
});

test("npm passes a request to stop on, and its exit code back", async () => {
  const server = await LocalServer.startByNpm(newFolder());
  expect(await server.stop("SIGTERM")).toBe(0);
  await expect(fetch(server.ready.url)).rejects.toThrow();
});

describe("a command line it cannot follow", () => {
  test.each([
    [["--prot", "1"], "Unknown option '--prot'"],
    [["--port", "http"], "--port must be a port number, not http"],
    [["--port", "7", "--https-port", "7"], "--port and --https-port must differ"],
    [["--admin", "nobody"], "--admin must be EMAIL:PASSWORD"],
    [["--operator-token", "short"], "--operator-token must have at least 16 characters and no spaces"],
    [["now"], "unexpected argument now"],
  ])("is refused in one line: %j", async (args, reason) => {
    const ended = await run("serve", ["--data", newFolder(), ...args]);
    expect(ended).toEqual({ code: 1, stdout: "", stderr: `npm start: ${reason}\n` });
  });
});

test("a Node that is too old is told so", async () => {
  const old = `Object.defineProperty(process.versions, "node", { value: "20.19.0" });`;
  const ended = await run("serve", [], ["--import", `data:text/javascript,${encodeURIComponent(old)}`]);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain("need Node 22.18 or newer; this is 20.19.0");
});

test("a server certificate lacks no name that was asked for", async () => {
  const data = newFolder();
  const server = await LocalServer.start(data, ["--tls-name", "updates.test", "--tls-name", "192.0.2.7"]);
  const certificate = new X509Certificate(readFileSync(join(data, "server.pem")));
  expect(certificate.checkHost("updates.test")).toBe("updates.test");
  expect(certificate.checkIP("192.0.2.7")).toBe("192.0.2.7");
  expect(certificate.checkIP("::1")).toBe("::1");
  await server.stop();
});
