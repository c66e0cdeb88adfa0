import { generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { PAGES } from "../../src/gateway/console.ts";
import { makeGateway } from "../../src/gateway/gateway.ts";
import { signToken } from "../../src/platform/tokens.ts";
import { aDevice, aUser } from "../support/actors.ts";
import { type Answer, OPERATOR_TOKEN, served, Server } from "../support/server.ts";

/** One page, which holds nothing of anybody. */
const CONSOLE = ["GET /", "GET /assets/*", ...PAGES.flatMap((name) => [`GET /${name}`, `GET /${name}/*`])];

/** Everything that answers without a token. Whoever adds a route here opens it to the world. */
const PUBLIC = [
  ...CONSOLE,
  "GET /favicon.svg",
  "GET /healthz",
  "GET /api/docs",
  "GET /api/docs/redoc.standalone.js",
  "GET /api/docs/redoc.standalone.js.LICENSE.txt",
  "GET /api/openapi.json",
  "POST /api/management/v1/useradm/auth/login",
  "POST /api/management/v1/useradm/auth/passkey/login",
  "POST /api/management/v1/useradm/auth/passkey/options",
  // By a token of their own, which is no user's.
  "GET /api/management/v1/useradm/scim/v2/Groups",
  "GET /api/management/v1/useradm/scim/v2/Groups/{id}",
  "POST /api/management/v1/useradm/scim/v2/Groups",
  "DELETE /api/management/v1/useradm/scim/v2/Groups/{id}",
  "PATCH /api/management/v1/useradm/scim/v2/Groups/{id}",
  "PUT /api/management/v1/useradm/scim/v2/Groups/{id}",
  "GET /api/management/v1/useradm/scim/v2/ResourceTypes",
  "GET /api/management/v1/useradm/scim/v2/ResourceTypes/{id}",
  "GET /api/management/v1/useradm/scim/v2/Schemas",
  "GET /api/management/v1/useradm/scim/v2/Schemas/{id}",
  "GET /api/management/v1/useradm/scim/v2/ServiceProviderConfig",
  "GET /api/management/v1/useradm/scim/v2/Users",
  "POST /api/management/v1/useradm/scim/v2/Users",
  "GET /api/management/v1/useradm/scim/v2/Users/{id}",
  "PUT /api/management/v1/useradm/scim/v2/Users/{id}",
  "PATCH /api/management/v1/useradm/scim/v2/Users/{id}",
  "DELETE /api/management/v1/useradm/scim/v2/Users/{id}",
  "POST /api/management/v1/useradm/auth/verify-email/start",
  "POST /api/management/v1/useradm/auth/verify-email/complete",
  "POST /api/management/v1/useradm/auth/password-reset/start",
  "POST /api/management/v1/useradm/auth/password-reset/complete",
  "POST /api/management/v1/useradm/users/me/email-change/complete",
  "GET /api/management/v1/useradm/auth/magic/{id}",
  "GET /api/management/v1/useradm/auth/sso/{id}/login",
  "POST /api/management/v1/useradm/auth/sso/{id}/acs",
  "GET /api/management/v1/useradm/oidc/{id}/start",
  "GET /api/management/v1/useradm/oidc/{id}/login",
  "POST /api/management/v1/useradm/oidc/{id}/logout",
  "POST /api/devices/v1/authentication/auth_requests",
  "POST /api/management/v2/tenantadm/tenants/signup",
  "POST /api/management/v2/tenantadm/tenants/trial",
  "GET /api/devices/v1/deployments/download/artifacts/{tenant}/{artifact}",
  "GET /api/devices/v1/deployments/download/configuration/{deployment_id}/{device_type}/{device_id}",
  "GET /api/storage/v1/exports/{tenant}/{id}",
  "GET /api/storage/v1/uploads/{tenant}/{id}",
  "PUT /api/storage/v1/uploads/{tenant}/{id}",
];

/** Served and not in the OpenAPI document: itself, and spellings of the same route that clients may use. */
const UNDOCUMENTED = [
  ...CONSOLE,
  "GET /favicon.svg",
  "GET /healthz",
  "GET /api/docs",
  "GET /api/docs/redoc.standalone.js",
  "GET /api/docs/redoc.standalone.js.LICENSE.txt",
  "GET /api/openapi.json",
  // The protocol of tools has its own description of itself.
  "POST /mcp",
  "PUT /api/devices/v1/inventory/*",
  "PATCH /api/devices/v1/inventory/*",
  "GET /api/management/v1/deployments/limits/{name}",
];

const app = makeGateway();

const documented = Object.entries(
  app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } }).paths ?? {},
).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));

