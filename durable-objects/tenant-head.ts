import { DurableObject } from "cloudflare:workers";
import {
  Head,
  type Check,
  type LiveCounters,
  type Verdict,
  type Visit,
  type Visited,
} from "../src/checkin/head.ts";
import type { DigestChange } from "../src/platform/digest-change.ts";
import type { Env } from "../src/platform/env.ts";
import type { TenantId } from "../src/platform/ids.ts";

/** One per tenant: what it can be called for. */
export class TenantHead extends DurableObject<Env> {
  readonly #head = new Head(
    this.ctx.storage,
    () => this.env,
    (work) => this.ctx.waitUntil(work),
  );

  check(tenant: TenantId, check: Check): Promise<Verdict> {
    return this.#head.check(tenant, check);
  }

  digest(tenant: TenantId, visit: Visit): Promise<Visited> {
    return this.#head.digest(tenant, visit);
  }

  changed(changes: readonly DigestChange["what"][]): Promise<void> {
    return this.#head.changed(changes);
  }

  lastSeen(devices: readonly string[]): Promise<Record<string, number>> {
    return this.#head.lastSeen(devices);
  }

  live(tenant: TenantId, nowMs: number): Promise<LiveCounters> {
    return this.#head.live(tenant, nowMs);
  }

  forget(): Promise<void> {
    return this.#head.forget();
  }

  override alarm(): Promise<void> {
    return this.#head.flush();
  }
}
