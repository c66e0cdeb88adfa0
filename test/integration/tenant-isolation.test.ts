import { beforeAll, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, idOf, upload } from "../support/artifacts.ts";
import { env, Server, type Answer } from "../support/server.ts";

/** Stands in every name and value of the tenant that must not be seen. */
const MARK = "zebra-7f3a";

const MANAGEMENT = "/api/management";

interface Operation {
  method: string;
  path: string;
}

let server: Server;
let owner: TestUser;
let intruder: TestUser;
let device: TestDevice;
let intruderDevice: TestDevice;
/** With which the intruder's identity provider comes. */
let intruderScim: string;
/** Ids of the owner by the kind of thing a path names. */
const ids: Record<string, string> = {};

const asOwner = async (method: string, path: string, json?: unknown): Promise<Answer> => {
  const answer = await server.call(method, path, { token: owner.token, ...(json !== undefined && { json }) });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
};

const lastSegment = (answer: Answer) => answer.headers.get("location")!.split("/").pop()!;

/** Everything stored for the owner's tenant, as text. */
async function ownersRows(): Promise<string> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%tenant_id TEXT%' ORDER BY name",
  ).all<{ name: string }>();
  const tables = results.filter(({ name }) => name !== "outbox");
  const dumps = await env.DB.batch(
    tables.map(({ name }) => env.DB.prepare(`SELECT * FROM ${name} WHERE tenant_id = ?`).bind(owner.tenant)),
  );
  return JSON.stringify(dumps.map(({ results: rows }, i) => [tables[i]!.name, rows]));
}

async function furnish(): Promise<void> {
  await server.call("PUT", "/api/devices/v1/inventory/device/attributes", {
    token: device.token,
    json: [
      { name: "device_type", value: "qemux86-64" },
      { name: `${MARK}-name`, value: MARK },
    ],
  });
  await asOwner("PUT", `${MANAGEMENT}/v1/inventory/devices/${device.id}/group`, { group: MARK });
  await asOwner("PUT", `${MANAGEMENT}/v1/inventory/devices/${device.id}/tags`, [
    { name: "name", value: MARK },
  ]);
  await asOwner("POST", `${MANAGEMENT}/v1/useradm/settings`, { secret: MARK });
  await asOwner("POST", `${MANAGEMENT}/v1/useradm/settings/tokens`, { name: MARK });
  const filter = {
    name: MARK,
    terms: [{ scope: "inventory", attribute: "device_type", type: "$eq", value: MARK }],
  };
  ids.filter = lastSegment(await asOwner("POST", `${MANAGEMENT}/v2/inventory/filters`, filter));
  const artifact = await upload(server, await anArtifact({ name: MARK }), { token: owner.token });
  ids.artifact = idOf(artifact);
  const deployment = { name: MARK, artifact_name: MARK, devices: [device.id] };
  ids.deployment = lastSegment(await asOwner("POST", `${MANAGEMENT}/v1/deployments/deployments`, deployment));
}

/** The owner's id that a path parameter means, by the segment before it. */
function ownersId(path: string, parameter: string): string {
  const before = path.slice(0, path.indexOf(`{${parameter}}`));
  if (/\/(auth|tokens)\/$/.test(before)) return device.authSet;
  if (/\/(groups?|releases|tags)\/$/.test(before)) return MARK;
  if (before.endsWith("/filters/")) return ids.filter!;
  if (/\/(artifacts|generate|directupload)\/$/.test(before)) return ids.artifact!;
  if (/\/users\/$/i.test(before)) return owner.id;
  if (before.endsWith("/deployments/")) return ids.deployment!;
  return device.id;
}

const withOwnersIds = (path: string) =>
  path.replace(/\{([^}]+)\}/g, (_whole, name: string) => ownersId(path, name));