/** What is served, and whom it is for. */
const declared = app.declarations().map(({ method, path, access }) => ({
  route: `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
  caller: access.caller,
}));
const mounted = declared.map(({ route }) => route);
const routesFor = (caller: string) =>
  declared
    .filter((one) => one.caller === caller)
    .map(({ route }) => route)
    .toSorted();

/** Take a device's, a user's or a tenant's token in place of the operator's: the token is what they are asked about. */
const VERIFIER = /\/(devauth\/tokens|useradm\/auth|tenantadm\/tenants)\/verify$/;
const verifiers = routesFor("public").filter((route) => VERIFIER.test(route));

/** Where the routes of each kind are, as clients and those who watch over networks expect. */
const PLACES = {
  user: /^\w+ \/(api\/management\/|mcp$)/,
  device: /^\w+ \/api\/devices\//,
  operator: /^\w+ \/(api\/(internal|operator|v1)\/|(status|metrics)$)/,
};

let server: Server;
let tokens: Record<"user" | "device" | "operator" | "garbage" | "expired" | "forged", string>;

beforeAll(async () => {
  server = await Server.start();
  const [user, device] = [await aUser(server), await aDevice(server)];
  const nowS = server.now / 1000;
  const claims = { sub: user.id, jti: "any", "mender.user": true, "mender.device": true, exp: nowS + 60 };
  const foreign = await generateKeyPair("EdDSA");
  tokens = {
    user: user.token,
    device: device.token,
    operator: OPERATOR_TOKEN,
    garbage: "not.a.token",
    expired: await signToken((await server.deps()).keys, { ...claims, exp: nowS - 1 }),
    forged: await new SignJWT(claims).setProtectedHeader({ alg: "EdDSA" }).sign(foreign.privateKey),
  };
});

function call(route: string, token: string | undefined, bindings = served): Promise<Answer> {
  const [method = "", path = ""] = route.split(" ");
  const url = path.replace(/\{\w+\}/g, "3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001");
  return server.call(method, url, { token }, bindings);
}

const anonymousAnd = (...kinds: (keyof typeof tokens)[]) => [undefined, ...kinds.map((kind) => tokens[kind])];

describe("the public surface", () => {
  it("is exactly the list in this test", () => {
    expect(routesFor("public")).toEqual([...PUBLIC, ...verifiers].toSorted());
    expect(verifiers.length).toBe(5);
  });

  it.each(Object.entries(PLACES))("leaves what is for a %s in one place", (caller, place) => {
    expect(routesFor(caller).length).toBeGreaterThan(10);
    expect(routesFor(caller).filter((route) => !place.test(route))).toEqual([]);
  });

  it("is documented, with few exceptions", () => {
    const unwritten = mounted.filter((route) => !documented.includes(route));
    expect([...new Set(unwritten)].toSorted()).toEqual(UNDOCUMENTED.toSorted());
  });
});

describe("user routes", () => {
  it.each(routesFor("user"))("%s refuses whoever is no user", async (route) => {
    for (const token of anonymousAnd("device", "operator", "garbage", "expired", "forged")) {
      const answer = await call(route, token);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(answer.json()).toEqual({
        error: expect.stringMatching(/./),
        request_id: answer.headers.get("x-men-requestid"),
      });
    }
  });
});

describe("device routes", () => {
  it.each(routesFor("device"))("%s refuses whoever is no device, with an empty body", async (route) => {
    for (const token of anonymousAnd("user", "operator", "garbage", "expired", "forged")) {
      const answer = await call(route, token);
      expect([answer.status, answer.text]).toEqual([401, ""]);
      expect(answer.headers.get("content-length")).toBe("0");
      expect(answer.headers.get("x-men-requestid")).toMatch(/./);
    }
  });
});

describe("operator routes", () => {
  const { OPERATOR_TOKEN: _, ...unconfigured } = served;

  it.each(routesFor("operator"))(
    "%s refuses whoever is not the operator [differs: internal-operator]",
    async (route) => {
      for (const token of anonymousAnd("user", "device", "garbage", "expired", "forged")) {
        const answer = await call(route, token);
        expect([answer.status, Object.keys(answer.json())]).toEqual([401, ["error", "request_id"]]);
      }
    },
  );

  it.each([...routesFor("operator"), ...verifiers])(
    "%s does not exist without a configured token [differs: internal-operator, verify-forwarded]",
    async (route) => {
      for (const token of anonymousAnd("user", "device", "operator")) {
        const answer = await call(route, token, unconfigured);
        expect([answer.status, answer.json().error]).toEqual([404, "not found"]);
      }
    },
  );
});
