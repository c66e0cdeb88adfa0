import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SigningDevice } from "../support/signing-device.ts";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";

const AUTH_REQUESTS = "/api/devices/v1/authentication/auth_requests";
const ATTRIBUTES = "/api/devices/v1/inventory/device/attributes";

/** More than a tenant's devices may have at work at once. */
const MANY = 70;

let server: LocalServer;
let operator: Operator;
beforeAll(async () => {
  server = await LocalServer.start(newFolder());
  operator = await Operator.login(server, server.ready.adminPassword ?? "");
});
afterAll(cleanUp);

const sockets: Socket[] = [];

interface Half {
  socket: Socket;
  /** All that was answered once the connection ended. */
  answer: Promise<string>;
}

/** The head of a request and the beginning of its body; resolves when the system has taken it. */
async function sendHalf(method: string, path: string, headers: string[], body: string): Promise<Half> {
  const { hostname, port } = new URL(server.ready.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  socket.on("error", () => undefined);
  const answer = once(socket, "close").then(() => Buffer.concat(pieces).toString());
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Content-Length: 1000",
    ...headers,
  ];
  await new Promise<void>((sent) => socket.write(`${head.join("\r\n")}\r\n\r\n${body}`, () => sent()));
  return { socket, answer };
}

const JSON_TYPE = "Content-Type: application/json";
const halves = (method: string, path: string, headers: string[] = []) =>
  Promise.all(Array.from({ length: MANY }, () => sendHalf(method, path, [JSON_TYPE, ...headers], "[")));

const askToken = (device: SigningDevice) => {
  const body = device.body();
  return fetch(server.ready.url + AUTH_REQUESTS, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-MEN-Signature": device.signature(body) },
    body,
  });
};

async function acceptedToken(mac: string): Promise<string> {
  const device = new SigningDevice({ mac });
  expect((await askToken(device)).status).toBe(401);
  await operator.acceptAll();
  const answer = await askToken(device);
  expect(answer.status).toBe(200);
  return answer.text();
}

const report = (token: string) =>
  fetch(server.ready.url + ATTRIBUTES, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: '[{"name":"a","value":"b"}]',
  });

describe("connections that hold half a body", () => {
  test("keep nobody from authenticating, and are ended", async () => {
    const held = await halves("POST", AUTH_REQUESTS);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => askToken(new SigningDevice({ mac: `honest ${i}` }))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
    const ended = await Promise.all(held.map(({ answer }) => answer));
    expect(new Set(ended.map((text) => text.slice(0, text.indexOf("\r\n"))))).toEqual(
      new Set(["HTTP/1.1 408 Request Timeout"]),
    );
    expect(ended[0]).toContain('{"error":"the request body did not come in time","request_id":"');
  });

  test("of one device keep no other one from reporting, nor itself", async () => {
    const [greedy, other] = [await acceptedToken("greedy"), await acceptedToken("other")];
    await halves("PATCH", ATTRIBUTES, [`Authorization: Bearer ${greedy}`]);
    expect([(await report(other)).status, (await report(greedy)).status]).toEqual([200, 200]);
  });
});

describe("a client that hangs up in the middle of a body", () => {
  const form = "multipart/form-data; boundary=b";
  const fileHead = '--b\r\nContent-Disposition: form-data; name="artifact"; filename="a"\r\n\r\nhello';

  test("is no error", async () => {
    const bearer = `Authorization: Bearer ${operator.token}`;
    const link = await operator.call("POST", "/v1/deployments/artifacts/directupload");
    const { uri } = (await link.json()) as { uri: string };
    const { pathname, search } = new URL(uri);
    const artifacts = "/api/management/v1/deployments/artifacts";
    const bytes = "Content-Type: application/octet-stream";
    const held = await Promise.all([
      sendHalf("POST", AUTH_REQUESTS, [JSON_TYPE], "{"),
      sendHalf("POST", "/api/management/v2/inventory/filters/search", [JSON_TYPE, bearer], "{"),
      sendHalf("POST", artifacts, [`Content-Type: ${form}`, bearer], fileHead),
      sendHalf("POST", `${artifacts}/generate`, [`Content-Type: ${form}`, bearer], fileHead),
      sendHalf("PUT", pathname + search, [bytes], "hello"),
      sendHalf("PUT", `${pathname}${search}&part=1`, [bytes], "hello"),
    ]);
    // Whatever came before has been begun when this is answered.
    await operator.get("/v1/useradm/users");
    for (const { socket } of held) socket.destroy();
    await Promise.all(held.map(({ answer }) => answer));
    await operator.get("/v1/useradm/users");
    await server.stop();
    expect(server.stderr + server.stdout.slice(server.stdout.indexOf("\n"))).not.toMatch(
      /error|exception|stack|\bat /i,
    );
  });
});
