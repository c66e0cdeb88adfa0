import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";

const USERADM = "/api/internal/v1/useradm";
const ACME = `${USERADM}/tenants/acme`;
const PASSWORD = "correct horse battery";

let server: Server;
let admin: TestUser;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server, { tenant: "acme", email: "admin@acme.example" });
});

const operator = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: OPERATOR_TOKEN, ...(json !== undefined && { json }) });
const call = (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
  server.call(method, path, { token: admin.token, headers, ...(json !== undefined && { json }) });

describe("the internal API of users", () => {
  it("lists those of all tenants, with where they work, but not of tenants that keep the operator out", async () => {
    const guest = await aUser(server, { tenant: "home", email: "guest@home.example" });
    await aUser(server, { tenant: "closed", email: "hidden@closed.example" });
    expect(
      (await operator("POST", `${USERADM}/users/${guest.id}/assign`, { tenant_ids: ["acme"] })).status,
    ).toBe(200);
    await env.DB.prepare(
      "INSERT INTO consent_settings (tenant_id, remote_access, support_access, updated_ms) VALUES ('closed', 0, 1, 1)",
    ).run();
    const list = await operator("GET", `${USERADM}/users?per_page=500`);
    expect(list.headers.get("x-total-count")).toBe("2");
    const users = list.json<{ email: string; tenant_id: string; tenants: object[] }[]>();
    expect(users.map(({ email }) => email).toSorted()).toEqual(["admin@acme.example", "guest@home.example"]);
    expect(users.find(({ email }) => email === guest.email)).toMatchObject({
      tenant_id: "home",
      tenant_ids: ["home", "acme"],
      tenants: [{ id: "home", name: "tenant home" }, { id: "acme" }],
    });
    const one = await operator(
      "GET",
      `${USERADM}/users?tenant_id=acme&email=${admin.email}&page=1&per_page=1`,
    );
    expect(one.json<unknown[]>()).toHaveLength(1);
    expect((await operator("GET", `${USERADM}/users?tenant_id=closed`)).status).toBe(403);
    const into = await operator("POST", `${USERADM}/users/${guest.id}/assign`, { tenant_ids: ["closed"] });
    expect(refusal(into)).toEqual([403, "support access takes a grant of the tenant"]);
  });

  it("tells and sets how many users and which plan a tenant may have [differs: audit-days]", async () => {
    expect((await operator("GET", `${ACME}/limits`)).json()).toEqual({ users: { count: 1, max: -1 } });
    expect((await operator("PUT", `${ACME}/limits`, { users: { max: 1 } })).status).toBe(204);
    const another = { email: "more@acme.example", password: PASSWORD };
    expect((await call("POST", "/api/management/v1/useradm/users", another)).status).toBe(422);
    expect((await operator("DELETE", `${ACME}/limits`)).status).toBe(204);
    expect((await operator("PUT", `${ACME}/limits`, { users: {} })).status).toBe(400);
    expect((await operator("PUT", `${USERADM}/tenants/none/limits`, { users: { max: 1 } })).status).toBe(404);
    const binding = { plan_name: "professional", limits: { devices: 50, users: 2, audit_logs_days: 30 } };
    expect((await operator("PUT", `${ACME}/plan_binding`, binding)).status).toBe(204);
    expect((await operator("GET", `${ACME}/plan_binding`)).json()).toMatchObject({
      plan: { name: "professional", display_name: "Professional", features: { rbac: false } },
      limits: { devices: 50, users: 2, audit_logs_days: 365 },
    });
    expect((await operator("PUT", `${ACME}/plan_binding`, { plan_name: "gold" })).status).toBe(400);
  });

  it("tells whose addresses a device is a matter of, by roles and groups", async () => {
    const device = await aDevice(server, { tenant: "acme" });
    await inInventory(server, [device], "line-1");
    const set = [{ name: "ReadDevices", scope: { type: "DeviceGroups", value: ["line-1"] } }];
    const roles = "/api/management/v2/useradm/roles";
    expect((await call("POST", roles, { name: "Line", permission_sets_with_scope: set })).status).toBe(201);
    const other = [{ name: "ReadDevices", scope: { type: "DeviceGroups", value: ["line-2"] } }];
    expect((await call("POST", roles, { name: "Other", permission_sets_with_scope: other })).status).toBe(
      201,
    );
    await aUser(server, { tenant: "acme", email: "line@acme.example", roles: ["Line"] });
    await aUser(server, { tenant: "acme", email: "other@acme.example", roles: ["Other"] });
    await aUser(server, { tenant: "acme", email: "ci@acme.example", roles: ["RBAC_ROLE_CI"] });
    const answer = await operator("GET", `${ACME}/devices/${device.id}/users`);
    expect(answer.json()).toEqual({ emails: ["admin@acme.example", "line@acme.example"] });
  });

  it("empties no tenant that is there [differs: remove-as-a-whole]", async () => {
    const audit = "/api/internal/v1/auditlogs/tenants";
    for (const base of [`${USERADM}/tenants`, audit]) {
      expect((await operator("DELETE", `${base}/acme`)).status).toBe(409);
      expect((await operator("DELETE", `${base}/none`)).status).toBe(204);
    }
  });
});

describe("the internal API of the audit log", () => {
  const LOGS = "/api/internal/v1/auditlogs/tenants/acme/logs";
  const entry = (more: object = {}) => ({
    time: "2020-01-02T03:04:05Z",
    action: "open_terminal",
    actor: { id: "u1", type: "user", email: "u1@acme.example" },
    object: { id: "d1", type: "device", device: { identity_data: '{"mac":"a"}' } },
    change: "opened",
    ...more,
  });

  it("takes entries of services and lists them as the tenant sees them", async () => {
    for (const name of ["alive", "health"])
      expect((await operator("GET", `/api/internal/v1/auditlogs/${name}`)).status).toBe(204);
    expect((await operator("POST", LOGS, entry())).status).toBe(201);
    const ofDevice = entry({ actor: { id: "d1", type: "device" }, time: "2999-01-01T00:00:00Z" });
    expect((await operator("POST", LOGS, ofDevice)).status).toBe(201);
    const seen = await call("GET", "/api/management/v1/auditlogs/logs?sort=asc");
    const [first, second] = seen.json<{ time: string; actor: object; object: object }[]>();
    expect(first).toMatchObject({
      action: "open_terminal",
      actor: { id: "u1", type: "user", email: "u1@acme.example" },
      object: { id: "d1", type: "device", device: { identity_data: '{"mac":"a"}' } },
      change: "opened",
    });
    expect(first!.time).toMatch(/^2020-01-02T03:04:05/);
    expect(second).toMatchObject({ actor: { id: "d1", type: "device" } });
    expect(Date.parse(second!.time)).toBeLessThanOrEqual(server.now + 1);
    const listed = await operator("GET", `${LOGS}?actor_id=u1`);
    expect(listed.headers.get("x-total-count")).toBe("1");
    const verification = await operator("GET", "/api/operator/v1/tenants/acme/audit/verification");
    expect(verification.json()).toMatchObject({ findings: [] });
  });

  it.each([
    [{ time: "yesterday" }],
    [{ actor: { id: "a", type: "robot" } }],
    [{ object: null }],
    [{ action: "" }],
    [{ object: { id: "d", type: "device", device: [] } }],
  ])("refuses %j", async (more) => {
    expect((await operator("POST", LOGS, entry(more))).status).toBe(400);
  });
});

describe("a user", () => {
  it("hears whether the plan and an add-on are there", async () => {
    const path = "/api/management/v1/useradm/auth/plan-verify";
    const ask = async (plan?: string, addon?: string) => {
      const answer = await call("POST", path, undefined, {
        ...(plan !== undefined && { "X-Mender-Required-Minimal-Plan": plan }),
        ...(addon !== undefined && { "X-Mender-Required-Addon": addon }),
      });
      return answer.status;
    };
    expect(await ask("enterprise", "monitor")).toBe(202);
    await env.DB.prepare(
      `UPDATE tenants SET plan = 'professional', addons = '["configure"]' WHERE tenant_id = 'acme'`,
    ).run();
    expect([await ask(), await ask("os"), await ask("professional", "configure")]).toEqual([202, 202, 202]);
    expect([await ask("enterprise"), await ask("os", "monitor"), await ask("gold")]).toEqual([403, 403, 403]);
    await env.DB.prepare("UPDATE tenants SET trial_ends_ms = 1e15 WHERE tenant_id = 'acme'").run();
    expect(await ask("enterprise", "monitor")).toBe(202);
    expect((await server.call("POST", path)).status).toBe(401);
  });

  it("says what it thinks, which is passed on by mail [differs: feedback]", async () => {
    const path = "/api/management/v2/useradm/support/feedback";
    const product = { score: 4, message: "good" };
    expect((await call("POST", `${path}/product`, product)).status).toBe(204);
    server.configure({ SUPPORT_EMAIL: "help@host.example" });
    expect((await call("POST", `${path}/product`, product)).status).toBe(204);
    expect((await call("POST", `${path}/product`, product)).status).toBe(204);
    const form = { useful: "true", deployment_id: "a", device_id: "b" };
    const sent = await server.call("POST", `${path}/feat.ai`, {
      token: admin.token,
      body: new URLSearchParams(form).toString(),
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    expect(sent.status).toBe(204);
    const { results } = await env.DB.prepare(
      "SELECT data FROM outbox WHERE kind = 'tenant.support_mail'",
    ).all();
    expect(results.map(({ data }) => JSON.parse(String(data)).subject)).toEqual([
      "Feedback: product",
      "Feedback: product",
      "Feedback: feat.ai",
    ]);
    expect((await call("POST", `${path}/product`, { score: 6 })).status).toBe(400);
    expect((await call("POST", `${path}/feat.ai`, { useful: true })).status).toBe(400);
    expect((await call("POST", `${path}/other`, {})).status).toBe(404);
  });

  it("finds no payment and no marketplace [differs: no-payment]", async () => {
    for (const step of ["start", "cancel", "complete"]) {
      const path = `/api/management/v2/tenantadm/tenants/acme/upgrade/${step}`;
      expect(refusal(await call("POST", path, {}))).toEqual([404, "billing is not available"]);
    }
    const upgrade = "/api/internal/v1/tenantadm/tenants/acme/upgrade";
    expect((await operator("POST", upgrade, {})).status).toBe(404);
  });
});
