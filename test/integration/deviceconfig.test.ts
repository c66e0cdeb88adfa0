import { beforeEach, describe, expect, it } from "vitest";
import { readArtifact } from "../../src/artifact/read.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { env, OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";

const DEVICE = "/api/devices/v1/deviceconfig/configuration";
const MANAGEMENT = "/api/management/v1/deviceconfig/configurations";
const INTERNAL = "/api/internal/v1/deviceconfig";
const NEXT = "/api/devices/v1/deployments/device/deployments";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const manage = (method: string, path: string, json?: unknown, token = user.token) =>
  server.call(method, `${MANAGEMENT}${path}`, { token, ...(json !== undefined && { json }) });
const own = (method: string, json?: unknown) =>
  server.call(method, DEVICE, { token: device.token, ...(json !== undefined && { json }) });
const error = (answer: Answer) => [answer.status, answer.json().error];
const record = async () => (await manage("GET", `/device/${device.id}`)).json<Record<string, unknown>>();
const configure = (values: Record<string, string>) => manage("PUT", `/device/${device.id}`, values);
const deploy = async () =>
  (await manage("POST", `/device/${device.id}/deploy`, { retries: 0 })).json<{ deployment_id: string }>()
    .deployment_id;
const askNext = (deviceType = "dt1") =>
  server.call("POST", `${NEXT}/next`, {
    token: device.token,
    json: { artifact_name: "r1", device_type: deviceType },
  });

async function collect(bytes: Uint8Array) {
  return readArtifact(
    (async function* () {
      yield bytes;
    })(),
  );
}

