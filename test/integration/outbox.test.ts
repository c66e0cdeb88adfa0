import { createExecutionContext, createMessageBatch, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import byTenant from "../../migrations/0016_outbox_by_tenant.sql";
import { asTenantId, newSortableId } from "../../src/platform/ids.ts";
import type { EventKey } from "../../src/platform/outbox.ts";
import { drainOutbox } from "../../src/platform/send-events.ts";
import { queue } from "../../workers/queue.ts";
import { aTenant, aUser } from "../support/actors.ts";
import { ARTIFACTS, formOf } from "../support/artifacts.ts";
import { env, served, Server, tenantsIn } from "../support/server.ts";
import { StrictQueue } from "../support/strict-queue.ts";
import { asOperator, JOBS, jobOf, notify, register, start } from "../support/workflows.ts";

let server: Server;
let jobs: StrictQueue;
beforeEach(async () => {
  server = await Server.start();
  jobs = new StrictQueue();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Records events as a batch of a domain would; the id is of this moment. */
async function record(tenant: string, count: number, more: { subject?: string; data?: string } = {}) {
  const { subject = "s", data = "{}" } = more;
  const ids = Array.from({ length: count }, () => newSortableId(server.now));
  await env.DB.batch(
    ids.map((id) =>
      env.DB.prepare("INSERT INTO outbox VALUES (?, ?, 'test.event', ?, ?, ?, ?, 0)").bind(
        id,
        tenant,
        subject,
        data,
        server.now,
        server.now,
      ),
    ),
  );
  return ids;
}

const drain = async () => {
  const deps = await server.deps();
  return drainOutbox({ ...deps, jobs: jobs.binding, log: { ...deps.log, error: () => {} } }, tenantsIn(deps));
};

async function consume(keys: readonly EventKey[], name = "edgemend-jobs") {
  const messages = keys.map((body, i) => ({
    id: `m${i}`,
    timestamp: new Date(server.now),
    attempts: 1,
    body,
  }));
  const ctx = createExecutionContext();
  await queue(createMessageBatch(name, messages), { ...served, JOBS: jobs.binding }, ctx, {
    now: () => server.now,
  });
  await waitOnExecutionContext(ctx);
}

const left = async () =>
  (await env.DB.prepare("SELECT tenant_id, id, due_ms, attempts FROM outbox ORDER BY tenant_id, id").all())
    .results;
const failed = async () =>
  (await asOperator(server, "GET", `${JOBS}?status=failed`)).json<Record<string, unknown>[]>();

describe("events on their way to the queue", () => {
  it("of any size leave the jobs of other tenants alone", async () => {
    const large = "d".repeat(14_000);
    await record("t-large", 40, { subject: large, data: JSON.stringify({ device_id: large }) });
    await record("t-large", 1, { data: JSON.stringify({ all: "x".repeat(300_000) }) });
    const user = await aUser(server, { tenant: "t-other" });
    const form = formOf([
      ["name", "app-1"],
      ["device_types_compatible", "dt1"],
      ["type", "single_file"],
      ["args", JSON.stringify({ filename: "app.conf", dest_dir: "/etc" })],
      ["file", new Uint8Array(100).fill(7)],
    ]);
    const bindings = { ...server.env, JOBS: jobs.binding };
    const answer = await server.call(
      "POST",
      `${ARTIFACTS}/generate`,
      { token: user.token, body: form },
      bindings,
    );
    expect(answer.status).toBe(201);
    expect(jobs.taken.filter(({ tenant }) => tenant === "t-other")).toHaveLength(1);
    expect(jobs.taken.filter(({ tenant }) => tenant === "t-large")).toHaveLength(41);
    await consume(jobs.taken);
    await server.deliverEvents();
    expect([await left(), await failed()]).toEqual([[], []]);
    const artifacts = await server.call("GET", ARTIFACTS, { token: user.token });
    expect(artifacts.json<{ name: string }[]>().map(({ name }) => name)).toEqual(["app-1"]);
  });

  it("of one tenant do not fill the queue before those of another", async () => {
    await record("t-many", 450);
    server.advance(1000);
    await record("t-one", 1);
    await drain();
    const at = jobs.taken.findIndex(({ tenant }) => tenant === "t-one");
    expect(at).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThan(100);
    // More come when these are handled.
    expect(jobs.taken).toHaveLength(201);
    expect(await drain()).toBe(0);
    await consume(jobs.taken.slice(0, 100));
    await drain();
    expect(jobs.taken.length).toBeGreaterThanOrEqual(300);
  });

  it("are sent in turns by any number of tenants", async () => {
    for (let i = 0; i < 130; i++) await record(`t-${i}`, 2);
    await drain();
    expect(jobs.taken).toHaveLength(260);
    expect(new Set(jobs.taken.map(({ id }) => id)).size).toBe(260);
  });

  it("wait for their time behind those that are due", async () => {
    const later = newSortableId(server.now + 60_000);
    await env.DB.prepare("INSERT INTO outbox VALUES (?, 't', 'later', 's', '{}', ?, ?, 0)")
      .bind(later, server.now, server.now + 60_000)
      .run();
    await record("t", 1);
    await drain();
    expect(jobs.taken.map(({ kind }) => kind)).toEqual(["test.event"]);
    server.advance(60_000);
    await drain();
    expect(jobs.taken.map(({ kind }) => kind)).toEqual(["test.event", "later"]);
  });

  it("are shown as failed if the queue refuses them, and can be sent again", async () => {
    const [bad] = await record("t-bad", 1, { data: '{"a":1}' });
    const [good] = await record("t-good", 1);
    jobs.refuses = ({ id }) => id === bad;
    await drain();
    expect(jobs.taken.map(({ id }) => id)).toEqual([good]);
    expect(await drain()).toBe(0); // put off
    for (const pauseMs of [300_000, 600_000]) {
      expect(await failed()).toEqual([]);
      server.advance(pauseMs);
      await drain();
    }
    const [job] = await failed();
    expect(job).toMatchObject({
      workflow: "event:test.event",
      subject: "s",
      failure: expect.stringMatching(/queue/),
    });
    expect((await left()).map(({ id }) => id)).toEqual([good]);
    jobs.refuses = () => false;
    expect((await asOperator(server, "POST", `${JOBS}/${String(job!.id)}/retry`)).status).toBe(202);
    server.advance(300_000);
    await drain();
    expect(jobs.taken).toContainEqual(expect.objectContaining({ tenant: "t-bad", kind: "test.event" }));
    expect(await failed()).toEqual([]);
  });

  it("are nobody's fault while the queue is away", async () => {
    await record("t", 3);
    jobs.refuses = () => true;
    for (let i = 0; i < 5; i++) {
      await expect(drain()).rejects.toThrow("takes no events");
      server.advance(61_000);
    }
    expect([await failed(), (await left()).map(({ attempts }) => attempts)]).toEqual([[], [0, 0, 0]]);
    jobs.refuses = () => false;
    await drain();
    expect(jobs.taken).toHaveLength(3);
  });

  it("are found by tenant, without a look at all of them", async () => {
    const seen: string[] = [];
    const real = env.DB.prepare.bind(env.DB);
    const watched = new Proxy(env.DB, {
      get: (target, name) =>
        name === "prepare"
          ? (text: string) => {
              seen.push(text);
              return real(text);
            }
          : Reflect.get(target, name).bind(target),
    });
    const { drainOutbox: send } = await import("../../src/platform/send-events.ts");
    const { Database, noCost } = await import("../../src/platform/database.ts");
    await send({ ...(await server.deps()), jobs: jobs.binding }, new Database(watched, noCost()));
    const [text] = seen;
    const parameters = Array.from({ length: text!.split("?").length - 1 }, () => "0");
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
      .bind(...parameters)
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail);
    expect(plan.filter((detail) => /SCAN (outbox|o|i)\b/.test(detail))).toEqual([]);
  });
});

describe("events at the consumer", () => {
  it("whose data is damaged leave the others alone, and are shown as failed in the end", async () => {
    const [bad] = await record("t-bad", 1, { data: "{no json" });
    await record("t-good", 1);
    await drain();
    await consume(jobs.taken);
    expect((await left()).map(({ id }) => id)).toEqual([bad]);
    await consume([{ tenant: asTenantId("t-bad"), id: bad!, kind: "test.event" }], "edgemend-jobs-dead");
    expect(await failed()).toMatchObject([{ workflow: "event:test.event", subject: "s" }]);
    expect(await left()).toEqual([]);
  });

  it("do not wait for a tenant whose work takes long", async () => {
    await register(server, notify());
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    vi.stubGlobal("fetch", async (url: string) => {
      if (url.endsWith("/slow")) await released;
      else release();
      return new Response("{}");
    });
    for (const tenant of ["t-slow", "t-quick"]) await aTenant(server, tenant);
    const slow = await start(server, "notify", { who: "slow", tenant_id: "t-slow" });
    const quick = await start(server, "notify", { who: "quick", tenant_id: "t-quick" });
    server.advance(300_000);
    await drain();
    await consume(jobs.taken.toSorted((a, b) => (a.tenant > b.tenant ? -1 : 1)));
    const states = await Promise.all([slow, quick].map((id) => jobOf(server, id)));
    expect(states.map(({ status }) => status)).toEqual(["done", "done"]);
  });

  it.each([null, "text", {}, { id: 1 }])("that are none are dropped: %j", async (body) => {
    const [good] = await record("t", 1);
    await consume([body as unknown as EventKey, { tenant: asTenantId("t"), id: good!, kind: "test.event" }]);
    expect(await left()).toEqual([]);
  });
});

describe("an outbox of before", () => {
  it("keeps its events, and those that wait for their time", async () => {
    const text = await env.DB.prepare("SELECT sql FROM sqlite_master WHERE name = 'outbox'").first<string>(
      "sql",
    );
    expect(text).toContain("PRIMARY KEY (tenant_id, id)");
    const [now, later] = [newSortableId(server.now), newSortableId(server.now)];
    await env.DB.batch([
      env.DB.prepare("DROP TABLE outbox"),
      env.DB.prepare(
        `CREATE TABLE outbox (id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
          data TEXT NOT NULL, created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
      ),
      env.DB.prepare("INSERT INTO outbox VALUES (?, 't', 'now', 's', '{}', ?, ?, 1)").bind(
        now,
        server.now,
        server.now,
      ),
      env.DB.prepare("INSERT INTO outbox VALUES (?, 't', 'later', 's', '{}', ?, ?, 0)").bind(
        later,
        server.now,
        server.now + 3_600_000,
      ),
    ]);
    for (const statement of byTenant
      .replace(/^--.*$/gm, "")
      .split(/;\s*\n/)
      .filter((s) => s.trim() !== ""))
      await env.DB.prepare(statement).run();
    await drain();
    expect(jobs.taken.map(({ kind }) => kind)).toEqual(["now"]);
    server.advance(3_600_000);
    await consume(jobs.taken);
    await drain();
    expect(jobs.taken.map(({ kind }) => kind)).toEqual(["now", "later"]);
  });
});
