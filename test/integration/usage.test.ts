import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { UsedLedger, usedOn } from "../../src/checkin/used-ledger.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { addUsedStatement } from "../../src/tenants/index.ts";
import { usdOf } from "../../src/usage/cost.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, ARTIFACTS, upload } from "../support/artifacts.ts";
import { env, OPERATOR_TOKEN, served, Server, tenantsIn } from "../support/server.ts";

const OWN = "/api/management/v1/usage/days";
const ALL = "/api/operator/v1/usage/days";
const NEXT = "/api/devices/v1/deployments/device/deployments/next?artifact_name=release-1&device_type=pi4";
const DAY_MS = 86_400_000;

interface Day {
  tenant_id: string;
  tenant_name: string;
  day: string;
  devices: number;
  requests: number;
  checks: number;
  rows_read: number;
  rows_written: number;
  stored_bytes: number;
  downloaded_bytes: number;
  session_seconds: number;
  usd: number;
}

let server: Server;
let admin: TestUser;
let device: TestDevice;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server, { tenant: "acme" });
  device = await aDevice(server, { tenant: "acme" });
  await env.DB.prepare(
    "INSERT INTO device_counts (tenant_id, status, tier, devices) VALUES ('acme', 'accepted', 'standard', 1) ON CONFLICT DO NOTHING",
  ).run();
});

const own = async (query = "") =>
  (await server.call("GET", OWN + query, { token: admin.token })).json<Day[]>();
const operator = (path: string) => server.call("GET", path, { token: OPERATOR_TOKEN });
const check = () => server.call("GET", NEXT, { token: device.token });
const day = (ms = 0) => new Date(server.now + ms).toISOString().slice(0, 10);
const written = () => env.DB.prepare("SELECT count(*) AS n FROM usage_days").first("n");

const head = () => env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("acme"));

/** What a process has counted is with the tenant's head some seconds later. */
async function tell(): Promise<void> {
  server.advance(5000);
  await check();
}

/** And with the next alarm of that in the database. */
async function settle(): Promise<void> {
  await tell();
  await runDurableObjectAlarm(head());
}

describe("the rows of a day", () => {
  it("are bounded where the tenant has a limit: 429 until midnight for all but idle checks", async () => {
    const users = () => server.call("GET", "/api/management/v1/useradm/users", { token: admin.token });
    const limit = (value: number) =>
      server.call("PUT", "/api/operator/v1/tenants/acme/limits/rows_a_day", {
        token: OPERATOR_TOKEN,
        json: { value },
      });
    const other = await aUser(server, { tenant: "other" });
    expect((await limit(5)).status).toBe(200);
    while ((await users()).cost.read === 0);
    await settle();
    await users();
    await tell();
    const refused = await users();
    expect([refused.status, refused.json().error]).toEqual([429, "the tenant has used its rows of the day"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await check()).status).toBe(204);
    const theirs = await server.call("GET", "/api/management/v1/useradm/users", { token: other.token });
    expect(theirs.status).toBe(200);
    await limit(0);
    await settle();
    await users();
    await tell();
    expect((await users()).status).toBe(200);
    await limit(5);
    await settle();
    await users();
    await tell();
    expect((await users()).status).toBe(429);
    server.advance(DAY_MS);
    expect((await users()).status).toBe(200);
  });
});

