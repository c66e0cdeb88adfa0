/**
 * What the requests of a fleet cost and how fast they are answered, beside a route of the same server that does nothing.
 * Counts are held to their goals. `npm run bench -- --help`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { costReport } from "./cost/report.ts";
import { writePart } from "./report/documents.ts";
import { benchFleet } from "./measure/fleet.ts";
import { goalLine, goalsOf, isHeld } from "./report/goals.ts";
import { machineFacts } from "./report/machine.ts";
import { readOptions, USAGE, type Options } from "./options.ts";
import type { FleetResults, Results } from "./report/results.ts";
import { fleetTable, resultsTable } from "./report/table.ts";

const DOCUMENT = "docs/performance.md";
const COSTS = "docs/cost.md";
const KEPT = "docs/performance.json";

function save(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

async function run(options: Options): Promise<Results> {
  const fleets: FleetResults[] = [];
  for (const devices of options.fleets) {
    const say = (line: string) =>
      console.error(`${Math.round(performance.now() / 1000)} s, ${devices} devices: ${line}`);
    const fleet = await benchFleet(devices, options, say);
    fleets.push(fleet);
    console.log(`\n${devices.toLocaleString("en")} devices\n\n${fleetTable(fleet)}\n`);
  }
  const { connections, seconds, rounds } = options;
  const command = ["npm run bench", ...process.argv.slice(2)].join(" ").replace("bench -", "bench -- -");
  const at = new Date().toISOString();
  return { command, at, machine: machineFacts(), connections, seconds, rounds, fleets };
}

function report(results: Results): void {
  const goals = goalsOf(results);
  for (const goal of goals) console.log(goalLine(goal));
  const wrong = results.fleets
    .flatMap(({ measured, waves }) => [...measured, ...waves])
    .flatMap(({ id, problems }) => problems.map((problem) => `${id}: ${problem}`));
  for (const problem of wrong) console.log(`wrong answer, ${problem}`);
  if (goals.some((goal) => goal.kind === "count" && !isHeld(goal))) process.exitCode = 1;
}

const options = readOptions(process.argv.slice(2));
if (!options) process.stdout.write(USAGE);
else {
  const results = await run(options);
  save(options.out, results);
  if (options.writeDocs) {
    save(KEPT, results);
    const goals = goalsOf(results).map((goal) => `- ${goalLine(goal)}`);
    writePart(DOCUMENT, "results", [resultsTable(results), "### Goals", goals.join("\n")].join("\n\n"));
    writePart(COSTS, "cost", costReport(results));
  }
  report(results);
}
