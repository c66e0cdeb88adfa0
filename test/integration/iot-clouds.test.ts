import { createPublicKey, createVerify } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf } from "../support/answers.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { FakeAws } from "../support/fake-aws.ts";
import { FakeHub } from "../support/fake-azure.ts";
import { standIn, type Sent } from "../support/receivers.ts";
import { OPERATOR_TOKEN, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const BASE = "/api/management/v1/iot-manager";
const HOUR_MS = 3_600_000;
const HOST = "acme.azure-devices.net";
const KEY = "c3VwZXJzZWNyZXRrZXk=";
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG" };

let server: Server;
let admin: TestUser;
let devices: DeviceAdmin;

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
  devices = new DeviceAdmin(server, admin);
});
afterEach(() => vi.unstubAllGlobals());

const call = (method: string, path: string, json?: unknown) =>
  server.call(method, BASE + path, { token: admin.token, ...(json === undefined ? {} : { json }) });

async function add(provider: string, credentials: object): Promise<string> {
  const answer = await call("POST", "/integrations", { provider, credentials });
  expect(answer.status).toBe(201);
  return (answer.headers.get("location") ?? "").slice(-36);
}

const sweep = async () => {
  await runSweeps(await server.deps(), EVERY_MINUTE);
  await server.deliverEvents();
};
const later = async (ms = HOUR_MS) => {
  server.advance(ms);
  await sweep();
};

/** What the device is to run with. */
const configurationOf = async (id: string) =>
  (
    await server.call("GET", `/api/management/v1/deviceconfig/configurations/device/${id}`, {
      token: admin.token,
    })
  ).json<{ configured: Record<string, string>; deployment_id?: string }>();

/** The members of a DER sequence, read without the code that wrote it. */
function membersOf(sequence: Buffer): { whole: Buffer; content: Buffer }[] {
  const headOf = (at: number): [start: number, length: number] => {
    const first = sequence[at + 1]!;
    if (first < 0x80) return [at + 2, first];
    const bytes = first & 0x7f;
    return [at + 2 + bytes, sequence.readUIntBE(at + 2, bytes)];
  };
  const members = [];
  for (let [at] = headOf(0); at < sequence.length;) {
    const [start, length] = headOf(at);
    members.push({
      whole: sequence.subarray(at, start + length),
      content: sequence.subarray(start, start + length),
    });
    at = start + length;
  }
  return members;
}

/** Requests as they are listed (protocol notes, iot-manager 7), which are forgotten. */
const requestsIn = (sent: Sent[]) =>
  sent.splice(0).map(({ method, url, body, headers }) => {
    const { hostname, pathname, search } = new URL(url);
    const named = ["if-match", "x-amzn-principal", "content-type"].flatMap((name) => headers[name] ?? []);
    return [
      `${method} ${hostname}${pathname}${search}`,
      ...named,
      ...(body === "" ? [] : [JSON.parse(body)]),
    ];
  });

const lastError = async () =>
  (await call("GET", "/events")).json<{ delivery_statuses: { error?: string; status_code?: number }[] }[]>();

