import type { Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { moveStatements } from "./store/status-transitions.ts";
import { queueUnseen } from "./store/usage.ts";

/** Ends everything a device has open, seen or not, and finishes the deployments that waited for it alone. */
export const decommissionDeviceStatements = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
): Statement<unknown>[] => [
  queueUnseen(tenant, device),
  ...moveStatements({ tenant, device, to: "decommissioned", atMs }),
];
