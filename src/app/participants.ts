import { removeConfigurationStatements, removeFilterDefaultsStatements } from "../deviceconfig/removal.ts";
import { decommissionDeviceStatements } from "../deployments/service.ts";
import {
  deviceIdentityStatements,
  deviceStatusStatements,
  removeDeviceStatements,
} from "../inventory/service.ts";
import { offerNewArtifact, useInDeployments } from "../deployments/participants.ts";
import type { Participants } from "../platform/participants.ts";
import { removeTenantTokensIfChanged } from "../useradm/service.ts";

/** Who takes part in whose changes. */
export const PARTICIPANTS: Participants = {
  deviceChanged: [deviceStatusStatements],
  deviceAdded: [deviceIdentityStatements],
  deviceRemoved: [decommissionDeviceStatements, removeConfigurationStatements, removeDeviceStatements],
  filterRemoved: [removeFilterDefaultsStatements],
  tenantSuspended: [removeTenantTokensIfChanged],
  artifactAdded: [offerNewArtifact],
  artifactUse: useInDeployments,
};
