import type { Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { moveStatements } from "./store/moves.ts";
import { queueUnseen } from "./store/usage.ts";

export {
  configurationDeploymentStatements,
  type ConfigurationDeployment,
} from "./configuration-deployment.ts";
export { deployConfiguration } from "./configuring.ts";
export { aggregateDeviceDeployments, searchDeviceDeployments } from "./device-reports.ts";
export type { ReportRequest } from "./reports/scope.ts";
export type { ReportFilter } from "./reports/terms.ts";
export { asksByBody, asksByQuery } from "./device-state.ts";
export {
  openTargets as openTargetsStatement,
  queuedDeployments as queuedDeploymentsStatement,
  queuedTargets as queuedTargetsStatement,
  wideDeployments as wideDeploymentsStatement,
  type WideDeployment,
} from "./store/digest.ts";
export { targetedAmong as targetedAmongStatement } from "./store/membership.ts";

/** Ends everything a device has open, seen or not, and finishes the deployments that waited for it alone. */
export const decommissionDeviceStatements = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
): Statement<unknown>[] => [
  queueUnseen(tenant, device),
  ...moveStatements({ tenant, device, to: "decommissioned", atMs }),
];
