import type { SQL } from "drizzle-orm";
import type { Statement } from "./database.ts";
import type { DeviceId, TenantId, UserId } from "./ids.ts";
import type { Reach } from "./reach.ts";

/** Refusal of a batch that would take away an artifact that is in use. */
export const ARTIFACT_IN_USE = "artifact-in-use";

/**
 * What higher domains add to the batches of lower ones or demand of them. They run in the transaction of the change itself,
 * which an event could not; `src/app/participants.ts` says who takes part.
 */
export interface Participants {
  /** Rows that follow the status or tier of a device. */
  deviceChanged: readonly ((change: DeviceChange) => Statement<unknown>[])[];
  /** Rows for a device that is seen for the first time, by its identity. */
  deviceAdded: readonly ((device: KnownDevice) => Statement<unknown>[])[];
  /** Rows that go with a device. */
  deviceRemoved: readonly ((
    tenant: TenantId,
    device: DeviceId,
    atMs: number,
    status: string,
  ) => Statement<unknown>[])[];
  /** What follows attributes of a device, if the statement before it changed something. */
  inventoryChanged: readonly ((change: InventoryChange) => Statement<unknown>[])[];
  /** Rows that go with a saved filter. */
  filterRemoved: readonly ((tenant: TenantId, filter: string) => Statement<unknown>[])[];
  /** Rows that go with the suspension of a tenant, if the statement before them changed something. */
  tenantSuspended: readonly ((tenant: TenantId) => Statement<unknown>)[];
  /** Takes up an artifact that was not there before. */
  artifactAdded: readonly ((tenant: TenantId, artifact: OfferedArtifact) => Statement<unknown>)[];
  artifactUse: ArtifactUse;
  /** Those of the devices that have told since then of something that is not as it should be, and have not taken it back. */
  alertedSince: (
    tenant: TenantId,
    devices: readonly string[],
    sinceMs: number,
  ) => Statement<{ device_id: DeviceId }[]>;
  /**
   * Whether an entry of the audit log is about something within reach, by the type of its object and as a condition on the id
   * of that. Entries about other types say nothing about devices or releases, or are not told to who sees only some of them.
   */
  auditReach: Readonly<Record<string, (tenant: TenantId, id: SQL, reach: Reach) => SQL>>;
  /** A row while a user may upload artifacts by the token that a link was asked for with. */
  mayUpload: (
    tenant: TenantId,
    holder: { user: UserId; token: string },
    nowMs: number,
  ) => Statement<object | undefined>;
}

export interface DeviceChange {
  tenant: TenantId;
  device: DeviceId;
  status: string;
  /** Undefined for a device that is new. */
  previous: string | undefined;
  /** When it is accepted for the first time. */
  provisioned?: ProvisionedDevice | undefined;
  /** Left as it is when absent. */
  tier?: string | undefined;
  /** Of two changes the one with the greater revision stays, in whatever order they come. */
  revision: number;
  atMs: number;
}

/** A device as others are told of it. */
export interface ProvisionedDevice {
  createdMs: number;
  authSet: {
    id: string;
    identity: Record<string, unknown>;
    pubkey: string;
    status: string;
    createdMs: number;
  };
}

export interface InventoryChange {
  tenant: TenantId;
  device: DeviceId;
  /** Those that are new or different; null stands for one that is gone. Where only the database knows, the text of a short list. */
  attributes: readonly { scope: string; name: string; value: unknown }[] | SQL;
  /** Nobody is woken by what is told of it. */
  quietly?: boolean;
  atMs: number;
}

export interface KnownDevice {
  tenant: TenantId;
  device: DeviceId;
  identity: Record<string, unknown>;
  atMs: number;
}

/** What an artifact is to those who hand it out. */
export interface OfferedArtifact {
  id: string;
  name: string;
  deviceTypes: readonly string[];
  /** Any-of lists; always has `device_type`. */
  depends: Readonly<Record<string, readonly string[]>>;
  size: number;
  /** The whole wire object. */
  image: object;
}

/** Who uses artifacts of a name. */
export interface ArtifactUse {
  /** Fails its batch, with `ARTIFACT_IN_USE` as the refusal, while artifacts of the name are handed out. */
  demandUnused: (tenant: TenantId, artifactName: string) => Statement<void>;
  /** Those that hand out artifacts of the name and have not ended. */
  current: (tenant: TenantId, artifactName: string) => Statement<{ id: string }[]>;
  /** Any that hands out artifacts of the name or ever did. */
  ever: (tenant: TenantId, artifactName: string) => Statement<{ id: string } | undefined>;
}