describe("configuration of a device", () => {
  it("is empty for a device that has none [differs: nothing-configured]", async () => {
    const answer = await manage("GET", `/device/${device.id}`);
    expect([answer.status, answer.json()]).toEqual([
      200,
      expect.objectContaining({ id: device.id, configured: {}, reported: {} }),
    ]);
    expect([(await own("GET")).status, (await own("GET")).json()]).toEqual([200, {}]);
  });

  it("is set by users, reported by the device and kept apart", async () => {
    expect((await configure({ timezone: "UTC", "a b": '";' })).status).toBe(204);
    expect((await own("GET")).json()).toEqual({ timezone: "UTC", "a b": '";' });
    const reported = await own("PUT", { timezone: "CET" });
    expect([reported.status, reported.text, reported.cost.trips, reported.cost.written]).toEqual([
      204,
      "",
      1,
      // One is the report; the world is told of it, here on a new page of the tenant's events.
      // With the index of those that are apart from what is set.
      4,
    ]);
    const now = new Date(server.now).toISOString();
    expect(await record()).toEqual({
      id: device.id,
      configured: { timezone: "UTC", "a b": '";' },
      reported: { timezone: "CET" },
      updated_ts: now,
      reported_ts: now,
    });
  });

  it("is not taken from a device whose token is not live any more", async () => {
    await server.call(
      "PUT",
      `/api/management/v2/devauth/devices/${device.id}/auth/${device.authSet}/status`,
      {
        token: user.token,
        json: { status: "rejected" },
      },
    );
    const refused = await own("PUT", { timezone: "CET" });
    expect([refused.status, refused.text]).toEqual([401, ""]);
    expect(await record()).toMatchObject({ reported: {} });
  });

  it("is replaced as a whole", async () => {
    await configure({ a: "1", b: "2" });
    await configure({ b: "3" });
    expect(await record()).toMatchObject({ configured: { b: "3" } });
  });

  it("is audited with its values masked [differs: masked-values]", async () => {
    await configure({ password: "hunter2", x: "abc" });
    const { results } = await env.DB.prepare("SELECT action, change FROM audit_log").all<
      Record<string, string>
    >();
    expect(results.map(({ action, change }) => [action, JSON.parse(change!)])).toEqual([
      ["set_configuration", { password: "...<omitted>", x: "abc" }],
    ]);
  });

  it("shows nothing of what its name calls a secret to those who may not configure [differs: masked-secrets]", async () => {
    await configure({ wifi_PSK: "abc", apiKey: "hunter2", hostname: "gateway" });
    const made = await manage("POST", `/device/${device.id}/deploy`, {});
    const { deployment_id } = made.json();
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const path = `/api/management/v1/deployments/deployments/${String(deployment_id)}`;
    const shown = (await server.call("GET", path, { token: observer.token })).json<{
      configuration: string;
    }>();
    const masked = { wifi_PSK: "...<omitted>", apiKey: "...<omitted>", hostname: "gat...<omitted>" };
    expect(JSON.parse(atob(shown.configuration))).toEqual(masked);
    const { results } = await env.DB.prepare("SELECT change FROM audit_log").all<{ change: string }>();
    expect(results.map(({ change }) => JSON.parse(change))).toEqual([masked, masked]);
    expect(await record()).toMatchObject({ configured: { wifi_PSK: "abc", apiKey: "hunter2" } });
  });

  it("goes with the device", async () => {
    await configure({ a: "1" });
    await server.call("DELETE", `/api/management/v2/devauth/devices/${device.id}`, { token: user.token });
    expect((await env.DB.prepare("SELECT * FROM device_configurations").all()).results).toEqual([]);
  });

  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, ""]));
  it.each([
    ["a number", { a: 1 }, "invalid request body: value: invalid type: float64."],
    ["a boolean", { a: true }, "invalid request body: value: invalid type: bool."],
    ["an object", { a: {} }, "invalid request body: value: invalid type: map[string]interface {}."],
    ["a list", { a: [] }, "invalid request body: value: invalid type: []interface {}."],
    ["an empty key", { "": "a" }, "invalid request body: key: cannot be blank."],
    [
      "a long key",
      { ["k".repeat(4097)]: "a" },
      "invalid request body: key: the length must be between 1 and 4096.",
    ],
    [
      "a long value",
      { a: "v".repeat(4097) },
      "invalid request body: value: the length must be no more than 4096.",
    ],
    ["too many keys", many, "invalid request body: too many configuration attributes, maximum is 100."],
  ])(
    "is refused with %s, by users and by devices [differs: configuration-keys]",
    async (_name, values, text) => {
      expect(error(await manage("PUT", `/device/${device.id}`, values))).toEqual([400, text]);
      expect(error(await own("PUT", values))).toEqual([400, text]);
      expect(await record()).toMatchObject({ configured: {}, reported: {} });
    },
  );

  it("is refused when it is no JSON, no object or too large", async () => {
    const headers = { "Content-Type": "application/json" };
    for (const body of ["{", "[]", "3"]) {
      const answer = await server.call("PUT", DEVICE, { token: device.token, body, headers });
      expect([answer.status, String(answer.json().error).startsWith("malformed request body")]).toEqual([
        400,
        true,
      ]);
    }
    const large = await server.call("PUT", DEVICE, {
      token: device.token,
      body: "x".repeat(1_100_000),
      headers,
    });
    expect(large.status).toBe(413);
  });

  it("is nobody else's [differs: unknown-configuration]", async () => {
    const stranger = await aUser(server, { tenant: "other" });
    const path = `/device/${device.id}`;
    expect(error(await manage("GET", path, undefined, stranger.token))).toEqual([
      404,
      "device does not exist",
    ]);
    expect(error(await manage("PUT", path, { a: "1" }, stranger.token))).toEqual([
      404,
      "device does not exist",
    ]);
    expect(error(await manage("POST", `${path}/deploy`, {}, stranger.token))).toEqual([
      404,
      "device does not exist",
    ]);
    expect(error(await manage("PUT", "/device/nobody", { a: "1" }))).toEqual([404, "device does not exist"]);
    expect(error(await manage("GET", "/device/nobody"))).toEqual([404, "device does not exist"]);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    for (const [method, json] of [
      ["PUT", { a: "1" }],
      ["GET", undefined],
    ] as const)
      expect(error(await manage(method, path, json, observer.token))).toEqual([
        403,
        "forbidden by role-based access control",
      ]);
    expect((await server.call("GET", DEVICE)).text).toBe("");
  });
});

