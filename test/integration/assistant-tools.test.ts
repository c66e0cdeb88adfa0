import { beforeAll, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { Server } from "../support/server.ts";

let server: Server;
let admin: TestUser;
let device: TestDevice;
let other: TestDevice;

beforeAll(async () => {
  server = await Server.start();
  admin = await aUser(server, { email: "ann@example.com" });
  [device, other] = [await aDevice(server), await aDevice(server)];
  await inInventory(server, [device], "lab");
  await inInventory(server, [other], "field");
});

const post = (body: unknown, token: string | undefined = admin.token, headers: Record<string, string> = {}) =>
  server.call("POST", "/mcp", {
    token,
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  });

interface Answer {
  id: unknown;
  result?: {
    tools?: { name: string; inputSchema: { type: string }; annotations: { readOnlyHint: boolean } }[];
    content?: { text: string }[];
    isError?: boolean;
    protocolVersion?: string;
  };
  error?: { code: number; message: string };
}

const rpc = async (method: string, params: object = {}, token = admin.token): Promise<Answer> => {
  const answer = await post({ jsonrpc: "2.0", id: 7, method, params }, token);
  expect(answer.status).toBe(200);
  return answer.json<Answer>();
};
const tool = async (name: string, given: object = {}, token = admin.token) =>
  rpc("tools/call", { name, arguments: given }, token);

async function tokenWith(limits: object, by = admin): Promise<string> {
  const answer = await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
    token: by.token,
    json: { name: crypto.randomUUID(), expires_in: 3600, ...limits },
  });
  expect(answer.status).toBe(200);
  return answer.text;
}

const names = async (token?: string) =>
  (await rpc("tools/list", {}, token)).result!.tools!.map(({ name }) => name);

describe("the protocol of tools", () => {
  it("begins with the version that both speak", async () => {
    const begun = await rpc("initialize", {
      protocolVersion: "2025-03-26",
      capabilities: {},
      clientInfo: {},
    });
    expect(begun).toMatchObject({
      jsonrpc: "2.0",
      id: 7,
      result: {
        protocolVersion: "2025-03-26",
        capabilities: { tools: {} },
        serverInfo: { name: "edgemend" },
      },
    });
    expect((await rpc("initialize", { protocolVersion: "1999-01-01" })).result?.protocolVersion).toBe(
      "2025-06-18",
    );
    const notified = await post({ jsonrpc: "2.0", method: "notifications/initialized" });
    expect([notified.status, notified.text]).toEqual([202, ""]);
    expect((await rpc("ping")).result).toEqual({});
    expect(
      (
        await post({ jsonrpc: "2.0", id: 1, method: "ping" }, admin.token, {
          "MCP-Protocol-Version": "2025-06-18",
        })
      ).status,
    ).toBe(200);
  });

  it("tells clearly what it does not take", async () => {
    const corpus: [unknown, number][] = [
      ["{", -32_700],
      ["", -32_700],
      ["\u0000", -32_700],
      ["null", -32_600],
      ["[]", -32_600],
      [[{ jsonrpc: "2.0", id: 1, method: "ping" }], -32_600],
      [{}, -32_600],
      [{ jsonrpc: "1.0", id: 1, method: "ping" }, -32_600],
      [{ jsonrpc: "2.0", id: {}, method: "ping" }, -32_600],
      [{ jsonrpc: "2.0", id: 1.5, method: "ping" }, -32_600],
      [{ jsonrpc: "2.0", id: "x".repeat(300), method: "ping" }, -32_600],
      [{ jsonrpc: "2.0", id: 1, method: 5 }, -32_600],
      [{ jsonrpc: "2.0", id: 1, method: "ping", params: [1] }, -32_600],
    ];
    for (const [body, code] of corpus) {
      const answer = await post(body);
      expect([body, answer.status, answer.json<Answer>().error?.code]).toEqual([body, 400, code]);
    }
    expect((await rpc("resources/list")).error?.code).toBe(-32_601);
    expect(
      (await post({ jsonrpc: "2.0", id: 1, method: "ping" }, admin.token, { "MCP-Protocol-Version": "1" }))
        .status,
    ).toBe(400);
    expect((await post(`"${"x".repeat(70_000)}"`)).status).toBe(413);
    expect((await server.call("GET", "/mcp", { token: admin.token })).status).toBe(405);
  });

  it("tells clearly which arguments a tool does not take", async () => {
    const term = { scope: "inventory", attribute: "a", type: "$eq", value: "b" };
    const wrong: [string, unknown][] = [
      ["get_device", {}],
      ["get_device", { device_id: "../../useradm/users" }],
      ["get_device", { device_id: "a/b" }],
      ["get_device", { device_id: ".." }],
      ["get_device", { device_id: 5 }],
      ["get_device", { device_id: device.id, more: 1 }],
      ["find_devices", { filters: [{ scope: "inventory", attribute: "a", type: "$where", value: 1 }] }],
      ["find_devices", { page: 0 }],
      ["find_devices", { per_page: 1000 }],
      ["find_devices", []],
      ["find_devices", { filters: Array.from({ length: 16 }, () => term) }],
      ["find_devices", { __proto__x: 1 }],
      ["list_alerts", { cursor: "" }],
      ["nothing", {}],
      ["constructor", {}],
    ];
    for (const [name, given] of wrong) {
      const answer = await post({
        jsonrpc: "2.0",
        id: 7,
        method: "tools/call",
        params: { name, arguments: given },
      });
      const code = answer.status === 200 ? answer.json<Answer>().error?.code : undefined;
      expect([name, given, code]).toEqual([name, given, -32_602]);
    }
    expect((await rpc("tools/call", {})).error?.code).toBe(-32_602);
    const listed = (
      await post({
        jsonrpc: "2.0",
        id: 7,
        method: "tools/call",
        params: { name: "find_devices", arguments: [] },
      })
    ).json<Answer>();
    expect(listed.error?.message).toMatch(/^arguments: /);
  });
});

