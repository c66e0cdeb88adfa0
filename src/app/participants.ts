import { removeFilterDefaultsStatements } from "../deviceconfig/removal.ts";
import { offerNewArtifact, useInDeployments } from "../deployments/participants.ts";
import type { Participants } from "../platform/participants.ts";
import { removeTenantTokensIfChanged } from "../useradm/service.ts";

/** Who takes part in whose changes. */
export const PARTICIPANTS: Participants = {
  filterRemoved: [removeFilterDefaultsStatements],
  tenantSuspended: [removeTenantTokensIfChanged],
  artifactAdded: [offerNewArtifact],
  artifactUse: useInDeployments,
};
