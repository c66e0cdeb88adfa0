/**
 * A fleet through a rollout by a canary and four phases, and through one of a release that fails: what each request costs and how
 * many devices have begun when the judge halts it. With `--targets`, what a deployment to so many devices in ten phases costs.
 * `npm run bench:rollouts -- [--devices 100000] [--updates 300] [--targets 1000000]`
 */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { call, costOf, expecting, uploadArtifact, type Cost } from "./calls.ts";
import { signedToken } from "./fleet/device.ts";
import { freePort, inParallel, newDataFolder, startLocalServer, type LocalServer } from "./local-server.ts";
import { cpuOfTree } from "./process-cpu.ts";
import { placeOf, saltOf } from "../src/deployments/rollout/order.ts";
import { authSetId, deviceId, seedDevices } from "./seed-devices.ts";
import { WorkerMemory } from "./worker-memory.ts";

const { values } = parseArgs({
  options: {
    devices: { type: "string", default: "100000" },
    updates: { type: "string", default: "300" },
    targets: { type: "string", default: "0" },
  },
});
const [UPDATES, TARGETS] = [Number(values.updates), Number(values.targets)];
const FLEET = TARGETS > 0 ? TARGETS : Number(values.devices);
const PHASES = 5;
const WIDTH = 16;
/** Devices that ask before it is their turn, in each phase but the last. */
const OTHERS = 2000;
/** Nobody has a place for now if so many devices get none. */
const MOST_REFUSED = 300;
/** After so long every check knows that a phase has opened, also where isolates answer by themselves. */
const KNOWN_MS = 6000;
/** Slower than this a small fleet would take long to tell the judge enough. */
const LEAST_PACE = 100;
const LIMITS = { createS: 2, joinTrips: 2, memoryMib: 64, opened: 10, begun: 0.05 };

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";
const DEVICE = "/api/devices/v1/deployments/device/deployments";
const NEXT = "/api/devices/v2/deployments/device/deployments/next";

let server: LocalServer;
let signed: (index: number) => string;

/** Requests of one kind: how many, what they cost together, and the most that one of them cost. */
interface Line {
  what: string;
  requests: number;
  sum: Cost;
  most: Cost;
  cpuMs: number;
  seconds: number;
}

const NOTHING: Cost = { trips: 0, read: 0, written: 0 };
const combined = (a: Cost, b: Cost, by: (a: number, b: number) => number): Cost => ({
  trips: by(a.trips, b.trips),
  read: by(a.read, b.read),
  written: by(a.written, b.written),
});

const lines = new Map<string, Line>();

/** Does the same for each of the items; answers those for which the call gave an update or was taken. */
async function all<T>(
  what: string,
  items: readonly T[],
  one: (item: T) => ReturnType<typeof call>,
  enough: () => boolean = () => false,
): Promise<T[]> {
  const line = lines.get(what) ?? { what, requests: 0, sum: NOTHING, most: NOTHING, cpuMs: 0, seconds: 0 };
  const [cpu, began] = [cpuOfTree(server.pid) ?? Number.NaN, performance.now()];
  const given: T[] = [];
  await inParallel(items, WIDTH, async (item) => {
    if (enough()) return;
    const { status, text, headers } = await one(item);
    if (status !== 200 && status !== 204) throw new Error(`${what}: ${status} ${text}`);
    const cost = costOf(headers);
    line.requests += 1;
    line.sum = combined(line.sum, cost, (a, b) => a + b);
    line.most = combined(line.most, cost, Math.max);
    if (status === 200) given.push(item);
    if (line.requests % 10_000 === 0) console.log(`  ${what}: ${line.requests} of ${items.length}`);
  });
  line.cpuMs += (cpuOfTree(server.pid) ?? Number.NaN) - cpu;
  line.seconds += (performance.now() - began) / 1000;
  lines.set(what, line);
  return given;
}

const tokens = new Map<number, string>();

function tokenOf(index: number): string {
  const token = tokens.get(index) ?? signed(index);
  tokens.set(index, token);
  return token;
}

const ask = (index: number) =>
  call(server, "POST", NEXT, tokenOf(index), {
    device_provides: { device_type: "bench", artifact_name: "old" },
  });

const report = (index: number, id: string, status: string) =>
  call(server, "PUT", `${DEVICE}/${id}/status`, tokenOf(index), { status });

