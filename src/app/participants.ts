import { removeConfigurationStatements, removeFilterDefaultsStatements } from "../deviceconfig/index.ts";
import {
  decommissionDeviceStatements,
  deploymentIdInReach,
  inventoryChangedStatements,
  offerNewArtifact,
  useInDeployments,
} from "../deployments/index.ts";
import { DEVICE_REACH } from "../devices/index.ts";
import {
  deviceIdentityStatements,
  deviceStatusStatements,
  removeDeviceStatements,
} from "../inventory/index.ts";
import { deviceGoneStatements, deviceToldStatements, inventoryToldStatements } from "../events/index.ts";
import { alertedSinceStatement, removeDeviceAlertsStatements } from "../devicemonitor/index.ts";
import type { Participants } from "../platform/participants.ts";
import { artifactIdInReach, releasesInReach } from "../releases/index.ts";
import { mayStatement, removeTenantTokensIfChanged } from "../useradm/index.ts";

/** Who takes part in whose changes. */
const UPLOAD_LINK = {
  method: "POST",
  path: "/api/management/v1/deployments/artifacts/directupload",
  query: "",
};

export const PARTICIPANTS: Participants = {
  deviceChanged: [deviceStatusStatements, deviceToldStatements],
  deviceAdded: [deviceIdentityStatements],
  deviceRemoved: [
    // First, while it is still known which group the device is in.
    deviceGoneStatements,
    decommissionDeviceStatements,
    removeConfigurationStatements,
    removeDeviceStatements,
    removeDeviceAlertsStatements,
  ],
  inventoryChanged: [inventoryToldStatements, inventoryChangedStatements],
  filterRemoved: [removeFilterDefaultsStatements],
  tenantSuspended: [removeTenantTokensIfChanged],
  artifactAdded: [offerNewArtifact],
  artifactUse: useInDeployments,
  alertedSince: alertedSinceStatement,
  auditReach: {
    ...DEVICE_REACH,
    deployment: deploymentIdInReach,
    artifact: artifactIdInReach,
    release: (tenant, name, { releases }) => releasesInReach(tenant, name, releases),
  },
  mayUpload: (tenant, holder, nowMs) =>
    mayStatement(tenant, holder, ["artifacts:upload", UPLOAD_LINK], nowMs),
};
