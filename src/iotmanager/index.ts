export { deliverDue, wakeWaiting } from "./deliver.ts";
export { forgetOldEvents } from "./device-events.ts";
export { DELIVERIES_DUE } from "./events.ts";
export { resealIntegrations } from "./integrations.ts";
export { deviceChangedStatements, deviceRemovedStatements, inventoryChangedStatements } from "./lifecycle.ts";
export { mountIotManager } from "./routes.ts";
