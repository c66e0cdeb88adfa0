import type { Statement } from "./database.ts";
import type { TenantId } from "./ids.ts";

/** Refusal of a batch that would take away an artifact that is in use. */
export const ARTIFACT_IN_USE = "artifact-in-use";

/**
 * What higher domains add to the batches of lower ones or demand of them. They run in the transaction of the change itself,
 * which an event could not; `src/app/participants.ts` says who takes part.
 */
export interface Participants {
  /** Rows that go with a saved filter. */
  filterRemoved: readonly ((tenant: TenantId, filter: string) => Statement<unknown>[])[];
  /** Rows that go with the suspension of a tenant, if the statement before them changed something. */
  tenantSuspended: readonly ((tenant: TenantId) => Statement<unknown>)[];
  /** Takes up an artifact that was not there before. */
  artifactAdded: readonly ((tenant: TenantId, artifact: OfferedArtifact) => Statement<unknown>)[];
  artifactUse: ArtifactUse;
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