describe("usage of a tenant", () => {
  it("counts checks, requests and rows without a row for each, and at no trip of the request", async () => {
    const first = await check();
    const costs = [];
    for (let i = 0; i < 20; i++) costs.push((await check()).cost.trips);
    expect(Math.max(...costs)).toBeLessThanOrEqual(first.cost.trips);
    expect(await written()).toBe(0);
    const listed = await server.call("GET", "/api/management/v1/useradm/users", { token: admin.token });
    expect(listed.cost.read).toBeGreaterThan(0);
    await settle();
    const [today] = await own();
    expect(today).toMatchObject({
      tenant_id: "acme",
      tenant_name: "tenant acme",
      day: day(),
      requests: 23,
      checks: 22,
    });
    expect(today!.rows_read).toBeGreaterThanOrEqual(listed.cost.read);
    expect(today!.usd).toBeGreaterThan(0);
    await settle();
    expect((await own())[0]!.requests).toBeGreaterThan(23);
    expect(await written()).toBe(1);
  });

  it("outlives the process that counted, but for its last seconds, and the head that was told", async () => {
    for (let i = 0; i < 3; i++) await check();
    await server.call("GET", "/api/management/v1/useradm/users", { token: admin.token });
    await tell();
    await server.call("GET", "/api/management/v1/useradm/users", { token: admin.token });
    // Another process: it knows nothing of the last request.
    server.env = { ...served };
    await evictDurableObject(head());
    expect(await written()).toBe(0);
    expect(await runDurableObjectAlarm(head())).toBe(true);
    await evictDurableObject(head());
    expect(await own()).toMatchObject([{ requests: 5, checks: 4 }]);
    await tell();
    await runDurableObjectAlarm(head());
    expect((await own())[0]).toMatchObject({ checks: 5 });
  });

  it("is counted once, however often it comes", async () => {
    const kept = new Map<string, unknown>();
    const storage = {
      get: async (key: string) => structuredClone(kept.get(key)),
      put: async (key: string, value: unknown) => void kept.set(key, structuredClone(value)),
      delete: async (key: string) => kept.delete(key),
    } as unknown as DurableObjectStorage;
    const database = tenantsIn(await server.deps());
    const taking =
      (isLost: boolean) => async (of: string, used: Parameters<typeof addUsedStatement>[2], told: number) => {
        await database.one(addUsedStatement(asTenantId("acme"), of, used, told));
        if (isLost) throw new Error("the answer was lost");
      };
    const first = new UsedLedger(storage);
    first.add(usedOn(day(), { requests: 2, checks: 1 }));
    await first.save();
    await expect(first.leave(server.now, taking(true))).rejects.toThrow("lost");
    const second = new UsedLedger(storage);
    await second.restore();
    second.add(usedOn(day(), { requests: 5 }));
    expect(second.isOwing).toBe(true);
    for (let i = 0; i < 3; i++) await second.leave(server.now, taking(false));
    expect(second.isOwing).toBe(false);
    expect((await own())[0]).toMatchObject({ requests: 7, checks: 1 });
  });

  it("has the bytes that were downloaded, of ranges those of the range", async () => {
    const bytes = await anArtifact({ name: "big" });
    const id = (await upload(server, bytes, admin)).headers.get("location")?.split("/").at(-1) ?? "";
    const link = (await server.call("GET", `${ARTIFACTS}/${id}/download`, { token: admin.token })).json<{
      uri: string;
    }>();
    const get = (headers = {}) => server.call("GET", link.uri, { headers });
    const whole = Number((await get()).headers.get("content-length"));
    expect((await get({ Range: "bytes=0-9" })).status).toBe(206);
    expect((await server.call("HEAD", link.uri)).status).toBe(200);
    await settle();
    expect((await own())[0]).toMatchObject({ downloaded_bytes: whole + 10 });
  });

  it("has devices, stored bytes and seconds of sessions of the day before, looked up at night and no second time", async () => {
    const start = Date.parse(`${day()}T00:00:00Z`);
    const session = (sid: string, from: number, to: number | null) =>
      env.DB.prepare(
        `INSERT INTO device_sessions (tenant_id, session_id, device_id, user_id, user_email, kind, started_ms, ended_ms)
         VALUES ('acme', ?, 'd', 'u', 'e', 'terminal', ?, ?)`,
      ).bind(sid, from, to);
    await env.DB.batch([
      session("within", start + 1000, start + 61_000),
      session("over midnight", start - 30_000, start + 30_000),
      session("of yesterday", start - 60_000, start - 30_000),
      session("open", start + DAY_MS - 10_000, null),
      env.DB.prepare("INSERT INTO storage_usage (tenant_id, bytes) VALUES ('acme', 5000)"),
    ]);
    const today = day();
    server.advance(DAY_MS);
    for (let i = 0; i < 2; i++) await runSweeps(await server.deps(), EVERY_NIGHT);
    const found = await own(`?from=${today}&to=${today}`);
    expect(found).toMatchObject([
      { day: today, devices: 1, stored_bytes: 5000, session_seconds: 60 + 30 + 10 },
    ]);
    server.advance(900 * DAY_MS);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    expect((await operator(`${ALL}?from=${today}&to=${today}`)).json()).toEqual([]);
  });

  it("is the tenant's own; the operator's are all, by pages and as CSV for invoices", async () => {
    await env.DB.prepare(`UPDATE tenants SET name = '=1+"a",b' WHERE tenant_id = 'acme'`).run();
    const other = await aUser(server, { tenant: "other" });
    await server.call("GET", "/api/management/v1/useradm/users", { token: other.token });
    await check();
    server.advance(DAY_MS);
    await runSweeps(await server.deps(), EVERY_NIGHT);
    const days = (await operator(`${ALL}?from=${day(-DAY_MS)}&to=${day()}`)).json<Day[]>();
    expect(days.map(({ tenant_id }) => tenant_id)).toEqual(["acme", "other"]);
    const page = await operator(`${ALL}?page=2&per_page=1`);
    expect(page.json<Day[]>().map(({ tenant_id }) => tenant_id)).toEqual(["other"]);
    expect(page.headers.get("link")).not.toContain('rel="next"');
    expect((await operator(`${ALL}?tenant=other`)).json<Day[]>()).toHaveLength(1);
    expect((await own()).map(({ tenant_id }) => tenant_id)).toEqual(["acme"]);
    const csv = await operator(`${ALL}/export`);
    expect(csv.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const [head, line] = csv.text.split("\r\n");
    expect(head).toMatch(/^day,tenant_id,tenant_name,devices,.*,usd$/);
    expect(line).toContain(`acme,"'=1+""a"",b",1,`);
    const ownCsv = await server.call("GET", `${OWN}/export`, { token: admin.token });
    expect(ownCsv.text.trim().split("\r\n")).toHaveLength(2);
  });

  it.each(["from=yesterday", "to=2026-02-30", "from=2026-1-1", "page=0"])("refuses %s", async (query) => {
    expect((await server.call("GET", `${OWN}?${query}`, { token: admin.token })).status).toBe(400);
    expect((await operator(`${ALL}?${query}`)).status).toBe(400);
  });

  it("is not for whoever may not manage the tenant", async () => {
    const observer = await aUser(server, { tenant: "acme", roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await server.call("GET", OWN, { token: observer.token })).status).toBe(403);
    expect((await server.call("GET", `${OWN}/export`, { token: observer.token })).status).toBe(403);
  });

  it("costs nothing where nothing was used", () => {
    const nothing = { requests: 0, checks: 0, rows_read: 0, rows_written: 0, stored_bytes: 0 };
    expect(usdOf({ ...nothing, devices: 5, session_s: 9, tenant_id: "a", day: "", name: "" } as never)).toBe(
      0,
    );
  });
});

it("an operator gives a tenant a plan with its limits", async () => {
  server.configure({ PLANS: JSON.stringify({ small: { features: [], limits: { max_users: 1 } } }) });
  const put = (plan: string) =>
    server.call("PUT", "/api/operator/v1/tenants/acme/plan", { token: OPERATOR_TOKEN, json: { plan } });
  expect((await put("small")).json()).toMatchObject({ plan: "small", limits: { max_users: 1 } });
  expect((await put("gold")).status).toBe(400);
});
