import { beforeAll, describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import type { Declaration } from "../../src/platform/app-env.ts";
import { BUILT_IN_ROLES, ROLE_PERMISSIONS, type Permission } from "../../src/platform/permissions.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { anArtifact, ARTIFACTS, idOf, upload } from "../support/artifacts.ts";
import { env, Server, type Answer, type Call } from "../support/server.ts";

const ID = "3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001";
const FORBIDDEN = "forbidden by role-based access control";

const routes = makeGateway().declarations();
const nameOf = ({ method, path }: Declaration) => `${method} ${path}`;
const urlOf = ({ path }: Declaration) => path.replace("*", "any").replaceAll(/:\w+/g, ID);

type UserRoute = Declaration & { access: { caller: "user" } };
const isUserRoute = (route: Declaration): route is UserRoute => route.access.caller === "user";
/** Ends the token that the other cells use, so it comes last. */
const isLogout = ({ path }: Declaration) => path.endsWith("/auth/logout");
const userRoutes = routes.filter(isUserRoute).toSorted((a, b) => Number(isLogout(a)) - Number(isLogout(b)));

function needsOf(route: UserRoute, user: TestUser): readonly Permission[] {
  const { needs } = route.access;
  const actor = { ...user, kind: "user", user: user.id, roles: [], token: "" } as never; // only its id is asked for
  const needed = typeof needs === "function" ? needs(actor, urlOf(route)) : needs;
  return typeof needed === "string" ? [needed] : needed;
}

const isAllowed = (role: string, needed: readonly Permission[]): boolean => {
  const granted = ROLE_PERMISSIONS[role] ?? [];
  return granted === "all" || needed.some((one) => one === "basic" || granted.includes(one));
};

/** What no route takes: neither as a query nor as a body. */
const invalid = (method: string): Call =>
  method === "GET" || method === "HEAD"
    ? {}
    : { body: '{"broken', headers: { "Content-Type": "application/json" } };
const invalidUrl = (url: string) => `${url}?page=x&per_page=-1&sort=%00&status=x&path=`;

/** About the tenant that the path names, not about what the user may do. */
const NOT_YOURS = "the tenant is neither yours nor a child of it";

const isRefused = (answer: Answer) =>
  ([401, 403].includes(answer.status) && !answer.text.includes(NOT_YOURS)) || answer.status >= 500;

const told = (answer: Answer) => {
  const error = answer.text.startsWith("{") ? answer.json().error : answer.text;
  return `${answer.status} ${String(error)}`;
};

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});

const ask = (route: Declaration, token: string | undefined, call: Call = {}) =>
  server.call(route.method, urlOf(route), { ...call, token });
const askWrongly = (route: Declaration, token: string | undefined) =>
  server.call(route.method, invalidUrl(urlOf(route)), { ...invalid(route.method), token });

/** The second factor of somebody else: clients of the original expect a 401. */
const refusalOf = ({ path }: Declaration) =>
  /\/2fa\/(en|dis)able$/.test(path) ? "401 unauthorized" : `403 ${FORBIDDEN}`;

