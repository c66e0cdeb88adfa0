import { sql } from "drizzle-orm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { nextUpdate } from "../../src/deployments/next-update.ts";
import { createDeployment } from "../../src/deployments/create.ts";
import { statisticsOf } from "../../src/deployments/wire-objects.ts";
import { reportStatus } from "../../src/deployments/device-status.ts";
import { decommissionDeviceStatements } from "../../src/deployments/device-membership.ts";
import { ACTIVE_STATUSES, isFinal, statusOf, type Status } from "../../src/deployments/status.ts";
import { abortDeployment, abortForDevice } from "../../src/deployments/abort.ts";
import { countersOf, type CountedRow } from "../../src/deployments/store/queries.ts";
import type { DeviceClaim, SystemActor } from "../../src/platform/actor.ts";
import { rows } from "../../src/platform/database.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { Fault } from "../../src/platform/fault.ts";
import { asDeviceId, asTenantId, newId, type DeviceId, type TenantId } from "../../src/platform/ids.ts";
import { WHOLE } from "../../src/platform/plans.ts";
import { many } from "../support/form.ts";
import { env, Server } from "../support/server.ts";

/**
 * Random histories of a few devices in a few deployments: repeated, late and reordered reports, parallel polls, aborts,
 * decommissions. Every verb is the one behind the route. Each history has a tenant of its own.
 */
const HISTORIES = many(1000, 80);
const SEED = 20_261_121;
const DEVICES = 3;
const DEPLOYMENTS = 3;
/** Makes a deployment wide. */
const STRANGERS = Array.from({ length: 60 }, (_, i) => `stranger-${i}`);

type Step =
  | { kind: "poll"; device: number; type: string; name: string }
  | { kind: "report"; device: number; deployment: number; status: Status }
  | { kind: "abort"; deployment: number }
  | { kind: "abortDevice"; device: number }
  | { kind: "decommission"; device: number };

const device = fc.nat(DEVICES - 1);
const deployment = fc.nat(DEPLOYMENTS - 1);
const reported = fc.constantFrom<Status>(
  "downloading",
  "installing",
  "rebooting",
  "pause_before_committing",
  "success",
  "failure",
  "already-installed",
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("poll" as const),
      device,
      type: fc.constantFrom("pi4", "pi4", "pi4", "pi4", "other"),
      name: fc.constantFrom("release-1", "release-1", "release-1", "release-2", "release-3"),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("report" as const), device, deployment, status: reported }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), deployment }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abortDevice" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("decommission" as const), device }) },
);

/** Each member is a set of steps taken at the same time. */
const history = fc.record({
  wide: fc.array(fc.boolean(), { minLength: DEPLOYMENTS, maxLength: DEPLOYMENTS }),
  steps: fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 10 }),
  /** Whether strangers go too in the end, instead of an abort. */
  allGo: fc.nat(9).map((number) => number === 0),
});

let server: Server;
let deps: Deps;

beforeAll(async () => {
  server = await Server.start();
  deps = await server.deps();
});

interface World {
  tenant: TenantId;
  actor: SystemActor;
  claims: DeviceClaim[];
  deployments: string[];
  aborted: Set<string>;
  /** Final status of a device in a deployment, once it was seen. */
  ended: Map<string, number>;
}

const claimOf = (tenant: TenantId): DeviceClaim => ({
  kind: "device-claim",
  tenant,
  device: asDeviceId(newId()),
  authSet: newId(),
  subscription: WHOLE,
  issuedS: Math.floor(server.now / 1000),
});

const INSERT_DEVICE = `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
  VALUES (?, ?, ?, '{}', 'accepted', 1, 1, 1)`;
const INSERT_SET = `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
  VALUES (?, ?, ?, ?, 'k', 'accepted', 1)`;
const INSERT_ARTIFACT = `INSERT INTO artifacts
    (tenant_id, artifact_id, name, device_types, update_types, image, layout, size, modified_ms)
  VALUES (?, ?, ?, '["pi4"]', '[]', ?, '[]', 1, 1)`;

async function aWorld(wide: readonly boolean[]): Promise<World> {
  const tenant = asTenantId(newId());
  const actor = { kind: "system" as const, tenant };
  const claims = Array.from({ length: DEVICES }, () => claimOf(tenant));
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO tenants (tenant_id, name, tenant_token, created_ms, updated_ms) VALUES (?, 't', ?, 1, 1)",
    ).bind(tenant, tenant),
    ...claims.map((claim) => env.DB.prepare(INSERT_DEVICE).bind(tenant, claim.device, claim.device)),
    ...claims.map((claim) =>
      env.DB.prepare(INSERT_SET).bind(tenant, claim.authSet, claim.device, claim.authSet),
    ),
    ...["release-2", "release-3"].map((name) => {
      const image = { id: newId(), name, device_types_compatible: ["pi4"], artifact_depends: {}, size: 1 };
      return env.DB.prepare(INSERT_ARTIFACT).bind(tenant, image.id, name, JSON.stringify(image));
    }),
  ]);
  const world: World = {
    tenant,
    actor,
    claims,
    deployments: [],
    aborted: new Set(),
    ended: new Map(),
  };
  for (const [i, isWide] of wide.entries()) {
    const devices = [...claims.map((claim) => String(claim.device)), ...(isWide ? STRANGERS : [])];
    const definition = {
      name: `d${i}`,
      artifact_name: i === 1 ? "release-3" : "release-2",
      force_installation: i === 2,
      retries: 0,
      devices,
    };
    world.deployments.push((await createDeployment(deps, actor, { definition })).id);
  }
  return world;
}

