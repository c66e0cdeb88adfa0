import { DurableObject } from "cloudflare:workers";
import { Meter as Counting, type Counts, type MeterRpc } from "../src/metrics/index.ts";
import type { Env } from "../src/platform/env.ts";

/** One for the installation: what all processes counted. */
export class Meter extends DurableObject<Env> implements MeterRpc {
  readonly #counting = new Counting(this.ctx.storage);

  add(counts: Counts, nowMs: number): Promise<void> {
    return this.#counting.add(counts, nowMs);
  }

  read(nowMs: number): Promise<Counts> {
    return this.#counting.read(nowMs);
  }

  override alarm(): Promise<void> {
    return this.#counting.save();
  }
}
