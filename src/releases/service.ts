import type { Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { ArtifactCandidate } from "./artifact.ts";
import { artifactsOfName, releaseExists } from "./store.ts";

export type { ArtifactCandidate, ArtifactObject } from "./artifact.ts";

/** The artifacts a deployment of this name can give; with a device type only those made for it. */
export const artifactCandidatesStatement = (
  tenant: TenantId,
  artifactName: string,
  deviceType?: string,
): Statement<ArtifactCandidate[]> => artifactsOfName(tenant, artifactName, deviceType);

/** Finds a row if there is at least one artifact of the name. */
export const releaseExistsStatement = (
  tenant: TenantId,
  name: string,
): Statement<{ name: string } | undefined> => releaseExists(tenant, name);
