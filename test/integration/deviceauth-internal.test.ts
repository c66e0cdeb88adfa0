import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aTenant, aUser, type TestDevice } from "../support/actors.ts";
import { auditOf, refusal, rowsOf } from "../support/answers.ts";
import { DeviceAdmin, INTERNAL, internal, isLive, type WireDevice } from "../support/device-auth.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

let server: Server;
let device: TestDevice;
let foreign: TestDevice;
beforeEach(async () => {
  server = await Server.start();
  device = await aDevice(server);
  foreign = await aDevice(server, { tenant: "acme" });
});

const call = (method: string, path: string, json?: unknown) => internal(server, method, path, json);

describe("the verifier", () => {
  const verify = (headers: Record<string, string>, method = "GET") =>
    server.call(method, `${INTERNAL}/tokens/verify`, { headers });

  it.each(["GET", "POST"])("takes a live token by %s, in one round trip without a write", async (method) => {
    const answer = await verify({ Authorization: `Bearer ${device.token}` }, method);
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(answer.cost).toMatchObject({ trips: 1, written: 0 });
    expect(answer.cost.read).toBeLessThanOrEqual(3);
  });

  it.each([
    [{}, "Authorization not present in header"],
    [{ Authorization: "Bearer" }, "malformed Authorization header"],
    [{ Authorization: "Basic abc" }, "unknown Authorization method Basic"],
    [{ Authorization: "Bearer abc" }, "identity: incorrect token format"],
  ])("tells what it cannot read: %j", async (headers, text) => {
    const answer = await verify(headers as Record<string, string>);
    expect(refusal(answer)).toEqual([401, text]);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="ManagementJWT"');
  });

  it("refuses with an empty body what does not hold", async () => {
    const user = await aUser(server);
    const forged = `${device.token.slice(0, -8)}AAAAAAAA`;
    for (const token of [user.token, forged]) {
      const answer = await verify({ Authorization: `Bearer ${token}` });
      expect([answer.status, answer.text]).toEqual([401, ""]);
    }
    server.advance(8 * 86_400_000);
    const expired = await verify({ Authorization: `Bearer ${device.token}` });
    expect([expired.status, expired.text]).toEqual([401, ""]);
  });

  it("refuses the token of a device that is not accepted or gone", async () => {
    const pending = await aDevice(server, { status: "pending" });
    expect(await isLive(server, pending.token)).toBe(false);
    await call("DELETE", `/tenants/default/devices/${device.id}`);
    const answer = await verify({ Authorization: `Bearer ${device.token}` });
    expect([answer.status, answer.text]).toEqual([401, ""]);
  });
});

describe("revoking tokens", () => {
  it("ends the tokens of one device", async () => {
    const other = await aDevice(server);
    const answer = await call("DELETE", `/tokens?tenant_id=default&device_id=${device.id}`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await isLive(server, device.token)).toBe(false);
    expect(await isLive(server, other.token)).toBe(true);
  });

  it("ends the tokens of all devices of a tenant with one row and its event", async () => {
    const { cost } = await call("DELETE", "/tokens?tenant_id=default");
    expect(cost.written).toBe(2);
    expect(await isLive(server, device.token)).toBe(false);
    expect(await isLive(server, foreign.token)).toBe(true);
  });

  it("lets a device ask for a new one within the second, however often", async () => {
    const real = new SigningDevice({ mac: "1" });
    await real.ask(server);
    await env.DB.prepare("UPDATE auth_sets SET status = 'accepted'").run();
    for (let round = 0; round < 3; round++) {
      const token = (await real.ask(server)).text;
      expect(await isLive(server, token)).toBe(true);
      await call("DELETE", "/tokens?tenant_id=default");
      expect(await isLive(server, token)).toBe(false);
    }
  });

  it.each(["", "?tenant_id=", "?device_id=x"])("needs a tenant: %j", async (query) => {
    expect(refusal(await call("DELETE", `/tokens${query}`))).toEqual([400, "tenant_id must be provided"]);
  });

  it("comes with suspending a tenant and outlasts it", async () => {
    const suspend = (status: string) =>
      server.call("PUT", "/api/operator/v1/tenants/default/status", {
        token: OPERATOR_TOKEN,
        json: { status },
      });
    expect((await suspend("suspended")).status).toBeLessThan(300);
    expect(await isLive(server, device.token)).toBe(false);
    await suspend("active");
    expect(await isLive(server, device.token)).toBe(false);
  });
});

