import { beforeEach, describe, expect, it } from "vitest";
import operations from "../../console/src/api/operations.txt?raw";
// oxlint-disable-next-line import/default -- its text, as the suffix says
import schema from "../../console/src/api/schema.d.ts?raw";
import needs from "../../console/src/api/needs.json?raw";
import { needsOf, readOperations, typesOf, type ApiDocument } from "../../console/types.ts";
import { PAGES } from "../../src/gateway/console.ts";
import { aUser } from "../support/actors.ts";
import { Server } from "../support/server.ts";

const BASE = "/api/management/v1/console";
const ORIGIN = "https://edgemend.test";
const MARKED = { "X-Edgemend-Console": "1" };

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

/** What the browser keeps of an answer, as it sends it back. */
const cookieOf = (headers: Headers): string => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";

describe("the session of the console", () => {
  it("is a cookie that scripts, other hosts and other sites cannot use", async () => {
    const { token } = await aUser(server);
    const kept = await server.call("POST", `${BASE}/session`, { token });
    expect(kept.status).toBe(204);
    const [pair, ...terms] = (kept.headers.get("set-cookie") ?? "").split("; ");
    expect(pair).toBe(`__Host-edgemend=${token}`);
    expect(terms.toSorted()).toEqual(["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Strict", "Secure"]);
  });

  it("counts from the console's own page, for changes only with its mark", async () => {
    const { token } = await aUser(server);
    const cookie = cookieOf((await server.call("POST", `${BASE}/session`, { token })).headers);
    const ask = async (method: string, path: string, headers: Record<string, string>) =>
      (
        await server.call(method, path, {
          headers: { cookie, ...headers },
          ...(method !== "GET" && { json: {} }),
        })
      ).status;
    const settings = "/api/management/v1/useradm/settings/me";
    const own = { "Sec-Fetch-Site": "same-origin" };
    expect({
      read: await ask("GET", `${BASE}/boot`, own),
      "read by origin": await ask("GET", `${BASE}/boot`, { Origin: ORIGIN }),
      "read from nowhere": await ask("GET", `${BASE}/boot`, {}),
      "read from another site": await ask("GET", `${BASE}/boot`, {
        "Sec-Fetch-Site": "cross-site",
        Origin: ORIGIN,
      }),
      "read from a sibling": await ask("GET", `${BASE}/boot`, { "Sec-Fetch-Site": "same-site" }),
      "read by another origin": await ask("GET", `${BASE}/boot`, { Origin: "https://elsewhere.test" }),
      change: await ask("POST", settings, { ...own, ...MARKED }),
      "change without the mark": await ask("POST", settings, own),
      "change from another site": await ask("POST", settings, { ...MARKED, "Sec-Fetch-Site": "cross-site" }),
    }).toEqual({
      read: 200,
      "read by origin": 200,
      "read from nowhere": 401,
      "read from another site": 401,
      "read from a sibling": 401,
      "read by another origin": 401,
      change: 201,
      "change without the mark": 401,
      "change from another site": 401,
    });
  });

  it("ends with its token", async () => {
    const { token } = await aUser(server);
    const cookie = cookieOf((await server.call("POST", `${BASE}/session`, { token })).headers);
    const headers = { cookie, ...MARKED, "Sec-Fetch-Site": "same-origin" };
    const ended = await server.call("POST", "/api/management/v1/useradm/auth/logout", { headers });
    expect([ended.status, cookieOf(ended.headers)]).toEqual([202, "__Host-edgemend="]);
    expect((await server.call("GET", `${BASE}/boot`, { headers })).status).toBe(401);
    expect((await server.call("GET", `${BASE}/boot`, { token })).status).toBe(401);
  });

  it("is made of a token that is in the header", async () => {
    const { token } = await aUser(server);
    const headers = { cookie: `__Host-edgemend=${token}`, ...MARKED, "Sec-Fetch-Site": "same-origin" };
    const refused = await server.call("POST", `${BASE}/session`, { headers });
    expect([refused.status, refused.json().error]).toEqual([
      400,
      "the token must be in the Authorization header",
    ]);
    expect((await server.call("POST", `${BASE}/session`, { token: "x.y.z" })).status).toBe(401);
    expect((await server.call("POST", `${BASE}/session`)).status).toBe(401);
  });
});

describe("what every page needs", () => {
  it("is who is signed in and what of the console is for them, in two trips", async () => {
    const { token } = await aUser(server);
    const answer = await server.call("GET", `${BASE}/boot`, { token });
    expect(answer.status).toBe(200);
    expect(answer.cost.trips).toBe(2);
    expect(answer.json()).toMatchObject({
      user: { tenant: "default", must_enrol: false },
      tenant: { name: expect.any(String), service_provider: false },
      permissions: expect.arrayContaining(["devices:read", "users:manage"]),
      features: expect.arrayContaining(["audit_logs"]),
      plan: "enterprise",
    });
  });

  it("names no more than the roles allow", async () => {
    const { token } = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    const { permissions } = (await server.call("GET", `${BASE}/boot`, { token })).json<{
      permissions: string[];
    }>();
    expect(permissions).toEqual([
      "basic",
      "artifacts:read",
      "artifacts:download",
      "artifacts:manage",
      "artifacts:upload",
    ]);
  });
});

describe("the pages of the console", () => {
  it.each(["/", ...PAGES.map((name) => `/${name}`), "/devices/some-id/inventory"])(
    "are one document under a strict policy: %s",
    async (path) => {
      const page = await server.call("GET", path);
      expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      expect(page.headers.get("cache-control")).toBe("no-cache");
      expect(page.headers.get("x-content-type-options")).toBe("nosniff");
      const policy = page.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toContain("unsafe");
      expect(page.text).toContain('<div id="app">');
      expect(page.text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/);
    },
  );

  it("name files that may be kept for ever; one that is not there may not", async () => {
    const { text, headers } = await server.call("GET", "/");
    const file = await server.call("GET", /src="([^"]+)"/.exec(text)![1]!);
    expect([file.status, file.headers.get("cache-control")]).toEqual([
      200,
      "public, max-age=31536000, immutable",
    ]);
    expect(file.headers.get("content-type")).toContain("javascript");
    const gone = await server.call("GET", "/assets/gone.js");
    expect([gone.status, gone.headers.get("cache-control")]).toEqual([404, null]);
    const again = await server.call("GET", "/", { headers: { "If-None-Match": headers.get("etag")! } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  it("take nothing but reads, and no other address", async () => {
    expect((await server.call("POST", "/devices")).status).toBe(405);
    expect((await server.call("GET", "/device")).status).toBe(404);
  });
});

it("the console's types are those of the server's document: `npm run console:types` renews them", async () => {
  const document = (await server.call("GET", "/api/openapi.json")).json() as unknown as ApiDocument;
  expect(typesOf(document, readOperations(operations))).toBe(schema);
  expect(needsOf(document, readOperations(operations))).toBe(needs);
});
