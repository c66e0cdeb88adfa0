export { deviceCheckInsStatement, deviceCheckInStatements, lastCheckIn } from "./contact.ts";
export {
  DEVICE_GONE,
  demandDevicesStatement,
  knownDeviceStatement,
  knownDevicesStatement,
  hasSomeDeviceStatement,
  unknownDevicesStatement,
} from "./known-devices.ts";
export { asLiveDevice, asLiveDeviceWith, ifLive, isLiveStatement, type Beside } from "./live-device.ts";
export {
  DEVICE_REACH,
  deviceInReach,
  devicesInReach,
  reachedAmongStatement,
  groupOfStatement,
  groupsInReach,
} from "./reach.ts";
export { authSetsTable, devicesTable, inventoryCountsTable, inventoryDevicesTable } from "./tables.ts";
