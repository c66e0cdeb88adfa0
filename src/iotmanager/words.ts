export const PROVIDERS = ["iot-core", "iot-hub", "webhook"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What an integration may be told of. */
export const SCOPES = ["deviceauth", "inventory"] as const;
export type Scope = (typeof SCOPES)[number];

/** Protocol notes, iot-manager 4. */
export const EVENT_TYPES = [
  "device-provisioned",
  "device-decommissioned",
  "device-status-changed",
  "device-inventory-changed",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Of a device, as events have it. */
export const EVENT_STATUSES = ["accepted", "rejected", "preauthorized", "pending", "noauth"] as const;
