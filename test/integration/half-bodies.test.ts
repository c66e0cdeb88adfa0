import { beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_OF_DEVICE, MAX_OF_NETWORK, MAX_OF_USER } from "../../src/gateway/body.ts";
import { PATIENCE_MS } from "../../src/gateway/waiting-bodies.ts";
import { BODY_WINDOW_MS } from "../../src/platform/body-rate.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { refusal, statusesOf } from "../support/answers.ts";
import { ARTIFACTS, bucketObjects, storageRows } from "../support/artifacts.ts";
import { Server, type Answer, type Call } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const AUTH_REQUESTS = "/api/devices/v1/authentication/auth_requests";
const ATTRIBUTES = "/api/devices/v1/inventory/device/attributes";
const SLOW = [408, "the request body did not come in time"];
const TOO_MANY = [429, "too many requests"];
const JSON_TYPE = { "Content-Type": "application/json" };

/** More than a tenant's devices may have at work at once. */
const MANY = 70;

let server: Server;
let user: TestUser;
let device: TestDevice;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

/** A body of which only the beginning comes. */
const half = (text = '{"a":', declared = 100): Call => ({
  body: new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
  }),
  headers: { ...JSON_TYPE, "Content-Length": String(declared) },
});

/** Requests that are not answered yet; the others in the order in which they were. */
class Held {
  readonly answers: Answer[] = [];
  readonly all: Promise<Answer>[] = [];

  /** Resolves when the bodies are waited for. */
  async add(
    count: number,
    method: string,
    path: string,
    call: (i: number) => Call,
    bindings = server.env,
    timersOfEach = 1,
  ): Promise<void> {
    const before = server.waiting;
    for (let i = 0; i < count; i += 1) {
      const answer = server.call(method, path, call(i), bindings);
      this.all.push(answer);
      void answer.then((one) => this.answers.push(one));
    }
    // What is counted of those that are refused is told later, too.
    await vi.waitFor(() => expect(server.waiting).toBeGreaterThanOrEqual(before + count * timersOfEach), {
      interval: 1,
    });
  }
}

/** Does what is due; what is answered by it has been answered afterwards. */
async function wait(ms: number): Promise<void> {
  server.advance(ms);
  expect((await server.call("GET", "/healthz")).status).toBe(200);
}

describe("a body that does not come [differs: body-deadline]", () => {
  const halves: [string, string, string, () => string | undefined][] = [
    ["of an authentication", "POST", AUTH_REQUESTS, () => undefined],
    ["of a device", "PATCH", ATTRIBUTES, () => device.token],
    ["of a check", "POST", "/api/devices/v2/deployments/device/deployments/next", () => device.token],
    ["of a user", "POST", "/api/management/v2/inventory/filters/search", () => user.token],
  ];

  it.each(halves)("%s is waited for ten seconds", async (_, method, path, token) => {
    const held = new Held();
    await held.add(1, method, path, () => ({ token: token(), ...half() }));
    await wait(BODY_WINDOW_MS - 1);
    expect(held.answers).toEqual([]);
    await wait(1);
    const [answer] = await Promise.all(held.all);
    expect(refusal(answer!)).toEqual(SLOW);
    expect(answer!.json()).toHaveProperty("request_id");
  });

  it("is not waited for if it is declared too large", async () => {
    const answer = await server.call("PATCH", ATTRIBUTES, {
      token: device.token,
      ...half("[", 1024 * 1024 + 1),
    });
    expect(answer.status).toBe(413);
  });

  it("is not waited for if its sender may not send any", async () => {
    expect((await server.call("PATCH", ATTRIBUTES, half())).status).toBe(401);
    expect((await server.call("PATCH", "/api/devices/v1/nowhere", half())).status).toBe(404);
  });
});

