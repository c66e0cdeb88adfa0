import { parseArgs } from "node:util";

export const WORKLOADS = ["W1", "W2", "W3", "W4", "W5", "W6", "W7"] as const;
export type WorkloadId = (typeof WORKLOADS)[number];

export interface Options {
  fleets: number[];
  workloads: ReadonlySet<WorkloadId>;
  /** Of one round. */
  seconds: number;
  rounds: number;
  waveSeconds: number;
  connections: number;
  out: string;
  writeDocs: boolean;
}

export const USAGE = `usage: npm run bench -- [options]

  --devices N,N…    fleet sizes (1000,10000,100000)
  --workloads W,W…  some of ${WORKLOADS.join(", ")} (all)
  --seconds S       length of a round (1)
  --rounds N        rounds for latencies (3), and twice as many and one of half the length for processor time;
                    medians count
  --wave S          length of the reconnect wave (60)
  --connections N   of the load generator (32)
  --out FILE        where the results go as JSON (bench/results/latest.json)
  --write-docs      put the results of all workloads into docs/performance.md and .json, their cost into docs/cost.md
`;

function numbers(name: string, text: string): number[] {
  const all = text.split(",").map(Number);
  if (!all.every((value) => value > 0))
    throw new Error(`--${name} must be numbers greater than 0, not ${text}`);
  return all;
}

const one = (name: string, text: string): number => numbers(name, text)[0] ?? 0;

function workloadsOf(text: string): ReadonlySet<WorkloadId> {
  const wanted = text.split(",").map((name) => {
    const known = WORKLOADS.find((id) => id === name.trim().toUpperCase());
    if (!known) throw new Error(`--workloads must be some of ${WORKLOADS.join(", ")}, not ${name}`);
    return known;
  });
  return new Set(wanted);
}

/** The command line; nothing if it asks for help. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      devices: { type: "string", default: "1000,10000,100000" },
      workloads: { type: "string", default: WORKLOADS.join(",") },
      seconds: { type: "string", default: "1" },
      rounds: { type: "string", default: "3" },
      wave: { type: "string", default: "60" },
      connections: { type: "string", default: "32" },
      out: { type: "string", default: "bench/results/latest.json" },
      "write-docs": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const workloads = workloadsOf(values.workloads);
  if (values["write-docs"] && workloads.size < WORKLOADS.length)
    throw new Error("--write-docs wants all workloads");
  return {
    fleets: numbers("devices", values.devices),
    workloads,
    seconds: one("seconds", values.seconds),
    rounds: one("rounds", values.rounds),
    waveSeconds: one("wave", values.wave),
    connections: one("connections", values.connections),
    out: values.out,
    writeDocs: values["write-docs"],
  };
}
