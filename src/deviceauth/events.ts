import type { TenantId } from "../platform/ids.ts";
import type { Event } from "../platform/outbox.ts";
import type { Device } from "./store.ts";
import type { DeviceStatus } from "./states.ts";

declare module "../platform/outbox.ts" {
  interface EventKinds {
    "device.status_changed": true;
    "device.tokens_revoked": true;
    "device.decommissioned": true;
    "tenant.device_tokens_revoked": true;
  }
}

/**
 * Events of this domain. Subject is always the device id.
 *
 * | kind                      | when                                              | data                              |
 * | ------------------------- | ------------------------------------------------- | --------------------------------- |
 * | `device.status_changed`   | a change of status, a new device included         | `status`, `previous`, `revision`  |
 * | `device.tokens_revoked`   | tokens ended while the status stayed              | none                              |
 * | `device.decommissioned`   | gone, with everything the product knew about it   | `status` it had, `revision`       |
 *
 * `tenant.device_tokens_revoked`, whose subject is the tenant, says the same of all of its devices.
 * `previous` is null for a new device.
 */
export const statusEvent = (tenant: TenantId, device: Device, before: Device | undefined): Event => ({
  kind: "device.status_changed",
  tenant,
  subject: device.id,
  data: { status: device.status, previous: before?.status ?? null, revision: device.revision },
});

export const tokensRevokedEvent = (tenant: TenantId, device: string | undefined): Event =>
  device === undefined
    ? { kind: "tenant.device_tokens_revoked", tenant, subject: tenant }
    : { kind: "device.tokens_revoked", tenant, subject: device };

export const decommissionedEvent = (
  tenant: TenantId,
  device: { id: string; status: DeviceStatus; revision: number },
): Event => ({
  kind: "device.decommissioned",
  tenant,
  subject: device.id,
  data: { status: device.status, revision: device.revision },
});
