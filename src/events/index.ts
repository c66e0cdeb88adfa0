export { noAnswer, REQUEST_MS, unexpectedStatus, type Attempt } from "./attempt.ts";
export { deliverBy, wakeWaiting } from "./deliver.ts";
export {
  deviceGoneStatements,
  deviceToldStatements,
  inventoryToldStatements,
  statusTold,
} from "./lifecycle.ts";
export { Live } from "./live.ts";
export { Outcomes, partsAt, type Outcome } from "./outcomes.ts";
export { boundsStatement, positionAtStatement } from "./page-store.ts";
export { eventsBackward, eventsOfPart, forgetOldEvents } from "./read.ts";
export {
  addReceiverIfChanged,
  addReplayStatements,
  countFailingStatement,
  failingReceivers,
  outcomesOfStatement,
  removeReceiversOfKindStatements,
  removeReceiverStatements,
  setTypesStatement,
  standingsStatement,
  wakeStatements,
  type Standing,
} from "./receiver-store.ts";
export { mountEvents } from "./routes.ts";
export { CloudEventWire, Cursor, TypePatterns } from "./schema.ts";
export type { Channel, Sender } from "./sender.ts";
export { cloudEvent, idOf, type StreamEvent } from "./stream-event.ts";
