import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bench } from "./bench.ts";
import { MenderCli } from "./cli.ts";
import { Management } from "./management.ts";
import { FEATURES, whatIsMissing, whatIsMissingFor } from "./programs.ts";
import { SCENARIOS, type Scenario } from "./scenarios/index.ts";
import { startServer, type RunningServer } from "./server.ts";

const USAGE = `usage: npm run test:clients -- [WORD…]

Runs the published Mender programs against a server of its own: all scenarios, or those whose titles have one of the words.

${SCENARIOS.map(({ title }) => `  ${title}`).join("\n")}
`;

const wanted = process.argv.slice(2);
if (wanted.includes("--help") || wanted.includes("-h")) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const unknown = wanted.find((word) => !SCENARIOS.some(({ title }) => title.includes(word)));
if (unknown !== undefined) {
  console.error(`No scenario has ${unknown} in its title; npm run test:clients -- --help lists them`);
  process.exit(1);
}

const missing = whatIsMissing();
if (missing.length > 0) {
  console.error(`The published Mender programs cannot be tested here.\n${missing.join("\n")}`);
  process.exit(1);
}

const absentFeatures = FEATURES.filter((feature) => {
  const lacking = whatIsMissingFor(feature);
  if (lacking.length > 0) console.error(`Not tested here: ${feature}.\n${lacking.join("\n")}`);
  return lacking.length > 0;
});

const chosen = SCENARIOS.filter(
  ({ title, feature }) =>
    (wanted.length === 0 || wanted.some((word) => title.includes(word))) &&
    (feature === undefined || !absentFeatures.includes(feature)),
);
const folder = mkdtempSync(join(tmpdir(), "edgemend-clients-"));
const server = await startServer(folder).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
const operator = await Management.login(server);
// Logged in once for all: a user has ten sessions at most, and the eleventh ends the first.
const uploader = new MenderCli(server, server.url, folder);
await uploader.login();
const benches = chosen.map(
  (_, index) => new Bench(server, operator, uploader, join(folder, `scenario-${index + 1}`)),
);

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void cleared(server).then(() => process.exit(130)));

const results = await Promise.all(chosen.map((scenario, index) => played(scenario, benches[index]!)));
await cleared(server);

const failed = results.filter((passed) => !passed).length;
if (failed === 0) rmSync(folder, { recursive: true });
else console.log(`Logs of the server and the devices are in ${folder}`);
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;

async function played({ title, run }: Scenario, bench: Bench): Promise<boolean> {
  const startedMs = performance.now();
  const took = () => `(${((performance.now() - startedMs) / 1000).toFixed(1)} s)`;
  try {
    await run(bench);
    console.log(`ok    ${title} ${took()}`);
    return true;
  } catch (error) {
    const logs = bench.devices.map((device) => `--- ${device.name}\n${lastLines(device.log, 12)}`);
    console.log(`FAIL  ${title} ${took()}\n${String(error)}\n${logs.join("\n")}`);
    return false;
  } finally {
    await bench.clear();
  }
}

/** The end of an agent's log without the line it repeats at every step. */
function lastLines(log: string, count: number): string {
  const lines = log.trimEnd().split("\n");
  return lines
    .filter((line) => !line.includes("This is a fallback"))
    .slice(-count)
    .join("\n");
}

async function cleared(running: RunningServer): Promise<void> {
  await Promise.all(benches.map((bench) => bench.clear()));
  await running.stop();
}
