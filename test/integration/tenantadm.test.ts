import { beforeEach, describe, expect, it } from "vitest";
import { ADDONS } from "../../src/platform/plans.ts";
import { refusal } from "../support/answers.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { afterStart, env, FURTHER, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const V1 = "/api/management/v1/tenantadm/user/tenant";
const ME = "/api/management/v2/tenantadm/tenants/me";
const USERADM = "/api/management/v1/useradm";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

const get = (path: string, user: TestUser) => server.call("GET", path, { token: user.token });

/** What an operator would set, without the way there. */
const subscribe = (tenant: string, plan: string, addons: readonly string[] = ADDONS) =>
  env.DB.prepare("UPDATE tenants SET plan = ?, addons = ? WHERE tenant_id = ?")
    .bind(plan, JSON.stringify(addons), tenant)
    .run();

const addonsWire = ADDONS.map((name) => ({ name, enabled: true }));

describe("the tenant of a user", () => {
  it("has all that the web UI reads from it, the token in the first version only", async () => {
    const user = await aUser(server, { tenant: "acme", roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
    await aUser(server, { tenant: "other" });
    const answer = await get(`${V1}?tiers=true`, user);
    const tier = (name: string) => ({ name, tenant_id: "acme", current_value: 0, value: -1 });
    const whole = {
      id: "acme",
      name: "tenant acme",
      status: "active",
      plan: "enterprise",
      trial: false,
      addons: addonsWire,
      service_provider: false,
      additional_info: {},
      api_limits: {
        management: { bursts: [], quota: { max_calls: 0, interval_sec: 0 } },
        devices: { bursts: [], quota: { max_calls: 0, interval_sec: 0 } },
      },
      device_count: 0,
      device_limit: -1,
      device_limits: {
        max_devices: tier("max_devices"),
        max_micro_devices: tier("max_micro_devices"),
        max_system_devices: tier("max_system_devices"),
      },
      binary_delta: true,
      created_at: afterStart(),
      updated_at: afterStart(),
    };
    expect([answer.status, answer.json()]).toEqual([200, { ...whole, tenant_token: "token-of-acme" }]);
    expect((await get(`${ME}?tiers=true`, user)).json()).toEqual(whole);
    expect((await get(`${ME}/token`, user)).json()).toEqual({ tenant_token: "token-of-acme" });
    expect((await get(ME, user)).json()).not.toHaveProperty("device_limits");
    expect((await server.call("GET", V1)).status).toBe(401);
  });

  it("counts accepted devices by tier against their limits, in one further trip", async () => {
    const user = await aUser(server, { tenant: "acme" });
    await aDevice(server, { tenant: "acme" });
    await aDevice(server, { tenant: "acme", status: "pending" });
    const limits = "/api/internal/v1/devauth/tenant/acme/limits/max_devices";
    expect((await server.call("PUT", limits, { token: OPERATOR_TOKEN, json: { limit: 7 } })).status).toBe(
      204,
    );
    const answer = await get(`${ME}?tiers=1`, user);
    expect(answer.json()).toMatchObject({
      device_count: 1,
      device_limit: 7,
      device_limits: { max_devices: { current_value: 1, value: 7 } },
    });
    expect(answer.cost.trips).toBe(2 + FURTHER);
  });

  it("has no billing", async () => {
    const user = await aUser(server);
    for (const path of ["", "/products", "/subscription", "/profile"])
      expect((await get(`/api/management/v2/tenantadm/billing${path}`, user)).status).toBe(404);
  });
});

describe("a plan", () => {
  const GATED: readonly (readonly [
    feature: string,
    plans: readonly string[],
    method: string,
    path: string,
  ])[] = [
    ["audit_logs", ["enterprise"], "GET", "/api/management/v1/auditlogs/logs"],
    ["dynamic_groups", ["enterprise"], "GET", "/api/management/v2/inventory/filters"],
    ["dynamic_groups", ["enterprise"], "POST", "/api/management/v2/inventory/filters"],
    ["session_playback", ["enterprise"], "GET", "/api/management/v1/deviceconnect/sessions/x/playback"],
    [
      "configuration",
      ["os", "professional", "enterprise"],
      "GET",
      "/api/management/v1/deviceconfig/configurations/device/x",
    ],
    ["terminal", ["os", "professional", "enterprise"], "GET", "/api/management/v1/deviceconnect/devices/x"],
    [
      "terminal",
      ["os", "professional", "enterprise"],
      "GET",
      "/api/management/v1/deviceconnect/devices/x/download?path=/a",
    ],
  ];
  const ADDON: Record<string, string> = {
    configuration: "configure",
    terminal: "troubleshoot",
    session_playback: "troubleshoot",
  };

  it("allows what it includes, from the next request on; the rest is 403 and says so [differs: plan-at-once]", async () => {
    const user = await aUser(server, { tenant: "acme" });
    const wrong: string[] = [];
    for (const plan of ["os", "professional", "enterprise"])
      for (const addons of [ADDONS, []]) {
        await subscribe("acme", plan, addons);
        for (const [feature, plans, method, path] of GATED) {
          const answer = await server.call(method, path, { token: user.token });
          const allowed = plans.includes(plan) && (addons.length > 0 || ADDON[feature] === undefined);
          const text = `the plan of the tenant does not include ${feature}`;
          const isGated = answer.status === 403 && answer.json().error === text;
          if (isGated === allowed) wrong.push(`${plan} ${addons.length} ${method} ${path}: ${answer.status}`);
        }
      }
    expect(wrong).toEqual([]);
  });

  it("is everything during a trial, and what it says when that has ended", async () => {
    const user = await aUser(server, { tenant: "acme" });
    await subscribe("acme", "os", []);
    await env.DB.prepare("UPDATE tenants SET trial_ends_ms = ? WHERE tenant_id = 'acme'")
      .bind(server.now + 1000)
      .run();
    const logs = "/api/management/v1/auditlogs/logs";
    expect((await get(logs, user)).status).toBe(200);
    expect((await get(V1, user)).json()).toMatchObject({ trial: true, trial_expiration: afterStart(1000) });
    server.advance(1000);
    expect((await get(logs, user)).status).toBe(403);
  });

  it("comes before the plan of a permission, and costs no trip", async () => {
    const observer = await aUser(server, { tenant: "acme", roles: ["RBAC_ROLE_OBSERVER"] });
    await subscribe("acme", "os");
    const answer = await get("/api/management/v1/auditlogs/logs", observer);
    expect([...refusal(answer), answer.cost.trips]).toEqual([
      403,
      "forbidden by role-based access control",
      1,
    ]);
    const admin = await aUser(server, { tenant: "acme" });
    expect((await get("/api/management/v1/auditlogs/logs", admin)).cost.trips).toBe(1);
  });

  it("can be a hoster's own, and is told with its limits", async () => {
    server.env.PLANS = JSON.stringify({
      starter: { display_name: "Starter", features: ["audit_logs"], limits: { max_users: 2 } },
    });
    const user = await aUser(server, { tenant: "acme" });
    await subscribe("acme", "starter");
    expect((await get("/api/management/v1/auditlogs/logs", user)).status).toBe(200);
    expect((await get("/api/management/v1/deviceconnect/devices/x", user)).status).toBe(403);
    const binding = await get(`${USERADM}/plan_binding`, user);
    expect(binding.json()).toMatchObject({
      plan: {
        name: "starter",
        display_name: "Starter",
        features: { audit_logs: true, rbac: false, terminal: false },
      },
      limits: { devices: -1, users: -1, audit_logs_days: 365 },
    });
    const plans = await get(`${USERADM}/plans`, user);
    expect(plans.json<{ name: string }[]>().map(({ name }) => name)).toEqual([
      "os",
      "professional",
      "enterprise",
      "starter",
    ]);
  });
});

describe("limits", () => {
  const setLimit = (name: string, value: number) =>
    server.call("PUT", `/api/operator/v1/tenants/acme/limits/${name}`, {
      token: OPERATOR_TOKEN,
      json: { value },
    });

  it("end at the number of users", async () => {
    const user = await aUser(server, { tenant: "acme" });
    const add = (email: string) =>
      server.call("POST", `${USERADM}/users`, {
        token: user.token,
        json: { email, password: "correct horse" },
      });
    expect((await setLimit("max_users", 2)).status).toBe(200);
    expect((await add("a@example.com")).status).toBe(201);
    expect(refusal(await add("b@example.com"))).toEqual([
      422,
      "the tenant has as many users as its limit allows",
    ]);
    expect((await get(`${USERADM}/limits`, user)).json()).toEqual({ users: { count: 2, max: 2 } });
    expect((await setLimit("max_users", -1)).status).toBe(200);
    expect((await add("b@example.com")).status).toBe(201);
  });

  it("hold each user to the calls of the tenant", async () => {
    const [user, other] = [await aUser(server, { tenant: "acme" }), await aUser(server, { tenant: "acme" })];
    const apiLimits = {
      management: { bursts: [], quota: { max_calls: 2, interval_sec: 60 } },
      devices: { bursts: [], quota: { max_calls: 0, interval_sec: 0 } },
    };
    await env.DB.prepare("UPDATE tenants SET api_limits = ? WHERE tenant_id = 'acme'")
      .bind(JSON.stringify(apiLimits))
      .run();
    const statuses = [await get(V1, user), await get(V1, user), await get(V1, user), await get(V1, other)];
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429, 200]);
    expect(statuses[0]?.json()).toMatchObject({ api_limits: apiLimits });
    server.advance(60_000);
    expect((await get(V1, user)).status).toBe(200);
  });

  it("keep calls of a user or of a device to one address apart, and hold each device to its number", async () => {
    const user = await aUser(server, { tenant: "acme" });
    const NEXT = "/api/devices/v1/deployments/device/deployments/next";
    const ATTRIBUTES = "/api/devices/v1/inventory/device/attributes";
    const apiLimits = {
      management: { bursts: [{ action: "get", uri: V1, min_interval_sec: 5 }] },
      devices: {
        bursts: [{ action: "PATCH", uri: ATTRIBUTES, min_interval_sec: 5 }],
        quota: { max_calls: 3, interval_sec: 60 },
      },
    };
    const put = (json: object) =>
      server.call("PUT", "/api/internal/v1/tenantadm/tenants/acme", { token: OPERATOR_TOKEN, json });
    expect((await put({ api_limits: apiLimits })).status).toBe(202);
    const long = { action: "GET", uri: `/${"x".repeat(1000)}`, min_interval_sec: 1 };
    const tooLong = await put({ api_limits: { devices: { bursts: [long, long, long] } } });
    expect(refusal(tooLong)).toEqual([
      400,
      "api_limits.devices: must take no more than 1000 bytes of a token.",
    ]);

    const seen = [
      await get(V1, user),
      await get(`${V1}?tiers=true`, user),
      await get(`${USERADM}/users`, user),
    ];
    server.advance(5000);
    expect([...seen, await get(V1, user)].map(({ status }) => status)).toEqual([200, 429, 200, 200]);

    const [one, other] = [new SigningDevice({ mac: "1" }), new SigningDevice({ mac: "2" })];
    const tokens: string[] = [];
    for (const signing of [one, other]) {
      await signing.ask(server, { tenant_token: "token-of-acme" });
      await env.DB.batch([
        env.DB.prepare("UPDATE auth_sets SET status = 'accepted'"),
        env.DB.prepare("UPDATE devices SET status = 'accepted'"),
      ]);
      tokens.push((await signing.ask(server, { tenant_token: "token-of-acme" })).text);
    }
    const device = async (token = "", method = "PATCH", path = ATTRIBUTES) => {
      const json = method === "PATCH" ? [{ name: "a", value: "b" }] : undefined;
      return (await server.call(method, path, { token, json })).status;
    };
    const check = `${NEXT}?artifact_name=a&device_type=b`;
    expect([await device(tokens[0]), await device(tokens[0]), await device(tokens[1])]).toEqual([
      200, 429, 200,
    ]);
    expect([await device(tokens[0], "GET", check), await device(tokens[0], "GET", check)]).toEqual([
      204, 429,
    ]);
    expect(await device(tokens[1], "GET", check)).toBe(204);
    server.advance(60_000);
    expect(await device(tokens[0])).toBe(200);
  });
});
