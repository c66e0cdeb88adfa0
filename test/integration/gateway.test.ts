import { beforeEach, describe, expect, it, vi } from "vitest";
import { aDevice, aUser } from "../support/actors.ts";
import { OPERATOR_TOKEN, Server } from "../support/server.ts";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

describe("gateway", () => {
  it("answers health without a token", async () => {
    const answer = await server.call("GET", "/healthz");
    expect([answer.status, answer.text]).toEqual([200, "OK"]);
  });

  it("echoes the request id and makes one when none is sent", async () => {
    const sent = await server.call("GET", "/healthz", { headers: { "X-MEN-RequestID": "abc" } });
    expect(sent.headers.get("x-men-requestid")).toBe("abc");
    const made = await server.call("GET", "/healthz");
    expect(made.headers.get("x-men-requestid")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("answers 404 in Mender's shape for what does not exist [differs: json-404]", async () => {
    const answer = await server.call("GET", "/api/unknown", { headers: { "X-MEN-RequestID": "r1" } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.json()).toEqual({ error: "not found", request_id: "r1" });
  });

  it("challenges a user route without token", async () => {
    const answer = await server.call("GET", "/api/management/v1/useradm/users");
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="ManagementJWT"');
    expect(answer.json().error).toBe("Authorization not present in header");
  });

  it.each([
    ["Bearer", "malformed Authorization header"],
    ["Basic abc", "unknown Authorization method Basic"],
    ["Bearer not-a-token", "identity: incorrect token format"],
  ])("refuses Authorization '%s' with its own text", async (authorization, text) => {
    const answer = await server.call("GET", "/api/management/v1/useradm/users", {
      headers: { Authorization: authorization },
    });
    expect([answer.status, answer.json().error]).toEqual([401, text]);
  });

  it("answers a device without a live token with an empty 401 [differs: empty-401]", async () => {
    const answer = await server.call("GET", "/api/devices/v1/deployments/device/deployments/next");
    expect([answer.status, answer.text]).toEqual([401, ""]);
  });

  it("takes the cookie of a user for reads and for nothing else [differs: cookie-reads]", async () => {
    const [user, device] = [await aUser(server), await aDevice(server)];
    const statusOf = async (method: string, path: string, { token }: { token: string }) => {
      const headers = { Cookie: `JWT=${token}`, "Content-Type": "application/json" };
      const body = method === "GET" ? {} : { body: "{}" };
      return (await server.call(method, path, { headers, ...body })).status;
    };
    expect(await statusOf("GET", "/api/management/v1/useradm/users/me", user)).toBe(200);
    for (const [method, path, caller] of [
      ["POST", "/api/management/v2/inventory/filters/search", user],
      ["PUT", "/api/management/v1/useradm/users/me", user],
      ["DELETE", `/api/management/v2/devauth/devices/${device.id}`, user],
      ["GET", "/api/devices/v1/deployments/device/deployments/next", device],
    ] as const)
      expect(await statusOf(method, path, caller), `${method} ${path}`).toBe(401);
  });

  it("takes a token in the one spelling it was issued in [differs: canonical-tokens]", async () => {
    const [user, device] = [await aUser(server), await aDevice(server)];
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // The last character of 64 bytes stands for two bits and four that mean nothing.
    const others = (token: string) => [
      token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]!,
      `${token}=`,
      `${token}==`,
    ];
    const paths = [
      [user.token, "/api/management/v1/useradm/users/me"],
      [device.token, "/api/internal/v1/devauth/tokens/verify"],
      [device.token, "/api/devices/v1/inventory/device/attributes"],
    ] as const;
    for (const [token, path] of paths) {
      // Neither before the right one was seen nor after.
      for (const turn of ["before", "after"]) {
        for (const other of others(token))
          expect((await server.call("GET", path, { token: other })).status, `${path} ${turn}`).toBe(401);
        expect((await server.call("GET", path, { token })).status).not.toBe(401);
      }
    }
  });

  it.each([
    [
      "a setting that is wrong",
      { CHECK_MODE: "foo" },
      'CHECK_MODE must be one of auto, strict, relaxed, not \\"foo\\"',
    ],
    ["a signing key that is missing", { SIGNING_KEY: "" }, "SIGNING_KEY is not configured"],
  ])("serves nothing with %s, and the log says which", async (_, setting, reason) => {
    const lines: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    const bindings = { ...server.env, ...setting };
    for (const path of ["/healthz", "/api/devices/v1/deployments/device/deployments/next"]) {
      const answer = await server.call("GET", path, { token: "any" }, bindings);
      expect([answer.status, answer.json().error]).toEqual([500, "internal error"]);
    }
    log.mockRestore();
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain(reason);
  });

  it("redirects a trailing slash", async () => {
    const answer = await server.call("GET", "/api/docs/?a=1");
    expect([answer.status, answer.headers.get("location")]).toEqual([301, "/api/docs?a=1"]);
  });

  it("serves an OpenAPI document", async () => {
    const document = await server.call("GET", "/api/openapi.json");
    expect(document.json()).toMatchObject({ openapi: "3.1.0" });
  });

  it("shows a person the API at /api/docs, under a strict policy", async () => {
    const page = await server.call("GET", "/api/docs");
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const policy = page.headers.get("content-security-policy");
    expect(policy).toMatch(
      /^default-src 'none'; script-src '[^' ]+'; style-src 'sha256-[^']+'[^;]*; img-src 'self'/,
    );
    expect(policy).not.toContain("unsafe");
    expect(policy).not.toContain("http");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(page.text).toContain('href="/favicon.svg"');
    // No policy would let these run.
    expect(page.text).not.toMatch(/ style=| on[a-z]+=/);
  });

  it("serves the viewer of the API document from its own origin", async () => {
    const [, path = ""] = /<script src="([^"]+)">/.exec((await server.call("GET", "/api/docs")).text) ?? [];
    const viewer = await server.call("GET", path);
    expect([viewer.status, viewer.headers.get("content-type")]).toEqual([
      200,
      "text/javascript; charset=utf-8",
    ]);
    expect(viewer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(viewer.text).not.toContain("cdn.redoc");

    const etag = viewer.headers.get("etag") ?? "";
    const again = await server.call("GET", path, { headers: { "If-None-Match": etag } });
    expect([again.status, again.text]).toEqual([304, ""]);

    const licences = await server.call("GET", `${path}.LICENSE.txt`);
    expect([licences.status, licences.headers.get("content-type")]).toEqual([
      200,
      "text/plain; charset=utf-8",
    ]);
    expect((await server.call("POST", path)).status).toBe(405);
    expect((await server.call("GET", "/api/docs/other.js")).status).toBe(404);
    expect((await server.call("GET", `${path}.map`)).status).toBe(404);
  });

  it("answers 404 for the viewer where its file was not deployed", async () => {
    const none = { fetch: async () => new Response("", { status: 404 }) } as unknown as Fetcher;
    const bindings = { ...server.env, ASSETS: none };
    const answer = await server.call("GET", "/api/docs/redoc.standalone.js", {}, bindings);
    expect([answer.status, answer.json().error]).toEqual([404, "not found"]);
  });

  it("has an icon", async () => {
    const icon = await server.call("GET", "/favicon.svg");
    expect([icon.status, icon.headers.get("content-type")]).toEqual([200, "image/svg+xml"]);
    expect((await server.call("POST", "/")).status).toBe(405);
  });

  it("tells 405 from 404 and lists methods on OPTIONS", async () => {
    const wrong = await server.call("POST", "/healthz");
    expect([wrong.status, wrong.json().error]).toEqual([405, "method not allowed"]);
    const options = await server.call("OPTIONS", "/healthz");
    expect([options.status, options.headers.get("allow")]).toEqual([200, "GET, OPTIONS"]);
  });
});

describe("answers to users and operators", () => {
  const HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
  };

  it("are kept by no cache and are no page, faults included [differs: answer-headers]", async () => {
    const { token } = await aUser(server);
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    const asked = [
      ["GET", "/api/management/v2/devauth/devices", { token }, 200],
      ["GET", "/api/management/v2/inventory/filters/attributes", { token }, 200],
      ["GET", "/api/management/v2/devauth/devices/none", { token }, 404],
      ["GET", "/api/management/v1/nothing", { token }, 404],
      ["PATCH", "/api/management/v2/devauth/devices", { token }, 405],
      ["POST", "/api/management/v2/devauth/devices", { token, json: {} }, 400],
      ["POST", "/api/management/v2/devauth/devices", { token: observer.token, json: {} }, undefined],
      ["GET", "/api/management/v2/devauth/devices", {}, 401],
      ["POST", "/api/management/v1/useradm/auth/login", {}, 401],
      ["GET", "/api/operator/v1/tenants", { token: OPERATOR_TOKEN }, 200],
      ["GET", "/api/internal/v1/devauth/tenants/default/devices", { token: OPERATOR_TOKEN }, 200],
      ["GET", "/status", {}, 401],
    ] as const;
    for (const [method, path, call, status] of asked) {
      const answer = await server.call(method, path, call);
      if (status !== undefined) expect(answer.status, path).toBe(status);
      expect(Object.fromEntries(answer.headers), path).toMatchObject(HEADERS);
    }
  });

  it("alone have these: devices are answered with what they look at", async () => {
    for (const path of ["/api/devices/v1/deployments/device/deployments/next", "/healthz"]) {
      const { headers } = await server.call("GET", path);
      for (const name of Object.keys(HEADERS)) expect(headers.get(name)).toBeNull();
    }
  });

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "takes %s for a name like any other",
    async (name) => {
      const { token } = await aUser(server);
      const presence = await server.call("GET", `/api/management/v1/inventory/presence?id=${name}`, {
        token,
      });
      expect([presence.status, presence.text]).toEqual([200, "[]"]);
      const path = `/api/management/v1/deployments/deployments/devices/${name}?status=${name}`;
      expect((await server.call("GET", path, { token })).status).toBeLessThan(500);
    },
  );

  it.each(["/healthz", "/api/devices/v1/deployments/device/deployments/next"])(
    "refuses a Host that makes no address, at %s",
    async (path) => {
      // As the runtime hands such a request over; none can be made with such an address.
      const request = new Proxy(new Request("https://edgemend.test"), {
        get: (target, name) => (name === "url" ? `http://a b${path}` : Reflect.get(target, name, target)),
      });
      const answer = await server.fetch(request);
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { error: "malformed Host header", request_id: expect.stringMatching(/./) },
      ]);
    },
  );
});

