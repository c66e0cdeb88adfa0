import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeArtifact } from "../../src/artifact/write.ts";
import { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";

const MIB = 1024 * 1024;
const JSON_TYPE = { "Content-Type": "application/json" };
const FORM_TYPE = { "Content-Type": "multipart/form-data; boundary=edge" };
const FORM =
  '--edge\r\nContent-Disposition: form-data; name="artifact"; filename="a.mender"\r\n' +
  "Content-Type: application/octet-stream\r\n\r\n";

let server: LocalServer;
let operator: Operator;
let device: SimulatedDevice;
let artifact: string;

beforeAll(async () => {
  server = await LocalServer.start(newFolder());
  operator = await Operator.login(server, server.ready.adminPassword!);
  device = new SimulatedDevice({ serverUrl: server.ready.url, deviceType: "board" });
  await device.authenticate();
  await operator.acceptAll();
  await device.authenticate();
  const spec = {
    name: "large",
    deviceTypes: ["board"],
    payloadType: "single-file",
    files: [{ name: "file", content: Buffer.alloc(20 * MIB, 7) }],
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await writeArtifact(spec)).chunks()) chunks.push(chunk);
  const form = new FormData();
  form.set("artifact", new Blob([Buffer.concat(chunks)]), "large.mender");
  expect((await operator.call("POST", "/v1/deployments/artifacts", form)).status).toBe(201);
  const [made] = await operator.get<{ id: string }[]>("/v1/deployments/artifacts");
  artifact = made!.id;
});
afterAll(cleanUp);

interface Call {
  method: string;
  path: string;
  headers?: Record<string, string>;
  /** What of the body is sent before the client goes. */
  body?: string | Buffer;
}

const begin = ({ method, path, headers = {}, body }: Call, token: string) => {
  const sent = request(server.ready.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...headers },
  });
  sent.on("error", () => {});
  if (body !== undefined) sent.write(body);
  else sent.end();
  return sent;
};

const promised = (bytes: number) => ({ "Content-Length": String(bytes) });

/** Requests whose client goes away in the middle of the body, with what is sent of it. */
const CUT: Record<string, Omit<Call, "method"> & { method?: string; isDevice?: boolean }> = {
  "an artifact": {
    path: "/api/management/v1/deployments/artifacts",
    headers: { ...FORM_TYPE, ...promised(50 * MIB) },
    body: Buffer.concat([Buffer.from(FORM), Buffer.alloc(MIB, 7)]),
  },
  "an artifact in chunks": {
    path: "/api/management/v1/deployments/artifacts",
    headers: FORM_TYPE,
    body: Buffer.concat([Buffer.from(FORM), Buffer.alloc(MIB, 7)]),
  },
  "a file to make an artifact of": {
    path: "/api/management/v1/deployments/artifacts/generate",
    headers: { ...FORM_TYPE, ...promised(MIB) },
    body: FORM,
  },
  "a user's JSON": {
    path: "/api/management/v1/deployments/deployments",
    headers: { ...JSON_TYPE, ...promised(1000) },
    body: '{"name":',
  },
  "a user's JSON in chunks": {
    path: "/api/management/v1/deployments/deployments",
    headers: JSON_TYPE,
    body: '{"name":',
  },
  "a device's report": {
    method: "PATCH",
    path: "/api/devices/v1/inventory/device/attributes",
    headers: { ...JSON_TYPE, ...promised(1000) },
    body: "[",
    isDevice: true,
  },
  "an update check": {
    path: "/api/devices/v2/deployments/device/deployments/next",
    headers: { ...JSON_TYPE, ...promised(1000) },
    body: "{",
    isDevice: true,
  },
  "a user's settings": {
    path: "/api/management/v1/useradm/settings/me",
    headers: { ...JSON_TYPE, ...promised(1000) },
    body: "{",
  },
  "an auth request": {
    path: "/api/devices/v1/authentication/auth_requests",
    headers: { ...JSON_TYPE, ...promised(1000), "X-MEN-Signature": "AAAA" },
    body: "{",
  },
};

const OF_OPERATOR: Record<string, Omit<Call, "method">> = {
  "a job": { path: "/api/v1/workflow/x", headers: { ...JSON_TYPE, ...promised(1000) }, body: "{" },
};

/** Whole requests whose client does not wait for the answer. */
const UNHEARD = [
  "/api/management/v1/deployments/artifacts",
  "/api/management/v1/inventory/devices",
  "/api/management/v1/auditlogs/logs/export",
  "/api/openapi.json",
];

/** Sends what there is of a request, and goes away. */
async function cut(call: Call, token: string): Promise<void> {
  const sent = begin(call, token);
  await once(sent, "socket");
  await new Promise((flushed) => sent.write("", flushed));
  sent.destroy();
}

test("clients that hang up are no error of the server", async () => {
  for (const { isDevice, method = "POST", ...call } of Object.values(CUT))
    await cut({ method, ...call }, (isDevice ? device.token : operator.token)!);
  for (const call of Object.values(OF_OPERATOR))
    await cut({ method: "POST", ...call }, server.ready.operatorToken);
  const direct = await operator.call("POST", "/v1/deployments/artifacts/directupload");
  const { uri: link } = (await direct.json()) as { uri: string };
  for (const part of ["&part=1", ""]) {
    const path = link.slice(server.ready.url.length) + part;
    await cut({ method: "PUT", path, headers: promised(MIB), body: "x" }, "");
  }
  for (const path of UNHEARD) {
    const sent = begin({ method: "GET", path }, operator.token);
    await once(sent, "finish");
    sent.destroy();
  }
  const { uri } = await operator.get<{ uri: string }>(`/v1/deployments/artifacts/${artifact}/download`);
  const download = request(uri);
  download.on("error", () => {});
  download.end();
  const [answer] = await once(download, "response");
  await once(answer, "data");
  download.destroy();

  expect((await operator.call("GET", "/v1/deployments/artifacts")).status).toBe(200);
  expect(await server.stop()).toBe(0);
  expect(server.stderr).not.toContain('"level":"error"');
  expect(server.stderr).not.toMatch(/^\s+at |[Uu]ncaught|stack:/m);
});
