import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { planFleet, type FleetPlan } from "../fleet/device.ts";
import { seedFleet } from "../fleet/seed.ts";
import { Generator } from "../load/driver.ts";
import { newDataFolder, startLocalServer, type LocalServer } from "../local-server.ts";
import { measure, type Bench, type Subject } from "./rounds.ts";
import type { Options, WorkloadId } from "../options.ts";
import { runtimeOf } from "../process-cpu.ts";
import type { CheckMode, FleetResults, Measured } from "../report/results.ts";
import {
  changedReports,
  greatDeployment,
  idleChecks,
  outsiderChecks,
  reauthentications,
  unchangedReports,
  wholeUpdates,
} from "./subjects.ts";
import { reconnectWave } from "./wave.ts";

type Say = (line: string) => void;

/** A fleet in a data folder, and who plays it. */
interface Stage {
  options: Options;
  plan: FleetPlan;
  data: string;
  generator: Generator;
  say: Say;
}

/** A server with a way of checking of its own, for as long as the work takes. */
async function withServer<T>(
  { data, generator, options }: Stage,
  mode: CheckMode,
  work: (server: LocalServer, bench: Bench) => Promise<T>,
): Promise<T> {
  const server = await startLocalServer(data, { CHECK_MODE: mode });
  try {
    await generator.connect(Number(new URL(server.url).port));
    const { seconds, rounds } = options;
    const done = await work(server, { generator, runtime: runtimeOf(server.pid), seconds, rounds });
    await generator.disconnect();
    return done;
  } finally {
    await server.stop();
  }
}

const STRICT: readonly WorkloadId[] = ["W1"];
const RELAXED: readonly WorkloadId[] = ["W1", "W2", "W3", "W4", "W5", "W6"];

async function strictPart({ say }: Stage, bench: Bench): Promise<Measured[]> {
  say("W1 strict");
  return [await measure(bench, idleChecks("strict"))];
}

/** What large tenants get. Updates come last, because only they leave a device other than it was. */
async function relaxedPart(stage: Stage, server: LocalServer, bench: Bench): Promise<Measured[]> {
  const { plan, data, options, say } = stage;
  const mode = "relaxed";
  const measured: Measured[] = [];
  const take = async (subject: Subject) => {
    say(`${subject.id} ${subject.title}`);
    measured.push(await measure(bench, subject));
  };
  const has = (id: WorkloadId) => options.workloads.has(id);
  if (has("W1")) await take(idleChecks(mode));
  if (has("W6")) {
    const end = await greatDeployment(server, plan, data);
    await take(outsiderChecks(plan, mode));
    await end();
  }
  if (has("W2")) await take(unchangedReports(mode));
  if (has("W3")) await take(changedReports(mode));
  if (has("W4")) await take(reauthentications(mode));
  if (has("W5")) await take(wholeUpdates(server, plan, mode));
  return measured;
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** An empty server that has made its tables, and then the fleet in them. */
async function seed(
  data: string,
  plan: FleetPlan,
): Promise<Pick<FleetResults, "databaseBytesPerDevice" | "dailyStamp">> {
  await (await startLocalServer(data)).stop();
  const empty = bytesIn(join(data, "state"));
  const dailyStamp = await seedFleet(data, plan);
  const bytes = bytesIn(join(data, "state")) - empty;
  return { databaseBytesPerDevice: bytes / (plan.outsiders + plan.targets), dailyStamp };
}

async function onStage(stage: Stage): Promise<Pick<FleetResults, "measured" | "waves">> {
  const { options, plan, say } = stage;
  const wants = (ids: readonly WorkloadId[]) => ids.some((id) => options.workloads.has(id));
  const measured: Measured[] = [];
  if (wants(STRICT))
    measured.push(...(await withServer(stage, "strict", (_, bench) => strictPart(stage, bench))));
  if (wants(RELAXED))
    measured.push(
      ...(await withServer(stage, "relaxed", (server, bench) => relaxedPart(stage, server, bench))),
    );
  if (!options.workloads.has("W7")) return { measured, waves: [] };
  say(`W7 reconnect wave, ${options.waveSeconds} s`);
  const wave = await withServer(stage, "auto", (_, bench) =>
    reconnectWave(bench, plan.devices, options.waveSeconds, "auto"),
  );
  return { measured, waves: [wave] };
}

/** Everything that was asked for, with a fleet of this size. */
export async function benchFleet(devices: number, options: Options, say: Say): Promise<FleetResults> {
  const plan = planFleet(devices);
  const data = await newDataFolder();
  const generator = new Generator(options.connections);
  try {
    say(`seeding ${plan.outsiders + plan.targets} devices`);
    const seeded = await seed(data, plan);
    say("making tokens and signatures");
    const sign = options.workloads.has("W4") || options.workloads.has("W7");
    await generator.prepare(plan, data, sign);
    const results = await onStage({ options, plan, data, generator, say });
    return { devices, targets: plan.targets, ...seeded, ...results };
  } finally {
    generator.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