describe("tools", () => {
  it("are described, and only read unless the token says otherwise", async () => {
    const tools = (await rpc("tools/list")).result!.tools!;
    expect(tools).toHaveLength(12);
    expect(
      tools.every(
        ({ inputSchema, annotations }) => inputSchema.type === "object" && annotations.readOnlyHint,
      ),
    ).toBe(true);
    const writing = await tokenWith({ tools: "write" });
    expect((await names(writing)).filter((name) => !tools.some((one) => one.name === name))).toEqual([
      "create_deployment",
      "deploy_to_group",
      "abort_deployment",
      "acknowledge_alerts",
    ]);
    const refused = await tool("abort_deployment", { deployment_id: "d1" });
    expect(refused.error).toEqual({ code: -32_602, message: "the token does not let tools change anything" });
    const tried = await tool("abort_deployment", { deployment_id: crypto.randomUUID() }, writing);
    expect(tried.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("not found") }],
    });
    const made = { name: "spring", artifact_name: "none", devices: [device.id] };
    expect((await tool("create_deployment", made, writing)).result?.isError).toBe(true);
    expect(
      (await tool("deploy_to_group", { group: "..", name: "a", artifact_name: "b" }, writing)).error?.code,
    ).toBe(-32_602);
    // Half a character cannot be written into an address.
    expect(
      (await tool("deploy_to_group", { group: "\ud800", name: "a", artifact_name: "b" }, writing)).error
        ?.code,
    ).toBe(-32_602);
    // It makes no other tokens.
    expect(
      (
        await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
          token: writing,
          json: { name: "x" },
        })
      ).status,
    ).toBe(403);
    expect(
      (
        await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
          token: admin.token,
          json: { name: "x", tools: "all" },
        })
      ).status,
    ).toBe(400);
  });

  it("answer what their operations do", async () => {
    const found = await tool("find_devices", {
      filters: [{ scope: "system", attribute: "group", type: "$eq", value: "lab" }],
    });
    expect(JSON.parse(found.result!.content![0]!.text)).toMatchObject([{ id: device.id }]);
    expect(found.result).toMatchObject({ isError: false, content: [{}, { text: "Of all there are 1." }] });
    const reads: [string, object][] = [
      ["get_device", { device_id: device.id }],
      ["count_devices", {}],
      ["list_groups", {}],
      ["get_configuration", { device_id: device.id }],
      ["list_deployments", { status: "finished", search: "a", page: 1, per_page: 5 }],
      ["list_releases", { name: "a" }],
      ["list_alerts", { acknowledged: false, limit: 5 }],
      ["list_events", { type: "device.*", order: "desc", limit: 5 }],
    ];
    for (const [name, given] of reads)
      expect([name, (await tool(name, given)).result?.isError]).toEqual([name, false]);
    const gone = { deployment_id: crypto.randomUUID(), device_id: device.id };
    for (const name of ["get_deployment_log"]) expect((await tool(name, gone)).result?.isError).toBe(true);
    for (const name of ["get_deployment", "list_deployment_devices"])
      expect((await tool(name, { deployment_id: gone.deployment_id })).result?.isError).toBe(true);
  });

  it("may do no more than the token, and each call is on record", async () => {
    const role = await server.call("POST", "/api/management/v2/useradm/roles", {
      token: admin.token,
      json: {
        name: "lab",
        permission_sets_with_scope: [
          { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["lab"] } },
        ],
      },
    });
    expect(role.status).toBe(201);
    const user = await aUser(server, { roles: ["lab"] });
    const listed = JSON.parse((await tool("find_devices", {}, user.token)).result!.content![0]!.text) as {
      id: string;
    }[];
    expect(listed.map(({ id }) => id)).toEqual([device.id]);
    for (const [name, given] of [
      ["get_device", { device_id: other.id }],
      ["list_releases", {}],
    ] as const)
      expect((await tool(name, given, user.token)).result).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining("forbidden by role-based access control") }],
      });
    const users = await tokenWith({ permission_sets_with_scope: [{ name: "ReadUsers" }] });
    expect((await tool("find_devices", {}, users)).result?.isError).toBe(true);
    const calls = await rowsOf(
      `SELECT object_id, change FROM audit_log WHERE action = 'call' AND actor_id = '${user.id}' ORDER BY time_ms, id`,
    );
    expect(calls).toEqual([
      { object_id: "find_devices", change: "POST /api/management/v2/inventory/filters/search" },
      { object_id: "get_device", change: `GET /api/management/v1/console/devices/${other.id}` },
      { object_id: "list_releases", change: "GET /api/management/v2/deployments/deployments/releases" },
    ]);
  });

  it("are for users alone, and for no page of another site", async () => {
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    for (const token of ["", "nonsense", device.token]) expect((await post(ping, token)).status).toBe(401);
    expect(refusal(await post(ping, admin.token, { Origin: "https://evil.example" }))).toEqual([
      403,
      "requests from pages of other sites are not taken",
    ]);
    const elsewhere = await tokenWith({ addresses: ["203.0.113.0/24"] });
    expect((await post(ping, elsewhere)).status).toBe(403);
  });
});