const manage = (method: string, path: string, json?: unknown) =>
  call(server, method, `${DEPLOYMENTS}${path}`, server.token, json);

interface Shown {
  targeting?: string;
  max_devices: number;
  rollout?: { state: { paused?: object; judge?: { failures: { verdict: string; evidence: number } } } };
}

const shown = async (id: string): Promise<Shown> =>
  JSON.parse((await expecting(200, manage("GET", `/${id}`))).text) as Shown;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A rollout to everybody, when its targets are known. */
async function rollout(artifact: string, phases: object[], more: object) {
  const began = performance.now();
  const json = {
    name: `${artifact} to all`,
    artifact_name: artifact,
    all_devices: true,
    phases,
    rollout: more,
  };
  const made = await expecting(201, manage("POST", "", json));
  const createS = (performance.now() - began) / 1000;
  const id = made.headers.get("location")?.split("/").at(-1) ?? "";
  while ((await shown(id)).targeting !== undefined) await pause(200);
  return { id, createS, targetedS: (performance.now() - began) / 1000, cost: costOf(made.headers) };
}

const faults: string[] = [];

function hold(what: string, value: number, limit: number, unit: string): void {
  const fine = value <= limit;
  console.log(
    `${fine ? "ok  " : "OVER"} ${what}: ${Math.round(value * 100) / 100} ${unit} (at most ${limit})`,
  );
  if (!fine) faults.push(what);
}

const JUDGE = { failures: { usual_percent: 2 }, silence: false, alerts: false };

/** A canary and four phases, each opened when the one before has told enough. */
async function goodRelease(): Promise<void> {
  const size = Math.min(UPDATES, Math.floor(FLEET / (2 * PHASES)));
  const phases = [...Array.from({ length: PHASES - 1 }, () => ({ batch_size_devices: size })), {}];
  const gates = Array.from({ length: PHASES - 1 }, (_, i) => ({
    phase: i + 2,
    success: { percent: 90, results: size },
  }));
  const { id } = await rollout("good", phases, { gates, judge: JUDGE, stop: [{ percent: 20, results: 50 }] });
  const salt = saltOf("good to all good");
  const inTurn = Array.from({ length: FLEET }, (_, index) => index).toSorted(
    (a, b) => placeOf(deviceId(a), salt) - placeOf(deviceId(b), salt),
  );
  const asking = (phase: number) =>
    inTurn.slice((phase - 1) * size, phase * size + (phase === PHASES ? 0 : OTHERS));
  for (let phase = 1; phase <= PHASES; phase++) {
    const name = phase === 1 ? "canary" : `phase ${phase}`;
    const given = await all(`${name}: next`, asking(phase), ask);
    if (given.length !== size) throw new Error(`${name} gave ${given.length}`);
    if (phase === 1) await all("canary has begun: next of the others", inTurn.slice(-OTHERS), askIdly);
    for (const status of ["downloading", "installing", "success"])
      await all(`each phase: ${status}`, given, (index) => report(index, id, status));
    await pause(KNOWN_MS);
  }
  await expecting(204, manage("PUT", `/${id}/status`, { status: "aborted" }));
}

/** As a device asks that has nothing to tell. */
const askIdly = (index: number) =>
  call(server, "GET", `${DEVICE}/next?device_type=bench&artifact_name=old`, tokenOf(index));

