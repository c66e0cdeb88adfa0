import type { DigestChange } from "../platform/digest-change.ts";
import type { Rhythm, Silences, SilenceSettled, SilenceWanted, Wait } from "../platform/contacts.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Check, LiveCounters, Verdict, DigestRequest, DigestResponse } from "./head.ts";
import type { UsedByDay } from "../platform/used.ts";
import type { Contact } from "./presence.ts";

/** What a tenant's head can be called for. */
export interface HeadRpc extends Rpc.DurableObjectBranded {
  check(tenant: TenantId, check: Check): Promise<Verdict>;
  digest(tenant: TenantId, visit: DigestRequest): Promise<DigestResponse>;
  changed(changes: readonly DigestChange["what"][]): Promise<void>;
  note(tenant: TenantId, contacts: readonly Contact[]): Promise<void>;
  lastSeen(
    tenant: TenantId,
    devices: readonly string[],
    seen: readonly Contact[],
  ): Promise<Record<string, number>>;
  rhythms(
    tenant: TenantId,
    devices: readonly string[],
    seen: readonly Contact[],
  ): Promise<Record<string, Rhythm>>;
  wait(tenant: TenantId, device: string, wait: Wait & { stamp: string; nowMs: number }): Promise<void>;
  silences(wanted: SilenceWanted): Promise<Silences>;
  settleSilences(settled: SilenceSettled): Promise<void>;
  live(tenant: TenantId, nowMs: number): Promise<LiveCounters>;
  use(tenant: TenantId, used: UsedByDay, nowMs: number): Promise<boolean>;
  recent(nowMs: number, limit: number): Promise<string[]>;
  forget(): Promise<void>;
}
