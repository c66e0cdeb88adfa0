export { decommissionDevice } from "./devices.ts";
export { limitNameOf } from "./limit-store.ts";
export { TIERS } from "./states.ts";
export { deviceCountsTable } from "./tables.ts";
export { expireWaitingSets } from "./expiry.ts";
export { forgetOldRevocations } from "./maintenance.ts";
export { mountDeviceauth } from "./routes.ts";
export { acceptedDeviceStatement, revokedSetsStatement } from "./store.ts";