/** One in ten fails where one in fifty is usual. */
async function badRelease(): Promise<void> {
  const perMinute = Math.max(LEAST_PACE, Math.floor(FLEET / 200));
  const { id } = await rollout("bad", [{ batch_size: 50 }, { start_ts: new Date(Date.now() + 86_400_000) }], {
    per_minute: perMinute,
    judge: JUDGE,
  });
  const began = performance.now();
  let waiting = Array.from({ length: FLEET }, (_, index) => index);
  let begun = 0;
  for (;;) {
    let [places, refused] = [perMinute, 0];
    const given = await all(
      "bad release: next",
      waiting,
      async (index) => {
        const answer = await ask(index);
        if (answer.status === 200) places -= 1;
        else refused += 1;
        return answer;
      },
      () => places <= 0 || refused > MOST_REFUSED,
    );
    begun += given.length;
    await all("bad release: downloading", given, (index) => report(index, id, "downloading"));
    await all("bad release: end", given, (index) =>
      report(index, id, index % 10 === 0 ? "failure" : "success"),
    );
    const done = new Set(given);
    waiting = waiting.filter((index) => !done.has(index));
    const { rollout: now } = await shown(id);
    console.log(`  ${begun} have begun, evidence ${now?.state.judge?.failures.evidence ?? 0}`);
    if (now?.state.paused) break;
    if (begun > FLEET / 4) throw new Error("the judge does not halt it");
    await pause(5000);
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(`\nhalted after ${Math.round(seconds)} s and ${begun} devices, at ${perMinute} a minute`);
  hold("devices that had begun when a bad release was halted", begun / FLEET, LIMITS.begun, "of the fleet");
  await expecting(204, manage("PUT", `/${id}/status`, { status: "aborted" }));
}

/** Ten phases, opened one after the other. */
async function tenPhases(memory: WorkerMemory): Promise<void> {
  console.log(`memory of the Worker before: ${memory.takePeakMib().toFixed(1)} MiB`);
  const phases = [...Array.from({ length: 9 }, () => ({ batch_size: 10 })), {}];
  const gates = Array.from({ length: 9 }, (_, i) => ({ phase: i + 2, approvals: 1 }));
  const made = await rollout("good", phases, { gates });
  hold(`a rollout to ${FLEET} devices is answered`, made.createS, LIMITS.createS, "s");
  const { trips, read, written } = made.cost;
  console.log(`     with ${trips} round trips, ${read} rows read and ${written} written`);
  console.log(`     its targets are known after ${made.targetedS.toFixed(1)} s`);
  hold("memory of the Worker until they are known", memory.takePeakMib(), LIMITS.memoryMib, "MiB");
  const opened = await expecting(204, manage("POST", `/${made.id}/widen`));
  hold("opening a phase writes", costOf(opened.headers).written, LIMITS.opened, "rows");
  await all(
    "next, ten phases",
    Array.from({ length: 500 }, (_, i) => i * Math.floor(FLEET / 500)),
    (index) => ask(index),
  );
  hold("memory of the Worker", memory.takePeakMib(), LIMITS.memoryMib, "MiB");
  await expecting(204, manage("PUT", `/${made.id}/status`, { status: "aborted" }));
}

function printTable(): void {
  console.log(
    "\n| requests | number | trips | rows read | rows written | most trips | most written | CPU ms | per s |",
  );
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const { what, requests, sum, most, cpuMs, seconds } of lines.values()) {
    const each = (value: number) => (value / Math.max(1, requests)).toFixed(2);
    const cells = [each(sum.trips), each(sum.read), each(sum.written), most.trips, most.written, each(cpuMs)];
    console.log(`| ${[what, requests, ...cells, Math.round(requests / seconds)].join(" | ")} |`);
  }
  console.log();
}

async function run(memory: WorkerMemory | undefined): Promise<void> {
  for (const name of ["good", "bad"]) await uploadArtifact(server, name);
  if (memory) await tenPhases(memory);
  else {
    await goodRelease();
    await badRelease();
  }
  printTable();
  const joins = [...lines.values()].filter(({ what }) => what.endsWith(": next"));
  if (joins.length > 0)
    hold(
      "a device that joins",
      Math.max(...joins.map(({ most }) => most.trips)),
      LIMITS.joinTrips,
      "round trips",
    );
}

const data = await newDataFolder();
try {
  await (await startLocalServer(data)).stop();
  console.log(`seeding ${FLEET} devices`);
  await seedDevices(data, FLEET);
  const key = createPrivateKey(readFileSync(join(data, "signing-key.pem")));
  const issuedS = Math.floor(Date.now() / 1000) - 60;
  signed = (index) => signedToken({ device: deviceId(index), authSet: authSetId(index) }, key, issuedS);
  const inspectorPort = TARGETS > 0 ? await freePort() : undefined;
  const inspected = inspectorPort === undefined ? [] : ["--inspector-port", String(inspectorPort)];
  server = await startLocalServer(data, {}, inspected);
  const memory = inspectorPort === undefined ? undefined : await WorkerMemory.watch(inspectorPort);
  await run(memory).finally(async () => {
    memory?.stop();
    await server.stop();
  });
} finally {
  await rm(data, { recursive: true, force: true });
}
if (faults.length > 0) process.exitCode = 1;
