import type { Cost } from "../load/cost.ts";
import type { FleetResults, Machine, Measured, Results, Timing, Wave } from "./results.ts";

const number = (value: number, digits = 0): string =>
  Number.isFinite(value)
    ? value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits })
    : "?";

/** A count with what is added to it now and then, as far as that can be seen. */
function counted(typical: number, mean: number): string {
  const extra = mean - typical;
  const shown = Number.isInteger(typical) ? number(typical) : number(typical, 1);
  return extra >= 0.005 ? `${shown} (+${number(extra, 2)})` : shown;
}

const COUNTS = ["roundTrips", "rowsRead", "rowsWritten", "objectCalls"] as const;

/** Round trips of a device whose Worker is far from the database and from the tenant's objects. */
const FAR_MS = { roundTrips: 40, objectCalls: 20 } as const;

/** What they add to a turn, in which one follows the other. */
const farMs = (cost: Pick<Cost, "roundTrips" | "objectCalls">): number =>
  cost.roundTrips * FAR_MS.roundTrips + cost.objectCalls * FAR_MS.objectCalls;

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

const beside = (of: (timing: Timing) => string, { timing, doNothing }: Measured) =>
  `${of(timing)} (${of(doNothing)})`;

const HEAD = [
  row([
    "turn",
    "D1 trips",
    "rows read",
    "rows written",
    "object calls",
    "CPU µs",
    "turns/s",
    "p50 ms",
    "p99 ms",
    "far ms",
  ]),
  row(["---", ...Array.from({ length: 9 }, () => "---:")]),
];

const measuredRow = (one: Measured) =>
  row([
    `${one.id} ${one.title}`,
    ...COUNTS.map((name) => counted(one.typicalCost[name], one.meanCost[name])),
    beside(({ cpuUs }) => number(cpuUs), one),
    beside(({ turnsPerSecond }) => number(turnsPerSecond), one),
    beside(({ p50Ms }) => number(p50Ms, 1), one),
    beside(({ p99Ms }) => number(p99Ms, 1), one),
    `+ ${number(farMs(one.typicalCost))}`,
  ]);

const means = (cost: Cost) => COUNTS.map((name) => number(cost[name], 2));

const waveRow = (wave: Wave) =>
  row([
    `${wave.id} ${wave.title}, ends ${wave.mode}, each request`,
    ...means(wave.meanCost),
    number(wave.cpuUs),
    `${number(wave.devicesPerSecond, 1)} × 3 offered`,
    number(wave.p50Ms, 1),
    number(wave.p99Ms, 1),
    `+ ${number(farMs(wave.meanCost))}`,
  ]);

function waveLine(wave: Wave): string {
  const told = Object.entries(wave.statuses).map(([status, times]) => `${number(times)} × ${status}`);
  const back = `${number(wave.turns)} of ${number(wave.turns + wave.unfinished)} devices back`;
  return `W7, ${wave.seconds} s and 5 s more: ${back}; answers ${told.join(", ")}.`;
}

export const fleetTable = (fleet: FleetResults): string =>
  [
    ...HEAD,
    ...fleet.measured.map(measuredRow),
    ...fleet.waves.map(waveRow),
    ...fleet.waves.map((wave) => `\n${waveLine(wave)}`),
  ].join("\n");

const machineLine = ({ cores, processor, system, node, workerd }: Machine) =>
  `${cores} cores (${processor}), ${system}, Node ${node}, workerd ${workerd}`;

/** Everything a run has measured, as Markdown. */
export function resultsTable(results: Results): string {
  const { command, at, machine, connections, rounds, seconds } = results;
  const parts = results.fleets.map((fleet) => `### ${number(fleet.devices)} devices\n\n${fleetTable(fleet)}`);
  return [
    `\`${command}\`, ${at.slice(0, 10)}; ${machineLine(machine)}; ${connections} connections, ${rounds} rounds of ${seconds} s.`,
    ...parts,
  ].join("\n\n");
}
