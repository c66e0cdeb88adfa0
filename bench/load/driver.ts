import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { FleetPlan } from "../fleet/device.ts";
import type { Ordered } from "../workloads/catalogue.ts";
import type { Order, Reply } from "./generator.ts";
import type { Arrivals } from "./loops.ts";
import type { Summary } from "./tally.ts";

/** The load generator as the measuring process sees it. */
export class Generator {
  readonly #child: ChildProcess;
  #connections = 0;

  constructor() {
    this.#child = fork(join(import.meta.dirname, "generator.ts"), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  prepare(plan: FleetPlan, data: string, sign: boolean): Promise<void> {
    return this.#order({ do: "prepare", plan, data, sign }).then(() => undefined);
  }

  connect(port: number, connections: number): Promise<void> {
    this.#connections = connections;
    return this.#order({ do: "connect", port, connections }).then(() => undefined);
  }

  /** To be done before the server stops: a connection that is lost is a fault. */
  disconnect(): Promise<void> {
    return this.#order({ do: "disconnect" }).then(() => undefined);
  }

  /** As much as the server takes, for a time. */
  saturate(workload: Ordered, ms: number): Promise<Summary> {
    return this.#run({ do: "closed", workload, limit: { ms }, connections: this.#connections });
  }

  /** So many turns, as fast as the server takes them. */
  async spend(workload: Ordered, turns: number, atMostMs: number): Promise<void> {
    const limit = { turns, ms: atMostMs };
    await this.#run({ do: "closed", workload, limit, connections: this.#connections });
  }

  /** One turn after the other, so that nothing of what is counted is due to others. */
  oneByOne(workload: Ordered, turns: number, atMostMs: number): Promise<Summary> {
    return this.#run({ do: "closed", workload, limit: { turns, ms: atMostMs }, connections: 1 });
  }

  /** On a fixed schedule. */
  schedule(workload: Ordered, arrivals: Arrivals): Promise<Summary> {
    return this.#run({ do: "open", workload, arrivals });
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  async #run(order: Order): Promise<Summary> {
    const summary = await this.#order(order);
    if (!summary) throw new Error("the generator has not measured");
    return summary;
  }

  #order(order: Order): Promise<Summary | undefined> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null) => reject(new Error(`the generator ended with ${code}`));
      this.#child.once("exit", gone);
      this.#child.once("message", (reply: Reply) => {
        this.#child.off("exit", gone);
        if (reply.ok) resolve(reply.summary);
        else reject(new Error(reply.problem));
      });
      this.#child.send(order);
    });
  }
}
