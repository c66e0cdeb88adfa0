import { request as httpRequest, type RequestOptions } from "node:http";
import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";

let server: LocalServer;
beforeAll(async () => {
  // Few tries, so that the test is about who is counted and not about hashes.
  server = await LocalServer.start(newFolder(), ["--var", "PASSWORD_COST_LN=10"]);
});
afterAll(cleanUp);

/** A login from an address of this machine; names another one in every header that could be believed. */
function guess(localAddress: string, over: "http" | "https", email: string): Promise<number> {
  const url = new URL(
    "/api/management/v1/useradm/auth/login",
    over === "http" ? server.ready.url : server.ready.httpsUrl,
  );
  const pretended = `203.0.113.${Math.floor(Math.random() * 256)}`;
  const options: RequestOptions & { ca?: string } = {
    host: "127.0.0.1",
    port: url.port,
    path: url.pathname,
    method: "POST",
    localAddress,
    agent: false,
    headers: {
      Host: url.host,
      Authorization: `Basic ${btoa(`${email}:a wrong guess`)}`,
      "CF-Connecting-IP": pretended,
      "X-Forwarded-For": pretended,
      "MF-CF-Blob": JSON.stringify({ clientIp: `${pretended}:1` }),
      "Content-Length": "0",
    },
    ...(over === "https" && { ca: readFileSync(server.ready.caFile, "utf8"), servername: "localhost" }),
  };
  return new Promise((resolve, reject) => {
    const send = over === "http" ? httpRequest : httpsRequest;
    const sent = send(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("a local server", () => {
  for (const over of ["http", "https"] as const) {
    test(`counts guesses over ${over} by the client's own address, whatever it claims`, async () => {
      const email = `${over}@example.com`;
      for (let i = 0; i < 5; i += 1) expect(await guess("127.0.0.1", over, email)).toBe(401);
      expect(await guess("127.0.0.1", over, email)).toBe(429);
      expect(await guess("127.0.0.2", over, email)).toBe(401);
    });
  }
});
