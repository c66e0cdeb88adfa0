export { deviceCheckInsStatement, deviceCheckInStatements, lastCheckIn } from "./contact.ts";
export {
  DEVICE_GONE,
  demandDevicesStatement,
  knownDeviceStatement,
  knownDevicesStatement,
  hasSomeDeviceStatement,
  unknownDevicesStatement,
} from "./known-devices.ts";
export { asLiveDevice, ifLive, isLiveStatement } from "./live-device.ts";
export { authSetsTable, devicesTable, inventoryDevicesTable } from "./tables.ts";