/** A refusal is an answer like another; anything else is a fault of the server. */
async function answered<T>(work: Promise<T>): Promise<T | Fault> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof Fault && cause.status < 500) return cause;
    throw cause;
  }
}

async function take(world: World, one: Step): Promise<void> {
  const claim = "device" in one ? world.claims[one.device]! : world.claims[0]!;
  const id = "deployment" in one ? world.deployments[one.deployment]! : "";
  if (one.kind === "poll") {
    const abortedBefore = new Set(world.aborted);
    const state = {
      deviceType: one.type,
      artifactName: one.name,
      provides: { artifact_name: one.name },
      complete: true,
    };
    const next = await answered(nextUpdate(deps, claim, state));
    if (next && !(next instanceof Fault)) expect([...abortedBefore]).not.toContain(next.id);
  } else if (one.kind === "report") {
    await answered(reportStatus(deps, claim, id, { status: one.status }));
  } else if (one.kind === "abort") {
    const answer = await answered(abortDeployment(deps, world.actor, id));
    if (!(answer instanceof Fault)) world.aborted.add(id);
  } else if (one.kind === "abortDevice") {
    await abortForDevice(deps, world.actor, claim.device);
  } else {
    await deps.db(world.tenant).batch(decommissionDeviceStatements(world.tenant, claim.device, deps.now()));
  }
}

/** What is stored of a history. Compared without a matcher for each fact, of which there are a million. */
async function check(world: World): Promise<void> {
  const [counters, all] = await deps
    .db(world.tenant)
    .batch([
      countersOf(world.tenant, world.deployments, "all"),
      rows<StoredDevice>(
        sql`SELECT seq, device_id, status, active FROM device_deployments WHERE tenant_id = ${world.tenant}`,
      ),
    ]);
  const wrong = [
    ...counters.flatMap((row) => wrongCounters(row, all)),
    ...all.flatMap((row) => wrongDevice(world, row)),
    ...world.claims.flatMap(({ device: id }) => {
      const busy = all.filter((row) => row.device_id === id && row.active === 1 && row.status > 0);
      return busy.length > 1 ? [{ id, busy }] : [];
    }),
  ];
  expect(wrong).toEqual([]);
}

interface StoredDevice {
  seq: number;
  device_id: string;
  status: number;
  active: number;
}

/** The counters are those of the rows, sum to the targeted devices and tell when nothing is left to do. */
function wrongCounters(row: CountedRow, all: readonly StoredDevice[]): unknown[] {
  const stats = statisticsOf(row);
  const expected: Record<string, number> = { pending: row.unseen, aborted: row.unseen_aborted };
  for (const { seq, status } of all) {
    if (seq !== row.seq || status === 0) continue;
    const word = statusOf(status);
    expected[word] = (expected[word] ?? 0) + 1;
  }
  const counts = Object.entries(stats);
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  const open = ACTIVE_STATUSES.reduce((total, status) => total + stats[status], 0);
  const isRight =
    counts.every(([status, count]) => count === (expected[status] ?? 0)) &&
    sum === row.max_devices &&
    row.remaining === open &&
    (row.stage === 2) === (open === 0);
  return isRight ? [] : [{ row, stats, expected, sum, open }];
}

/** A final status is never left. */
function wrongDevice({ ended }: World, row: StoredDevice): unknown[] {
  const key = `${row.seq} ${row.device_id}`;
  const final = row.status > 0 && isFinal(statusOf(row.status));
  const before = ended.get(key);
  if (final) ended.set(key, row.status);
  const isRight = row.active === (final ? 0 : 1) && (before === undefined || before === row.status);
  return isRight ? [] : [{ row, before }];
}

async function live({ wide, steps, allGo }: { wide: boolean[]; steps: Step[][]; allGo: boolean }) {
  const world = await aWorld(wide);
  for (const together of steps) {
    await Promise.all(together.map((one) => take(world, one)));
    await check(world);
  }
  const gone = [...world.claims.map((claim) => claim.device), ...(allGo ? STRANGERS.map(asDeviceId) : [])];
  const goes = (one: DeviceId) => decommissionDeviceStatements(world.tenant, one, deps.now());
  await deps.db(world.tenant).batch(gone.flatMap(goes));
  if (!allGo) {
    for (const [i, isWide] of wide.entries()) {
      if (isWide) await answered(abortDeployment(deps, world.actor, world.deployments[i]!));
    }
  }
  await check(world);
  const { results } = await env.DB.prepare("SELECT stage FROM deployment_counters WHERE tenant_id = ?")
    .bind(world.tenant)
    .all();
  expect(results).toEqual(world.deployments.map(() => ({ stage: 2 })));
}

const PARTS = 10;

describe("random histories", () => {
  it.concurrent.each(Array.from({ length: PARTS }, (_, part) => part))(
    "keep counters exact, final statuses final and aborted deployments away (part %i)",
    async (part) => {
      await fc.assert(fc.asyncProperty(history, live), {
        seed: SEED + part,
        numRuns: HISTORIES / PARTS,
        endOnFailure: false,
      });
    },
    300_000,
  );
});
