import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { HonestOrder, HonestPlan, Met } from "./honest.ts";

/** Honest devices and operators at work in a process of their own. */
export class HonestWork {
  readonly #child: ChildProcess;

  constructor(plan: HonestPlan) {
    this.#child = fork(join(import.meta.dirname, "honest.ts"), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      execArgv: [],
    });
    this.#order({ do: "begin", plan });
  }

  /** What they meet while the other work goes on, and for at least so long. */
  async during(atLeastMs: number, work: () => Promise<unknown> = async () => {}): Promise<Met> {
    await this.#tell();
    await Promise.all([work(), wait(atLeastMs)]);
    return this.#tell();
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  async #tell(): Promise<Met> {
    this.#order({ do: "tell" });
    const [met] = (await once(this.#child, "message")) as [Met];
    return met;
  }

  #order(order: HonestOrder): void {
    this.#child.send(order);
  }
}
