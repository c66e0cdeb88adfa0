export { decommissionDevice } from "./devices.ts";
export { expireWaitingSets } from "./expiry.ts";
export { forgetOldRevocations } from "./maintenance.ts";
export { mountDeviceauth } from "./routes.ts";
export { acceptedDeviceStatement, revokedSetsStatement } from "./store.ts";