describe("an IoT Hub of Azure", () => {
  let hub: FakeHub;
  let id: string;
  let sent: Sent[];
  beforeEach(async () => {
    hub = new FakeHub(HOST, { keyName: "iothubowner", key: KEY }, () => server.now);
    sent = standIn((request) => hub.answer(request));
    id = await add("iot-hub", {
      type: "sas",
      connection_string: `HostName=${HOST};SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`,
    });
  });
  afterEach(() => expect(hub.forged).toEqual([]));

  const admit = async (mac = "a") => {
    const admitted = await devices.admit(new SigningDevice({ mac }));
    await sweep();
    return admitted;
  };

  it("has each accepted device, which learns how to reach it, until it is gone", async () => {
    await devices.admit(new SigningDevice({ mac: "pending" }), "rejected");
    await sweep();
    expect(hub.devices.size).toBe(0);
    const { id: device, set } = await admit();
    expect([...hub.devices.values()]).toMatchObject([{ deviceId: device, status: "enabled" }]);
    expect(hub.twins.get(device)?.tags).toEqual({ mender: true });
    const key = Buffer.from(`key of ${device}`).toString("base64");
    const configuration = await configurationOf(device);
    expect(configuration).toMatchObject({
      configured: { azureConnectionString: `HostName=${HOST};DeviceId=${device};SharedAccessKey=${key}` },
      deployment_id: expect.any(String),
    });
    expect(refusal(await call("DELETE", `/integrations/${id}`, {}))).toEqual([
      409,
      "cannot remove integration in use by devices",
    ]);
    await devices.putStatus(device, set, "rejected");
    await sweep();
    expect(hub.devices.get(device)?.status).toBe("disabled");
    await devices.putStatus(device, set, "accepted");
    await sweep();
    expect(hub.devices.get(device)?.status).toBe("enabled");
    expect((await configurationOf(device)).deployment_id).toBe(configuration.deployment_id);
    await devices.call("DELETE", `/devices/${device}`);
    await sweep();
    expect(hub.devices.size).toBe(0);
    expect((await call("DELETE", `/integrations/${id}`, {})).status).toBe(204);
    expect(await rowsOf("SELECT * FROM iot_devices")).toEqual([]);
  });

  it("is asked as the original asks it, in that order", async () => {
    const { id: device, set } = await admit();
    const path = `${HOST}/devices/${device}?api-version=2021-04-12`;
    const json = "application/json";
    const etag = expect.stringMatching(/^"e\d+"$/);
    expect(requestsIn(sent)).toEqual([
      [`GET ${path}`],
      [`PUT ${path}`, json, { deviceId: device }],
      [
        `PATCH ${HOST}/twins/${device}?api-version=2021-04-12`,
        json,
        { properties: { desired: null }, tags: { mender: true } },
      ],
      // Its status is told by itself, and is right already.
      [`GET ${path}`],
    ]);
    await devices.putStatus(device, set, "rejected");
    await sweep();
    expect(requestsIn(sent)).toEqual([
      [`GET ${path}`],
      [
        `PUT ${path}`,
        etag,
        json,
        { deviceId: device, authentication: expect.anything(), status: "disabled" },
      ],
    ]);
    const state = `/devices/${device}/state/${id}`;
    await call("GET", state);
    const twin = `${HOST}/twins/${device}?api-version=2021-04-12`;
    expect(requestsIn(sent)).toEqual([[`GET ${twin}`]]);
    const etagOf = `"${hub.twins.get(device)!.etag}"`;
    await call("PUT", state, { desired: { on: true } });
    const wanted = { properties: { desired: { on: true } }, tags: { mender: true } };
    expect(requestsIn(sent)).toEqual([
      [`GET ${twin}`],
      [`PUT ${twin}`, etagOf, json, wanted],
      [`GET ${twin}`],
    ]);
    await devices.call("DELETE", `/devices/${device}`);
    await sweep();
    expect(requestsIn(sent)).toEqual([[`DELETE ${path}`, "*"]]);
  });

  it("goes on where it broke off, and makes again what somebody removed there", async () => {
    hub.failing = { request: "PATCH /twins", status: 503, times: 1 };
    const { id: device, set } = await admit();
    expect(hub.devices.size).toBe(1);
    expect((await lastError())[1]!.delivery_statuses).toEqual([
      {
        integration_id: id,
        success: false,
        status_code: 503,
        error: "hub: unexpected status code from API: 503",
      },
    ]);
    expect((await configurationOf(device)).configured).toEqual({});
    await later();
    expect((await configurationOf(device)).configured).toMatchObject({
      azureConnectionString: expect.stringContaining(device),
    });
    hub.devices.delete(device);
    await devices.putStatus(device, set, "rejected");
    await sweep();
    expect(hub.devices.get(device)?.status).toBe("disabled");
  });

  it("shows and takes the state of a device [differs: unlink-device, cloud-away]", async () => {
    const { id: device } = await admit();
    hub.twins.get(device)!.properties.reported = { temperature: 21 };
    const path = `/devices/${device}/state`;
    expect((await call("GET", path)).json()).toEqual({
      [id]: { desired: {}, reported: { temperature: 21 } },
    });
    const set = await call("PUT", `${path}/${id}`, { desired: { on: true }, reported: { temperature: 0 } });
    expect([set.status, set.json()]).toEqual([200, { desired: { on: true }, reported: { temperature: 21 } }]);
    expect((await call("GET", `${path}/${id}`)).json()).toEqual(set.json());
    expect(hub.twins.get(device)?.tags).toEqual({ mender: true });
    expect((await auditOf(device)).at(-1)).toMatchObject({ action: "set_state", change: id });
    hub.failing = { request: "PUT /twins", status: 412, times: 1 };
    expect(refusal(await call("PUT", `${path}/${id}`, { desired: {} }))).toEqual([
      409,
      "conflict when updating the device state",
    ]);
    hub.failing = { request: "GET /twins", status: 500, times: 1 };
    expect(refusal(await call("GET", path))).toEqual([502, "hub: unexpected status code from API: 500"]);
    hub.twins.delete(device);
    expect((await call("GET", `${path}/${id}`)).text).toBe("null");
    expect(refusal(await call("GET", `/devices/nobody/state`))).toEqual([404, "device not found"]);
    expect(refusal(await call("GET", `${path}/x`))).toEqual([400, "integration ID is not a valid UUID"]);
    expect(refusal(await call("GET", `${path}/${crypto.randomUUID()}`))).toEqual([
      404,
      "integration not found",
    ]);
    const hook = await add("webhook", { type: "http", http: { url: "https://hooks.example.com/" } });
    expect(refusal(await call("GET", `${path}/${hook}`))).toEqual([404, "unknown integration provider"]);
    expect((await call("DELETE", `/devices/${device}`, {})).status).toBe(204);
    expect(refusal(await call("DELETE", `/devices/${device}`, {}))).toEqual([404, "device not found"]);
    expect((await call("GET", path)).status).toBe(404);
  });

  it("vouches for a device that it knows by identity and key", async () => {
    const { pem } = new SigningDevice({ mac: "a" });
    const twin = (reported: Record<string, unknown>) => ({
      etag: "1",
      tags: {},
      properties: { desired: {}, reported },
    });
    hub.twins.set("d1", twin({ id_data: { mac: "a" }, pubkey: pem.trim() }));
    hub.twins.set("d1/modules/m1", twin({ id_data: { mac: "m" }, pubkey: pem }));
    const ask = async (external_id: string, mac = "a", pubkey = pem) =>
      (
        await server.call("POST", "/api/internal/v1/iot-manager/tenants/default/auth", {
          token: OPERATOR_TOKEN,
          json: { external_id, id_data: { mac }, pubkey },
        })
      ).status;
    expect(await ask("iot-hub d1")).toBe(204);
    expect(await ask("iot-hub d1/m1", "m")).toBe(204);
    expect(await ask("iot-hub d1", "b")).toBe(401);
    expect(await ask("iot-hub d1", "a", new SigningDevice({ mac: "a" }).pem)).toBe(401);
    expect(await ask("iot-hub nobody")).toBe(401);
    expect([await ask("iot-core d1"), await ask("iot-hub")]).toEqual([400, 400]);
  });

  it("that does not take the credentials is told with new ones at once", async () => {
    await call("PUT", `/integrations/${id}/credentials`, {
      type: "sas",
      connection_string: `HostName=${HOST};SharedAccessKeyName=iothubowner;SharedAccessKey=d3Jvbmc=`,
    });
    const { id: device } = await admit();
    expect((await lastError())[1]!.delivery_statuses[0]).toMatchObject({
      status_code: 401,
      error: "no connection string or credentials configured for the tenant",
    });
    expect(hub.forged.splice(0).length).toBeGreaterThan(0);
    await call("PUT", `/integrations/${id}/credentials`, {
      type: "sas",
      connection_string: `HostName=${HOST};SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`,
    });
    await server.deliverEvents();
    expect(hub.devices.has(device)).toBe(true);
  });
});

