export { addRequest, type Area, type Counts } from "./counts.ts";
export { gather } from "./gather.ts";
export { Meter, meterOf, Tally, type MeterRpc } from "./meter.ts";
export { OPENMETRICS, writeOpenMetrics } from "./openmetrics.ts";
