import type { Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { ArtifactCandidate } from "./artifact.ts";
import { artifactBytes, candidatesOfName, demandCandidates, type ArtifactBytes } from "./artifact-store.ts";

/** The artifacts a deployment of this name can give; with a device type only those made for it. */
export const artifactCandidatesStatement = (
  tenant: TenantId,
  artifactName: string,
  deviceType?: string,
): Statement<ArtifactCandidate[]> => candidatesOfName(tenant, artifactName, deviceType);

/**
 * Fails its batch, with `CANDIDATES_CHANGED` as the refusal, unless exactly these are still the artifacts of the name:
 * a deployment is made for artifacts that exist. Ids are sorted.
 */
export const demandCandidatesStatement = (
  tenant: TenantId,
  artifactName: string,
  ids: readonly string[],
): Statement<void> => demandCandidates(tenant, artifactName, ids);

/** Where the bytes of an artifact lie. */
export const artifactBytesStatement = (
  tenant: TenantId,
  artifact: string,
): Statement<ArtifactBytes | undefined> => artifactBytes(tenant, artifact);
