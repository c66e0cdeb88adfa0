import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import type { Env } from "../../src/platform/env.ts";
import { aDevice, aUser, logIn, type TestDevice } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { env, OPERATOR_TOKEN, Server, type Answer } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { bindSpare, SPARE, SPARE_HOME } from "../support/spare-database.ts";

const INVENTORY = "/api/devices/v1/inventory/device/attributes";
const CHECK = "/api/devices/v1/deployments/device/deployments/next?artifact_name=a&device_type=t";
const PASSWORD = "correct horse battery";

let server: Server;

beforeEach(async () => {
  server = await Server.start();
  await bindSpare(server);
  server.configure({ DIRECTORY_TENANTS: "off" });
});

const operate = (method: string, path: string, json?: unknown, bindings?: Env): Promise<Answer> =>
  server.call(
    method,
    `/api/operator/v1${path}`,
    { token: OPERATOR_TOKEN, ...(json !== undefined && { json }) },
    bindings,
  );

interface NewTenant {
  id: string;
  tenant_token: string;
}

const newTenant = async (name: string): Promise<NewTenant> =>
  (
    await operate("POST", "/tenants", { name, user: `${name}@example.com`, password: PASSWORD })
  ).json<NewTenant>() as unknown as NewTenant;

const countIn = (database: D1Database, table: string, tenant: string) =>
  database.prepare(`SELECT count(*) AS n FROM ${table} WHERE tenant_id = ?`).bind(tenant).first<number>("n");

/** A device of the tenant, let in by a user of it. */
async function admitted(tenant: NewTenant): Promise<{ token: string; user: string }> {
  const user = (await logIn(server, `${await nameOf(tenant)}@example.com`, PASSWORD)).text;
  const device = new SigningDevice({ mac: tenant.id });
  expect((await device.ask(server, { tenant_token: tenant.tenant_token })).status).toBe(401);
  const list = await server.call("GET", "/api/management/v2/devauth/devices", { token: user });
  const [found] = list.json<{ id: string; auth_sets: { id: string }[] }[]>();
  const accepted = await server.call(
    "PUT",
    `/api/management/v2/devauth/devices/${found!.id}/auth/${found!.auth_sets[0]!.id}/status`,
    { token: user, json: { status: "accepted" } },
  );
  expect(accepted.status).toBe(204);
  const answer = await device.ask(server, { tenant_token: tenant.tenant_token });
  expect(answer.status).toBe(200);
  return { token: answer.text, user };
}

const nameOf = async ({ id }: NewTenant) =>
  (await env.DB.prepare("SELECT name FROM tenants WHERE tenant_id = ?").bind(id).first<string>("name"))!;

const tell = (token: string, value: string, bindings?: Env) =>
  server.call("PATCH", INVENTORY, { token, json: [{ name: "place", value }] }, bindings);

