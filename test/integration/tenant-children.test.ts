import { beforeEach, describe, expect, it } from "vitest";
import { refusal, statusesOf } from "../support/answers.ts";
import { aDevice, aUser, logIn, type TestUser } from "../support/actors.ts";
import { Mailbox } from "../support/mailbox.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";

const TENANTS = "/api/management/v2/tenantadm/tenants";
const PASSWORD = "correct horse battery";

let server: Server;
let user: TestUser;

const operator = (method: string, path: string, json: unknown) =>
  server.call(method, path, { token: OPERATOR_TOKEN, json });

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server, { tenant: "provider" });
  const change = { service_provider: true, max_child_tenants: "3" };
  await operator("PUT", "/api/internal/v1/tenantadm/tenants/provider", change);
  await operator("PUT", "/api/operator/v1/tenants/provider/limits/max_devices", { value: 10 });
});

const call = (method: string, path = "", json?: unknown, actor = user) =>
  server.call(method, TENANTS + path, { token: actor.token, ...(json === undefined ? {} : { json }) });

/** As the web UI spells it. */
const limits = (value: number) => ({ max_devices: { Name: "max_devices", value } });

let made = 0;
const child = (value: number, more: object = {}) => ({
  name: "child",
  admin: { email: `admin${++made}@example.com`, password: PASSWORD },
  device_limits: limits(value),
  binary_delta: true,
  ...more,
});

interface Wire {
  id: string;
  parent_tenant_id: string;
  device_limits: Record<string, { value: number; current_value: number }>;
}
const children = async () => (await call("GET", "?tiers=true")).json<Wire[]>();

