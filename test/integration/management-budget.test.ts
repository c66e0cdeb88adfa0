import { beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../../src/platform/env.ts";
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
