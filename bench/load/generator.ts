/** The process that plays the devices, apart from the one that measures. Takes orders one at a time. */
import type { FleetPlan } from "../fleet/device.ts";
import { Members } from "../fleet/members.ts";
import { workloadOf, type Ordered, type WorkloadName } from "../workloads/catalogue.ts";
import { Connection } from "./connection.ts";
import { closedLoop, openLoop, type Arrivals, type TurnNumbers } from "./loops.ts";
import type { Summary } from "./tally.ts";

export type Order =
  | { do: "prepare"; plan: FleetPlan; data: string; sign: boolean }
  | { do: "connect"; port: number; connections: number }
  | { do: "disconnect" }
  | { do: "closed"; workload: Ordered; limit: { ms: number; turns?: number }; connections: number }
  | { do: "open"; workload: Ordered; arrivals: Arrivals };

export type Reply = { ok: true; summary?: Summary } | { ok: false; problem: string };

let members: Members | undefined;
let connections: Connection[] = [];
const numbers = new Map<WorkloadName, number>();

const numbersOf =
  (name: WorkloadName): TurnNumbers =>
  () => {
    const next = numbers.get(name) ?? 0;
    numbers.set(name, next + 1);
    return next;
  };

const reply = (answer: Reply) => void process.send?.(answer);

function lost(cause: Error): void {
  reply({ ok: false, problem: `a connection was lost: ${cause.message}` });
  process.exit(1);
}

/** The server stops next, and what it closes then is no fault. */
function disconnect(): void {
  for (const connection of connections) connection.close();
  connections = [];
}

async function connect(port: number, count: number): Promise<void> {
  disconnect();
  connections = await Promise.all(Array.from({ length: count }, () => Connection.open(port)));
  for (const connection of connections) connection.onLost = lost;
}

async function obey(order: Order): Promise<Summary | undefined> {
  switch (order.do) {
    case "prepare":
      members = new Members(order.plan, order.data);
      if (order.sign) members.signAll();
      return undefined;
    case "connect":
      await connect(order.port, order.connections);
      return undefined;
    case "disconnect":
      disconnect();
      return undefined;
    case "closed":
    case "open": {
      if (!members) throw new Error("there are no devices yet");
      await Promise.all(connections.map((connection) => connection.ready()));
      const [workload, next] = [workloadOf(members, order.workload), numbersOf(order.workload.name)];
      if (order.do === "open") return openLoop(connections, workload, next, order.arrivals);
      return closedLoop(connections.slice(0, order.connections), workload, next, order.limit);
    }
  }
}

process.on("message", (order: Order) => {
  obey(order).then(
    (summary) => reply(summary ? { ok: true, summary } : { ok: true }),
    (cause: unknown) =>
      reply({ ok: false, problem: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
  );
});
process.on("disconnect", () => process.exit(0));
