import type { CallLimits } from "./call-limits.ts";
import type { DeviceId, TenantId } from "./ids.ts";
import type { Subscription } from "./plans.ts";

/** An accepted set with all that a token for it says. */
export interface KnownSet {
  device: DeviceId;
  set: string;
  /** Tokens issued in or before this second are dead. */
  revokedS: number;
  subscription: Subscription;
  calls: CallLimits | undefined;
}

/** The same with when the tenant, of which a token tells as well, had been changed last as it was read. */
export interface ReadSet extends KnownSet {
  tenantMs: number;
}

/**
 * Accepted sets by a print of what a device sends, kept by the head of the tenant, so that a device that authenticates again
 * needs no database. One whose tokens were ended is not found, from before that change is answered.
 */
export interface KnownSets {
  /** Undefined if the database has to be asked; never rejects. */
  find: (tenant: TenantId, print: string) => Promise<KnownSet | undefined>;
  /** Tells of one that the database has just told, after the answer. */
  remember: (tenant: TenantId, print: string, known: ReadSet) => void;
  /** Notes that there is none: who waits for acceptance asks often, and the database each time. */
  noteAbsent: (tenant: TenantId, print: string) => void;
}
