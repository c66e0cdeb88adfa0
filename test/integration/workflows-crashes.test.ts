import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { consumeEvent } from "../../src/jobs/consume.ts";
import { HANDLERS } from "../../src/jobs/handlers.ts";
import { newId, type TenantId } from "../../src/platform/ids.ts";
import { drainOutbox, type EventMessage } from "../../src/platform/outbox.ts";
import { sweepDeadUploads } from "../../src/storage/jobs.ts";
import { BUILT_IN } from "../../src/workflows/built-in.ts";
import { RetryLater } from "../../src/workflows/retry-later.ts";
import { startJobs } from "../../src/workflows/service.ts";
import { aDevice, aTenant, aUser } from "../support/actors.ts";
import { ARTIFACTS, formOf } from "../support/artifacts.ts";
import { queue } from "../../workers/queue.ts";
import { Crash, crashingDeps, Moments } from "../support/crashing.ts";
import { env, Server } from "../support/server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});

interface Stage {
  tenant: TenantId;
  device: string;
  /** Ids of this stage by what they stand for, to compare two stages. */
  names: [id: string, name: string][];
}

/** Starts the workflow in a tenant of its own. */
type Play = (stage: Stage) => Promise<void>;

const common = ({ tenant, device }: Stage) => ({ request_id: "r", tenant_id: tenant, device_id: device });

const starting =
  (workflow: string, input: (stage: Stage) => Record<string, unknown>): Play =>
  async (stage) => {
    const [job] = await startJobs(await server.deps(), workflow, [{ ...common(stage), ...input(stage) }]);
    stage.names.push([job!.id, "job"]);
  };

const PLAYS: Record<string, Play> = {
  provision_device: starting("provision_device", ({ device }) => ({
    device: { id: device, revision: 5 },
    status: "accepted",
  })),
  update_device_status: starting("update_device_status", ({ device }) => ({
    devices: [{ id: device, revision: 5 }],
    device_status: "rejected",
  })),
  decommission_device: starting("decommission_device", () => ({})),
  update_device_inventory: starting("update_device_inventory", () => ({
    attributes: JSON.stringify([{ name: "mac", value: "00:11" }]),
    scope: "identity",
  })),
  deploy_device_configuration: async (stage) => {
    const deployment = newId();
    stage.names.push([deployment, "deployment"]);
    await starting("deploy_device_configuration", () => ({
      deployment_id: deployment,
      configuration: { timezone: "UTC" },
      retries: 1,
    }))(stage);
  },
  provision_external_device: starting("provision_external_device", () => ({
    configuration: { connection: "string" },
  })),
  reindex_inventory: starting("reindex_inventory", () => ({ service: "reporting" })),
  generate_artifact: async (stage) => {
    const user = await aUser(server, { tenant: stage.tenant });
    stage.names.push([user.id, "user"], [user.email, "mail"]);
    const form = formOf([
      ["name", "app-1"],
      ["device_types_compatible", "dt1"],
      ["type", "single_file"],
      ["args", JSON.stringify({ filename: "app.conf", dest_dir: "/etc" })],
      ["file", new Uint8Array(100_000).fill(7)],
    ]);
    const answer = await server.call("POST", `${ARTIFACTS}/generate`, { token: user.token, body: form });
    stage.names.push([answer.headers.get("location")!.split("/").at(-1)!, "artifact"]);
  },
};

async function aStage(): Promise<Stage> {
  const tenant = await aTenant(server);
  const { id: device, authSet } = await aDevice(server, { tenant });
  return {
    tenant,
    device,
    names: [
      [authSet, "set"],
      [device, "device"],
      [tenant, "tenant"],
    ],
  };
}

/** Messages that are due, as the queue gets them. */
async function dueEvents(): Promise<EventMessage[]> {
  const events: EventMessage[] = [];
  const deps = await server.deps();
  const jobs = {
    sendBatch: async (batch: Iterable<{ body: EventMessage }>) => {
      events.push(...Array.from(batch, ({ body }) => body));
    },
  } as unknown as typeof deps.jobs;
  while ((await drainOutbox({ ...deps, jobs }, deps.directory)) > 0);
  return events;
}

/** One process consumes what is due until nothing is left or it is stopped. */
async function consume(moments: Moments): Promise<void> {
  // What requests sent already is sent again.
  server.advance(6 * 60_000);
  const deps = crashingDeps(await server.deps(), moments);
  for (let rounds = 0; rounds < 20; rounds++) {
    const events = await dueEvents();
    if (events.length === 0) return;
    for (const event of events) await consumeEvent(deps, HANDLERS, event);
  }
}

/** A new process takes over after the time in which events are sent again. */
async function recover(): Promise<void> {
  for (let rounds = 0; rounds < 20; rounds++) {
    server.advance(11 * 60_000);
    await sweepDeadUploads(await server.deps());
    const { n } = (await env.DB.prepare("SELECT count(*) AS n FROM outbox").first<{ n: number }>())!;
    if (n === 0) return;
    await consume(new Moments()).catch((cause: unknown) => {
      if (!(cause instanceof RetryLater)) throw cause;
    });
  }
  throw new Error("it never comes to an end");
}

const OWN_TABLES = [
  "devices",
  "auth_sets",
  "inventory_devices",
  "device_configurations",
  "deployments",
  "audit_log",
  "artifacts",
  "objects",
  "storage_usage",
  "releases",
  "artifact_generations",
  "jobs",
  "job_results",
  "outbox",
];
const UNSTABLE = /_ms$|^(id|time|modified|seq|device_no|attempts|attempt|run|idempotency.*|fingerprint)$/;

