import type { DeviceClaim } from "./actor.ts";
import type { DeviceId, TenantId } from "./ids.ts";

/** When a device was last heard of, and the longest silence that is usual for it, 0 while none is known; in milliseconds. */
export interface Rhythm {
  lastMs: number;
  silenceMs: number;
}

/** That a device can get nothing before this time, unless something is told; `room` names what it waits for a place in. */
export interface Wait {
  untilMs: number;
  room: string | undefined;
}

/** Which silence is meant. */
export interface SilenceWanted {
  nowMs: number;
  /** So many times the usual silence of a device. */
  patience: number;
  /** Between two looks; after a longer pause silence is counted from the look that ends it. */
  pauseMs: number;
  /** Of each kind. */
  limit: number;
}

export interface Silences {
  /** Devices whose silence was not settled, `times` as long as usual. */
  silent: { device: string; lastMs: number; times: number }[];
  /** Devices whose silence was settled at a time, and which were heard of since. */
  back: { device: string; settledMs: number }[];
}

/** What became of what was found. */
export interface SilenceSettled {
  silent: readonly (readonly [device: string, atMs: number])[];
  /** Not to be found again before a time. */
  deferred: readonly (readonly [device: string, untilMs: number])[];
  back: readonly string[];
}

/** When devices were last heard of, to the second. The heads of tenants keep it; no call reaches the database. */
export interface Contacts {
  /** Notes that a device was heard of now. The head is told after the answer. */
  note: (tenant: TenantId, device: DeviceId) => void;
  /** Last contacts in milliseconds by device; those never heard of are left out. Rejects while the head is away. */
  last: (tenant: TenantId, devices: readonly string[]) => Promise<Readonly<Record<string, number>>>;
  /** The same with the rhythm of each. */
  rhythms: (tenant: TenantId, devices: readonly string[]) => Promise<Readonly<Record<string, Rhythm>>>;
  /** How many devices were heard of, by the number of the hour since 1970; hours of which nothing is known are left out. */
  seenByHour: (tenant: TenantId) => Promise<ReadonlyMap<number, number>>;
  /** For how many milliseconds each of some devices, from all over the fleet, has been silent now, ascending. */
  ages: (tenant: TenantId) => Promise<readonly number[]>;
  /**
   * Whether the check of this claim, as far as the head knows, can be decided by lists of devices and openings alone. A guess:
   * who asks the database accordingly must be told by it if there is more.
   */
  hasPlainWork: (claim: DeviceClaim) => boolean;
  /**
   * To be called before the database is asked. What it returns takes in until when the device of this claim gets nothing,
   * unless something is told, so that its next checks ask nobody; undefined where the head is asked anyway.
   */
  noteContent: (claim: DeviceClaim) => ((untilMs: number) => void) | undefined;
  /** Notes what the database told in the request of this claim, for the checks that follow. Never rejects. */
  waits: (claim: DeviceClaim, wait: Wait) => Promise<void>;
  /** Devices that are silent for longer than is usual for them, and such as are heard again. */
  silences: (tenant: TenantId, wanted: SilenceWanted) => Promise<Silences>;
  settleSilences: (tenant: TenantId, settled: SilenceSettled) => Promise<void>;
}