/** Bodies that would be taken from the owner, by what the path ends in. */
const BODIES: [RegExp, () => unknown][] = [
  [/\/devauth\/devices\/search$/, () => ({ id: [device.id] })],
  [/\/auth\/\{[^}]+\}\/status$/, () => ({ status: "rejected" })],
  [/\/deployments\/\{[^}]+\}\/status$/, () => ({ status: "aborted" })],
  [/\/device\/deployments\/\{[^}]+\}\/status$/, () => ({ status: "success" })],
  [/\/log$/, () => ({ messages: [{ level: "info", message: "x", timestamp: "2026-11-21T00:00:00Z" }] })],
  [/\/tags$/, () => [{ name: "name", value: "taken" }]],
  [/\/group$/, () => ({ group: "taken" })],
  [/\/groups\/\{[^}]+\}\/devices$/, () => [device.id]],
  [/\/filters\/search$/, () => ({ device_ids: [device.id], attributes: [] })],
  [/\/reporting\/devices\/search$/, () => ({ device_ids: [device.id] })],
  [/\/statistics\/list$/, () => ({ deployment_ids: [ids.deployment] })],
  [/\/artifacts\/\{[^}]+\}$/, () => ({ description: "taken" })],
  [/\/users\/\{[^}]+\}$/, () => ({ email: "taken@example.com" })],
  [/\/deployments\/deployments$/, () => ({ name: "n", artifact_name: MARK, devices: [device.id] })],
  [/\/deployments\/group\/\{[^}]+\}$/, () => ({ name: "n", artifact_name: MARK })],
  [/\/releases\/\{[^}]+\}$/, () => ({ notes: "taken" })],
];

const bodyFor = (path: string) => BODIES.find(([pattern]) => pattern.test(path))?.[1]() ?? {};

function isListed({ path }: Operation): boolean {
  const ownSession = /auth\/(login|logout|magic\/[^/]+)$|\/users\/me$|\/console\/session$/.test(path);
  const elsewhere = /deviceconnect|authentication|\/download\//.test(path);
  return /^\/api\/(management|devices)\//.test(path) && !ownSession && !elsewhere;
}

let operations: Operation[] = [];

function intrudersToken(path: string): string {
  if (path.startsWith("/api/devices/")) return intruderDevice.token;
  return path.includes("/scim/v2/") ? intruderScim : intruder.token;
}

async function callAsIntruder({ method, path }: Operation): Promise<Answer> {
  const token = intrudersToken(path);
  const withBody = !["GET", "HEAD"].includes(method) && !/\/artifacts(\/generate)?$/.test(path);
  return server.call(method, withOwnersIds(path), { token, ...(withBody && { json: bodyFor(path) }) });
}

beforeAll(async () => {
  server = await Server.start();
  owner = await aUser(server, { tenant: "owner" });
  intruder = await aUser(server, { tenant: "intruder" });
  await aUser(server, { tenant: "intruder" });
  device = await aDevice(server, { tenant: "owner" });
  intruderDevice = await aDevice(server, { tenant: "intruder" });
  const scim = await server.call("POST", `${MANAGEMENT}/v1/useradm/settings/scim/tokens`, {
    token: intruder.token,
    json: { name: "intruder" },
  });
  intruderScim = scim.json<{ token: string }>().token;
  await furnish();
  const document = (await server.call("GET", "/api/openapi.json")).json<{ paths: Record<string, object> }>();
  operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    )
    .filter(isListed);
});

describe("another tenant, with the ids of this one", () => {
  it("learns nothing and changes nothing by any route", async () => {
    expect(operations.length).toBeGreaterThan(80);
    const before = await ownersRows();
    expect(before).toContain(MARK);
    const leaks: string[] = [];
    for (const operation of operations) {
      const answer = await callAsIntruder(operation);
      if (answer.text.includes(MARK) || answer.status >= 500)
        leaks.push(`${operation.method} ${operation.path}: ${answer.status} ${answer.text}`);
      if ((await ownersRows()) !== before)
        leaks.push(`${operation.method} ${operation.path} changed the tenant`);
    }
    expect(leaks).toEqual([]);
    const still = await server.call("GET", `${MANAGEMENT}/v1/useradm/users/${intruder.id}`, {
      token: intruder.token,
    });
    expect(still.status).toBe(200);
  });

  it("gets 404 from every read that names one thing of it", async () => {
    const named = operations.filter(({ method, path }) => method === "GET" && path.includes("{"));
    expect(named.length).toBeGreaterThan(10);
    const answers = await Promise.all(
      named.map(async (operation) => [operation.path, await callAsIntruder(operation)] as const),
    );
    // Lists of what belongs to a device of nobody are empty rather than missing; limits and channels are the intruder's own.
    const found = answers.filter(
      ([path, { status, text }]) => status !== 404 && text !== "[]" && !/\/(limits|channel)\//.test(path),
    );
    expect(found.map(([path, { status, text }]) => `${path}: ${status} ${text}`)).toEqual([]);
  });

  it("is found by its owner all the same", async () => {
    const devices = await asOwner("GET", `${MANAGEMENT}/v1/inventory/devices/${device.id}`);
    expect(devices.text).toContain(MARK);
    const deployment = await asOwner("GET", `${MANAGEMENT}/v1/deployments/deployments/${ids.deployment}`);
    expect(deployment.json()).toMatchObject({ name: MARK, status: "pending" });
  });
});