describe("a service provider", () => {
  it("gives a child its single sign-on, by which the first administrator gets in, and which the child cannot change", async () => {
    const settings = {
      issuer: "https://id.example.com",
      authorization_endpoint: "https://id.example.com/auth",
      token_endpoint: "https://id.example.com/token",
      jwks_uri: "https://id.example.com/jwks",
    };
    const metadata = "/api/management/v1/useradm/sso/idp/metadata";
    const json = { name: "ours", client_id: "c", settings };
    const added = await server.call("POST", metadata, { token: user.token, json });
    const provider = added.headers.get("location")?.split("/").at(-1) ?? "";
    const email = "sso@example.com";
    const mailbox = new Mailbox(server);
    expect((await call("POST", "", { ...child(1), admin: { email }, sso: true })).status).toBe(202);
    expect(await mailbox.open()).toEqual([]);
    const asked = await logIn(server, email, "");
    expect([asked.status, asked.json()]).toEqual([200, { id: provider, kind: "sso/oidc" }]);
    const [one] = await children();
    const admin = await aUser(server, { tenant: one!.id });
    const listed = await server.call("GET", metadata, { token: admin.token });
    expect(listed.json()).toMatchObject([{ id: provider, issuer: settings.issuer }]);
    expect(refusal(await server.call("POST", metadata, { token: admin.token, json }))).toEqual([
      409,
      "single sign-on is managed by the service provider",
    ]);
    for (const [method, body] of [
      ["PUT", { json }],
      ["DELETE", {}],
    ] as const)
      expect(
        (await server.call(method, `${metadata}/${provider}`, { token: admin.token, ...body })).status,
      ).toBe(403);
    expect((await server.call("GET", metadata, { token: user.token })).json()).toHaveLength(1);
  });

  it("has the first administrator of a child sent a link where it asks for that or there is no other way in", async () => {
    const mailbox = new Mailbox(server);
    const make = async (admin: object) => (await call("POST", "", { ...child(1), admin })).status;
    const told = async () => (await mailbox.open()).map(({ to, subject }) => [...to, subject]);
    const email = "first@example.com";
    expect(await make({ email, password: PASSWORD })).toBe(202);
    expect(await told()).toEqual([]);
    expect(await make({ email: `a${email}`, password: PASSWORD, send_reset_password: true })).toBe(202);
    expect(await told()).toEqual([[`a${email}`, "You are invited"]]);
    expect((await logIn(server, `a${email}`, PASSWORD)).status).toBe(200);
    expect(await make({ email: `b${email}` })).toBe(202);
    expect(await told()).toEqual([[`b${email}`, "You are invited"]]);
    expect(await make({ email: `d${email}`, send_reset_password: "yes" })).toBe(400);
  });

  it("makes children whose administrators can log in, and lists them at once", async () => {
    const input = child(4);
    expect((await call("POST", "", input)).status).toBe(202);
    const [one] = await children();
    expect(one).toMatchObject({
      name: "child",
      parent_tenant_id: "provider",
      device_limits: { max_devices: { value: 4, current_value: 0 }, max_micro_devices: { value: -1 } },
    });
    expect((await logIn(server, input.admin.email, PASSWORD)).status).toBe(200);
    const own = (await server.call("GET", `${TENANTS}/me?tiers=true`, { token: user.token })).json<Wire>();
    expect(own).toMatchObject({
      service_provider: true,
      device_limits: { max_devices: { value: 10, current_value: 4 } },
    });
    expect((await call("GET")).headers.get("x-total-count")).toBe("1");
  });

  it("gives away no more than it has, its own devices counted, however many ask at once [differs: child-unlimited]", async () => {
    await aDevice(server, { tenant: "provider" });
    const answers = await Promise.all([call("POST", "", child(5)), call("POST", "", child(5))]);
    expect(statusesOf(answers)).toEqual([202, 422]);
    expect((await call("POST", "", child(-1))).status).toBe(422);
    const [one] = await children();
    expect((await call("PUT", `/${one!.id}/child`, { device_limits: limits(10) })).status).toBe(422);
    expect(
      (await call("PUT", `/${one!.id}/child`, { name: "renamed", device_limits: limits(9) })).status,
    ).toBe(204);
    expect(await children()).toMatchObject([
      { name: "renamed", device_limits: { max_devices: { value: 9 } } },
    ]);
    expect((await call("PUT", `/${one!.id}/child`, {})).status).toBe(204);
    expect(await children()).toMatchObject([{ device_limits: { max_devices: { value: 0 } } }]);
    expect(
      (await env.DB.prepare("SELECT count(*) AS n FROM tenants WHERE parent_id IS NOT NULL").first())?.n,
    ).toBe(1);
  });

  it("asks whether an address has an account, which nobody else may", async () => {
    const ask = (email: string, token = user.token) =>
      server.call("GET", `/api/management/v1/useradm/users/exists?email=${email}`, { token });
    expect((await ask(user.email)).json()).toEqual({ exists: true });
    expect((await ask("nobody@example.com")).json()).toEqual({ exists: false });
    expect((await ask("nobody")).status).toBe(400);
    const observer = await aUser(server, { tenant: "provider", roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await ask(user.email, observer.token)).status).toBe(403);
  });

  it("has at most as many children as it may, and addresses once only", async () => {
    const first = child(1);
    expect((await call("POST", "", first)).status).toBe(202);
    expect((await call("POST", "", first)).status).toBe(409);
    for (const status of [202, 202, 422]) expect((await call("POST", "", child(1))).status).toBe(status);
  });

  it("removes a child, which its own log still tells", async () => {
    await call("POST", "", child(1));
    const [one] = await children();
    expect((await call("DELETE", `/${one!.id}`)).status).toBe(405);
    expect((await call("POST", `/${one!.id}/remove/start`)).status).toBe(202);
    await server.deliverEvents();
    expect(await children()).toEqual([]);
    const logs = "/api/management/v1/auditlogs/logs?object_type=tenant";
    const entries = (await server.call("GET", logs, { token: user.token })).json<{ action: string }[]>();
    expect(entries.map(({ action }) => action)).toEqual(expect.arrayContaining(["create", "delete"]));
  });

  it("makes a child for users of other tenants, as the web UI does for known addresses", async () => {
    const known = await aUser(server, { tenant: "elsewhere" });
    const users = [{ role: "RBAC_ROLE_PERMIT_ALL", email: known.email }];
    const input = { name: "shared", users, binary_delta: true, device_limits: limits(1) };
    expect((await call("POST", "", input)).status).toBe(202);
    const [one] = await children();
    const path = `/api/management/v1/useradm/users/tenants/${one!.id}/token`;
    const switched = await server.call("GET", path, { token: known.token });
    expect(switched.status).toBe(200);
    const own = await server.call("GET", `${TENANTS}/me`, { token: switched.text });
    expect(own.json<Wire>().parent_tenant_id).toBe("provider");
    const unknown = { ...input, users: [{ role: "RBAC_ROLE_PERMIT_ALL", email: "nobody@example.com" }] };
    expect((await call("POST", "", unknown)).status).toBe(400);
    expect((await call("POST", "", { ...input, users: [{ role: "Own", email: known.email }] })).status).toBe(
      400,
    );
    expect((await call("POST", "", { ...input, users: [] })).status).toBe(400);
  });

  it("is nobody else, and needs an administrator for a child [differs: child-without-admin]", async () => {
    const other = await aUser(server, { tenant: "other" });
    expect(refusal(await call("POST", "", child(1), other))).toEqual([
      403,
      "the tenant is not a service provider",
    ]);
    await call("POST", "", child(1));
    const [one] = await children();
    expect((await call("PUT", `/${one!.id}/child`, {}, other)).status).toBe(403);
    expect((await call("POST", `/${one!.id}/remove/start`, undefined, other)).status).toBe(403);
    expect((await call("PUT", "/other/child", {})).status).toBe(403);
    for (const wrong of [{ name: "ab" }, { admin: undefined }, { device_limits: limits(-2) }])
      expect((await call("POST", "", child(1, wrong))).status).toBe(400);
    expect((await call("POST", "", child(1, { sso: true }))).status).toBe(422);
  });
});
