import { DurableObject } from "cloudflare:workers";
import {
  Head,
  type Check,
  type HeadRpc,
  type LiveCounters,
  type Verdict,
  type DigestRequest,
  type DigestResponse,
  type Contact,
} from "../src/checkin/index.ts";
import type { Rhythm } from "../src/platform/contacts.ts";
import type { DigestChange } from "../src/platform/digest-change.ts";
import type { Env } from "../src/platform/env.ts";
import type { TenantId } from "../src/platform/ids.ts";
import { makeLater } from "../src/platform/later.ts";

/** One per tenant: what it can be called for. */
export class TenantHead extends DurableObject<Env> implements HeadRpc {
  readonly #head = new Head(
    this.ctx.storage,
    () => this.env,
    makeLater((work) => this.ctx.waitUntil(work)),
  );

  check(tenant: TenantId, check: Check): Promise<Verdict> {
    return this.#head.check(tenant, check);
  }

  digest(tenant: TenantId, visit: DigestRequest): Promise<DigestResponse> {
    return this.#head.digest(tenant, visit);
  }

  changed(changes: readonly DigestChange["what"][]): Promise<void> {
    return this.#head.changed(changes);
  }

  note(tenant: TenantId, contacts: readonly Contact[]): Promise<void> {
    return this.#head.note(tenant, contacts);
  }

  lastSeen(
    tenant: TenantId,
    devices: readonly string[],
    seen: readonly Contact[],
  ): Promise<Record<string, number>> {
    return this.#head.lastSeen(tenant, devices, seen);
  }

  rhythms(
    tenant: TenantId,
    devices: readonly string[],
    seen: readonly Contact[],
  ): Promise<Record<string, Rhythm>> {
    return this.#head.rhythms(tenant, devices, seen);
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
