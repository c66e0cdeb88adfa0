import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { TOP_TENANTS } from "../../src/metrics/gather.ts";
import { MAX_COUNTED } from "../../src/metrics/store.ts";
import { aDevice, aTenant, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { type ReadFamily, readOpenMetrics } from "../support/openmetrics.ts";
import { env, OPERATOR_TOKEN, Server, FURTHER } from "../support/server.ts";

const NEXT = "/api/devices/v1/deployments/device/deployments/next?artifact_name=release-1&device_type=pi4";
const DEVICES = "/api/management/v1/inventory/devices";

let server: Server;
let user: TestUser;
let device: TestDevice;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server, { tenant: "acme" });
  device = await aDevice(server, { tenant: "acme" });
  await scrape(); // what came before this test is told
});

const ask = () => server.call("GET", "/metrics", { token: OPERATOR_TOKEN });

async function scrape(): Promise<Map<string, ReadFamily>> {
  const answer = await ask();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  return readOpenMetrics(answer.text);
}

function valueOf(
  families: Map<string, ReadFamily>,
  name: string,
  labels: Record<string, string> = {},
): number {
  const samples = [...families.values()].flatMap((family) => family.samples);
  const found = samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return found?.value ?? 0;
}

/** How much each of these grew while that was done. */
async function growth(
  work: () => Promise<unknown>,
  ...wanted: [name: string, labels?: Record<string, string>][]
) {
  const before = await scrape();
  await work();
  const after = await scrape();
  return wanted.map(([name, labels]) => valueOf(after, name, labels) - valueOf(before, name, labels));
}

const meter = () => env.METER.get(env.METER.idFromName("installation"));

describe("the numbers of the installation", () => {
  it("count requests by part of the API and kind of answer, and what they cost", async () => {
    const grown = await growth(
      async () => {
        await server.call("GET", DEVICES, { token: user.token });
        await server.call("GET", `${DEVICES}?page=x`, { token: user.token });
        await server.call("GET", DEVICES);
      },
      ["edgemend_requests_total", { area: "management", answer: "2xx" }],
      ["edgemend_requests_total", { area: "management", answer: "4xx" }],
      ["edgemend_request_seconds_count", { area: "management" }],
    );
    expect(grown).toEqual([1, 2, 3]);
    const [trips] = await growth(
      () => server.call("GET", DEVICES, { token: user.token }),
      ["edgemend_database_trips_total", { area: "management" }],
    );
    expect(trips).toBeGreaterThan(0);
  });

  it("count checks that no route answers, and those that one does", async () => {
    const grown = await growth(
      async () => {
        await server.call("GET", NEXT, { token: device.token });
        await server.call("GET", NEXT);
      },
      ["edgemend_requests_total", { area: "check", answer: "2xx" }],
      ["edgemend_requests_total", { area: "check", answer: "4xx" }],
      ["edgemend_database_trips_total", { area: "check" }],
    );
    expect(grown).toEqual([1, 1, 0]);
  });

  it("are kept when the object that has them falls asleep", async () => {
    const before = valueOf(await scrape(), "edgemend_requests_total", { area: "operator" });
    await runDurableObjectAlarm(meter());
    await evictDurableObject(meter());
    expect(valueOf(await scrape(), "edgemend_requests_total", { area: "operator" })).toBe(before);
  });

  it("name the tenants with the most requests of the hour, so many at most [limit: TOP_TENANTS]", async () => {
    const tenants = Array.from({ length: TOP_TENANTS + 1 }, (_, n) => `tenant-${n}`);
    const users = await Promise.all(tenants.map((tenant) => aUser(server, { tenant })));
    for (const { token } of users) await server.call("GET", DEVICES, { token });
    await server.call("GET", DEVICES, { token: users.at(-1)?.token });
    const named = (await scrape()).get("edgemend_tenant_requests")?.samples ?? [];
    expect(named).toHaveLength(TOP_TENANTS);
    expect(named[0]).toMatchObject({ labels: { tenant: tenants.at(-1) }, value: 2 });
    server.advance(3_600_000);
    expect((await scrape()).get("edgemend_tenant_requests")?.samples).toEqual([]);
  });

  it("keep what they have when a process that was asked in between tells nothing new", async () => {
    await server.call("GET", DEVICES, { token: user.token });
    const before = await scrape();
    server.advance(16_000); // the timer of that request
    const after = await scrape();
    const requests = (of: typeof after) => valueOf(of, "edgemend_tenant_requests", { tenant: "acme" });
    expect([requests(before), requests(after)]).toEqual([1, 1]);
  });

  it("tell what is there and what waits, in one trip to the database", async () => {
    await aTenant(server, "other");
    await env.DB.batch([
      env.DB.prepare(
        "INSERT INTO device_counts VALUES ('acme', 'pending', 'standard', 3) ON CONFLICT DO UPDATE SET devices = 3",
      ),
      env.DB.prepare(
        "INSERT INTO outbox (id, tenant_id, kind, subject, data, created_ms, due_ms, attempts) VALUES ('x', 'acme', 'k', 's', '{}', 0, ?, 0)",
      ).bind(server.now - 90_000),
      env.DB.prepare(
        "INSERT INTO jobs (tenant_id, job_id, workflow, version, status, input, created_ms, updated_ms) VALUES ('acme', 'j', 'w', 1, 'pending', '{}', ?, 0), ('acme', 'f', 'w', 1, 'failed', '{}', 0, 0)",
      ).bind(server.now - 30_000),
    ]);
    const answer = await ask();
    const families = readOpenMetrics(answer.text);
    expect(answer.cost).toMatchObject({ trips: 1 + FURTHER, written: 0 });
    const told = (name: string, labels?: Record<string, string>) => valueOf(families, name, labels);
    expect(told("edgemend_devices", { status: "pending" })).toBe(3);
    expect(told("edgemend_outbox_events")).toBe(1);
    expect(told("edgemend_outbox_age_seconds")).toBe(90);
    expect(told("edgemend_jobs", { status: "pending" })).toBe(1);
    expect(told("edgemend_jobs", { status: "failed" })).toBe(1);
    expect(told("edgemend_job_age_seconds")).toBe(30);
    expect(told("edgemend_tenants")).toBeGreaterThanOrEqual(2);
  });

  it("count what waits up to a bound, so that looking costs the same [limit: MAX_COUNTED]", async () => {
    await env.DB.prepare(
      `INSERT INTO outbox (id, tenant_id, kind, subject, data, created_ms, due_ms, attempts)
       WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ?)
       SELECT value, 'acme', 'k', 's', '{}', 0, 0, 0 FROM n`,
    )
      .bind(MAX_COUNTED + 1)
      .run();
    const answer = await ask();
    expect(valueOf(readOpenMetrics(answer.text), "edgemend_outbox_events")).toBe(MAX_COUNTED);
    expect(answer.cost.read).toBeLessThan(MAX_COUNTED + 100);
  });
});
