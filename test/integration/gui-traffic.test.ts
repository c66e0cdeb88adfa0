import { decodeJwt } from "jose";
import { HOTP, Secret } from "otpauth";
import { beforeEach, describe, expect, it } from "vitest";
import { unseal } from "../../src/platform/seal.ts";
import { aUser, logIn, type TestUser } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { A1, aReportingDevice, M1, M2, term, WebUi, type Wire } from "../support/web-ui.ts";

const PASSWORD = "correct horse battery";
const STEP_MS = 30_000;

let server: Server;
let user: TestUser;
let ui: WebUi;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server, { tenant: "acme", password: PASSWORD, isVerified: true });
  ui = new WebUi(server, user);
});

describe("the web UI in its enterprise mode", () => {
  it("loads: who the user is, which tenant, which roles there are", async () => {
    expect((await ui.call("GET", `${M1}/useradm/users/me`)).json()).toMatchObject({
      id: user.id,
      email: user.email,
      roles: ["RBAC_ROLE_PERMIT_ALL"],
      verified: true,
      tfa_status: "disabled",
      tenants: [{ id: "acme", name: "tenant acme" }],
    });
    for (const path of ["settings/me", "settings"])
      expect((await ui.call("GET", `${M1}/useradm/${path}`)).json()).toEqual({});
    const { tenant_token, ...tenant } = await ui.object(`${M1}/tenantadm/user/tenant?tiers=true`);
    expect(tenant).toMatchObject({ id: "acme", plan: "enterprise", trial: false, service_provider: false });
    expect(tenant).toMatchObject({ api_limits: { management: { bursts: [] } } });
    expect(await ui.object(`${M2}/tenantadm/tenants/me?tiers=true`)).toEqual(tenant);
    expect(await ui.object(`${M2}/tenantadm/tenants/me/token`)).toEqual({ tenant_token });
    expect((await ui.call("GET", `${M2}/devauth/limits/devices`)).json()).toMatchObject({ standard: -1 });
    expect((await ui.list(`${M2}/useradm/roles?per_page=500`)).length).toBeGreaterThan(4);
    expect((await ui.list(`${M2}/useradm/permission_sets?per_page=500`)).map(({ name }) => name)).toContain(
      "Basic",
    );
    await ui.call("POST", `${M1}/useradm/settings/me`, { onboarding: {} });
  });

  it("finds the subscription in every token as the tenant has it: where they differ, it asks to log in again", async () => {
    const claimed = async (token: string) => {
      const tenant = await ui.object(`${M1}/tenantadm/user/tenant`);
      const { "mender.plan": plan, "mender.trial": trial, "mender.addons": addons } = decodeJwt(token);
      expect({ plan, trial, addons }).toEqual({
        plan: tenant.plan,
        trial: tenant.trial,
        addons: tenant.addons,
      });
    };
    await claimed((await logIn(server, user.email, PASSWORD)).text);
    const personal = { name: "ci", expires_in: 3600 };
    await claimed((await ui.call("POST", `${M1}/useradm/settings/tokens`, personal)).text);
    const left = JSON.stringify(["monitor"]);
    await env.DB.prepare(
      "UPDATE tenants SET plan = 'os', addons = ?, trial_ends_ms = ? WHERE tenant_id = 'acme'",
    )
      .bind(left, server.now + STEP_MS)
      .run();
    await claimed((await logIn(server, user.email, PASSWORD)).text);
  });

  it("is told of no limit of devices as releases up to 4.1 understand it [differs: limit-of-none]", async () => {
    const limit = () => ui.object(`${M2}/devauth/limits/max_devices`);
    expect(await limit()).toEqual({ limit: 0 });
    const asOperator = { token: OPERATOR_TOKEN, json: { limit: 7 } };
    const path = "/api/internal/v1/devauth/tenant/acme/limits/max_devices";
    expect((await server.call("PUT", path, asOperator)).status).toBe(204);
    expect(await limit()).toEqual({ limit: 7 });
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
    await ui.call("POST", `${M2}/useradm/roles`, role);
    await ui.call("PUT", `${M2}/useradm/roles/line`, { ...role, description: "the line" });
    const found = (await ui.list(`${M2}/useradm/roles?per_page=500`)).find(({ name }) => name === "line");
    expect(found).toMatchObject({ description: "the line", permission_sets_with_scope: [{}, { scope: {} }] });
    await ui.call("POST", `${M1}/useradm/users`, {
      email: "new@acme.example",
      password: PASSWORD,
      roles: ["line"],
    });
    const made = (await ui.list(`${M1}/useradm/users`)).find(({ email }) => email === "new@acme.example")!;
    await ui.call("PUT", `${M1}/useradm/users/${String(made.id)}`, { roles: ["RBAC_ROLE_CI"] });
    await ui.call("DELETE", `${M1}/useradm/users/${String(made.id)}`);
    await ui.call("DELETE", `${M2}/useradm/roles/line`);
    const page = await ui.call("GET", `${M1}/auditlogs/logs?page=1&per_page=20&object_type=user&sort=desc`);
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
    await ui.call("POST", `${M1}/useradm/users/me/2fa/enable`);
    expect((await ui.call("GET", `${M1}/useradm/2faqr`)).json()).toMatchObject({ qr: expect.any(String) });
    const [row] = await rowsOf(`SELECT tfa_secret FROM users WHERE user_id = '${user.id}'`);
    const { keys } = await server.deps();
    const secret = (await unseal(keys, String(row!.tfa_secret), `second factor acme ${user.id}`))!;
    const counter = Math.floor(server.now / STEP_MS);
    const token2fa = new HOTP({ secret: Secret.fromBase32(secret) }).generate({ counter });
    await ui.call("PUT", `${M1}/useradm/2faverify`, { token2fa });
    const first = await logIn(server, user.email, "", { json: { token2fa: "", no_expiry: false } });
    expect(first.status).toBe(401); // the form asks with the address alone
    const second = await logIn(server, user.email, PASSWORD, { json: { token2fa: "", no_expiry: false } });
    expect([second.status, String(second.json().error)]).toEqual([401, expect.stringContaining("2fa")]);
    const third = await logIn(server, user.email, PASSWORD, { json: { token2fa, no_expiry: false } });
    expect([third.status, third.headers.get("content-type")]).toEqual([200, "application/jwt"]);
  });

  it("shows the profile and the organization: tokens, a new address, single sign-on, devices in use", async () => {
    const tokens = `${M1}/useradm/settings/tokens`;
    const made = await ui.call("POST", tokens, { name: "ci", expires_in: 604_800 });
    expect([made.status, made.text.split(".").length]).toEqual([200, 3]);
    const [token] = await ui.list(tokens);
    expect(token).toMatchObject({
      name: "ci",
      created_ts: expect.any(String),
      expiration_date: expect.any(String),
    });
    await ui.call("DELETE", `${tokens}/${String(token?.id)}`);
    const change = `${M1}/useradm/users/me/email-change`;
    expect((await ui.call("GET", `${change}/pending`)).text).toBe("");
    await ui.call("POST", `${change}/start`, { email: "new@acme.example", current_password: PASSWORD });
    expect((await ui.call("GET", `${change}/pending`)).json()).toMatchObject({
      new_email: "new@acme.example",
    });
    await ui.call("POST", `${change}/cancel`);
    expect(await ui.list(`${M1}/useradm/sso/idp/metadata`)).toEqual([]);
    await aReportingDevice(server, ui);
    expect((await ui.call("GET", `${M2}/devauth/license`)).text).toContain("accepted,standard,1");
  });

  it("shows a user of some groups and tags every page without an error", async () => {
    const json = {
      name: "lab",
      permission_sets_with_scope: [
        { name: "Basic" },
        { name: "ReadDevices", scope: { type: "DeviceGroups", value: ["lab"] } },
        { name: "ReadReleases", scope: { type: "ReleaseTags", value: ["stable"] } },
      ],
    };
    await ui.call("POST", `${M2}/useradm/roles`, json);
    const [mine] = [await aReportingDevice(server, ui), await aReportingDevice(server, ui)];
    await ui.call("PATCH", `${M1}/inventory/groups/lab/devices`, [mine.id]);
    const theirs = new WebUi(server, await aUser(server, { tenant: "acme", roles: ["lab"] }));
    for (const path of [
      ...["users/me", "settings", "settings/me"].map((part) => `${M1}/useradm/${part}`),
      ...["roles?per_page=500", "permission_sets?per_page=500"].map((part) => `${M2}/useradm/${part}`),
      `${M2}/tenantadm/tenants/me?tiers=true`,
      `${M2}/devauth/limits/devices`,
      `${M2}/inventory/statistics`,
      `${M2}/inventory/filters/attributes`,
      `${M2}/inventory/filters?per_page=500`,
      `${M1}/inventory/groups`,
      `${M2}/deployments/releases/all/types`,
      `${A1}/deployments/software/tags`,
    ])
      await theirs.call("GET", path);
    expect(await theirs.page(`${M2}/deployments/deployments/releases?page=1&per_page=20`)).toEqual([0, []]);
    expect(await theirs.page(`${M2}/deployments/deployments?status=finished&per_page=20&page=1`)).toEqual([
      0,
      [],
    ]);
    const [total, [found]] = await theirs.search([term("identity", "status", "accepted")]);
    expect([total, found?.id]).toEqual([1, mine.id]);
  });

  it("invites by id, and manages the tenants of a service provider", async () => {
    const guest = await aUser(server, { tenant: "elsewhere" });
    await ui.call("POST", `${M1}/useradm/users/${guest.id}/assign`, { tenant_ids: ["acme"] });
    const change = { token: OPERATOR_TOKEN, json: { service_provider: true } };
    await server.call("PUT", "/api/internal/v1/tenantadm/tenants/acme", change);
    const exists = `${M1}/useradm/users/exists?email=${guest.email}`;
    expect(await ui.object(exists)).toEqual({ exists: true });
    const limits = { max_devices: { Name: "max_devices", value: 5 } };
    const users = [{ role: "RBAC_ROLE_PERMIT_ALL", email: guest.email }];
    await ui.call("POST", `${M2}/tenantadm/tenants`, {
      name: "child",
      users,
      device_limits: limits,
      binary_delta: true,
    });
    const page = await ui.call("GET", `${M2}/tenantadm/tenants?tiers=true&page=1&per_page=20`);
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
    await ui.call("PUT", `${M2}/tenantadm/tenants/${String(child!.id)}/child`, {
      name: "renamed",
      device_limits: limits,
    });
    await ui.call("POST", `${M2}/tenantadm/tenants/${String(child!.id)}/remove/start`);
  });
});
