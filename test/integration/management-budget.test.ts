import { beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../../src/platform/env.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { SENT_AT_ONCE, sendWhileRead, STALLED_MS } from "../../src/platform/sent-while-read.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { refusal, statusesOf } from "../support/answers.ts";
import { Server } from "../support/server.ts";

const USERS = "/api/management/v1/useradm/users";
const V2 = "/api/management/v2/inventory/filters/search";
const TOO_MANY = [429, "too many requests"];

let server: Server;
let user: TestUser;
let other: TestUser;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  other = await aUser(server, { tenant: "other" });
});

const limited = (settings: Partial<Env>): Env => ({ ...server.env, ...settings });

describe("the requests of a tenant's users [differs: management-budget]", () => {
  const list = (bindings: Env, { token } = user) => server.call("GET", USERS, { token }, bindings);

  it("over the number in a second wait, beyond half a second are sent away, and those of other tenants are neither", async () => {
    const bindings = limited({ TENANT_MANAGEMENT_PER_S: "4" });
    const colleague = await aUser(server);
    const answers = [1, 2, 3].map(() => [list(bindings), list(bindings, colleague)]).flat();
    expect(statusesOf(await Promise.all(answers))).toEqual(answers.map(() => 200));
    const refused = await list(bindings);
    expect(refusal(refused)).toEqual(TOO_MANY);
    expect(refused.json()).toHaveProperty("request_id");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await list(bindings, other)).status).toBe(200);
    server.advance(1000);
    expect((await list(bindings)).status).toBe(200);
  });

  it("over the number at once are sent away", async () => {
    const bindings = limited({ TENANT_MANAGEMENT_AT_ONCE: "2" });
    const answers = await Promise.all([1, 2, 3].map(() => list(bindings)));
    expect(statusesOf(answers)).toEqual([200, 200, 429]);
    expect((await list(bindings)).status).toBe(200);
  });
});

describe("a tenant over its time of the database [differs: fair-database]", () => {
  it("is answered as any other, in its turn", async () => {
    const bindings = limited({ TENANT_DATABASE_MS_PER_S: "1" });
    const devices = [await aDevice(server), await aDevice(server)];
    for (const { token } of devices) {
      const json = [{ name: "a", value: "b" }];
      await server.call("PATCH", "/api/devices/v1/inventory/device/attributes", { token, json });
    }
    const { token } = user;
    const searches = Array.from({ length: 8 }, () => server.call("POST", V2, { token, json: {} }, bindings));
    const exports = [1, 2].map(() => server.call("POST", `${V2}/export`, { token, json: {} }, bindings));
    for (const answer of await Promise.all(searches)) {
      expect(answer.json<{ id: string }[]>().map(({ id }) => id)).toHaveLength(2);
    }
    for (const { text } of await Promise.all(exports)) expect(text.split("\r\n")).toHaveLength(4);
    expect((await server.call("GET", USERS, { token: other.token }, bindings)).status).toBe(200);
  });
});

describe("answers that are read while they are sent [differs: stalled-answers]", () => {
  const HOST = "https://edgemend.test";
  const ask = (method: string, path: string, { token } = user) => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const body = method === "POST" ? "{}" : null;
    return server.fetch(new Request(HOST + path, { method, headers, body }));
  };
  const exported = (who = user) => ask("POST", `${V2}/export`, who);
  const broken = (answer: Response) => answer.text().catch(() => "broken off");

  it("are so many of a tenant; one that nobody takes breaks off, one that is left or read makes room", async () => {
    const stalled: Response[] = [];
    for (let left = SENT_AT_ONCE; left > 0; left--) stalled.push(await exported());
    const others = [exported(), ask("GET", "/api/management/v1/auditlogs/logs/export")];
    for (const refused of await Promise.all(others)) {
      expect(refused.status).toBe(429);
      expect(refused.headers.get("retry-after")).toBe(String(STALLED_MS / 1000));
      expect(await refused.json()).toMatchObject({ error: "too many answers are being sent" });
    }
    expect(await (await exported(other)).text()).toMatch(/^id/);
    expect((await ask("GET", USERS)).status).toBe(200);

    await stalled.pop()?.body?.cancel();
    expect(await stalled.pop()?.text()).toMatch(/^id/);
    stalled.push(await exported(), await exported());
    expect((await exported()).status).toBe(429);

    server.advance(STALLED_MS);
    expect(await (await exported()).text()).toMatch(/^id/);
    expect(await Promise.all(stalled.map(broken))).toEqual(stalled.map(() => "broken off"));
  });

  it("that fail before they begin hold no place", async () => {
    const deps = await server.deps();
    const fails = () => sendWhileRead(deps, asTenantId("default"), () => Promise.reject(new Error("no")));
    for (let left = SENT_AT_ONCE + 1; left > 0; left--) await expect(fails()).rejects.toThrow("no");
  });
});
