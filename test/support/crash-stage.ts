import { consumeEvent } from "../../src/platform/consume-event.ts";
import { HANDLERS } from "../../src/app/event-handlers.ts";
import type { TenantId } from "../../src/platform/ids.ts";
import { openEvents, type EventKey, type EventMessage } from "../../src/platform/outbox.ts";
import { drainOutbox } from "../../src/platform/send-events.ts";
import { sweepDeadUploads } from "../../src/storage/jobs.ts";
import { RetryLater } from "../../src/platform/background.ts";
import { aDevice, aTenant } from "./actors.ts";
import { Crash, crashingDeps, Moments, type OnMultipart } from "./crashing.ts";
import { env, type Server, tenantsIn } from "./server.ts";

/** A tenant of its own with a device, in which one thing is done, with or without a crash. */
export interface Stage {
  tenant: TenantId;
  device: string;
  /** Ids of this stage by what they stand for, to compare two stages. */
  names: [id: string, name: string][];
}

export async function aStage(server: Server): Promise<Stage> {
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
export async function dueEvents(server: Server): Promise<EventMessage[]> {
  const keys: EventKey[] = [];
  const deps = await server.deps();
  const jobs = {
    sendBatch: async (batch: Iterable<{ body: EventKey }>) => {
      keys.push(...Array.from(batch, ({ body }) => body));
    },
  } as unknown as typeof deps.jobs;
  while ((await drainOutbox({ ...deps, jobs }, tenantsIn(deps))) > 0);
  const events = await tenantsIn(deps).one(openEvents(keys));
  return events.map((event) => event.read());
}

/** One process consumes what is due until nothing is left or it is stopped. */
export async function consume(server: Server, moments: Moments, onMultipart?: OnMultipart): Promise<void> {
  // What requests sent already is sent again.
  server.advance(6 * 60_000);
  const deps = crashingDeps(await server.deps(), moments, onMultipart);
  for (let rounds = 0; rounds < 20; rounds++) {
    const events = await dueEvents(server);
    if (events.length === 0) return;
    for (const event of events) await consumeEvent(deps, HANDLERS, event);
  }
}

/** A new process takes over after the time in which events are sent again. */
export async function recover(server: Server): Promise<void> {
  for (let rounds = 0; rounds < 20; rounds++) {
    server.advance(11 * 60_000);
    await sweepDeadUploads(await server.deps());
    const { n } = (await env.DB.prepare("SELECT count(*) AS n FROM outbox").first<{ n: number }>())!;
    if (n === 0) return;
    await consume(server, new Moments()).catch((cause: unknown) => {
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
export async function endState({ tenant, names }: Stage): Promise<unknown> {
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

/** Consumes until nothing is left or the process is stopped; answers whether it was. */
export async function consumeOrCrash(
  server: Server,
  moments: Moments,
  onMultipart?: OnMultipart,
): Promise<boolean> {
  try {
    await consume(server, moments, onMultipart);
    return false;
  } catch (cause) {
    if (!(cause instanceof Crash)) throw cause;
    return true;
  }
}