describe("many bodies that do not come [differs: half-bodies]", () => {
  it("of authentications keep nobody from authenticating, from the same address neither", async () => {
    const held = new Held();
    await held.add(MANY, "POST", AUTH_REQUESTS, () => ({ ...half(), address: "192.0.2.1" }));
    await wait(PATIENCE_MS);
    const honest = new SigningDevice({ mac: "1" });
    const asked = await Promise.all(Array.from({ length: 8 }, () => honest.ask(server)));
    expect(new Set(statusesOf(asked))).toEqual(new Set([401]));
    const same = await server.call("POST", AUTH_REQUESTS, { json: {}, address: "192.0.2.1" });
    expect(same.status).toBe(400);
  });

  it("of one device keep no other one of its tenant from reporting, nor itself", async () => {
    const held = new Held();
    await held.add(MANY, "PATCH", ATTRIBUTES, () => ({ token: device.token, ...half("[") }));
    await wait(PATIENCE_MS);
    const json = [{ name: "a", value: "b" }];
    for (const { token } of [await aDevice(server), device]) {
      expect((await server.call("PATCH", ATTRIBUTES, { token, json })).status).toBe(200);
    }
  });

  const holders: [string, number, string, () => string | undefined][] = [
    ["a device", MAX_OF_DEVICE, ATTRIBUTES, () => device.token],
    ["a user", MAX_OF_USER, "/api/management/v2/inventory/filters/search", () => user.token],
    ["an address", MAX_OF_NETWORK, AUTH_REQUESTS, () => undefined],
  ];

  it.each(holders)("of %s make room for further ones, the oldest first", async (_, most, path, token) => {
    const held = new Held();
    const method = path === ATTRIBUTES ? "PATCH" : "POST";
    await held.add(most, method, path, () => ({ token: token(), ...half() }));
    await wait(PATIENCE_MS);
    await held.add(2, method, path, () => ({ token: token(), ...half() }));
    const given = await Promise.all(held.all.slice(0, 2));
    expect(given.map(refusal)).toEqual([TOO_MANY, TOO_MANY]);
    expect(Number(given[0]!.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(held.answers).toHaveLength(2);
  });

  it("of an IPv6 customer count as those of one address", async () => {
    const held = new Held();
    await held.add(MAX_OF_NETWORK, "POST", AUTH_REQUESTS, (i) => ({
      ...half(),
      address: `2001:db8::${i + 1}`,
    }));
    await wait(PATIENCE_MS);
    await held.add(1, "POST", AUTH_REQUESTS, () => ({ ...half(), address: "2001:db8:0:0:1::1" }));
    expect(refusal(await held.all[0]!)).toEqual(TOO_MANY);
    await held.add(MAX_OF_NETWORK, "POST", AUTH_REQUESTS, () => ({ ...half(), address: "2001:db8:0:1::1" }));
    await wait(0);
    expect(held.answers).toHaveLength(1);
  });
});

describe("an upload", () => {
  const form = (): Call => ({
    ...half('--b\r\nContent-Disposition: form-data; name="artifact"; filename="a"\r\n\r\nhello'),
    headers: { "Content-Type": "multipart/form-data; boundary=b" },
    token: user.token,
  });

  it("that stands still is ended and leaves nothing", async () => {
    const before = await storageRows();
    const held = new Held();
    await held.add(1, "POST", ARTIFACTS, form);
    await wait(BODY_WINDOW_MS - 1);
    expect(held.answers).toEqual([]);
    await wait(1);
    expect(refusal((await held.all[0])!)).toEqual(SLOW);
    expect([await storageRows(), await bucketObjects()]).toEqual([before, []]);
  });

  it.each(["", "&part=1"])("by link that stands still is ended and leaves nothing%s", async (part) => {
    const asked = await server.call("POST", `${ARTIFACTS}/directupload`, { token: user.token });
    const { uri, id } = asked.json<{ uri: string; id: string }>();
    const held = new Held();
    await held.add(1, "PUT", uri + part, () => half(), server.env, 2);
    await wait(BODY_WINDOW_MS - 1);
    expect(held.answers).toEqual([]);
    await wait(1);
    expect(refusal((await held.all[0])!)).toEqual(SLOW);
    const followed = await server.call("GET", `${ARTIFACTS}/directupload/${id}`, { token: user.token });
    expect(followed.json()).toMatchObject({ state: "open", parts: [] });
    expect(await bucketObjects()).toEqual([]);
  });

  it("over the number at once is sent away, and not that of another tenant [differs: uploads-at-once]", async () => {
    const bindings = { ...server.env, TENANT_UPLOADS_AT_ONCE: "2" };
    const held = new Held();
    await held.add(2, "POST", ARTIFACTS, form, bindings);
    expect(refusal(await server.call("POST", ARTIFACTS, form(), bindings))).toEqual(TOO_MANY);
    const broken = (of: TestUser) =>
      server.call("POST", ARTIFACTS, { ...form(), token: of.token, body: "x" }, bindings);
    expect((await broken(await aUser(server, { tenant: "other" }))).status).toBe(400);
    await wait(BODY_WINDOW_MS);
    await Promise.all(held.all);
    expect((await broken(user)).status).toBe(400);
  });
});