const away = {
  prepare: () => ({ bind: () => ({}) }),
  batch: () => Promise.reject(new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.")),
} as unknown as D1Database;

describe("a new tenant", () => {
  it("lives where there is room, and the directory has only what is the directory's", async () => {
    const acme = await newTenant("acme");
    await admitted(acme);
    for (const table of ["devices", "auth_sets", "inventory_devices", "audit_log", "audit_chains"])
      expect([table, await countIn(env.DB, table, acme.id)]).toEqual([table, 0]);
    expect(await countIn(SPARE, "devices", acme.id)).toBe(1);
    expect(await countIn(SPARE, "users", acme.id)).toBe(0);
    const { results } = await SPARE.prepare("SELECT action, object_type FROM audit_log WHERE tenant_id = ?")
      .bind(acme.id)
      .all();
    expect(results).toEqual(
      expect.arrayContaining([
        { action: "create", object_type: "tenant" },
        { action: "create", object_type: "user" },
        { action: "accept", object_type: "device" },
      ]),
    );
  });

  it("is made in a jurisdiction that the server has a database in, and in no other [differs: tenant-jurisdiction]", async () => {
    const wanted = { name: "eu", user: "eu@example.com", password: PASSWORD, jurisdiction: "eu" };
    expect(refusal(await operate("POST", "/tenants", wanted))).toEqual([
      400,
      "jurisdiction: must be one that a database of this server is in.",
    ]);
    expect((await operate("POST", "/tenants", { ...wanted, jurisdiction: "moon" })).status).toBe(400);
    server.configure({ DATA_EU_1: SPARE, [SPARE_HOME]: undefined });
    const made = await operate("POST", "/tenants", wanted);
    expect(made.status).toBe(201);
    const home = await env.DB.prepare("SELECT home, jurisdiction FROM tenant_homes WHERE tenant_id = ?")
      .bind(made.json<NewTenant>().id)
      .first();
    expect(home).toEqual({ home: "DATA_EU_1", jurisdiction: "eu" });
  });

  it("has its limits and its state at home as soon as they are answered", async () => {
    const acme = await newTenant("acme");
    const { token } = await admitted(acme);
    expect((await operate("PUT", `/tenants/${acme.id}/limits/max_devices`, { value: 1 })).status).toBe(200);
    const limit = SPARE.prepare(
      "SELECT value FROM tenant_limits WHERE tenant_id = ? AND name = 'max_devices'",
    );
    expect(await limit.bind(acme.id).first("value")).toBe(1);
    expect((await operate("PUT", `/tenants/${acme.id}/status`, { status: "suspended" })).status).toBe(200);
    expect((await tell(token, "x")).status).toBe(401);
  });

  it("leaves nothing in any database when it is removed", async () => {
    const acme = await newTenant("acme");
    await admitted(acme);
    const removed = await operate("DELETE", `/tenants/${acme.id}`);
    expect(removed.json()).toMatchObject({ gone: true });
    for (const database of [env.DB, SPARE])
      for (const table of [
        "tenants",
        "tenant_limits",
        "devices",
        "users",
        "audit_log",
        "tenant_homes",
        "outbox",
      ])
        expect([table, await countIn(database, table, acme.id)]).toEqual([table, 0]);
  });
});

describe("an event", () => {
  /** The database, with how often its outbox was looked through. */
  function watched(database: D1Database): { database: D1Database; looks: () => number } {
    let looks = 0;
    const prepare = (text: string) => {
      if (/^\s*UPDATE outbox\b/.test(text)) looks += 1;
      return database.prepare(text);
    };
    return {
      database: { prepare, batch: database.batch.bind(database) } as unknown as D1Database,
      looks: () => looks,
    };
  }

  it("is sent from the database that it was recorded in, and no other is looked through for it", async () => {
    const acme = await newTenant("acme");
    const [home, directory] = [watched(SPARE), watched(env.DB)];
    server.env = { ...server.env, [SPARE_HOME]: home.database, DB: directory.database };
    const { user } = await admitted(acme);
    expect([home.looks() > 0, directory.looks()]).toEqual([true, 0]);
    const before = home.looks();
    const near = new SigningDevice({ mac: "near" });
    const made = await server.call("POST", "/api/management/v2/devauth/devices", {
      token: (await aUser(server)).token,
      json: { identity_data: near.identity, pubkey: near.pem },
    });
    expect(made.status).toBe(201);
    expect([home.looks(), directory.looks() > 0]).toEqual([before, true]);
    const invited = await server.call("POST", "/api/management/v1/useradm/users", {
      token: user,
      json: { email: "further@example.com", password: PASSWORD },
    });
    expect(invited.status).toBe(201);
    expect(await countIn(env.DB, "outbox", acme.id)).toBe(0);
    expect(home.looks()).toBeGreaterThan(before);
  });
});

describe("a database that is away", () => {
  let near: TestDevice;
  let far: { token: string; user: string };
  let acme: NewTenant;

  beforeEach(async () => {
    near = await aDevice(server);
    acme = await newTenant("acme");
    far = await admitted(acme);
    expect((await tell(far.token, "before")).status).toBe(200);
  });

  it("stops its own tenants, and neither the requests nor the duties of others", async () => {
    const without = { ...server.env, [SPARE_HOME]: away };
    const refused = await tell(far.token, "x", without);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await tell(near.token, "y", without)).status).toBe(200);
    expect((await server.call("GET", CHECK, { token: far.token }, without)).status).toBe(204);
    server.env = without;
    await env.DB.prepare(
      "INSERT INTO outbox (id, tenant_id, kind, subject, data, created_ms, due_ms, attempts) VALUES ('0', 'default', 'k', 's', '{}', 0, 0, 0)",
    ).run();
    await runSweeps(await server.deps(), EVERY_MINUTE);
    expect(await env.DB.prepare("SELECT attempts FROM outbox WHERE id = '0'").first("attempts")).toBe(1);
    const metrics = await server.call("GET", "/metrics", { token: OPERATOR_TOKEN });
    expect(metrics.status).toBe(200);
    expect((await operate("GET", "/databases")).json()).toMatchObject({
      databases: [
        { name: "DB", bytes: expect.any(Number) },
        { name: SPARE_HOME, takes_tenants: false },
      ],
    });
  });

  it("gets what the directory recorded meanwhile when it is back", async () => {
    const without = { ...server.env, [SPARE_HOME]: away };
    const made = await server.call(
      "POST",
      "/api/management/v1/useradm/settings/tokens",
      { token: far.user, json: { name: "t", expires_in: 60 } },
      without,
    );
    expect(made.status).toBe(200);
    expect(await countIn(env.DB, "audit_log", acme.id)).toBe(1);
    await runSweeps(await server.deps(), EVERY_MINUTE);
    expect(await countIn(env.DB, "audit_log", acme.id)).toBe(0);
    const log = await server.call("GET", "/api/management/v1/auditlogs/logs?extended=true", {
      token: far.user,
    });
    expect(log.json<{ object: { type: string } }[]>()[0]!.object.type).toBe("user_access_token");
  });

  it("may be the directory, without which devices elsewhere go on", async () => {
    server.configure({ DB: away });
    const bindings = server.env;
    // As a process that has worked for them until now.
    server.configure({ DB: env.DB });
    expect((await tell(far.token, "known")).status).toBe(200);
    Object.assign(server.env, { DB: bindings.DB });
    expect((await tell(far.token, "on")).status).toBe(200);
    expect((await tell(near.token, "off")).status).toBe(503);
    Object.assign(server.env, { DB: env.DB });
  });
});

describe("migrations", () => {
  it("run over all databases, and one that waits for them serves on", async () => {
    const acme = await newTenant("acme");
    const { token } = await admitted(acme);
    await SPARE.batch([
      SPARE.prepare("ALTER TABLE tenant_doors DROP COLUMN turn"),
      SPARE.prepare("DELETE FROM d1_migrations WHERE name = '0092_door_turns.sql'"),
    ]);
    expect((await tell(token, "old")).status).toBe(200);
    expect((await operate("POST", "/migrate")).json()).toEqual({
      applied: ["0092_door_turns.sql"],
      databases: [
        { name: "DB", applied: [], done: true },
        { name: SPARE_HOME, applied: ["0092_door_turns.sql"], done: true },
      ],
    });
    const without = { ...server.env, [SPARE_HOME]: away };
    expect((await operate("POST", "/migrate", undefined, without)).json()).toMatchObject({
      databases: [
        { name: "DB", done: true },
        { name: SPARE_HOME, done: false },
      ],
    });
    expect((await tell(token, "new")).status).toBe(200);
  });
});
