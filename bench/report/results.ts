import type { Cost } from "../load/cost.ts";

/** Times of one workload, or of doing nothing beside it: medians of its rounds. */
export interface Timing {
  /** Processor time of the runtime for a turn. */
  cpuUs: number;
  turnsPerSecond: number;
  /** Of single requests at half of that rate, from the moment they were due. */
  p50Ms: number;
  p99Ms: number;
  /** Share of a core the generator used while it saturated the server; near 1 it was the bound itself. */
  generatorShare: number;
}

export type CheckMode = "strict" | "relaxed" | "auto";

export interface Measured {
  id: string;
  title: string;
  mode: CheckMode;
  /** One after the other, nothing else going on: the middle turn and the dearest. */
  typicalCost: Cost;
  mostCost: Cost;
  /** Under load, with everything that falls due now and then. */
  meanCost: Cost;
  timing: Timing;
  doNothing: Timing;
  /** Processor time as a multiple of doing nothing in the same round: the middle round. */
  cpuTimesNothing: number;
  answers: number;
  checked: number;
  faults: number;
  problems: string[];
}

export interface Wave {
  id: string;
  title: string;
  mode: CheckMode;
  seconds: number;
  devicesPerSecond: number;
  statuses: Record<number, number>;
  turns: number;
  unfinished: number;
  /** Of a request, those that were sent away included. */
  meanCost: Cost;
  cpuUs: number;
  p50Ms: number;
  p99Ms: number;
  answers: number;
  checked: number;
  faults: number;
  problems: string[];
}

/** What keeping the day of one device's last contact costs the database, once a day. */
export type DailyStamp = Pick<Cost, "rowsRead" | "rowsWritten">;

export interface FleetResults {
  devices: number;
  /** Devices of the deployment that runs during W6. */
  targets: number;
  /** Of the whole database, by the number of devices in it. */
  databaseBytesPerDevice: number;
  dailyStamp: DailyStamp;
  measured: Measured[];
  waves: Wave[];
}

export interface Machine {
  cores: number;
  processor: string;
  system: string;
  node: string;
  workerd: string;
}

export interface Results {
  command: string;
  at: string;
  machine: Machine;
  connections: number;
  seconds: number;
  rounds: number;
  fleets: FleetResults[];
}