describe("a route for users", () => {
  const ACTORS: readonly (readonly [name: string, role: string])[] = [
    ...BUILT_IN_ROLES.map((role) => [role, role] as const),
    ["a user without roles", "NONE"],
    ["a user whose role is gone", "GONE"],
  ];

  it("is for whoever has its permission: all others hear 403, whatever they send [differs: forbidden-first]", async () => {
    const wrong: string[] = [];
    const cells = { allowed: 0, forbidden: 0 };
    for (const [name, role] of ACTORS) {
      const user = await aUser(server, { roles: role === "NONE" ? [] : [role] });
      for (const route of userRoutes) {
        const needed = needsOf(route, user);
        const allowed = isAllowed(role, needed);
        cells[allowed ? "allowed" : "forbidden"]++;
        const answers = [await askWrongly(route, user.token)];
        if (!allowed) answers.push(await ask(route, user.token));
        for (const answer of answers)
          if (allowed ? isRefused(answer) : told(answer) !== refusalOf(route))
            wrong.push(`${name}: ${nameOf(route)} is ${allowed ? "allowed" : "not"}: ${told(answer)}`);
      }
    }
    console.log(`${userRoutes.length} routes for users: ${JSON.stringify(cells)}`);
    expect(wrong).toEqual([]);
    expect(cells.forbidden).toBeGreaterThan(userRoutes.length);
  });

  it("is open to every user only where it is about themselves, or read by every page of the web UI", () => {
    const basic = userRoutes.filter(({ access: { needs } }) => needs === "basic");
    expect(basic.map(nameOf).toSorted()).toEqual([
      "DELETE /api/management/v1/useradm/settings/tokens/:id",
      "GET /api/management/v1/consent/settings",
      "GET /api/management/v1/console/boot",
      "GET /api/management/v1/console/home",
      "GET /api/management/v1/devicemonitor/settings/global/channel/alerts/:name/status",
      "GET /api/management/v1/devicemonitor/settings/me/channel/alerts/:name/status",
      "GET /api/management/v1/events/types",
      "GET /api/management/v1/iot-manager/integrations",
      "GET /api/management/v1/iot-manager/integrations/:id",
      "GET /api/management/v1/tenantadm/user/tenant",
      "GET /api/management/v1/useradm/2faqr",
      "GET /api/management/v1/useradm/plan_binding",
      "GET /api/management/v1/useradm/plans",
      "GET /api/management/v1/useradm/roles",
      "GET /api/management/v1/useradm/roles/:id",
      "GET /api/management/v1/useradm/settings",
      "GET /api/management/v1/useradm/settings/me",
      "GET /api/management/v1/useradm/settings/sign-in",
      "GET /api/management/v1/useradm/settings/tokens",
      "GET /api/management/v1/useradm/users/me",
      "GET /api/management/v1/useradm/users/me/2fa/recovery-codes",
      "GET /api/management/v1/useradm/users/me/email-change/pending",
      "GET /api/management/v1/useradm/users/tenants/:id/token",
      "GET /api/management/v2/tenantadm/billing",
      "GET /api/management/v2/tenantadm/billing/products",
      "GET /api/management/v2/tenantadm/billing/profile",
      "GET /api/management/v2/tenantadm/billing/subscription",
      "GET /api/management/v2/tenantadm/tenants/me",
      "GET /api/management/v2/tenantadm/tenants/me/token",
      "GET /api/management/v2/useradm/permission_sets",
      "GET /api/management/v2/useradm/permission_sets/:id",
      "GET /api/management/v2/useradm/roles",
      "GET /api/management/v2/useradm/roles/:id",
      "PATCH /api/management/v2/tenantadm/billing/profile",
      "POST /api/management/v1/console/session",
      "POST /api/management/v1/devicemonitor/settings/me/channel/alerts/:name/test",
      "POST /api/management/v1/useradm/auth/logout",
      "POST /api/management/v1/useradm/auth/plan-verify",
      "POST /api/management/v1/useradm/settings/me",
      "POST /api/management/v1/useradm/users/me/2fa/recovery-codes",
      "POST /api/management/v1/useradm/users/me/email-change/cancel",
      "POST /api/management/v1/useradm/users/me/email-change/start",
      "POST /api/management/v1/useradm/users/me/passkeys",
      "POST /api/management/v1/useradm/users/me/passkeys/options",
      "POST /api/management/v2/tenantadm/billing/card",
      "POST /api/management/v2/tenantadm/billing/card/:id/confirm",
      "POST /api/management/v2/tenantadm/billing/profile",
      "POST /api/management/v2/tenantadm/billing/secret",
      "POST /api/management/v2/tenantadm/billing/subscription",
      "POST /api/management/v2/tenantadm/billing/subscription/invoices/preview",
      "POST /api/management/v2/tenantadm/contact/support",
      "POST /api/management/v2/useradm/support/feedback/feat.ai",
      "POST /api/management/v2/useradm/support/feedback/product",
      "PUT /api/management/v1/devicemonitor/settings/me/channel/alerts/:name/status",
      "PUT /api/management/v1/useradm/2faverify",
      "PUT /api/management/v1/useradm/users/me",
      "PUT /api/management/v1/useradm/users/me/passkeys/:passkey",
      "PUT /api/management/v2/useradm/users/me",
    ]);
  });

  it("gives a personal token the rights of its user, and none to users of another tenant", async () => {
    const maker = await aUser(server);
    const json = { name: "mine", expires_in: 3600 };
    const made = await server.call("POST", "/api/management/v1/useradm/settings/tokens", {
      token: maker.token,
      json,
    });
    expect(made.status).toBe(200);
    // Not by the route, which ends tokens with the rights they were made with.
    const demote = env.DB.prepare(`UPDATE users SET roles = '["RBAC_ROLE_OBSERVER"]' WHERE user_id = ?`);
    await demote.bind(maker.id).run();
    const elsewhere = await aUser(server, { tenant: "elsewhere", roles: ["RBAC_ROLE_CI"] });
    const wrong: string[] = [];
    for (const route of userRoutes) {
      const observed = [maker, made.text, "RBAC_ROLE_OBSERVER"] as const;
      for (const [user, token, role] of [observed, [elsewhere, elsewhere.token, "RBAC_ROLE_CI"] as const]) {
        const answer = await askWrongly(route, token);
        const asDeclared = isAllowed(role, needsOf(route, user))
          ? !isRefused(answer)
          : told(answer) === refusalOf(route);
        if (!asDeclared) wrong.push(`${role} ${nameOf(route)}: ${told(answer)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("does not read a body that it will not take", async () => {
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    let pulled = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({ pull: () => new Promise(() => pulled++) }, { highWaterMark: 0 });
    for (const route of userRoutes.filter(({ method }) => method !== "GET")) {
      if (isAllowed("RBAC_ROLE_OBSERVER", needsOf(route, observer))) continue;
      const answer = await ask(route, observer.token, { body: endless() });
      expect([nameOf(route), told(answer)]).toEqual([nameOf(route), refusalOf(route)]);
    }
    expect(pulled).toBe(0);
  });
});

describe("a user who only manages deployments", () => {
  it("sees what there is to deploy, and downloads nothing", async () => {
    const [admin, manager] = [
      await aUser(server),
      await aUser(server, { roles: ["RBAC_ROLE_DEPLOYMENTS_MANAGER"] }),
    ];
    const id = idOf(await upload(server, await anArtifact(), admin));
    const list = await server.call("GET", ARTIFACTS, { token: manager.token });
    expect(list.json<{ id: string }[]>().map((artifact) => artifact.id)).toEqual([id]);
    const link = await server.call("GET", `${ARTIFACTS}/${id}/download`, { token: manager.token });
    expect(told(link)).toBe(`403 ${FORBIDDEN}`);
  });
});

describe("default values for new devices, among the settings of the tenant", () => {
  it("are for those who may configure devices [differs: default-configuration]", async () => {
    const path = "/api/management/v1/useradm/settings";
    const document = { defaultDeviceConfig: { current: { password: "hunter2" } }, retries: 1 };
    const [admin, observer] = [await aUser(server), await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] })];
    await server.call("POST", path, { token: admin.token, json: document });
    const read = async (user: TestUser) => (await server.call("GET", path, { token: user.token })).json();
    expect(await read(observer)).toEqual({ retries: 1 });
    expect(await read(admin)).toEqual(document);
  });
});

describe("the settings that all users of a tenant share", () => {
  const SETTINGS = "/api/management/v1/useradm/settings";

  it.each(BUILT_IN_ROLES)(
    "are read by %s, and written by administrators alone [differs: tenant-settings]",
    async (role) => {
      const [admin, user] = [await aUser(server), await aUser(server, { roles: [role] })];
      const write = (token: string, json: object) => server.call("POST", SETTINGS, { token, json });
      const read = async () => (await server.call("GET", SETTINGS, { token: user.token })).json();
      expect((await write(admin.token, { kept: true })).status).toBe(201);
      const may = ROLE_PERMISSIONS[role] === "all";
      expect((await write(user.token, { lost: true })).status).toBe(may ? 201 : 403);
      expect(await read()).toEqual(may ? { lost: true } : { kept: true });
    },
  );
});
