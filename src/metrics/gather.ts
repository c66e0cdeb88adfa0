import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { oldestMarkStatement } from "../tenantdata/index.ts";
import { countTenantsStatement } from "../tenants/index.ts";
import { ANSWERS, AREAS, WAITS_S, type AreaCounts, type Counts } from "./counts.ts";
import type { Sample, Told } from "./openmetrics.ts";
import { backlogStatement, devicesStatement, type Backlog } from "./store.ts";

/** Tenants that are told by name. */
export const TOP_TENANTS = 20;

const one = (value: number): Sample[] => [{ labels: {}, value }];

function ofAreas({ areas }: Counts): Told {
  const all = AREAS.flatMap((area) => (areas[area] ? [{ labels: { area }, of: areas[area] }] : []));
  const sum = (of: (counts: AreaCounts) => number) =>
    all.map(({ labels, of: counts }) => ({ labels, value: of(counts) }));
  return {
    edgemend_requests: all.flatMap(({ labels, of }) =>
      ANSWERS.map((answer, at) => ({ labels: { ...labels, answer }, value: of.answers[at] ?? 0 })),
    ),
    edgemend_request_seconds: all.map(({ labels, of }) => ({
      labels,
      ends: WAITS_S,
      counts: of.waits,
      sum: of.seconds,
    })),
    edgemend_database_trips: sum(({ trips }) => trips),
    edgemend_database_rows_read: sum(({ rowsRead }) => rowsRead),
    edgemend_database_rows_written: sum(({ rowsWritten }) => rowsWritten),
    edgemend_object_calls: sum(({ objectCalls }) => objectCalls),
  };
}

function ofTenants({ tenants }: Counts): Told {
  const top = [...tenants].toSorted(([, a], [, b]) => b - a).slice(0, TOP_TENANTS);
  return {
    edgemend_tenant_requests: top.map(([tenant, value]) => ({ labels: { tenant }, value })),
    edgemend_tenants_active: one(tenants.size),
  };
}

interface Waiting extends Backlog {
  /** When the oldest change was made that is in no journal. */
  mark_ms: number | null;
}

function ofBacklog(of: Waiting, nowMs: number): Told {
  const age = (sinceMs: number | null) => one(sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs) / 1000);
  const { pending, processing, failed } = of;
  return {
    edgemend_tenants: one(of.tenants),
    edgemend_devices_connected: one(of.connected),
    edgemend_sessions_open: one(of.sessions),
    edgemend_outbox_events: one(of.events),
    edgemend_outbox_age_seconds: age(of.event_ms),
    edgemend_jobs: Object.entries({ pending, processing, failed }).map(([status, value]) => ({
      labels: { status },
      value,
    })),
    edgemend_job_age_seconds: age(of.job_ms),
    edgemend_journal_age_seconds: age(of.mark_ms),
    edgemend_receivers_failing: one(of.receivers),
  };
}

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

const together = (a: Waiting, b: Waiting): Waiting => ({
  tenants: a.tenants + b.tenants,
  connected: a.connected + b.connected,
  sessions: a.sessions + b.sessions,
  events: a.events + b.events,
  event_ms: earlier(a.event_ms, b.event_ms),
  pending: a.pending + b.pending,
  processing: a.processing + b.processing,
  failed: a.failed + b.failed,
  job_ms: earlier(a.job_ms, b.job_ms),
  receivers: a.receivers + b.receivers,
  mark_ms: earlier(a.mark_ms, b.mark_ms),
});

/** With the size of the database, which each of its answers tells. */
const withSize = <T>(statement: Statement<T>): Statement<{ found: T; bytes: number }> => ({
  ...statement,
  read: (result) => ({ found: statement.read(result), bytes: result.meta.size_after ?? 0 }),
});

/** What all databases have together. One that is away is told of, and not counted. */
async function countAll(deps: Deps, nowMs: number) {
  const places = deps.databases();
  const found = await Promise.allSettled(
    places.map(async ({ name, db }) => {
      const [backlog, mark_ms, devices] = await db.batch([
        backlogStatement(nowMs),
        oldestMarkStatement,
        withSize(devicesStatement),
      ]);
      return { name, backlog: { ...backlog, mark_ms }, ...devices };
    }),
  );
  const told = found.flatMap((one, i) => {
    if (one.status === "fulfilled") return [one.value];
    if (places.length === 1) throw one.reason;
    deps.log.error("database not counted", { database: places[i]?.name, cause: one.reason });
    return [];
  });
  const devices = new Map<string, number>();
  for (const { found: counts } of told)
    for (const { status, devices: count } of counts) devices.set(status, (devices.get(status) ?? 0) + count);
  const backlog = told.map((one) => one.backlog).reduce(together);
  const sizes = told.map(({ name, bytes }) => ({ labels: { database: name }, value: bytes }));
  if (!deps.homes.isSpread) return { backlog, devices, sizes };
  // What homes have are copies.
  return {
    backlog: { ...backlog, tenants: await deps.directory.one(countTenantsStatement({}, nowMs)) },
    devices,
    sizes,
  };
}

/** Everything that is told of the installation, in one trip to each database. */
export async function gather(deps: Deps, counts: Counts): Promise<Told> {
  const nowMs = deps.now();
  const { backlog, devices, sizes } = await countAll(deps, nowMs);
  return {
    ...ofAreas(counts),
    ...ofTenants(counts),
    ...ofBacklog(backlog, nowMs),
    edgemend_database_bytes: sizes,
    edgemend_devices: [...devices].map(([status, value]) => ({ labels: { status }, value })),
  };
}
