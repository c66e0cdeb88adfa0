import type { DigestChange } from "../platform/digest-change.ts";
import type { Rhythm, Silences, SilenceSettled, SilenceWanted, Wait } from "../platform/contacts.ts";
import type { KnownSet, ReadSet } from "../platform/known-sets.ts";
import type { TenantId } from "../platform/ids.ts";
import type { DatabaseCost } from "../platform/database.ts";
import type { Checking, DigestUpdate } from "./digest.ts";
import type { CheckMode } from "./rate.ts";
import type { UsedByDay } from "../platform/used.ts";
import type { PledgedRow } from "../platform/near-reports.ts";
import type { Asking, KeptReport, ReportVerdict } from "./pledges.ts";
import type { Contact } from "./presence.ts";
import type { SeenByHour } from "./seen-hours.ts";

/** A check of one device, at the time of the Worker that asks. */
export interface Check extends Checking {
  nowMs: number;
  /** Other contacts that the Worker has to tell of. */
  seen: readonly Contact[];
}

/** A report of one device, with the same and what became of others, which a Worker of an earlier version does not tell. */
export type ReportCheck = Check & Asking & { kept?: readonly KeptReport[] };

/** What the head knows of a device that may have work. */
export interface Work {
  /** For noting what the database says. */
  stamp: string;
  /** As far as the head knows, no open deployment looks at more of a device than whether it is listed. */
  isPlain: boolean;
}

export interface Verdict {
  /** The device may have work or a void token: the database has to say. */
  concerns: boolean;
  mode: CheckMode;
  /** What the database is asked with; nothing while there is no digest. */
  work: Work | undefined;
}

/** What a Worker in relaxed mode brings along when it comes for the digest. */
export interface DigestRequest {
  nowMs: number;
  /** Versions of the parts it holds, by name. */
  known: Record<string, number>;
  /** Checks answered since its last visit. */
  checks: number;
  /** What those of them that asked for nothing have used; the others are told with what they cost. */
  used: UsedByDay;
  seen: readonly Contact[];
}

export interface DigestResponse {
  mode: CheckMode;
  /** Nothing while there is no digest. */
  update: DigestUpdate | undefined;
  /** Another one after each change that may give a device something. */
  stamp?: string | undefined;
}

/** Numbers of now, for whoever watches a fleet. */
export interface LiveCounters {
  checks_per_second: number;
  mode: CheckMode;
  generation: number;
  /** What the head itself asked the database for since it was started. */
  database: DatabaseCost;
}

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
  knownSet(tenant: TenantId, print: string, nowMs: number): Promise<KnownSet | undefined>;
  rememberSet(tenant: TenantId, print: string, known: ReadSet, nowMs: number): Promise<void>;
  report(tenant: TenantId, check: ReportCheck): Promise<ReportVerdict>;
  keepReports(tenant: TenantId, reports: readonly KeptReport[], nowMs: number): Promise<void>;
  endReports(rows: readonly PledgedRow[]): Promise<void>;
  silences(wanted: SilenceWanted): Promise<Silences>;
  settleSilences(settled: SilenceSettled): Promise<void>;
  seenByHour(): Promise<SeenByHour>;
  ages(nowMs: number): Promise<number[]>;
  live(tenant: TenantId, nowMs: number): Promise<LiveCounters>;
  use(tenant: TenantId, used: UsedByDay, nowMs: number): Promise<boolean>;
  recent(nowMs: number, limit: number): Promise<string[]>;
  forget(): Promise<void>;
}