describe("limits of a tenant", () => {
  it.each(["max_devices", "max_micro_devices", "max_system_devices"])(
    "sets, shows and takes %s",
    async (name) => {
      const path = `/tenant/default/limits/${name}`;
      expect((await call("GET", path)).json()).toEqual({ limit: -1 });
      expect((await call("PUT", path, { limit: 5 })).status).toBe(204);
      expect((await call("GET", path)).json()).toEqual({ limit: 5 });
      expect((await call("GET", `/tenant/acme/limits/${name}`)).json()).toEqual({ limit: -1 });
      expect((await call("DELETE", path)).status).toBe(204);
      expect((await call("GET", path)).json()).toEqual({ limit: -1 });
      expect(await auditOf("default")).toMatchObject([{ change: `${name}: 5` }, { change: `${name}: none` }]);
    },
  );

  it("takes an empty tenant segment for the default tenant", async () => {
    await call("PUT", "/tenant//limits/max_devices", { limit: 3 });
    expect((await call("GET", "/tenant/default/limits/max_devices")).json()).toEqual({ limit: 3 });
  });

  it("sets, shows and takes all at once", async () => {
    const set = await call("PUT", "/tenant/acme/limits", [
      { name: "max_devices", value: 1 },
      { name: "max_micro_devices", value: 0 },
    ]);
    expect(set.status).toBe(204);
    const limits = { standard: 1, micro: 0, system: -1, test: 10 };
    expect((await call("GET", "/tenant/acme/limits")).json()).toEqual(limits);
    expect((await call("GET", "/tenant/limits?tenant_id=acme&tenant_id=default")).json()).toEqual({
      acme: limits,
      default: { standard: -1, micro: -1, system: -1, test: 10 },
    });
    expect((await call("DELETE", "/tenant/acme/limits")).status).toBe(200);
    expect(await rowsOf("SELECT * FROM tenant_limits")).toEqual([]);
  });

  it.each([
    ["PUT", "/tenant/default/limits/odd", { limit: 1 }, 400, "unsupported limit odd"],
    ["GET", "/tenant/default/limits/odd", undefined, 400, "unsupported limit odd"],
    [
      "PUT",
      "/tenant/default/limits/max_devices",
      {},
      400,
      "failed to decode limit: limit: must be an integer.",
    ],
    [
      "PUT",
      "/tenant/default/limits/max_devices",
      { limit: 1.5 },
      400,
      "failed to decode limit: limit: must be an integer.",
    ],
    [
      "PUT",
      "/tenant/default/limits/max_devices",
      { limit: -2 },
      400,
      "failed to decode limit: limit: must be no less than -1.",
    ],
    ["PUT", "/tenant/default/limits", [{ name: "odd", value: 1 }], 400, "unsupported limit odd"],
    ["PUT", "/tenant/nobody/limits/max_devices", { limit: 1 }, 404, "tenant not found"],
    ["GET", "/tenant/limits", undefined, 400, "tenant_id: must be provided."],
  ])("refuses %s %s %j", async (method, path, json, status, text) => {
    expect(refusal(await call(method, path, json))).toEqual([status, text]);
    expect(await rowsOf("SELECT * FROM tenant_limits")).toEqual([]);
  });
});

