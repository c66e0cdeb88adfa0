/**
 * The layers of the house, from top to bottom. A file imports only from layers below its own, and from another folder of
 * the domains only what its index offers. Type imports count.
 */
export const LAYERS = [
  ["workers"],
  ["durable-objects"],
  ["src/gateway"],
  ["src/app"],
  ["src/operator", "src/console"],
  ["src/tenantadm", "src/usage", "src/metrics"],
  ["src/tenantdata"],
  ["src/deviceconnect"],
  ["src/deviceconfig", "src/reporting", "src/consent", "src/iotmanager", "src/webhooks", "src/devicemonitor"],
  ["src/events"],
  ["src/checkin"],
  ["src/deployments"],
  ["src/releases"],
  ["src/workflows"],
  ["src/deviceauth", "src/inventory", "src/useradm", "src/storage", "src/audit"],
  ["src/devices", "src/tenants", "src/mail"],
  ["src/platform"],
  ["src/artifact"],
];

/** Folders without an index: every file of them is for all. */
export const OPEN = ["src/gateway", "src/app", "src/platform", "src/artifact"];
