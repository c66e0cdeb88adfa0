import { beforeEach, describe, expect, it, vi } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { refusal, statusesOf } from "../support/answers.ts";
import { aUser, logIn } from "../support/actors.ts";
import { anArtifact, upload } from "../support/artifacts.ts";
import { deploy, poll } from "../support/deployments.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const TENANTS = "/api/management/v2/tenantadm/tenants";
const INTERNAL = "/api/internal/v1/tenantadm/tenants";
const PASSWORD = "correct horse battery";
const DAY_MS = 86_400_000;

let server: Server;
beforeEach(async () => {
  server = await Server.start();
  server.configure({ SIGN_UP: "on" });
});

const operator = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: OPERATOR_TOKEN, ...(json === undefined ? {} : { json }) });

const form = (values: Record<string, string>) => ({
  body: new URLSearchParams(values).toString(),
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
});

const whole = {
  organization: "Acme",
  email: "ann@acme.example",
  password: PASSWORD,
  "g-recaptcha-response": "x",
};

interface Wire {
  id: string;
  name: string;
  status: string;
  tenant_token: string;
}

const found = async (name: string): Promise<Wire[]> =>
  (await operator("GET", `${INTERNAL}?q=${name}`)).json<Wire[]>();

const tokenOf = async (email: string) => (await logIn(server, email, PASSWORD)).text;

const sweep = async () => runSweeps(await server.deps(), EVERY_MINUTE);

/** Every place of the database that mentions one of the texts, in whatever column of whatever table. */
async function mentions(texts: readonly string[]): Promise<string[]> {
  const { results: tables } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf*'",
  ).all<{ name: string }>();
  const places: string[] = [];
  for (const { name } of tables) {
    const { results } = await env.DB.prepare(`SELECT * FROM "${name}"`).all<Record<string, unknown>>();
    const isMention = (row: Record<string, unknown>) =>
      texts.some((text) => JSON.stringify(row).includes(JSON.stringify(text).slice(1, -1)));
    if (results.some(isMention)) places.push(name);
  }
  const { objects } = await env.ARTIFACTS.list();
  return [
    ...places,
    ...objects.map(({ key }) => key).filter((key) => texts.some((text) => key.includes(text))),
  ];
}

