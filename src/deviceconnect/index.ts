export { askForUpdate, recordConnection, removeDeviceConnection } from "./connections.ts";
export { Exchange } from "./exchange.ts";
export {
  dropRefusedDevice,
  dropSuspendedTenant,
  forgetGoneDevice,
  recheckAllDevices,
  recheckAllUsers,
  recheckRevokedDevice,
  recheckUser,
  wakeTargets,
} from "./followers.ts";
export { HeldSessions, type Opened, type Surroundings } from "./held-sessions.ts";
export { LiveSockets } from "./live-sockets.ts";
export { OwedStops } from "./pending-stops.ts";
export { Recorder } from "./recorder.ts";
export { mountDeviceconnect } from "./routes.ts";
export { sweepRecordings } from "./sessions.ts";
export { close, recall, remember } from "./socket-state.ts";
export {
  ADMISSION_HEADER,
  Admission,
  CLOSE,
  UNSPOKEN,
  type CloseReason,
  type DeviceToken,
  type Holder,
  type LiveSession,
} from "./sockets.ts";
export { clientRequest, stopMessage } from "./switchboard.ts";
export { TransferFault, type FileInfo, type UploadTarget } from "./transfer.ts";
export { type OpenedFile, type Transferred } from "./transfers.ts";
export type { ConnectionRpc } from "./connection-rpc.ts";
export { connectionOf as connectionStatement } from "./store.ts";
export { deviceConnectionsTable, deviceSessionsTable } from "./tables.ts";
