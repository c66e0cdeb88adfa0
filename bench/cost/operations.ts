import type { CheckMode, FleetResults, Measured } from "../report/results.ts";
import { type Usage } from "./prices.ts";
import { sum, times, usage } from "./usage.ts";

/** What single operations use, as measured. */
export interface Operations {
  strictCheck: Usage;
  /** Without the visits to the head, which an isolate makes for many checks. */
  relaxedCheck: Usage;
  unchangedReport: Usage;
  changedReport: Usage;
  authentication: Usage;
  /** Without the authentication in the middle of it. */
  update: Usage;
  /** The one write a day that keeps the day of a device's last contact. */
  dailyStamp: Usage;
  storageGbPerDevice: number;
}

const UPDATE_REQUESTS = 7;

/** A finished update is an event: its row is marked and removed, and a message of one part is written, read, deleted. */
const EVENT = usage({ d1RowsWritten: 3, queueOperations: 3 });
/** A download is a request and one read of the object. */
const DOWNLOAD = usage({ workerRequests: 1, r2ReadOperations: 1 });

const GB = 1e9;

function found(fleet: FleetResults, id: string, mode: CheckMode): Measured {
  const one = fleet.measured.find((measured) => measured.id === id && measured.mode === mode);
  if (!one) throw new Error(`the results of ${fleet.devices} devices have no ${id} ${mode}`);
  return one;
}

/** All processor time of the runtime is taken for the Worker's, though on one machine the database is in it too. */
const usageOf = ({ meanCost, timing }: Measured, workerRequests: number): Usage =>
  usage({
    workerRequests,
    workerCpuMs: timing.cpuUs / 1000,
    d1RowsRead: meanCost.rowsRead,
    d1RowsWritten: meanCost.rowsWritten,
    objectRequests: meanCost.objectCalls,
  });

/** Reads the operations from the results of one fleet. */
export function operationsOf(fleet: FleetResults): Operations {
  const one = (id: string, mode: CheckMode = "relaxed", requests = 1) =>
    usageOf(found(fleet, id, mode), requests);
  const { rowsRead, rowsWritten } = fleet.dailyStamp;
  return {
    strictCheck: one("W1", "strict"),
    relaxedCheck: { ...one("W1"), objectRequests: 0 },
    unchangedReport: one("W2"),
    changedReport: one("W3"),
    authentication: one("W4"),
    update: sum([one("W5", "relaxed", UPDATE_REQUESTS), times(DOWNLOAD, 1), EVENT]),
    dailyStamp: usage({ d1RowsRead: rowsRead, d1RowsWritten: rowsWritten }),
    storageGbPerDevice: fleet.databaseBytesPerDevice / GB,
  };
}
