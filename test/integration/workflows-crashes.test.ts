import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import type { EventMessage } from "../../src/platform/outbox.ts";
import { BUILT_IN } from "../../src/workflows/built-in.ts";
import { startJobs } from "../../src/workflows/workflows.ts";
import { aTenant, aUser } from "../support/actors.ts";
import { ARTIFACTS, formOf } from "../support/artifacts.ts";
import { queue } from "../../workers/queue.ts";
import {
  aStage,
  consume,
  consumeOrCrash,
  dueEvents,
  endState,
  recover,
  type Stage,
} from "../support/crash-stage.ts";
import { Moments } from "../support/crashing.ts";
import { many, stops } from "../support/form.ts";
import { env, served, Server } from "../support/server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});

/** Starts the workflow in a tenant of its own. */
type Play = (stage: Stage) => Promise<void>;

const common = ({ tenant, device }: Stage) => ({ request_id: "r", tenant_id: tenant, device_id: device });

const starting =
  (workflow: string, input: (stage: Stage) => Record<string, unknown>): Play =>
  async (stage) => {
    const [job] = await startJobs({ deps: await server.deps(), demandSupport: async () => {} }, workflow, [
      { ...common(stage), ...input(stage) },
    ]);
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

async function playedThrough(play: Play): Promise<{ state: unknown; moments: number }> {
  const stage = await aStage(server);
  await play(stage);
  const moments = new Moments();
  await consume(server, moments);
  await recover(server);
  return { state: await endState(stage), moments: moments.count };
}

async function playedWithCrash(play: Play, stopAt: number): Promise<unknown> {
  const stage = await aStage(server);
  await play(stage);
  await consumeOrCrash(server, new Moments(stopAt));
  await recover(server);
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
      for (const stopAt of stops(moments)) {
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

describe("thousands of deliveries, shuffled and repeated", () => {
  const FLEET = many(250, 60);
  const DELIVERIES = many(10_000, 2000);

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
    await queue(createMessageBatch("edgemend-jobs", messages), served, ctx, { now: () => server.now });
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
    await startJobs({ deps: await server.deps(), demandSupport: async () => {} }, "provision_device", inputs);
    const known = new Map<string, EventMessage>();
    let delivered = 0;
    for (;;) {
      // What a consumer left behind for the next step is in the held queue by now.
      server.advance(6 * 60_000);
      const fresh = await dueEvents(server);
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
