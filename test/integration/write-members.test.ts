import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plausible, resolve, type Schema } from "../support/hostile-values.ts";
import { Server, type Answer } from "../support/server.ts";
import { JSON_TYPE, schemas, title, writeRoutes, Written } from "../support/write-routes.ts";
import { SigningDevice } from "../support/signing-device.ts";

let written: Written;

const arrange = async () => {
  written = await Written.arrange(await Server.start());
};

const MANAGEMENT = "/api/management/v1";
const DEVICES = "/api/devices/v1";

/** A route's plausible body as a value, with each of its optional members in turn: what to call to change it, and its name. */
function* optionalMembers(
  schema: Schema,
  body: unknown,
): Generator<[name: string, holder: Record<string, unknown>]> {
  const { type, items, properties = {}, required = [] } = resolve(schema, schemas);
  if (type === "array" && items && Array.isArray(body)) yield* optionalMembers(items, body[0]);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return;
  const holder = body as Record<string, unknown>;
  for (const [name, member] of Object.entries(properties)) {
    if (!required.includes(name)) yield [name, holder];
    else yield* optionalMembers(member, holder[name]);
  }
}

const refusal = ({ status, text }: Answer) =>
  status === 400 ? (JSON.parse(text) as { error: string }).error : "taken";

describe("a member that may be absent", () => {
  beforeAll(arrange);

  const routes = writeRoutes.filter(({ path }) => !path.endsWith("/factory-reset"));

  it.each(routes.map((route) => [title(route), route] as const))("may be null in %s", async (_, route) => {
    const body: unknown = JSON.parse(plausible(route.schema, schemas));
    const differing: string[] = [];
    for (const [name, holder] of optionalMembers(route.schema, body)) {
      const value = holder[name];
      delete holder[name];
      const absent = refusal(await written.call(route, { json: body }));
      holder[name] = null;
      const given = refusal(await written.call(route, { json: body }));
      if (given !== absent) differing.push(`${name}: ${given}, not ${absent}`);
      holder[name] = value;
    }
    expect(differing).toEqual([]);
  });
});

describe("null", () => {
  beforeAll(arrange);

  const taken: [string, string, unknown, number][] = [
    ["PUT", `${DEVICES}/inventory/device/attributes`, [{ name: "mac", value: "b", description: null }], 200],
    [
      "PATCH",
      `${MANAGEMENT}/inventory/devices/{id}/tags`,
      [{ name: "place", value: "here", description: null }],
      200,
    ],
    [
      "POST",
      `${MANAGEMENT}/deployments/deployments`,
      {
        name: "n",
        artifact_name: "release-2",
        all_devices: true,
        devices: null,
        phases: null,
        retries: null,
        force_installation: null,
        update_control_map: null,
      },
      201,
    ],
    ["PUT", `${MANAGEMENT}/deployments/artifacts/{id}`, { description: null }, 422],
    [
      "POST",
      `${MANAGEMENT}/useradm/users`,
      { email: "null@example.com", password: "correct horse", roles: null },
      201,
    ],
    [
      "POST",
      `${MANAGEMENT}/deviceconfig/configurations/device/{id}/deploy`,
      { retries: null, update_control_map: null },
      200,
    ],
    ["PUT", `${MANAGEMENT}/useradm/users/me`, { email: null, password: null, current_password: null }, 400],
  ];
  it.each(taken)("%s %s takes %j", async (method, path, json, status) => {
    const answer = await written.call({ method, path }, { json });
    expect([answer.status, answer.status === 400 && answer.json().error]).toEqual([
      status,
      status === 400 && "no update information provided",
    ]);
  });

  it("is no tier and no force of a preauthorised device", async () => {
    const { pem } = new SigningDevice({ mac: "p" });
    const json = { identity_data: { mac: "p" }, pubkey: pem, tier: null, force: null };
    const answer = await written.call(
      { method: "POST", path: "/api/management/v2/devauth/devices" },
      { json },
    );
    expect(answer.status).toBe(201);
  });

  it("is no value in a map", async () => {
    const path = `${MANAGEMENT}/deviceconfig/configurations/device/{id}`;
    const answer = await written.call({ method: "PUT", path }, { json: { key: null } });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "invalid request body: value: invalid type: <nil>.",
    ]);
  });
});

/** JSON text with the names of all members in capitals. */
const inCapitals = (value: unknown): string =>
  JSON.stringify(value).replace(/"(\w+)":/g, (_, name: string) => `"${name.toUpperCase()}":`);

describe("member names in another letter case, from a device [differs: folded-names]", () => {
  beforeEach(arrange);

  const send = (method: string, path: string, value: unknown) =>
    written.call({ method, path: `${DEVICES}${path}` }, { body: inCapitals(value), headers: JSON_TYPE });
  const deployments = "/deployments/device/deployments";

  it.each(["device/attributes", "device/attri"])("are those of attributes at %s", async (tail) => {
    expect((await send("PUT", `/inventory/${tail}`, [{ name: "mac", value: "c" }])).status).toBe(200);
    const device = await written.call({ method: "GET", path: `${MANAGEMENT}/inventory/devices/{id}` }, {});
    expect(device.json()).toMatchObject({
      attributes: expect.arrayContaining([{ scope: "inventory", name: "mac", value: "c" }]),
    });
  });

  it("are those of an update check in both versions", async () => {
    const state = { device_type: "pi4", artifact_name: "release-1" };
    expect((await send("POST", `${deployments}/next`, state)).status).toBe(200);
    const path = "/api/devices/v2/deployments/device/deployments/next";
    const body = inCapitals({ device_provides: state });
    expect((await written.call({ method: "POST", path }, { body, headers: JSON_TYPE })).status).toBe(200);
  });

  it("are those of a status and a log", async () => {
    expect(
      (await send("PUT", `${deployments}/{id}/status`, { status: "failure", substate: "s" })).status,
    ).toBe(204);
    const messages = [{ timestamp: "2021-01-01T00:00:00Z", level: "info", message: "m" }];
    expect((await send("PUT", `${deployments}/{id}/log`, { messages })).status).toBe(204);
  });

  it("give way to the name as it is written", async () => {
    const body = '{"STATUS":"success","status":"downloading"}';
    const path = `${DEVICES}${deployments}/{id}/status`;
    expect((await written.call({ method: "PUT", path }, { body, headers: JSON_TYPE })).status).toBe(204);
    const list = await written.call(
      { method: "GET", path: `${MANAGEMENT}/deployments/deployments/{id}/devices` },
      {},
    );
    expect(list.json()).toMatchObject([{ status: "downloading" }]);
  });

  it("stay what they are in a configuration, whose names are data", async () => {
    const path = `${DEVICES}/deviceconfig/configuration`;
    expect((await written.call({ method: "PUT", path }, { json: { Key: "a", key: "b" } })).status).toBe(204);
    const record = await written.call(
      { method: "GET", path: `${MANAGEMENT}/deviceconfig/configurations/device/{id}` },
      {},
    );
    expect(record.json()).toMatchObject({ reported: { Key: "a", key: "b" } });
  });
});