describe("the origin of links", () => {
  const PROXY = "192.0.2.10";
  const OUTER = "192.0.2.11";
  const CLIENT = "203.0.113.5";
  const OWN = "https://edgemend.test";
  const originOf = async (
    headers: Record<string, string>,
    { address = PROXY, proxies = `${PROXY}, ${OUTER}`, more = {} } = {},
  ) => {
    const { token } = await aUser(server);
    const path = "/api/management/v1/deployments/artifacts/directupload";
    const bindings = { ...server.env, ...(proxies && { TRUSTED_PROXIES: proxies }), ...more };
    const answer = await server.call("POST", path, { token, address, headers }, bindings);
    expect(answer.status).toBe(200);
    return new URL(answer.json<{ uri: string }>().uri).origin;
  };
  const SAID = { "X-Forwarded-Proto": "http", "X-Forwarded-Host": "updates.example:8080" };

  it.each([
    [SAID, "http://updates.example:8080"],
    [{ "X-Forwarded-Proto": "http" }, "http://edgemend.test"],
    [{ "X-Forwarded-Host": "updates.example" }, "https://updates.example"],
    [{ "X-Forwarded-Host": "[2001:db8::1]:8443" }, "https://[2001:db8::1]:8443"],
    [{ Forwarded: 'for=203.0.113.5;proto=http;host="updates.example:8080"' }, "http://updates.example:8080"],
    [{ Forwarded: `for=${CLIENT};host=a.example, for=${OUTER};host=b.example` }, "https://a.example"],
    [{ Forwarded: "host=evil.example, for=203.0.113.5;host=a.example" }, "https://a.example"],
    [{ Forwarded: "host=evil.example", ...SAID }, "http://updates.example:8080"],
    [
      { "X-Forwarded-Host": "evil.example, a.example", "X-Forwarded-For": `${OUTER}, ${CLIENT}` },
      "https://a.example",
    ],
    [
      { "X-Forwarded-Host": "a.example, b.example", "X-Forwarded-For": `${CLIENT}, ${OUTER}` },
      "https://a.example",
    ],
    ...["a b", "evil.example/x", "user@evil.example", "", "a".repeat(300)].map((host) => [
      { "X-Forwarded-Host": host, "X-Forwarded-Proto": "javascript" },
      OWN,
    ]),
  ] as [Record<string, string>, string][])("is what a trusted proxy says: %j", async (headers, origin) => {
    expect(await originOf(headers)).toBe(origin);
  });

  it("is that of the request where nobody, or nobody trusted, says otherwise", async () => {
    expect(await originOf(SAID, { address: CLIENT })).toBe(OWN);
    expect(await originOf({ ...SAID, "X-Forwarded-For": PROXY }, { address: CLIENT })).toBe(OWN);
    expect(await originOf({ ...SAID, "CF-Connecting-IP": PROXY }, { address: CLIENT })).toBe(OWN);
    expect(await originOf(SAID, { proxies: "" })).toBe(OWN);
    const origin = { PUBLIC_ORIGIN: "https://public.example" };
    expect(await originOf(SAID, { more: origin })).toBe("https://public.example");
  });

  it("is told at the edge by a proxy in front of it, if it is named", async () => {
    const more = { LOCAL: "false" };
    expect(await originOf({ ...SAID, "CF-Connecting-IP": PROXY }, { more })).toBe(
      "http://updates.example:8080",
    );
    expect(await originOf({ ...SAID, "CF-Connecting-IP": CLIENT }, { more })).toBe(OWN);
  });
});
