import type { Usage } from "./prices.ts";
import { usage } from "./usage.ts";

/** What the journal of a tenant uses, as `test/integration/journal-cost.test.ts` counts it. */
export const JOURNAL = {
  /** Marks that a device makes in its update, each in another minute: it joins, and reports four times. */
  marksPerUpdate: 5,
  /** A mark is made and removed. */
  rowsWrittenPerMark: 2,
  rowsReadPerMark: 60,
  rowsReadPerUpdatedDevice: 25,
  /** Of a minute in which something was changed: the page is turned, and what was written is noted. */
  rowsWrittenPerFlush: 2,
  rowsReadPerFlush: 80,
  /** Of the nightly copy. */
  rowsReadPerCopiedDevice: 100,
  /** Compressed, with twelve attributes. */
  bytesPerCopiedDevice: 600,
  bytesPerMark: 200,
  bytesPerUpdatedDevice: 400,
} as const;

const COPIES_KEPT = 31;
const DEVICES_A_PART = 1000;
const GB = 1e9;
const MINUTES_A_DAY = 1440;

/** A month of the journals of a fleet, whose devices report something new and are updated so often. */
export function journalOfMonth(fleet: {
  devices: number;
  tenants: number;
  days: number;
  changedReports: number;
  updates: number;
}): Usage {
  const { devices, tenants, days, changedReports, updates } = fleet;
  const marks = updates * JOURNAL.marksPerUpdate;
  const minutes = days * MINUTES_A_DAY;
  const perMinute = (changedReports + marks) / tenants / minutes;
  const flushes = tenants * minutes * (1 - Math.exp(-perMinute));
  const copied = devices * days;
  const bytes =
    devices * COPIES_KEPT * JOURNAL.bytesPerCopiedDevice +
    marks * JOURNAL.bytesPerMark +
    changedReports * JOURNAL.bytesPerUpdatedDevice;
  return usage({
    d1RowsWritten: marks * JOURNAL.rowsWrittenPerMark + flushes * JOURNAL.rowsWrittenPerFlush,
    d1RowsRead:
      marks * JOURNAL.rowsReadPerMark +
      changedReports * JOURNAL.rowsReadPerUpdatedDevice +
      flushes * JOURNAL.rowsReadPerFlush +
      copied * JOURNAL.rowsReadPerCopiedDevice,
    r2WriteOperations: flushes + days * (tenants + copied / days / DEVICES_A_PART),
    r2StorageGbMonths: bytes / GB,
  });
}