describe("deploying a configuration", () => {
  it("gives the device an artifact made on the fly that reads as what was set [differs: configuration-bytes]", async () => {
    await configure({ timezone: "UTC" });
    const deployment = await deploy();
    expect(await record()).toMatchObject({ deployment_id: deployment });
    const answer = await askNext();
    const instructions = answer.json<{
      id: string;
      type: string;
      artifact: { artifact_name: string; source: { uri: string }; device_types_compatible: string[] };
    }>();
    expect(instructions).toMatchObject({
      id: deployment,
      type: "configuration",
      artifact: { artifact_name: `configuration-${deployment}`, device_types_compatible: ["dt1"] },
    });
    const response = await server.fetch(new Request(instructions.artifact.source.uri));
    expect(response.status).toBe(200);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(response.headers.get("content-length")).toBe(String(bytes.byteLength));
    const read = await collect(bytes);
    expect(read).toMatchObject({
      ok: true,
      artifact: {
        name: `configuration-${deployment}`,
        deviceTypes: ["dt1"],
        updates: [{ type: "mender-configure", metaData: { timezone: "UTC" } }],
        provides: { "data-partition.mender-configure.version": `configuration-${deployment}` },
      },
    });
    server.advance(60_000);
    const again = await server.fetch(new Request(instructions.artifact.source.uri));
    expect(Buffer.compare(new Uint8Array(await again.arrayBuffer()), bytes)).toBe(0);
    const rest = await server.fetch(
      new Request(instructions.artifact.source.uri, { headers: { Range: "bytes=5000-" } }),
    );
    expect([rest.status, rest.headers.get("content-range")]).toEqual([
      206,
      `bytes 5000-${bytes.length - 1}/${bytes.length}`,
    ]);
    expect(Buffer.compare(new Uint8Array(await rest.arrayBuffer()), bytes.subarray(5000))).toBe(0);
  });

  it("snapshots the values and shows them masked in the deployment", async () => {
    await configure({ secret: "abcdef" });
    const deployment = await deploy();
    await configure({ secret: "changed" });
    const answer = await server.call("GET", `/api/management/v1/deployments/deployments/${deployment}`, {
      token: user.token,
    });
    const shown = answer.json<{ type: string; configuration: string }>();
    expect([shown.type, JSON.parse(Buffer.from(shown.configuration, "base64").toString())]).toEqual([
      "configuration",
      { secret: "...<omitted>" },
    ]);
  });

  it("ends its link with the deployment [differs: link-revoked]", async () => {
    await configure({ a: "1" });
    const deployment = await deploy();
    const { artifact } = (await askNext()).json<{ artifact: { source: { uri: string } } }>();
    const forged = await server.call("GET", artifact.source.uri.replace("dt1", "dt2"));
    expect(error(forged)).toEqual([403, "signature invalid"]);
    const path = `/api/management/v1/deployments/deployments/${deployment}/status`;
    await server.call("PUT", path, { token: user.token, json: { status: "aborted" } });
    const gone = await server.call("GET", artifact.source.uri);
    expect(error(gone)).toEqual([403, "URL revoked"]);
    server.advance(86_400_000);
    expect(error(await server.call("GET", artifact.source.uri))).toEqual([403, "URL expired"]);
  });

  it("needs no body [differs: deploy-without-body]", async () => {
    const path = `${MANAGEMENT}/device/${device.id}/deploy`;
    const headers = { "Content-Type": "application/json", "Content-Length": "0" };
    expect((await server.call("POST", path, { token: user.token, headers })).status).toBe(200);
    expect(error(await manage("POST", `/device/${device.id}/deploy`, { retries: "x" }))[0]).toBe(400);
    expect((await manage("POST", `/device/${device.id}/deploy`, {})).status).toBe(200);
  });
});

describe("internal API", () => {
  const internal = (method: string, path: string, json?: unknown) =>
    server.call(method, `${INTERNAL}${path}`, { token: OPERATOR_TOKEN, ...(json !== undefined && { json }) });

  it("makes, completes, deploys and removes records [differs: unknown-configuration]", async () => {
    expect((await internal("GET", "/health")).status).toBe(204);
    expect((await internal("POST", "/tenants", { tenant_id: "t" })).status).toBe(201);
    expect((await internal("POST", "/tenants//devices", { device_id: device.id })).status).toBe(201);
    expect(error(await internal("POST", "/tenants/default/devices", { device_id: device.id }))).toEqual([
      409,
      "device already exists",
    ]);
    await configure({ a: "1" });
    const path = `/tenants/default/configurations/device/${device.id}`;
    expect((await internal("PATCH", path, { b: "2" })).status).toBe(204);
    expect(await record()).toMatchObject({ configured: { a: "1", b: "2" } });
    expect((await internal("POST", `${path}/deploy`, { retries: 1 })).json()).toMatchObject({
      deployment_id: expect.any(String),
    });
    expect((await internal("DELETE", `/tenants/default/devices/${device.id}`)).status).toBe(204);
    expect(error(await internal("DELETE", `/tenants/default/devices/${device.id}`))).toEqual([
      404,
      "device does not exist",
    ]);
    expect(error(await internal("POST", "/tenants/default/devices", { device_id: "nope" }))).toEqual([
      404,
      "device does not exist",
    ]);
    expect((await internal("DELETE", "/tenants/default")).status).toBe(204);
  });
});