describe("AWS IoT Core", () => {
  let core: FakeAws;
  let id: string;
  let sent: Sent[];
  beforeEach(async () => {
    core = new FakeAws("eu-central-1", KEYS);
    sent = standIn((request) => core.answer(request));
    id = await add("iot-core", {
      type: "aws",
      aws: {
        access_key_id: KEYS.accessKeyId,
        secret_access_key: KEYS.secretAccessKey,
        region: "eu-central-1",
        device_policy_name: "device-policy",
      },
    });
  });
  afterEach(() => expect(core.forged).toEqual([]));

  const admit = async () => {
    const admitted = await devices.admit(new SigningDevice({ mac: "a" }));
    await sweep();
    return admitted;
  };
  const certificateOf = (device: string) => {
    const arn = core.things.get(device)?.principals[0];
    return [...core.certificates.values()].find((certificate) => certificate.arn === arn);
  };

  it("has a thing with a certificate for each accepted device, which gets the key, until it is gone", async () => {
    const { id: device, set } = await admit();
    const certificate = certificateOf(device)!;
    expect(certificate).toMatchObject({ status: "ACTIVE", policies: ["device-policy"] });
    const { configured } = await configurationOf(device);
    expect(configured).toMatchObject({
      awsCertificate: "PEM of cert1",
      awsEndpoint: "a1-ats.iot.eu-central-1.amazonaws.com",
    });
    // The request is signed by the very key that the device was given, for its id.
    const request = Buffer.from(certificate.request.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
    expect(request.includes(Buffer.from(device))).toBe(true);
    const [info, , signature] = membersOf(request);
    const spki = createPublicKey(configured.awsPrivateKey!).export({ type: "spki", format: "der" });
    expect(info!.whole.includes(spki)).toBe(true);
    const verifier = createVerify("sha256").update(info!.whole);
    // The first byte says how many bits of the last are unused.
    expect(verifier.verify(createPublicKey(configured.awsPrivateKey!), signature!.content.subarray(1))).toBe(
      true,
    );

    await devices.putStatus(device, set, "rejected");
    await sweep();
    expect(certificateOf(device)?.status).toBe("INACTIVE");
    await devices.putStatus(device, set, "accepted");
    await sweep();
    expect(certificateOf(device)?.status).toBe("ACTIVE");
    expect(core.certificates.size).toBe(1);
    await devices.call("DELETE", `/devices/${device}`);
    await sweep();
    expect([core.things.size, core.certificates.size]).toEqual([0, 0]);
    expect((await call("DELETE", `/integrations/${id}`, {})).status).toBe(204);
  });

  it("is asked as the original asks it, in that order", async () => {
    const { id: device, set } = await admit();
    const control = "iot.eu-central-1.amazonaws.com";
    const data = "data-ats.iot.eu-central-1.amazonaws.com";
    const json = "application/json";
    const { arn } = certificateOf(device)!;
    const thing = `${control}/things/${device}`;
    const certificate = `${control}/certificates/${arn.slice(arn.lastIndexOf("/") + 1)}`;
    const isRight = [[`GET ${thing}`], [`GET ${thing}/principals`], [`GET ${certificate}`]];
    expect(requestsIn(sent)).toEqual([
      [`GET ${thing}`],
      [`POST ${thing}`, json, {}],
      [
        `POST ${control}/certificates?setAsActive=true`,
        json,
        { certificateSigningRequest: expect.stringMatching(/^-----BEGIN CERTIFICATE REQUEST-----/) },
      ],
      [`GET ${control}/endpoint?endpointType=iot%3AData-ATS`],
      [`PUT ${control}/target-policies/device-policy`, json, { target: arn }],
      [`PUT ${thing}/principals`, arn],
      ...isRight,
    ]);
    await devices.putStatus(device, set, "rejected");
    await sweep();
    expect(requestsIn(sent)).toEqual([...isRight, [`PUT ${certificate}?newStatus=INACTIVE`]]);
    const state = `/devices/${device}/state/${id}`;
    await call("PUT", state, { desired: { on: true } });
    expect(requestsIn(sent)).toEqual([
      [`GET ${thing}`],
      [`POST ${data}/things/${device}/shadow`, json, { state: { desired: { on: true } } }],
    ]);
    await call("GET", state);
    expect(requestsIn(sent)).toEqual([[`GET ${data}/things/${device}/shadow`]]);
    await devices.call("DELETE", `/devices/${device}`);
    await sweep();
    expect(requestsIn(sent)).toEqual([
      [`GET ${thing}`],
      [`GET ${thing}/principals`],
      [`DELETE ${thing}/principals`, arn],
      [`PUT ${certificate}?newStatus=INACTIVE`],
      [`DELETE ${certificate}?forceDelete=true`],
      [`GET ${thing}/principals`],
      [expect.stringMatching(/^DELETE \S+\?expectedVersion=\d+$/)],
    ]);
  });

  it("goes on where it broke off, with the key that the device has", async () => {
    core.failing = { request: "PUT /things", status: 500, times: 1 };
    const { id: device } = await admit();
    expect(certificateOf(device)).toBeUndefined();
    await later();
    const attached = certificateOf(device)!;
    expect((await configurationOf(device)).configured.awsCertificate).toBe(
      `PEM of ${attached.arn.slice(attached.arn.lastIndexOf("/") + 1)}`,
    );
    core.failing = { request: "DELETE /certificates", status: 500, times: 1 };
    await devices.call("DELETE", `/devices/${device}`);
    await sweep();
    expect(core.things.size).toBe(1);
    await later();
    expect(core.things.size).toBe(0);
  });

  it("shows and takes the state of a device", async () => {
    const { id: device } = await admit();
    const path = `/devices/${device}/state`;
    expect((await call("GET", path)).json()).toEqual({ [id]: { desired: {}, reported: {} } });
    core.things.get(device)!.shadow = { reported: { t: 1 } };
    const set = await call("PUT", `${path}/${id}`, { desired: { on: true } });
    expect([set.status, set.json()]).toEqual([200, { desired: { on: true } }]);
    expect((await call("GET", path)).json()).toEqual({ [id]: { desired: { on: true }, reported: { t: 1 } } });
    core.things.delete(device);
    expect((await call("GET", `${path}/${id}`)).text).toBe("null");
    expect((await call("PUT", `${path}/${id}`, { desired: {} })).text).toBe("null");
  });
});
