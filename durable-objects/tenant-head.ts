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
import type { Rhythm, Silences, SilenceSettled, SilenceWanted } from "../src/platform/contacts.ts";
import { Live } from "../src/events/index.ts";
import { makeDeps } from "../src/app/make-deps.ts";
import { systemNow } from "../src/platform/clock.ts";
import type { DigestChange } from "../src/platform/digest-change.ts";
import type { Env } from "../src/platform/env.ts";
import type { KnownSet } from "../src/platform/known-sets.ts";
import type { TenantId } from "../src/platform/ids.ts";
import type { UsedByDay } from "../src/platform/used.ts";
import { makeLater } from "../src/platform/later.ts";

/** One per tenant: what it can be called for, and the sockets of those who follow its events. */
export class TenantHead extends DurableObject<Env> implements HeadRpc {
  /** The clock of those sockets. The platform makes the objects, so it cannot be handed to each; tests set it. */
  static now: () => number = systemNow;

  readonly #live = new Live(this.ctx, () =>
    makeDeps(this.env, {
      requestId: "tenant-head",
      origin: "",
      later: (work) => this.ctx.waitUntil(work),
      now: () => TenantHead.now(),
    }),
  );

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

  async changed(changes: readonly DigestChange["what"][]): Promise<void> {
    if (changes.some(({ kind }) => kind === "told")) this.#live.told();
    await this.#head.changed(changes);
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

  wait(...told: Parameters<HeadRpc["wait"]>): Promise<void> {
    return this.#head.wait(...told);
  }

  knownSet(...asked: Parameters<HeadRpc["knownSet"]>): Promise<KnownSet | undefined> {
    return this.#head.near.knownSet(...asked);
  }

  rememberSet(...told: Parameters<HeadRpc["rememberSet"]>): Promise<void> {
    return this.#head.near.rememberSet(...told);
  }

  report(...asked: Parameters<HeadRpc["report"]>): ReturnType<HeadRpc["report"]> {
    return this.#head.report(...asked);
  }

  keepReports(...told: Parameters<HeadRpc["keepReports"]>): Promise<void> {
    return this.#head.keepReports(...told);
  }

  async endReports(...told: Parameters<HeadRpc["endReports"]>): Promise<void> {
    this.#head.near.endReports(...told);
  }

  silences(wanted: SilenceWanted): Promise<Silences> {
    return this.#head.silences(wanted);
  }

  settleSilences(settled: SilenceSettled): Promise<void> {
    return this.#head.settleSilences(settled);
  }

  seenByHour(): ReturnType<HeadRpc["seenByHour"]> {
    return this.#head.seenByHour();
  }

  ages(nowMs: number): Promise<number[]> {
    return this.#head.ages(nowMs);
  }

  live(tenant: TenantId, nowMs: number): Promise<LiveCounters> {
    return this.#head.live(tenant, nowMs);
  }

  use(tenant: TenantId, used: UsedByDay, nowMs: number): Promise<boolean> {
    return this.#head.use(tenant, used, nowMs);
  }

  recent(nowMs: number, limit: number): Promise<string[]> {
    return this.#head.recent(nowMs, limit);
  }

  forget(): Promise<void> {
    return this.#head.forget();
  }

  override alarm(): Promise<void> {
    return this.#head.flush();
  }

  /** Upgrades of those who follow the events. */
  override fetch(request: Request): Promise<Response> {
    return this.#live.open(request);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    return this.#live.message(socket, message);
  }

  override webSocketClose(socket: WebSocket): Promise<void> {
    return this.#live.left(socket);
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.#live.left(socket);
  }
}
