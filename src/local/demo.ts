import { readFileSync } from "node:fs";
import type { ParseArgsOptionsConfig } from "node:util";
import { runDaemon } from "../device-simulator/daemon.ts";
import { SimulatedDevice } from "../device-simulator/device.ts";
import { carryOut } from "../device-simulator/update.ts";
import { readFlags, textFlag, UsageError } from "./flags.ts";
import { demoArtifact } from "./demo-artifact.ts";
import { FLEET_LEAST, FLEET_MOST, Fleet } from "./demo-fleet.ts";
import { DemoOperator } from "./demo-operator.ts";
import { DEFAULT_DATA, findLocalServer } from "./find-server.ts";
import type { ServerFile } from "./server-file.ts";
import { readFirstAdmin, type Admin } from "./setup.ts";

const POLL_MS = 5000;

const USAGE = `usage: npm run demo -- [options]

Walks one simulated device through its first update on the local server that runs on the data folder.

  --data DIR         data folder of the server (${DEFAULT_DATA})
  --email EMAIL      user to act as; default: the first admin, or EDGEMEND_EMAIL
  --password PASS    its password; default: the one it was made with, or EDGEMEND_PASSWORD
  --keep             leave what was made running afterwards, polling every ${POLL_MS / 1000} seconds, until Ctrl-C
  --device           instead: one device that asks to be let in and does as it is told from then on, until Ctrl-C
  --fleet N          instead: N devices of three types with groups, alerts, releases, and deployments that are
                     finished, running and failing (${FLEET_LEAST} to ${FLEET_MOST}); 50 take about a minute
`;

