import type { Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { removeDefaults } from "./defaults-store.ts";
import { removeConfiguration } from "./store.ts";

/** For the batch that removes a device. */
export const removeConfigurationStatements = (tenant: TenantId, device: DeviceId): Statement<unknown>[] => [
  removeConfiguration(tenant, device),
];

/** For the batch that removes a saved filter. */
export const removeFilterDefaultsStatements = (tenant: TenantId, filter: string): Statement<unknown>[] => [
  removeDefaults(tenant, { kind: "filter", id: filter }),
];
