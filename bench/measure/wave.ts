import { mapCost } from "../load/cost.ts";
import type { LocalServer } from "../local-server.ts";
import { modeOf } from "./management.ts";
import type { Bench } from "./rounds.ts";
import { cpuMsOf } from "../process-cpu.ts";
import type { Wave } from "../report/results.ts";

/** How often a device asks for an update unless it is configured otherwise. */
const POLL_EVERY_S = 1800;
const TIMES_NORMAL = 10;

/**
 * Devices that were cut off come back, ten times as many a second as ask on a quiet day. Those that are told to come
 * later do so; the rest of the wave does not wait for them.
 */
export async function reconnectWave(
  server: LocalServer,
  bench: Bench,
  devices: number,
  seconds: number,
): Promise<Wave> {
  const devicesPerSecond = (TIMES_NORMAL * devices) / POLL_EVERY_S;
  const before = cpuMsOf(bench.runtime);
  const summary = await bench.generator.schedule(
    { name: "reconnect" },
    { turnsPerSecond: devicesPerSecond, ms: seconds * 1000 },
  );
  const cpuMs = cpuMsOf(bench.runtime) - before;
  const { statuses, turns, unfinished, meanCost, p50Ms, p99Ms, answers, checked, faults, problems } = summary;
  return {
    id: "W7",
    title: "reconnect wave",
    mode: await modeOf(server),
    seconds,
    devicesPerSecond,
    statuses,
    turns,
    unfinished,
    meanCost: mapCost(meanCost, (cost) => (cost * Math.max(1, turns)) / answers),
    cpuUs: (cpuMs * 1000) / answers,
    p50Ms,
    p99Ms,
    answers,
    checked,
    faults,
    problems,
  };
}
