import { generateKeyPairSync } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { issueCertificate } from "../../../src/local/x509.ts";
import { settingsOf, type Env } from "../../../src/platform/env.ts";
import {
  sendOutgoing,
  SHOWN_ANSWER_BYTES,
  TargetRefused,
  type SendingOptions,
} from "../../../src/platform/send-outgoing.ts";

const around = (env: object = { LOCAL: "true" }) => ({
  settings: settingsOf(env as Env),
  origin: "https://updates.example.com",
});

let web: Server | undefined;
afterEach(async () => {
  vi.unstubAllGlobals();
  web?.closeAllConnections();
  await new Promise((closed) => (web ? web.close(closed) : closed(undefined)));
  web = undefined;
});

/** A server of the loopback that counts what it is asked. */
async function serve(answer: RequestListener): Promise<{ origin: string; paths: string[] }> {
  const paths: string[] = [];
  web = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((listening) => web?.listen(0, "127.0.0.1", listening));
  return { origin: `http://127.0.0.1:${(web.address() as AddressInfo).port}`, paths };
}

/** A certificate that nobody has signed but its owner. */
function selfSigned(): { key: string; cert: string } {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const names = { subject: "receiver", issuer: "receiver", subjectKey: key, issuerKey: key };
  const cert = issueCertificate({ ...names, notBefore: new Date(0), notAfter: new Date(2 ** 41) });
  return { key: key.export({ format: "pem", type: "pkcs8" }).toString(), cert };
}

const post = (uri: string) => ({ uri, method: "POST", headers: new Headers(), body: "{}" });
const send = (uri: string, options: Partial<SendingOptions> = {}, env?: object) =>
  sendOutgoing(around(env), post(uri), { timeoutMs: 5000, ...options });