describe("devices of a tenant", () => {
  it("lists, counts and shows the tenant's and no other", async () => {
    const list = await call("GET", "/tenants/acme/devices?status=accepted");
    expect(list.json<WireDevice[]>().map(({ id }) => id)).toEqual([foreign.id]);
    expect(list.headers.get("link")).toContain('rel="first"');
    expect((await call("GET", "/tenants/acme/devices/count")).json()).toEqual({ count: 1 });
    expect((await call("GET", "/tenants/acme/devices/count?status=pending")).json()).toEqual({ count: 0 });
    expect((await call("GET", `/tenants/acme/devices/${foreign.id}/status`)).json()).toEqual({
      status: "accepted",
    });
    expect(refusal(await call("GET", `/tenants/acme/devices/${device.id}/status`))).toEqual([
      404,
      "device not found",
    ]);
    expect((await call("GET", "/tenants/acme/devices?status=odd")).status).toBe(400);
  });

  it("removes one everywhere", async () => {
    expect((await call("DELETE", `/tenants/acme/devices/${device.id}`)).status).toBe(404);
    expect((await call("DELETE", `/tenants//devices/${device.id}`)).status).toBe(204);
    expect(await isLive(server, device.token)).toBe(false);
    expect(await auditOf(device.id)).toMatchObject([{ actor_id: "operator", action: "decommission" }]);
  });

  it("stores provisioning and an external name", async () => {
    const path = `/tenants/default/devices/${device.id}`;
    expect((await call("PATCH", path, { provisioned: true })).status).toBe(204);
    expect(await rowsOf(`SELECT provisioned FROM devices WHERE device_id = '${device.id}'`)).toEqual([
      { provisioned: 1 },
    ]);
    const external = { id: "abc", name: "a name", provider: "iot-hub" };
    expect((await call("PUT", `${path}/external`, external)).status).toBe(204);
    const [shown] = (await call("GET", "/tenants/default/devices")).json<Record<string, unknown>[]>();
    expect(shown!.external_id).toEqual({ data: "iot-hub abc", active: true });
  });

  it.each([
    ["PATCH", "", { provisioned: "yes" }, 400, "failed to decode device: provisioned: must be a boolean."],
    [
      "PUT",
      "/external",
      { id: "a" },
      400,
      "failed to decode external identity: name: cannot be blank; provider: cannot be blank.",
    ],
  ])("refuses %s %s %j", async (method, path, json, status, text) => {
    expect(refusal(await call(method, `/tenants/default/devices/${device.id}${path}`, json))).toEqual([
      status,
      text,
    ]);
  });

  it.each([
    ["PATCH", "", { provisioned: true }],
    ["PUT", "/external", { id: "a", name: "b", provider: "c" }],
  ])("knows no device of another tenant for %s %s", async (method, path, json) => {
    const answer = await call(method, `/tenants/acme/devices/${device.id}${path}`, json);
    expect(refusal(answer)).toEqual([404, "device not found"]);
  });
});

describe("tenants", () => {
  it("makes none without an id", async () => {
    expect(refusal(await call("POST", "/tenants", {}))).toEqual([
      400,
      "failed to decode tenant: tenant_id: cannot be blank.",
    ]);
  });

  it("removes all devices of a tenant and of no other, portion by portion", async () => {
    await aTenant(server, "acme");
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500)
      INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
      SELECT 'acme', 'd' || i, 'hash-' || i, '{}', 'pending', 1, i, i FROM n`,
    ).run();
    const answer = await call("DELETE", "/tenants/acme");
    expect(answer.status).toBe(204);
    for (const table of ["devices", "auth_sets", "device_counts"])
      expect(await rowsOf(`SELECT DISTINCT tenant_id FROM ${table}`)).toEqual([{ tenant_id: "default" }]);
    expect(await isLive(server, foreign.token)).toBe(false);
    expect(await isLive(server, device.token)).toBe(true);
  });
});

describe("probes", () => {
  it.each(["alive", "health"])("answers %s", async (name) => {
    expect((await call("GET", `/${name}`)).status).toBe(204);
  });
});

describe("time of contact", () => {
  it("is exact in admission, kept once a day in the inventory, and costs the request nothing", async () => {
    const user = await aUser(server);
    const admin = new DeviceAdmin(server, user);
    const signing = new SigningDevice({ mac: "contact" });
    const { id } = await admin.admit(signing);
    const token = (await signing.ask(server)).text;
    const seen = async () => {
      const path = `/api/management/v2/devauth/devices/${id}`;
      const shown = (await server.call("GET", path, { token: user.token })).json<{ check_in_time: string }>();
      return Date.parse(shown.check_in_time);
    };
    const inInventory = async () => {
      const path = `/api/management/v1/inventory/devices/${id}`;
      const { text } = await server.call("GET", path, { token: user.token });
      return Date.parse(/"name":"check_in_time","value":"([^"]*)"/.exec(text)?.[1] ?? "");
    };
    const poll = () =>
      server.call(
        "GET",
        "/api/devices/v1/deployments/device/deployments/next?artifact_name=a&device_type=b",
        { token },
      );
    const flush = () => runDurableObjectAlarm(env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default")));
    const now = () => Math.floor(server.now / 1000) * 1000;
    const first = now();
    expect((await poll()).cost.written).toBe(0);
    await flush();
    expect([await seen(), await inInventory()]).toEqual([first, first]);
    server.advance(1000);
    await poll();
    await flush();
    expect([await seen(), await inInventory()]).toEqual([now(), first]);
    server.advance(86_400_000);
    await poll();
    await flush();
    expect([await seen(), await inInventory()]).toEqual([now(), now()]);
  });
});