describe("the life of a tenant", () => {
  it("goes from sign-up over its first device and suspension to nothing", async () => {
    expect((await server.call("POST", `${TENANTS}/trial`, { json: whole })).status).toBe(202);
    const [tenant] = await found("Acme");
    const user = { token: await tokenOf(whole.email) };
    const own = (await server.call("GET", "/api/management/v1/tenantadm/user/tenant", user)).json<Wire>();
    expect(own).toMatchObject({
      id: tenant!.id,
      trial: true,
      plan: "enterprise",
      tenant_token: tenant!.tenant_token,
    });

    const device = new SigningDevice({ mac: "acme-1" });
    expect((await device.ask(server, { tenant_token: own.tenant_token })).status).toBe(401);
    await server.deliverEvents();
    const told = await server.call("GET", "/api/management/v1/events?type=user.created", user);
    expect(told.json<{ events: { data: object }[] }>().events.map(({ data }) => data)).toEqual([
      { by: "operator" },
    ]);
    const devices = "/api/management/v2/devauth/devices";
    const [waiting] = (await server.call("GET", devices, user)).json<
      { id: string; auth_sets: { id: string }[] }[]
    >();
    const set = `${devices}/${waiting!.id}/auth/${waiting!.auth_sets[0]!.id}/status`;
    expect((await server.call("PUT", set, { ...user, json: { status: "accepted" } })).status).toBe(204);
    const admitted = await device.ask(server, { tenant_token: own.tenant_token });
    expect(admitted.status).toBe(200);
    const attributes = "/api/devices/v1/inventory/device/attributes";
    const report = [{ name: "device_type", value: "pi4" }];
    expect((await server.call("PATCH", attributes, { token: admitted.text, json: report })).status).toBe(200);
    expect(
      (await upload(server, await anArtifact({ name: "release-2", deviceTypes: ["pi4"] }), user)).status,
    ).toBe(201);
    await deploy(server, user as never, [{ id: waiting!.id }] as never);
    expect((await poll(server, { token: admitted.text } as never)).status).toBe(200);
    expect(server.now).toBeLessThan((await server.deps()).now() + 60_000);

    const other = await aUser(server, { tenant: "other" });
    expect((await operator("PUT", `${INTERNAL}/${tenant!.id}/status`, { status: "suspended" })).status).toBe(
      200,
    );
    expect((await server.call("GET", devices, user)).status).toBe(401);
    expect(refusal(await logIn(server, whole.email, PASSWORD))).toEqual([401, "tenant account suspended"]);
    expect((await poll(server, { token: admitted.text } as never)).status).toBe(401);
    expect(refusal(await device.ask(server, { tenant_token: own.tenant_token }))).toEqual([
      401,
      "Account suspended",
    ]);
    const verify = await server.call("POST", `${INTERNAL}/verify`, { token: own.tenant_token });
    expect(refusal(verify)).toEqual([401, "Account suspended"]);
    expect((await server.call("GET", devices, { token: other.token })).status).toBe(200);

    const texts = [tenant!.id, waiting!.id, whole.email, own.tenant_token, "acme-1"];
    expect((await mentions(texts)).length).toBeGreaterThan(5);
    expect((await operator("DELETE", `${INTERNAL}/${tenant!.id}`)).status).toBe(204);
    await server.deliverEvents();
    await sweep();
    expect(await mentions(texts)).toEqual([]);
    expect(await found("Acme")).toEqual([]);
    expect((await server.call("POST", `${TENANTS}/trial`, { json: whole })).status).toBe(202);
  });

  const trial = async () => {
    expect((await server.call("POST", `${TENANTS}/trial`, { json: whole })).status).toBe(202);
    const [tenant] = await found("Acme");
    return { id: tenant!.id, token: await tokenOf(whole.email) };
  };

  it("ends when the address of a trial is not confirmed, and is over when the trial is", async () => {
    await trial();
    server.advance(3 * DAY_MS - 1);
    await sweep();
    expect((await found("Acme"))[0]).toMatchObject({ status: "active" });
    server.advance(1);
    await sweep();
    expect((await found("Acme"))[0]).toMatchObject({ status: "suspended" });
    server.advance(30 * DAY_MS);
    await sweep();
    expect(await found("Acme")).toEqual([]);
  });

  it("goes on to the end of the trial once the address is confirmed, and on without end once it is no trial", async () => {
    const { id } = await trial();
    await env.DB.prepare("UPDATE users SET verified_ms = 1 WHERE email = ?").bind(whole.email).run();
    server.advance(29 * DAY_MS);
    await sweep();
    expect((await found("Acme"))[0]).toMatchObject({ status: "active", trial: true });
    expect((await operator("PUT", `${INTERNAL}/${id}`, { trial: false, plan: "os" })).status).toBe(202);
    server.advance(30 * DAY_MS);
    await sweep();
    expect((await found("Acme"))[0]).toMatchObject({ status: "active", trial: false, plan: "os" });
  });

  it("ends at the wish of a trial at once, of others after the time of grace [differs: cancel-grace]", async () => {
    const { id, token } = await trial();
    const cancel = (
      tenant: string,
      user: { token: string },
      json: unknown = { reason: "too many buttons" },
    ) => server.call("POST", `${TENANTS}/${tenant}/cancel`, { token: user.token, json });
    expect((await cancel(id, { token }, {})).status).toBe(400);
    const paying = await aUser(server, { tenant: "paying" });
    expect((await cancel(id, paying)).status).toBe(403);
    const observer = await aUser(server, { tenant: "paying", roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await cancel("paying", observer)).status).toBe(403);
    expect((await cancel(id, { token })).status).toBe(202);
    expect((await found("Acme"))[0]).toMatchObject({ status: "suspended" });

    expect((await cancel("paying", paying)).status).toBe(202);
    await sweep();
    expect((await found("paying"))[0]).toMatchObject({ status: "active", cancelled_at: expect.any(String) });
    server.advance(30 * DAY_MS);
    await sweep();
    expect((await found("paying"))[0]).toMatchObject({ status: "suspended" });
    expect((await operator("PUT", `${INTERNAL}/paying/status`, { status: "active" })).status).toBe(200);
    server.advance(30 * DAY_MS);
    await sweep();
    expect((await found("paying"))[0]).toMatchObject({ status: "active" });
    expect((await found("paying"))[0]).not.toHaveProperty("cancelled_at");
  });
});

describe("signing up", () => {
  const signUp = (values: Record<string, string>, address?: string) =>
    server.call("POST", `${TENANTS}/trial`, { ...form(values), address });

  it("is closed unless a setting opens it [differs: sign-up-off]", async () => {
    server.configure({ SIGN_UP: "off" });
    expect((await signUp(whole)).status).toBe(405);
    expect((await server.call("POST", `${TENANTS}/signup`, form(whole))).status).toBe(405);
  });

  it("takes a form too, and leads to the login page [differs: sign-up-location]", async () => {
    const answer = await signUp({ ...whole, plan: "professional", marketing: "true", campaign: "spring" });
    expect([answer.status, answer.headers.get("location")]).toEqual([202, "/ui/login"]);
    expect((await found("Acme"))[0]).toMatchObject({
      plan: "professional",
      additional_info: { marketing: true, campaign: "spring" },
    });
  });

  it.each([
    ["an organization that is not ASCII", { organization: "Äcme" }, 400],
    ["a long organization", { organization: "a".repeat(101) }, 400],
    ["no organization", { organization: "" }, 400],
    ["an address that is none", { email: "ann" }, 400],
    ["a short password", { password: "short" }, 400],
    ["a plan that does not exist", { plan: "gold" }, 400],
  ])("refuses %s, and leaves nothing behind", async (_, wrong, status) => {
    expect((await signUp({ ...whole, ...wrong })).status).toBe(status);
    expect((await env.DB.prepare("SELECT count(*) AS n FROM tenants").first<{ n: number }>())?.n).toBe(0);
  });

  it("refuses an address that has an account, and of two at once one", async () => {
    const answers = await Promise.all([signUp(whole, "192.0.2.1"), signUp(whole, "192.0.2.2")]);
    expect(statusesOf(answers)).toEqual([202, 409]);
    expect(await found("Acme")).toHaveLength(1);
  });

  it("is limited for each address", async () => {
    const statuses = [];
    for (let i = 0; i < 6; i++)
      statuses.push((await signUp({ ...whole, email: `u${i}@acme.example` }, "192.0.2.1")).status);
    expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
    expect((await signUp({ ...whole, email: "v@acme.example" }, "198.51.100.9")).status).toBe(202);
  });

  it("asks Turnstile where its secret is configured", async () => {
    server.configure({ TURNSTILE_SECRET: "secret" });
    const verdicts = [{ success: false }, { success: true }];
    const asked = vi
      .spyOn(globalThis, "fetch")
      .mockImplementation(async () => Response.json(verdicts.shift()));
    expect(refusal(await signUp(whole))).toEqual([401, "captcha verification failed"]);
    expect((await signUp(whole)).status).toBe(202);
    expect(asked.mock.calls[0]?.[1]?.body).toBe("secret=secret&response=x");
    asked.mockRejectedValue(new Error("away"));
    expect((await signUp(whole)).status).toBe(503);
    asked.mockRestore();
  });
});