/** Everything the tenant has, without times, with ids replaced by what they stand for. */
async function endState({ tenant, names }: Stage): Promise<unknown> {
  const known = new Map(names);
  const tables: Record<string, unknown> = {};
  for (const table of OWN_TABLES) {
    const { results } = await env.DB.prepare(`SELECT * FROM ${table} WHERE tenant_id = ?`)
      .bind(tenant)
      .all<Record<string, unknown>>();
    let text = JSON.stringify(
      results.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !UNSTABLE.test(name)))),
    );
    for (const [id, name] of known) text = text.replaceAll(id, name);
    const anonymous = text
      .replaceAll(/\b[0-9a-f]{24}\b/g, "job")
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "uuid");
    tables[table] = (JSON.parse(anonymous) as unknown[]).map((row) => JSON.stringify(row)).toSorted();
  }
  const { objects } = await env.ARTIFACTS.list({ prefix: `${tenant}/` });
  return { ...tables, bucket: objects.map(({ size }) => size) };
}

async function playedThrough(play: Play): Promise<{ state: unknown; moments: number }> {
  const stage = await aStage();
  await play(stage);
  const moments = new Moments();
  await consume(moments);
  await recover();
  return { state: await endState(stage), moments: moments.count };
}

async function playedWithCrash(play: Play, stopAt: number): Promise<unknown> {
  const stage = await aStage();
  await play(stage);
  await consume(new Moments(stopAt)).catch((cause: unknown) => {
    if (!(cause instanceof Crash)) throw cause;
  });
  await recover();
  return endState(stage);
}

describe("a consumer that is stopped before or after anything it waits for", () => {
  it("is tried with every workflow of this server", () => {
    expect(Object.keys(PLAYS).toSorted()).toEqual(BUILT_IN.map(({ name }) => name).toSorted());
  });

  it.each(Object.keys(PLAYS))(
    "leaves %s in the same end state after recovery",
    async (workflow) => {
      const play = PLAYS[workflow]!;
      const { state, moments } = await playedThrough(play);
      expect(moments).toBeGreaterThanOrEqual(4);
      const different: number[] = [];
      for (let stopAt = 1; stopAt <= moments; stopAt++) {
        const other = await playedWithCrash(play, stopAt);
        if (JSON.stringify(other) !== JSON.stringify(state)) {
          different.push(stopAt);
          expect(other).toEqual(state);
        }
      }
      expect(different).toEqual([]);
    },
    120_000,
  );
});

describe("10,000 deliveries, shuffled and repeated", () => {
  const FLEET = 250;
  const DELIVERIES = 10_000;

  async function deliver(events: readonly EventMessage[]): Promise<void> {
    const batches: EventMessage[][] = [];
    for (let i = 0; i < events.length; i += 50) batches.push(events.slice(i, i + 50));
    for (let i = 0; i < batches.length; i += 4) await Promise.all(batches.slice(i, i + 4).map(consumeBatch));
  }

  async function consumeBatch(events: readonly EventMessage[]): Promise<void> {
    const messages = events.map((body, i) => ({
      id: `${body.id}-${i}`,
      timestamp: new Date(0),
      attempts: 1,
      body,
    }));
    const ctx = createExecutionContext();
    await queue(createMessageBatch("edgemend-jobs", messages), env, ctx, { now: () => server.now });
  }

  it("have each effect once", async () => {
    const tenant = await aTenant(server);
    const devices = Array.from({ length: FLEET }, () => newId());
    await env.DB.batch(
      devices.map((id) =>
        env.DB.prepare(
          "INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms) VALUES (?, ?, ?, '{}', 'accepted', 1, 0, 0)",
        ).bind(tenant, id, id),
      ),
    );
    const inputs = devices.map((id) => ({
      request_id: "r",
      tenant_id: tenant,
      device_id: id,
      device: { id, revision: 2 },
      status: "accepted",
    }));
    await startJobs(await server.deps(), "provision_device", inputs);
    const known = new Map<string, EventMessage>();
    let delivered = 0;
    for (;;) {
      // What a consumer left behind for the next step is in the held queue by now.
      server.advance(6 * 60_000);
      const fresh = await dueEvents();
      if (fresh.length === 0) break;
      const wave = shuffled([...fresh, ...fresh, ...fresh, ...known.values(), ...known.values()]);
      await deliver(wave);
      delivered += wave.length;
      for (const event of fresh) known.set(event.id, event);
    }
    while (delivered < DELIVERIES) {
      const wave = shuffled([...known.values()]).slice(0, DELIVERIES - delivered);
      await deliver(wave);
      delivered += wave.length;
    }
    expect([known.size, delivered]).toEqual([2 * FLEET, DELIVERIES]);
    const count = async (sql: string) => (await env.DB.prepare(sql).bind(tenant).first<{ n: number }>())!.n;
    expect(await count("SELECT count(*) AS n FROM jobs WHERE tenant_id = ? AND status = 'done'")).toBe(FLEET);
    expect(await count("SELECT count(*) AS n FROM job_results WHERE tenant_id = ?")).toBe(2 * FLEET);
    expect(
      await count(
        "SELECT count(*) AS n FROM inventory_devices WHERE tenant_id = ? AND status = 'accepted' AND status_revision = 2",
      ),
    ).toBe(FLEET);
    expect(await count("SELECT count(*) AS n FROM device_configurations WHERE tenant_id = ?")).toBe(FLEET);
    expect(await count("SELECT count(*) AS n FROM outbox WHERE tenant_id = ?")).toBe(0);
  }, 120_000);
});

/** The same order every time. */
function shuffled<T>(items: readonly T[]): T[] {
  const copy = [...items];
  let state = 42;
  for (let i = copy.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = state % (i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}