const FLAGS = {
  data: { type: "string" },
  email: { type: "string" },
  password: { type: "string" },
  keep: { type: "boolean" },
  device: { type: "boolean" },
  fleet: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

const DEVICE_TYPE = "demo-board";

type Place = Pick<ConstructorParameters<typeof SimulatedDevice>[0], "serverUrl" | "ca" | "tenantToken">;

const say = (line = "") => void process.stdout.write(`${line}\n`);

let steps = 0;
const step = (what: string) => say(`\n${(steps += 1)}. ${what}`);
const show = (what: string) => say(`   ${what}`);

function adminOf(flags: ReturnType<typeof readFlags>["flags"], server: ServerFile): Admin {
  const first = readFirstAdmin(server.firstAdminFile);
  const email = textFlag(flags, "email") ?? process.env.EDGEMEND_EMAIL ?? first?.email;
  const password = textFlag(flags, "password") ?? process.env.EDGEMEND_PASSWORD ?? first?.password;
  if (email === undefined || password === undefined)
    throw new UsageError("the first admin is not known here: give --email and --password");
  return { email, password };
}

async function admit(operator: DemoOperator, device: SimulatedDevice): Promise<string> {
  step("A device asks to be let in.");
  show(`It signs its request with a key of its own and trusts the certificate of this server.`);
  if (await device.authenticate()) throw new Error("the device was let in although nobody accepted it");
  const known = await operator.deviceByMac(device.identity.mac ?? "");
  show(`The server knows it now as ${known.id}, ${known.status}, with MAC ${device.identity.mac}.`);

  step("The operator accepts it, and it asks again.");
  await operator.accept(known);
  if (!(await device.authenticate())) throw new Error("the device was not let in although it is accepted");
  show("It has its token.");
  return known.id;
}

async function takeInventory(operator: DemoOperator, device: SimulatedDevice, id: string): Promise<void> {
  step("The device reports its inventory.");
  await device.reportInventory([
    { name: "kernel", value: "Linux 6.12" },
    { name: "mem_total_kB", value: 524_288 },
  ]);
  for (const [name, value] of Object.entries(await operator.inventory(id)))
    show(`${name} = ${String(value)}`);
}

async function publish(operator: DemoOperator): Promise<string> {
  const name = `demo-${new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/\D/g, "")}`;
  step(`The operator uploads an artifact, ${name}.`);
  const artifact = await demoArtifact(name, [DEVICE_TYPE]);
  await operator.upload(artifact, "Made by npm run demo");
  show(`${artifact.size} bytes for devices of type ${DEVICE_TYPE}.`);
  return name;
}

async function update(
  operator: DemoOperator,
  device: SimulatedDevice,
  id: string,
  artifact: string,
): Promise<void> {
  step("The operator deploys it to the device.");
  const deployment = await operator.deploy("Demo", artifact, id);
  show(`Deployment ${deployment}.`);

  step("The device asks for an update and gets one.");
  const instructions = await device.askForUpdate();
  if (!instructions) throw new Error("the device was not offered the update");
  show(`It is to install ${instructions.artifact.artifact_name}.`);
  const outcome = await carryOut(device, instructions, {
    onStatus: (status) => show(`It reports: ${status}.`),
  });
  if (outcome.status !== "success") throw new Error(`the update ended with ${outcome.status}`);
  show(`Every checksum was right; ${outcome.downloaded.size} bytes, SHA-256 ${outcome.downloaded.sha256}.`);

  step("The operator looks at the report.");
  const counts = Object.entries(await operator.statistics(deployment));
  show(counts.map(([status, count]) => `${status}: ${count}`).join(", "));
  await device.reportInventory();
  show(`The inventory says artifact_name = ${String((await operator.inventory(id)).artifact_name)}.`);
}

async function keepRunning(device: SimulatedDevice): Promise<void> {
  await runDaemon(device, {
    pollMs: POLL_MS,
    signal: untilStopped(),
    onStatus: (status) => show(`It reports: ${status}.`),
    onUpdate: (name, { status }) => show(`${name}: ${status}`),
    onError: (cause) => show(cause instanceof Error ? cause.message : String(cause)),
  });
}

/** A device for whoever does the rest on the pages. */
async function justADevice(place: Place, url: string): Promise<void> {
  const device = new SimulatedDevice({ ...place, deviceType: DEVICE_TYPE });
  try {
    await device.authenticate();
    say(
      `A device of type ${DEVICE_TYPE} with MAC ${device.identity.mac} asks to be let in: ${url}/admission`,
    );
    say(`It asks again every ${POLL_MS / 1000} seconds and installs what it is told to. Ctrl-C ends it.`);
    await keepRunning(device);
  } finally {
    device.close();
  }
}

function fleetSize(text: string): number {
  const size = Number(text);
  if (!/^\d+$/.test(text) || size < FLEET_LEAST || size > FLEET_MOST)
    throw new UsageError(`--fleet must be a number from ${FLEET_LEAST} to ${FLEET_MOST}, not ${text}`);
  return size;
}

const untilStopped = (): AbortSignal => {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  return stop.signal;
};

async function fillWithFleet(
  operator: DemoOperator,
  server: ServerFile,
  size: number,
  keeps: boolean,
): Promise<void> {
  const fleet = new Fleet(operator, {
    serverUrl: server.httpsUrl,
    ca: readFileSync(server.caFile, "utf8"),
    tenantToken: server.tenantToken,
  });
  try {
    await fleet.fill(size, step, show);
    say(`\nLook at it: ${server.url}`);
    if (!keeps) return;
    say(`The fleet stays and polls every ${POLL_MS / 1000} seconds. Ctrl-C ends it.`);
    await fleet.keepRunning(POLL_MS, untilStopped());
  } finally {
    fleet.close();
  }
}

async function main(): Promise<void> {
  const { flags, positionals } = readFlags(process.argv.slice(2), FLAGS);
  const size = textFlag(flags, "fleet");
  const fleet = size === undefined ? undefined : fleetSize(size);
  if (flags.help === true) return say(USAGE);
  if (positionals.length > 0) throw new UsageError(`unexpected argument ${positionals[0]}`);
  const server = await findLocalServer(textFlag(flags, "data") ?? DEFAULT_DATA);
  const place = {
    serverUrl: server.httpsUrl,
    ca: readFileSync(server.caFile, "utf8"),
    tenantToken: server.tenantToken,
  };
  if (flags.device === true) return justADevice(place, server.url);
  const admin = adminOf(flags, server);
  step(`The operator logs in at ${server.url} as ${admin.email}.`);
  const operator = await DemoOperator.login(server.url, admin.email, admin.password);
  if (fleet !== undefined) return fillWithFleet(operator, server, fleet, flags.keep === true);
  const device = new SimulatedDevice({ ...place, deviceType: DEVICE_TYPE });
  try {
    const id = await admit(operator, device);
    await takeInventory(operator, device, id);
    await update(operator, device, id, await publish(operator));
    say("\nThat was a whole update, over HTTPS, as a real device does it.");
    if (flags.keep !== true) return;
    say(
      `\nThe device stays and polls every ${POLL_MS / 1000} seconds; deploy something else to it. Ctrl-C ends it.`,
    );
    await keepRunning(device);
  } finally {
    device.close();
  }
}

try {
  await main();
} catch (cause) {
  const reason = cause instanceof Error ? cause.message : String(cause);
  process.stderr.write(
    cause instanceof UsageError ? `${reason}; npm run demo -- --help explains it\n` : `${reason}\n`,
  );
  process.exitCode = 1;
}
