import { beforeEach, describe, expect, it } from "vitest";
import { Server } from "../support/server.ts";

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

  it("answers 404 in Mender's shape for what does not exist", async () => {
    const answer = await server.call("GET", "/api/unknown", { headers: { "X-MEN-RequestID": "r1" } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.json()).toEqual({ error: "not found", request_id: "r1" });
  });

  it("challenges a user route without token", async () => {
    const answer = await server.call("GET", "/api/management/v1/unknown");
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="ManagementJWT"');
    expect(answer.json().error).toBe("Authorization not present in header");
  });

  it.each([
    ["Bearer", "malformed Authorization header"],
    ["Basic abc", "unknown Authorization method Basic"],
    ["Bearer not-a-token", "identity: incorrect token format"],
  ])("refuses Authorization '%s' with its own text", async (authorization, text) => {
    const answer = await server.call("GET", "/api/management/v1/x", {
      headers: { Authorization: authorization },
    });
    expect([answer.status, answer.json().error]).toEqual([401, text]);
  });

  it("answers a device without a live token with an empty 401 [differs: empty-401]", async () => {
    const answer = await server.call("GET", "/api/devices/v1/deployments/device/deployments/next");
    expect([answer.status, answer.text]).toEqual([401, ""]);
  });

  it("redirects a trailing slash", async () => {
    const answer = await server.call("GET", "/api/docs/?a=1");
    expect([answer.status, answer.headers.get("location")]).toEqual([301, "/api/docs?a=1"]);
  });

  it("serves an OpenAPI document and its page", async () => {
    const document = await server.call("GET", "/api/openapi.json");
    expect(document.json()).toMatchObject({ openapi: "3.1.0" });
    const page = await server.call("GET", "/api/docs");
    expect(page.headers.get("content-type")).toContain("text/html");
  });

  it("tells 405 from 404 and lists methods on OPTIONS", async () => {
    const wrong = await server.call("POST", "/healthz");
    expect([wrong.status, wrong.json().error]).toEqual([405, "method not allowed"]);
    const options = await server.call("OPTIONS", "/healthz");
    expect([options.status, options.headers.get("allow")]).toEqual([200, "GET, OPTIONS"]);
  });
});
