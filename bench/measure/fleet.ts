import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { planFleet, type FleetPlan } from "../fleet/device.ts";
import { seedFleet } from "../fleet/seed.ts";
import { Generator } from "../load/driver.ts";
import { newDataFolder, startLocalServer, type LocalServer } from "../local-server.ts";
import { measure, type Bench, type Subject } from "./rounds.ts";
import type { Options, WorkloadId } from "../options.ts";
import { runtimeOf } from "../process-cpu.ts";
import type { CheckMode, FleetResults, Measured, Wave } from "../report/results.ts";
import {
  changedReports,
  firstChecks,
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

interface Setting {
  mode: CheckMode;
  connections: number;
  settings?: Readonly<Record<string, string>>;
}

/** No device asks more often than the server does without, which a full load from one machine would. */
const UNLIMITED = {
  DEVICE_REQUESTS_PER_MINUTE: "0",
  ADDRESS_REQUESTS_PER_MINUTE: "0",
  WAITING_PER_ADDRESS_PER_HOUR: "0",
  TENANT_WORK_PER_S: "0",
  TENANT_WORK_AT_ONCE: "0",
  TENANT_MANAGEMENT_PER_S: "0",
  TENANT_MANAGEMENT_AT_ONCE: "0",
  TENANT_DATABASE_MS_PER_S: "0",
};
/** In a wave every device has a connection of its own, as far as one machine goes. */
const WAVE_CONNECTIONS = 1000;
/** And one address, from which no fleet comes. */
const WAVE_SETTINGS = { ADDRESS_REQUESTS_PER_MINUTE: "0" };

/** A server with settings of its own, for as long as the work takes. */
async function withServer<T>(
  { data, generator, options }: Stage,
  { mode, connections, settings }: Setting,
  work: (server: LocalServer, bench: Bench) => Promise<T>,
): Promise<T> {
  const server = await startLocalServer(data, { ...settings, CHECK_MODE: mode });
  try {
    await generator.connect(Number(new URL(server.url).port), connections);
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

const WARM_WITHIN_MS = 20_000;
const WARM_KEYS_WITHIN_MS = 300_000;
const WARM_WAVE_WITHIN_MS = 900_000;

/** Every speaker asks once: a server that runs for longer than between two polls has seen all tokens. */
const warmUp = ({ generator, plan }: Stage) =>
  generator.spend({ name: "idle-check" }, plan.speakers, WARM_WITHIN_MS);

/** The same of those that authenticate: all but the first of a server's life come again. */
const warmKeys = ({ generator, plan }: Stage) =>
  generator.spend({ name: "authentication" }, plan.keyHolders, WARM_KEYS_WITHIN_MS);

/** The same of their reports: all but the first of a day's first hours say what the one before said. */
const warmReports = ({ generator, plan }: Stage) =>
  generator.spend({ name: "inventory-unchanged" }, plan.speakers, WARM_KEYS_WITHIN_MS);

/** Every device that comes back was there before, and has reported on this day. */
async function warmWave(stage: Stage): Promise<void> {
  const { options, plan, generator } = stage;
  const setting: Setting = { mode: "relaxed", connections: options.connections, settings: UNLIMITED };
  await withServer(stage, setting, () =>
    generator.spend({ name: "reconnect" }, plan.keyHolders, WARM_WAVE_WITHIN_MS),
  );
}

async function strictPart(stage: Stage, bench: Bench): Promise<Measured[]> {
  await warmUp(stage);
  const subject = idleChecks("strict");
  stage.say(`${subject.id} ${subject.title}`);
  return [await measure(bench, subject)];
}

/** Enough devices that are not speakers for the rounds to last. */
const FIRST_CHECKS = 50_000;

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
  await warmUp(stage);
  if (has("W1")) await take(idleChecks(mode));
  if (has("W1") && plan.devices - plan.speakers >= FIRST_CHECKS) await take(firstChecks(mode));
  if (has("W6")) {
    const end = await greatDeployment(server, plan, data);
    await take(outsiderChecks(plan, mode));
    await end();
  }
  if (has("W2")) await warmReports(stage);
  if (has("W2")) await take(unchangedReports(mode));
  if (has("W3")) await take(changedReports(mode));
  if (has("W4")) await warmKeys(stage);
  if (has("W4")) await take(reauthentications(mode));
  if (has("W5")) await take(wholeUpdates(server, plan, data, mode));
  return measured;
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Puts the fleet into the tables of an empty server. */
async function seed(
  data: string,
  plan: FleetPlan,
): Promise<Pick<FleetResults, "databaseBytesPerDevice" | "dailyStamp">> {
  const empty = bytesIn(join(data, "state"));
  const dailyStamp = await seedFleet(data, plan);
  const bytes = bytesIn(join(data, "state")) - empty;
  return { databaseBytesPerDevice: bytes / (plan.outsiders + plan.targets), dailyStamp };
}

async function wavePart(stage: Stage): Promise<Wave> {
  const { options, plan, say } = stage;
  say("devices that come back later report once");
  await warmWave(stage);
  say(`W7 reconnect wave, ${options.waveSeconds} s`);
  const setting: Setting = { mode: "auto", connections: WAVE_CONNECTIONS, settings: WAVE_SETTINGS };
  return withServer(stage, setting, (server, bench) =>
    reconnectWave(server, bench, plan.devices, options.waveSeconds),
  );
}

async function onStage(stage: Stage): Promise<Pick<FleetResults, "measured" | "waves">> {
  const { options } = stage;
  const { connections } = options;
  const wants = (ids: readonly WorkloadId[]) => ids.some((id) => options.workloads.has(id));
  const measured: Measured[] = [];
  if (wants(STRICT))
    measured.push(
      ...(await withServer(stage, { mode: "strict", connections, settings: UNLIMITED }, (_, bench) =>
        strictPart(stage, bench),
      )),
    );
  if (wants(RELAXED))
    measured.push(
      ...(await withServer(stage, { mode: "relaxed", connections, settings: UNLIMITED }, (server, bench) =>
        relaxedPart(stage, server, bench),
      )),
    );
  return { measured, waves: options.workloads.has("W7") ? [await wavePart(stage)] : [] };
}

/** Everything that was asked for, with a fleet of this size. */
export async function benchFleet(devices: number, options: Options, say: Say): Promise<FleetResults> {
  const plan = planFleet(devices);
  const data = await newDataFolder();
  const generator = new Generator();
  try {
    say(`seeding ${plan.outsiders + plan.targets} devices, making tokens and signatures`);
    // Makes the tables and the signing key.
    await (await startLocalServer(data)).stop();
    const sign = options.workloads.has("W4") || options.workloads.has("W7");
    const [seeded] = await Promise.all([seed(data, plan), generator.prepare(plan, data, sign)]);
    const results = await onStage({ options, plan, data, generator, say });
    return { devices, targets: plan.targets, ...seeded, ...results };
  } finally {
    generator.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
