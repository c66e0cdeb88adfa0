import { HOTP, Secret } from "otpauth";
import { beforeEach, describe, expect, it } from "vitest";
import { unseal } from "../../src/platform/seal.ts";
import { aUser, logIn, type TestUser } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
import { OPERATOR_TOKEN, Server } from "../support/server.ts";

const M1 = "/api/management/v1";
const M2 = "/api/management/v2";
const PASSWORD = "correct horse battery";
const STEP_MS = 30_000;

type Wire = Record<string, unknown>;

let server: Server;
let user: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server, { tenant: "acme", password: PASSWORD, isVerified: true });
});

/** As the web UI sends it: the type of JSON on every call. */
async function call(method: string, path: string, json?: unknown, token = user.token) {
  const headers = { "Content-Type": "application/json" };
  const answer = await server.call(method, path, { token, headers, ...(json !== undefined && { json }) });
  expect([path, answer.status].join(" ")).toMatch(/ 2\d\d$/);
  return answer;
}
const list = async (path: string) => (await call("GET", path)).json<Wire[]>();

describe("the web UI in its enterprise mode", () => {
  it("loads: who the user is, which tenant, which roles there are", async () => {
    expect((await call("GET", `${M1}/useradm/users/me`)).json()).toMatchObject({
      id: user.id,
      email: user.email,
      roles: ["RBAC_ROLE_PERMIT_ALL"],
      verified: true,
      tfa_status: "disabled",
      tenants: [{ id: "acme", name: "tenant acme" }],
    });
    for (const path of ["settings/me", "settings"])
      expect((await call("GET", `${M1}/useradm/${path}`)).json()).toEqual({});
    const tenant = (await call("GET", `${M1}/tenantadm/user/tenant?tiers=true`)).json();
    expect(tenant).toMatchObject({ id: "acme", plan: "enterprise", trial: false, service_provider: false });
    expect(tenant).toMatchObject({
      tenant_token: expect.any(String),
      api_limits: { management: { bursts: [] } },
    });
    expect((await call("GET", `${M2}/devauth/limits/devices`)).json()).toMatchObject({ standard: -1 });
    expect((await list(`${M2}/useradm/roles?per_page=500`)).length).toBeGreaterThan(4);
    expect((await list(`${M2}/useradm/permission_sets?per_page=500`)).map(({ name }) => name)).toContain(
      "Basic",
    );
    await call("POST", `${M1}/useradm/settings/me`, { onboarding: {} });
  });

  it("makes, changes and removes a role and a user, and finds both in the log and its CSV", async () => {
    const role = {
      name: "line",
      description: "one line",
      permissions: [],
      permission_sets_with_scope: [
        { name: "Basic" },
        { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["line-1"] } },
      ],
    };
    await call("POST", `${M2}/useradm/roles`, role);
    await call("PUT", `${M2}/useradm/roles/line`, { ...role, description: "the line" });
    const found = (await list(`${M2}/useradm/roles?per_page=500`)).find(({ name }) => name === "line");
    expect(found).toMatchObject({ description: "the line", permission_sets_with_scope: [{}, { scope: {} }] });
    await call("POST", `${M1}/useradm/users`, {
      email: "new@acme.example",
      password: PASSWORD,
      roles: ["line"],
    });
    const made = (await list(`${M1}/useradm/users`)).find(({ email }) => email === "new@acme.example")!;
    await call("PUT", `${M1}/useradm/users/${String(made.id)}`, { roles: ["RBAC_ROLE_CI"] });
    await call("DELETE", `${M1}/useradm/users/${String(made.id)}`);
    await call("DELETE", `${M2}/useradm/roles/line`);
    const page = await call("GET", `${M1}/auditlogs/logs?page=1&per_page=20&object_type=user&sort=desc`);
    expect(Number(page.headers.get("x-total-count"))).toBe(3);
    expect(page.json<Wire[]>()).toMatchObject([
      { action: "delete", time: expect.any(String), actor: { id: user.id, type: "user", email: user.email } },
      { action: "update", object: { type: "user", user: { email: "new@acme.example" } } },
      { action: "create" },
    ]);
    const csv = await server.call("GET", `${M1}/auditlogs/logs/export?limit=20000&sort=desc`, {
      headers: { Cookie: `JWT=${user.token}` },
    });
    expect(csv.status).toBe(200);
    expect(csv.text).toMatch(/^action,actor\.id,actor\.type,actor\.email/);
    expect(csv.text).toContain("new@acme.example");
  });

  it("enrols a second factor and logs in with the code that it was enrolled by", async () => {
    await call("POST", `${M1}/useradm/users/me/2fa/enable`);
    expect((await call("GET", `${M1}/useradm/2faqr`)).json()).toMatchObject({ qr: expect.any(String) });
    const [row] = await rowsOf(`SELECT tfa_secret FROM users WHERE user_id = '${user.id}'`);
    const { keys } = await server.deps();
    const secret = (await unseal(keys, String(row!.tfa_secret), `second factor acme ${user.id}`))!;
    const counter = Math.floor(server.now / STEP_MS);
    const token2fa = new HOTP({ secret: Secret.fromBase32(secret) }).generate({ counter });
    await call("PUT", `${M1}/useradm/2faverify`, { token2fa });
    const first = await logIn(server, user.email, "", { json: { token2fa: "", no_expiry: false } });
    expect(first.status).toBe(401); // the form asks with the address alone
    const second = await logIn(server, user.email, PASSWORD, { json: { token2fa: "", no_expiry: false } });
    expect([second.status, String(second.json().error)]).toEqual([401, expect.stringContaining("2fa")]);
    const third = await logIn(server, user.email, PASSWORD, { json: { token2fa, no_expiry: false } });
    expect([third.status, third.headers.get("content-type")]).toEqual([200, "application/jwt"]);
  });

  it("invites by id, and manages the tenants of a service provider", async () => {
    const guest = await aUser(server, { tenant: "elsewhere" });
    await call("POST", `${M1}/useradm/users/${guest.id}/assign`, { tenant_ids: ["acme"] });
    const change = { token: OPERATOR_TOKEN, json: { service_provider: true } };
    await server.call("PUT", "/api/internal/v1/tenantadm/tenants/acme", change);
    const exists = `${M1}/useradm/users/exists?email=${guest.email}`;
    expect((await call("GET", exists)).json()).toEqual({ exists: true });
    const limits = { max_devices: { Name: "max_devices", value: 5 } };
    const users = [{ role: "RBAC_ROLE_PERMIT_ALL", email: guest.email }];
    await call("POST", `${M2}/tenantadm/tenants`, {
      name: "child",
      users,
      device_limits: limits,
      binary_delta: true,
    });
    const page = await call("GET", `${M2}/tenantadm/tenants?tiers=true&page=1&per_page=20`);
    expect(page.headers.get("x-total-count")).toBe("1");
    const [child] = page.json<Wire[]>();
    expect(child).toMatchObject({
      name: "child",
      status: "active",
      device_limits: {
        max_devices: { current_value: 0, value: 5 },
        max_micro_devices: { value: -1 },
        max_system_devices: { value: -1 },
      },
    });
    await call("PUT", `${M2}/tenantadm/tenants/${String(child!.id)}/child`, {
      name: "renamed",
      device_limits: limits,
    });
    await call("POST", `${M2}/tenantadm/tenants/${String(child!.id)}/remove/start`);
  });
});
