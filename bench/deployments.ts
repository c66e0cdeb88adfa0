/**
 * What a poll and a report cost at several sizes of a deployment, what one whole update costs, and how long a deployment
 * to everybody takes to be made and targeted. Counts are held to their limits; times of the runtime are printed beside.
 * `npm run bench:deployments -- [--devices 1000000] [--probes 90]`
 */
import { rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { call as callOf, costOf, expecting, uploadArtifact, type Cost } from "./calls.ts";
import { newDataFolder, startLocalServer, type LocalServer } from "./local-server.ts";
import { cpuOfTree } from "./process-cpu.ts";
import { authSetId, deviceId, seedDevices } from "./seed-devices.ts";

const { values } = parseArgs({
  options: { devices: { type: "string", default: "1000000" }, probes: { type: "string", default: "90" } },
});
const [FLEET, PROBES] = [Number(values.devices), Number(values.probes)];
const SIZES = [100, 10_000, FLEET];

const LIMITS = { createS: 2, targetedS: 60, updateTrips: 8, flat: 0.1 };

const DEPLOYMENTS = "/api/management/v1/deployments/deployments";
const DEVICE = "/api/devices/v1/deployments/device/deployments";
const NEXT = "/api/devices/v2/deployments/device/deployments/next";

interface Probe {
  id: string;
  token: string;
}

interface Measured extends Cost {
  what: string;
  size: number;
  wallMs: number;
  cpuMs: number | undefined;
}

let server: LocalServer;

const call = (method: string, path: string, token: string, json?: unknown) =>
  callOf(server, method, path, token, json);

async function probe(index: number): Promise<Probe> {
  const nowS = Math.floor(Date.now() / 1000);
  const claims = {
    jti: authSetId(index),
    sub: deviceId(index),
    iss: "Mender",
    iat: nowS,
    exp: nowS + 86_400,
    "mender.device": true,
    "mender.tenant": "default",
  };
  const minted = await call("POST", "/api/operator/v1/tokens", server.operatorToken, { claims });
  if (minted.status !== 200) throw new Error(`token: ${minted.status} ${minted.text}`);
  const { token }: { token: string } = JSON.parse(minted.text);
  return { id: deviceId(index), token };
}

interface Made {
  id: string;
  createS: number;
  targetedS: number;
}

/** Creates a deployment and waits until every target is known. */
async function deploy(size: number): Promise<Made> {
  const whom =
    size === FLEET
      ? { all_devices: true }
      : { devices: Array.from({ length: size }, (_, index) => deviceId(index)) };
  const began = performance.now();
  const created = await expecting(
    201,
    call("POST", DEPLOYMENTS, server.token, { name: `to ${size}`, artifact_name: "bench", ...whom }),
  );
  const createS = (performance.now() - began) / 1000;
  const id = created.headers.get("location")?.split("/").at(-1) ?? "";
  for (;;) {
    const { text } = await expecting(200, call("GET", `${DEPLOYMENTS}/${id}`, server.token));
    const shown: { targeting?: string; max_devices: number } = JSON.parse(text);
    if (shown.targeting === undefined) {
      if (shown.max_devices !== size) throw new Error(`targeted ${shown.max_devices} of ${size}`);
      return { id, createS, targetedS: (performance.now() - began) / 1000 };
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const ask = ({ token }: Probe, artifactName = "old") =>
  call("POST", NEXT, token, { device_provides: { device_type: "bench", artifact_name: artifactName } });

const report = ({ token }: Probe, id: string, status: string) =>
  call("PUT", `${DEVICE}/${id}/status`, token, { status });

/** The same call for every probe: counts of the dearest, means of the times. */
async function measure(
  what: string,
  size: number,
  probes: readonly Probe[],
  one: (device: Probe) => ReturnType<typeof call>,
): Promise<Measured> {
  const [cpu, began] = [cpuOfTree(server.pid), performance.now()];
  const costs: Cost[] = [];
  for (const device of probes) {
    const { status, text, headers } = await one(device);
    if (status !== 200 && status !== 204) throw new Error(`${what}: ${status} ${text}`);
    costs.push(costOf(headers));
  }
  const wallMs = (performance.now() - began) / probes.length;
  const after = cpuOfTree(server.pid);
  const cpuMs = cpu === undefined || after === undefined ? undefined : (after - cpu) / probes.length;
  const most = (of: (cost: Cost) => number) => Math.max(...costs.map(of));
  return {
    what,
    size,
    trips: most((cost) => cost.trips),
    read: most((cost) => cost.read),
    written: most((cost) => cost.written),
    wallMs,
    cpuMs,
  };
}

async function measureSize(size: number, probes: readonly Probe[], outsiders: readonly Probe[]) {
  const made = await deploy(size);
  const rows: Measured[] = [];
  const add = async (what: string, of: readonly Probe[], one: (device: Probe) => ReturnType<typeof call>) =>
    rows.push(await measure(what, size, of, one));
  if (outsiders.length > 0) await add("next, not targeted", outsiders, (device) => ask(device));
  await add("next, new deployment", probes, (device) => ask(device));
  await add("next, again", probes, (device) => ask(device));
  await add("report downloading", probes, (device) => report(device, made.id, "downloading"));
  await add("report installing", probes, (device) => report(device, made.id, "installing"));
  await add("report installing again", probes, (device) => report(device, made.id, "installing"));
  await add("report success", probes, (device) => report(device, made.id, "success"));
  await add("next, nothing to do", probes, (device) => ask(device, "bench"));
  await expecting(204, call("PUT", `${DEPLOYMENTS}/${made.id}/status`, server.token, { status: "aborted" }));
  return { made, rows };
}

/** Round trips of one device's update from the first question to the inventory afterwards. */
async function wholeUpdate(device: Probe): Promise<number> {
  const { id } = await deploy(100);
  const inventory = (artifact: string) =>
    call("PUT", "/api/devices/v1/inventory/device/attributes", device.token, [
      { name: "device_type", value: "bench" },
      { name: "artifact_name", value: artifact },
    ]);
  await expecting(200, inventory("old"));
  const answers = [
    await ask(device),
    await report(device, id, "downloading"),
    await report(device, id, "installing"),
    await report(device, id, "rebooting"),
    await report(device, id, "success"),
    await ask(device, "bench"),
    await inventory("bench"),
  ];
  return answers.reduce((sum, { headers }) => sum + costOf(headers).trips, 0);
}

const faults: string[] = [];

function hold(what: string, value: number, limit: number, unit: string): void {
  const fine = value <= limit;
  console.log(
    `${fine ? "ok  " : "OVER"} ${what}: ${Math.round(value * 100) / 100} ${unit} (at most ${limit})`,
  );
  if (!fine) faults.push(what);
}

function printTable(rows: readonly Measured[]): void {
  console.log("\n| request | size | round trips | rows read | rows written | CPU ms | wall ms |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const { what, size, trips, read, written, cpuMs, wallMs } of rows) {
    const times = [cpuMs?.toFixed(2) ?? "?", wallMs.toFixed(2)];
    console.log(`| ${[what, size, trips, read, written, ...times].join(" | ")} |`);
  }
  console.log();
}

/** The largest of the sizes beside the smallest, for each request and count. */
function holdFlat(rows: readonly Measured[]): void {
  for (const what of new Set(rows.map((row) => row.what))) {
    const same = rows.filter((row) => row.what === what);
    for (const count of ["trips", "read", "written"] as const) {
      const counts = same.map((row) => row[count]);
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      const spread = least === most ? 0 : (most - least) / Math.max(least, 1);
      if (spread > LIMITS.flat) faults.push(`${what}: ${count} ${counts.join(", ")}`);
    }
  }
}

async function run(): Promise<void> {
  await uploadArtifact(server, "bench");
  // Members of every size, but not all of the smallest; the last devices are in the largest only.
  const probes = await Promise.all(Array.from({ length: Math.min(PROBES, 90) }, (_, i) => probe(i)));
  const outsiders = await Promise.all(Array.from({ length: 50 }, (_, i) => probe(FLEET - 1 - i)));
  await measureSize(100, probes, outsiders); // warms the runtime up
  const rows: Measured[] = [];
  const made: [number, Made][] = [];
  for (const size of SIZES) {
    const measured = await measureSize(size, probes, size === FLEET ? [] : outsiders);
    made.push([size, measured.made]);
    rows.push(...measured.rows);
  }
  printTable(rows);
  for (const [size, { createS, targetedS }] of made) {
    hold(`a deployment for ${size} devices is answered`, createS, LIMITS.createS, "s");
    hold(`a deployment for ${size} devices is targeted`, targetedS, LIMITS.targetedS, "s");
  }
  hold("one whole update", await wholeUpdate(await probe(0)), LIMITS.updateTrips, "round trips");
  holdFlat(rows);
  const cost = `counts flat within ${LIMITS.flat * 100} % from ${SIZES[0]} to ${FLEET} devices`;
  console.log(faults.length === 0 ? `ok   ${cost}` : `FAILED: ${faults.join("; ")}`);
}

const data = await newDataFolder();
try {
  await (await startLocalServer(data)).stop();
  console.log(`seeding ${FLEET} devices`);
  await seedDevices(data, FLEET);
  server = await startLocalServer(data);
  await run().finally(() => server.stop());
} finally {
  await rm(data, { recursive: true, force: true });
}
if (faults.length > 0) process.exitCode = 1;
