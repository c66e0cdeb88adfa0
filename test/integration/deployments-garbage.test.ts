import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import {
  anArtifact,
  deploy,
  DEVICE,
  DEVICE_V2,
  MANAGEMENT,
  MANAGEMENT_V2,
  poll,
} from "../support/deployments.ts";
import { OPERATOR_TOKEN, Server } from "../support/server.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;
let id: string;

beforeAll(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
  await anArtifact(server);
  id = await deploy(server, user, [device]);
  await poll(server, device);
});

const INTERNAL = "/api/internal/v1/deployments/tenants/default";

/** Method, path and who sends it; `{id}` is a deployment that exists. */
const BODIES: [string, string, () => string][] = [
  ["POST", `${DEVICE}/next`, () => device.token],
  ["POST", `${DEVICE_V2}/next`, () => device.token],
  ["PUT", `${DEVICE}/{id}/status`, () => device.token],
  ["PUT", `${DEVICE}/{id}/log`, () => device.token],
  ["POST", MANAGEMENT, () => user.token],
  ["POST", `${MANAGEMENT}/group/g`, () => user.token],
  ["POST", `${MANAGEMENT}/statistics/list`, () => user.token],
  ["PUT", `${MANAGEMENT}/${crypto.randomUUID()}/status`, () => user.token],
  ["PATCH", `${MANAGEMENT}/{id}`, () => user.token],
  ["POST", `${INTERNAL}/devices/deployments/last`, () => OPERATOR_TOKEN],
  ["POST", `${INTERNAL}/configuration/deployments/${crypto.randomUUID()}/devices/x`, () => OPERATOR_TOKEN],
];

/** Members the routes know, with values of every kind. */
const NAMES = [
  "name",
  "artifact_name",
  "device_type",
  "devices",
  "all_devices",
  "phases",
  "status",
  "substate",
]
  .concat(["messages", "update_control_map", "device_provides", "artifact_provides", "deployment_ids"])
  .concat(["device_ids", "configuration", "retries", "force_installation", "states", "priority", "start_ts"]);

const garbage = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      Number.POSITIVE_INFINITY,
      0.5,
      "",
      "success",
      "a\u0000b",
      "\ud800",
      "é",
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES, "__proto__", "$"), tie("value"), { maxKeys: 5 }),
  ),
})).value;

describe("garbage", () => {
  it.each(BODIES)(
    "as a body of %s %s is never a fault of the server",
    async (method, path, token) => {
      await fc.assert(
        fc.asyncProperty(garbage, async (json) => {
          const answer = await server.call(method, path.replace("{id}", id), { token: token(), json });
          expect([answer.text, answer.status < 500]).toEqual([answer.text, true]);
        }),
        { numRuns: 60 },
      );
    },
    60_000,
  );

  it.each(BODIES)("instead of JSON to %s %s is refused", async (method, path, token) => {
    for (const body of ["", "{", "null", "[]", "nonsense", '{"a":']) {
      const headers = { "Content-Type": "application/json" };
      const answer = await server.call(method, path.replace("{id}", id), { token: token(), headers, body });
      expect([body, answer.status]).toEqual([body, 400]);
    }
  });

  it("in a query is never a fault of the server", async () => {
    const paths = [MANAGEMENT, MANAGEMENT_V2, `${MANAGEMENT}/${id}/devices/list`, `${MANAGEMENT}/devices/x`];
    const names = ["status", "type", "search", "created_before", "created_after", "sort", "page", "per_page"];
    const member = fc.tuple(
      fc.constantFrom(...names, "id", "name", "id_attribute", "id_scope"),
      fc.constantFrom(
        "",
        "1",
        "0",
        "-1",
        "99999999999999",
        "1e9",
        "finished",
        "asc",
        "%",
        "a b",
        "\u0000",
        "é'\"",
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.array(member, { maxLength: 5 }),
        async (path, members) => {
          const answer = await server.call("GET", `${path}?${new URLSearchParams(members).toString()}`, {
            token: user.token,
          });
          expect([answer.text, answer.status < 500]).toEqual([answer.text, true]);
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);

  it("in a path is never a fault of the server", async () => {
    for (const part of ["%00", "%F0%9F%98%80", "a%2Fb", "'", "%22", "x".repeat(3000)]) {
      for (const path of [
        `${MANAGEMENT}/${part}`,
        `${MANAGEMENT}/${part}/devices/list`,
        `${MANAGEMENT}/${id}/devices/${part}/log`,
        `${MANAGEMENT}/${id}/devices/${part}/explain`,
        `${MANAGEMENT}/devices/${part}`,
      ]) {
        const answer = await server.call("GET", path, { token: user.token });
        expect([path, answer.status < 500]).toEqual([path, true]);
      }
    }
  });
});