describe("what leaves the server", () => {
  it("tells the name and the password of an address by a header", async () => {
    const told: unknown[] = [];
    const { origin } = await serve(({ url, headers }, response) => {
      told.push([url, headers.authorization]);
      response.end();
    });
    const at = (login: string) => `${origin.replace("//", `//${login}@`)}/a`;
    for (const login of ["ada:s%3Acret", "ada", "ada:%zz"]) expect((await send(at(login))).status).toBe(200);
    const headers = new Headers({ Authorization: "Bearer t" });
    await sendOutgoing(around(), { ...post(at("ada:s")), headers }, { timeoutMs: 5000 });
    const basic = (login: string) => `Basic ${Buffer.from(login).toString("base64")}`;
    expect(told).toEqual(
      [basic("ada:s:cret"), basic("ada:"), basic("ada:%zz"), "Bearer t"].map((one) => ["/a", one]),
    );
  });

  it("is answered with the status and the beginning of the body, whatever the status", async () => {
    const { origin } = await serve(({ url }, response) => {
      response.writeHead(Number(url?.slice(1)), { "x-a": "b" }).end("a".repeat(5000));
    });
    for (const status of [200, 299, 304, 400, 404, 500, 599]) {
      const answer = await send(`${origin}/${status}`);
      const length = status === 304 ? 0 : SHOWN_ANSWER_BYTES;
      expect([answer.status, answer.headers.get("x-a"), answer.text.length]).toEqual([status, "b", length]);
    }
    expect((await send(`${origin}/200`, { answerBytes: 4000 })).text).toHaveLength(4000);
  });

  it("reads no more of a body that does not end", async () => {
    const { origin } = await serve((_, response) => {
      const more = (failed?: Error | null) => failed ?? response.write("b".repeat(65_536), more);
      more();
    });
    expect((await send(origin)).text).toBe("b".repeat(SHOWN_ANSWER_BYTES));
  });

  it("waits no longer than its time for an answer, and for a body", async () => {
    const { origin } = await serve(({ url }, response) => {
      if (url === "/body") response.write("a few bytes, and no more");
    });
    await expect(send(`${origin}/never`, { timeoutMs: 50 })).rejects.toThrow();
    await expect(send(`${origin}/body`, { timeoutMs: 50 })).rejects.toThrow();
  });

  it("is nothing that a connection which breaks can answer", async () => {
    const { origin } = await serve((request) => request.socket.destroy());
    await expect(send(origin)).rejects.toThrow();
  });

  it("follows redirects within the host, so many and no more, and none unless told to", async () => {
    const { origin, paths } = await serve(({ url }, response) => {
      const location = { "/loop": "/loop", "/away": "https://evil.example.net/", "/bad": "http://[" }[
        url ?? ""
      ];
      response.writeHead(location ? 302 : 200, location ? { location } : {}).end("x");
    });
    expect((await send(`${origin}/loop`)).status).toBe(302);
    expect(paths.splice(0)).toEqual(["POST /loop"]);
    expect((await send(`${origin}/loop`, { redirects: 3 })).status).toBe(302);
    expect(paths.splice(0)).toEqual(["POST /loop", "GET /loop", "GET /loop", "GET /loop"]);
    for (const path of ["away", "bad"])
      expect((await send(`${origin}/${path}`, { redirects: 3 })).status).toBe(302);
    expect(paths).toHaveLength(2);
  });

  it("ends where a server sends it round and round", async () => {
    const { origin, paths } = await serve((_, response) => response.writeHead(307, { Location: "/a" }).end());
    expect((await send(`${origin}/a`, { redirects: 5 })).status).toBe(307);
    expect(paths).toHaveLength(6);
    await new Promise((closed) => web?.close(closed));
    const chain = await serve(({ url = "" }, response) =>
      response.writeHead(302, { Location: `${url}x`, "Content-Length": "0" }).end(),
    );
    expect((await send(`${chain.origin}/`, { redirects: 3 })).status).toBe(302);
    expect(chain.paths).toHaveLength(4);
  });

  it("takes no interim answer for one", async () => {
    const { origin } = await serve((_, response) => {
      response.writeEarlyHints({ link: "</a>; rel=preload" });
      response.writeHead(202).end("later");
    });
    expect(await send(origin)).toMatchObject({ status: 202, text: "later" });
  });

  it("is not told to who cannot prove to be asked: a certificate of nobody, or no TLS at all", async () => {
    const { key, cert } = selfSigned();
    const secure = createSecureServer({ key, cert }, (_, response) => response.end("secret"));
    const broken = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 200 OK\r\n\r\n");
    });
    for (const server of [secure, broken]) {
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      await expect(send(`https://127.0.0.1:${port}/`)).rejects.toThrow();
      server.close();
    }
  });

  it("reads answers that are no HTTP, have a megabyte of headers or lie about their length, within its time", async () => {
    const answers = [
      "nonsense\r\n\r\n",
      `HTTP/1.1 200 OK\r\nX: ${"x".repeat(1024 * 1024)}\r\n\r\n`,
      "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nshort",
      "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
      "",
    ];
    for (const answer of answers) {
      const server = createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(answer));
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      const ended = await send(`http://127.0.0.1:${port}/`, { timeoutMs: 3000 }).then(
        ({ text }) => text.length <= SHOWN_ANSWER_BYTES,
        () => true,
      );
      expect(ended).toBe(true);
      await new Promise((closed) => server.close(closed));
    }
  });

  it("goes nowhere that a deployed server does not call", async () => {
    const sent = vi.fn<typeof fetch>();
    vi.stubGlobal("fetch", sent);
    const deployed = { LOCAL: "false" };
    for (const uri of ["https://10.0.0.1/", "http://example.com/", "https://updates.example.com/api"])
      await expect(send(uri, {}, deployed)).rejects.toThrow(TargetRefused);
    const plain = { LOCAL: "false", OUTGOING_HTTP: "allow" };
    await expect(send("http://127.1/", {}, plain)).rejects.toThrow(TargetRefused);
    expect(sent).not.toHaveBeenCalled();
    sent.mockResolvedValue(new Response("ok"));
    expect((await send("http://example.com/", {}, plain)).text).toBe("ok");
  });
});