describe("the operator's API of the original", () => {
  it("finds, shows, changes and names fields of tenants", async () => {
    await aUser(server, { tenant: "acme" });
    await aUser(server, { tenant: "other" });
    const list = await operator("GET", `${INTERNAL}?field=id&field=name&per_page=1`);
    expect([list.json(), list.headers.get("x-total-count")]).toEqual([
      [{ id: "acme", name: "tenant acme" }],
      "2",
    ]);
    expect((await operator("GET", `${INTERNAL}?id=other&id=none`)).json()).toMatchObject([{ id: "other" }]);
    const apiLimits = { management: { quota: { max_calls: 5, interval_sec: 60 } } };
    const change = {
      name: "ACME",
      plan: "professional",
      addons: [
        { name: "monitor", enabled: true },
        { name: "configure", enabled: false },
      ],
      api_limits: apiLimits,
    };
    expect((await operator("PUT", `${INTERNAL}/acme`, change)).status).toBe(202);
    expect((await operator("GET", `${INTERNAL}/acme`)).json()).toMatchObject({
      name: "ACME",
      plan: "professional",
      addons: [{ enabled: false }, { enabled: false }, { name: "monitor", enabled: true }],
      api_limits: { management: { bursts: [], quota: { max_calls: 5 } }, devices: { bursts: [] } },
    });
    expect((await operator("GET", `${INTERNAL}?plan=professional&trial=false`)).json()).toMatchObject([
      { id: "acme" },
    ]);
    for (const wrong of [
      { plan: "gold" },
      { addons: [{ name: "x", enabled: true }] },
      { name: "" },
      { trial: "yes" },
    ])
      expect((await operator("PUT", `${INTERNAL}/acme`, wrong)).status).toBe(400);
    expect((await operator("PUT", `${INTERNAL}/none`, { name: "x" })).status).toBe(404);
    expect((await operator("DELETE", `${INTERNAL}/default`)).status).toBe(204);
  });

  it("checks tenant tokens", async () => {
    await aUser(server, { tenant: "acme" });
    const verify = (token: string) => server.call("POST", `${INTERNAL}/verify`, { token });
    expect((await verify("token-of-acme")).json()).toMatchObject({ id: "acme" });
    expect((await verify("else")).status).toBe(401);
  });
});

describe("devices without a tenant of their own", () => {
  const ask = (tenant_token?: string) =>
    new SigningDevice({ mac: "1" }).ask(server, tenant_token === undefined ? {} : { tenant_token });
  const devicesOf = async (tenant: string) =>
    (
      await env.DB.prepare("SELECT count(*) AS n FROM devices WHERE tenant_id = ?")
        .bind(tenant)
        .first<{ n: number }>()
    )?.n;

  it("join the tenant that the installation names, those with an unknown token only if it says so [differs: unknown-tenant-token]", async () => {
    for (const tenant of ["acme", "other", "default"]) await aUser(server, { tenant });
    server.configure({ DEVICE_TENANT: "acme" });
    await ask("unknown");
    expect(await devicesOf("acme")).toBe(0);
    await ask();
    expect(await devicesOf("acme")).toBe(1);
  });

  it("never join it with a token of another tenant", async () => {
    for (const tenant of ["acme", "other"]) await aUser(server, { tenant });
    server.configure({ DEVICE_TENANT: "acme", UNKNOWN_TENANT_TOKENS: "join" });
    await ask("token-of-other");
    expect([await devicesOf("acme"), await devicesOf("other")]).toEqual([0, 1]);
    await ask("unknown");
    expect(await devicesOf("acme")).toBe(1);
  });
});
